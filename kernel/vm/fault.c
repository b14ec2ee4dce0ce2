/*
 * fault.c: serving a page fault.
 *
 *   no region there ---------------------------------> bad-address, or
 *                                                      stack-grow: the region above grows down
 *   the region forbids the access -------------------> bad-access
 *
 *   own every table on the way; each that had to be made ours counts as own-table. Then
 *
 *   the leaf is       and the access    the region is
 *   absent            read              anonymous  --> zero-read:  the page of zeros, read-only
 *   absent            write             anonymous  --> zero-fill:  a new page, maybe a large one
 *   absent            read, or shared   a file     --> file-map:   the file's own page
 *   absent            write, private    a file     --> file-copy:  a copy of it
 *   absent            past the end of   a file     --> bad-address, too
 *   present           write             private, sole owner   --> reuse:    W is set
 *   present           write             private, others too   --> own-page: a copy
 *   already allows it -------------------------------> spurious, proven by mmu_probe()
 *   no frame could be had ---------------------------> no-memory
 */
#include <arch/page.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"
#include "vm/trace.h"

static enum vm_result counted(struct vm_space *space, enum vm_fault_kind kind,
			      enum vm_result result)
{
	vm_count_fault(space, kind, space->fault_va);
	return result;
}

struct vm_region *vm_stack_above(const struct vm_space *space, vaddr_t va)
{
	struct vm_region *stack = region_at_or_after(space, va);
	vaddr_t page = ALIGN_DOWN(va, PAGE_SIZE);

	if (!stack || !(stack->flags & REGION_GROWS_DOWN) || stack->end - page > space->stack_limit)
		return NULL;
	/* The gap is there to catch a stack that runs into something: not into another stack, nor
	 * into what nobody can access. */
	struct vm_region *below = region_prev(stack);
	if (below && below->prot && !(below->flags & REGION_GROWS_DOWN) &&
	    page - below->end < VM_STACK_GAP)
		return NULL;
	if (page < VM_MMAP_FLOOR ||
	    !vm_within_limits(space, stack->prot, stack->flags, stack->start - page))
		return NULL;
	return stack;
}

static void grow_stack(struct vm_space *space, struct vm_region *stack, vaddr_t page)
{
	space->mapped += stack->start - page;
	stack->start = page;
	vm_count_fault(space, FAULT_STACK_GROW, page);
}

static bool allowed(const struct vm_region *region, unsigned access)
{
	if (access & VM_WRITE)
		return region->prot & VM_WRITE;
	if (access & VM_EXEC)
		return region->prot & VM_EXEC;
	/* The processor can't grant writing or executing without reading. */
	return region->prot != 0;
}

static entry_t leaf_for(const struct vm_region *region, const struct frame *frame, unsigned level,
			bool writable)
{
	unsigned prot = (region->prot & VM_EXEC) | VM_READ | VM_USER | (writable ? VM_WRITE : 0);

	return entry_leaf(frame_pa(frame), level, prot);
}

/* ---- the leaf is absent ---- */

/* May the region have a large page around va? */
static bool wants_huge(const struct vm_region *region, vaddr_t va)
{
	vaddr_t start = ALIGN_DOWN(va, HUGE_BYTES);

	return (region->flags & REGION_HUGE) && !region->object && start >= region->start &&
	       region->end - start >= HUGE_BYTES;
}

/* false: no block of frames is free, and small pages will do. */
static bool fill_huge(struct vm_space *space, struct vm_region *region, entry_t *entry)
{
	struct frame *block = frame_alloc(FRAME_ANON, HUGE_ORDER);

	if (!block)
		return false;
	for (uint64_t at = 0; at < HUGE_BYTES; at += PAGE_SIZE)
		page_zero((char *)frame_data(block) + at);
	table_set(entry, leaf_for(region, block, HUGE_LEVEL, true));
	(void)counted(space, FAULT_ZERO_FILL, VM_FIXED);
	return true;
}

static enum vm_result fill_anonymous(struct vm_space *space, struct vm_region *region,
				     entry_t *entry, bool write)
{
	if (!write) {
		frame_get(frame_zero());
		table_set(entry, leaf_for(region, frame_zero(), 1, false));
		return counted(space, FAULT_ZERO_READ, VM_FIXED);
	}
	struct frame *frame = frame_alloc_zeroed(FRAME_ANON);
	if (!frame)
		return VM_NO_MEMORY;
	table_set(entry, leaf_for(region, frame, 1, true));
	return counted(space, FAULT_ZERO_FILL, VM_FIXED);
}

static enum vm_result fill_from_object(struct vm_space *space, struct vm_region *region, vaddr_t va,
				       entry_t *entry, bool write)
{
	struct frame *page;
	int error = vm_object_page(region->object, region_offset(region, va) >> PAGE_SHIFT, &page);

	if (error == -ENOMEM)
		return VM_NO_MEMORY;
	if (error)
		return counted(space, FAULT_BAD_ADDRESS, VM_BAD_OBJECT);
	if (region->flags & REGION_SHARED) {
		table_set(entry,
			  entry_mkshared(leaf_for(region, page, 1, region->prot & VM_WRITE)));
		return counted(space, FAULT_FILE_MAP, VM_FIXED);
	}
	if (!write) {
		table_set(entry, leaf_for(region, page, 1, false));
		return counted(space, FAULT_FILE_MAP, VM_FIXED);
	}
	struct frame *copy = frame_alloc(FRAME_ANON, 0);
	if (copy) {
		page_copy(frame_data(copy), frame_data(page));
		table_set(entry, leaf_for(region, copy, 1, true));
	}
	if (frame_put(page))
		frame_free(page);
	return copy ? counted(space, FAULT_FILE_COPY, VM_FIXED) : VM_NO_MEMORY;
}

/* ---- the leaf is there ---- */

/* A write to a private page owns it. */
static enum vm_result own_leaf(struct table_gather *gather, entry_t *entry, unsigned level)
{
	struct vm_space *space = gather->space;
	bool was_zero = table_child(entry_load(entry))->state == FRAME_ZERO;

	switch (table_own(entry, level, gather)) {
	case OWN_REUSED:
		return counted(space, FAULT_REUSE, VM_FIXED);
	case OWN_COPIED:
		return counted(space, was_zero ? FAULT_ZERO_FILL : FAULT_OWN_PAGE, VM_FIXED);
	case OWN_NO_MEMORY:
		break;
	case OWN_ALREADY:
		panic("a leaf that had to be owned was");
	}
	/* A large page needs a block for its copy: where there is none a small page has to do. */
	return level > 1 && table_split(entry, level, gather) ? VM_RETRY : VM_NO_MEMORY;
}

static enum vm_result serve_present(struct table_gather *gather, entry_t *entry, unsigned level,
				    vaddr_t va, unsigned access)
{
	struct vm_space *space = gather->space;
	entry_t leaf = entry_load(entry);
	bool write = access & VM_WRITE;

	if (write && !entry_can_write(leaf) && entry_shared(leaf)) {
		entry_store(entry, entry_mkwrite(leaf));
		gather->stale = true;
		return counted(space, FAULT_REUSE, VM_FIXED);
	}
	if (write && !entry_can_write(leaf))
		return own_leaf(gather, entry, level);
	if (gather->stale)
		return VM_FIXED; /* owning the tables did it */
	/* Somebody else served it, or the translation cache was behind the tables. */
	if (!mmu_probe(space->root, va, access | VM_USER))
		panic("the tables refuse an access at %#llx that the region allows",
		      (unsigned long long)va);
	return counted(space, FAULT_SPURIOUS, VM_SPURIOUS_FAULT);
}

/* ---- both ---- */

/* Flush all that was translated by the leaf: a large one may be cached piece by piece. */
static void finish(struct table_gather *gather, vaddr_t va, unsigned level)
{
	if (!gather->stale && !gather->count)
		return;
	gather->start = ALIGN_DOWN(va, entry_span(level));
	gather->end = gather->start + entry_span(level);
	table_gather_finish(gather);
}

static enum vm_result serve(struct vm_space *space, struct vm_region *region, vaddr_t va,
			    unsigned access, unsigned level)
{
	bool write = access & VM_WRITE;
	enum vm_result result;
	struct table_gather gather;

	table_gather_init(&gather, space, va, va);
	entry_t *entry = table_walk_own(&gather, va, &level);
	if (!entry) {
		finish(&gather, va, 1);
		return VM_NO_MEMORY;
	}
	if (entry_is_present(entry_load(entry)))
		result = serve_present(&gather, entry, level, va, access);
	else if (level > 1)
		result = fill_huge(space, region, entry) ? VM_FIXED : VM_RETRY;
	else if (region->object)
		result = fill_from_object(space, region, va, entry, write);
	else
		result = fill_anonymous(space, region, entry, write);
	finish(&gather, va, level);
	return result;
}

static enum vm_result fault_locked(struct vm_space *space, vaddr_t va, unsigned access)
{
	struct vm_region *region = region_find_recent(space, va);
	bool grows = !region;

	if (UNLIKELY(grows))
		region = vm_stack_above(space, va);
	if (UNLIKELY(!region))
		return counted(space, FAULT_BAD_ADDRESS, VM_BAD_ADDRESS);
	if (UNLIKELY(!allowed(region, access)))
		return counted(space, FAULT_BAD_ACCESS, VM_BAD_ACCESS);
	bool huge = (access & VM_WRITE) && wants_huge(region, va);
	enum vm_result result = serve(space, region, va, access, huge ? HUGE_LEVEL : 1);
	if (UNLIKELY(result == VM_RETRY))
		result = serve(space, region, va, access, 1);
	if (UNLIKELY(result == VM_NO_MEMORY))
		return counted(space, FAULT_NO_MEMORY, result);
	/* Last, since an access that is refused or can't be served changes nothing. */
	if (UNLIKELY(grows) && result == VM_FIXED)
		grow_stack(space, region, ALIGN_DOWN(va, PAGE_SIZE));
	return result;
}

enum vm_result vm_fault(struct vm_space *space, vaddr_t va, unsigned access)
{
	if (va >= USER_END)
		return VM_BAD_ADDRESS;
	mutex_lock(&space->lock);
	space->fault_va = va;
	enum vm_result result = fault_locked(space, va, access);
	mutex_unlock(&space->lock);
	return result;
}
