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
 *
 * Faults of one space are served side by side, under its lock held shared: docs/vm.md. What is to
 * be put into an entry is made first, and put there if the entry is what it was; if not, the fault
 * is looked at again. What changes a region, or splits a large page, is done under the exclusive
 * lock.
 */
#include <arch/cpu.h>
#include <arch/page.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"
#include "vm/trace.h"

enum fault_lock {
	FAULT_SHARED,    /* the space's lock is held so */
	FAULT_EXCLUSIVE, /* or so */
	FAULT_UPGRADE,   /* it is held shared, and has to be exclusive: start again */
};

struct fault {
	struct vm_space *space;
	struct vm_region *region;
	vaddr_t va;
	unsigned access;
	enum fault_lock lock;
};

static enum vm_result counted(const struct fault *fault, enum vm_fault_kind kind,
			      enum vm_result result)
{
	vm_count_fault(fault->space, kind, fault->va);
	return result;
}

/* For what needs the lock exclusively. False: the fault has to start again, since the shared lock
 * must be given up for that. */
static bool upgrade(struct fault *fault)
{
	if (fault->lock == FAULT_SHARED)
		fault->lock = rw_try_upgrade(&fault->space->lock) ? FAULT_EXCLUSIVE : FAULT_UPGRADE;
	return fault->lock == FAULT_EXCLUSIVE;
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

/* Put `leaf`, which names `frame`, where nothing was; the name is the caller's, and goes if another
 * thread of the space was faster. */
static enum vm_result install(const struct fault *fault, entry_t *entry, entry_t leaf,
			      struct frame *frame, enum vm_fault_kind kind)
{
	if (table_install(entry, leaf))
		return counted(fault, kind, VM_FIXED);
	if (frame_put(frame))
		frame_free(frame);
	return VM_RETRY;
}

/* VM_NO_MEMORY: no block of frames is free, and small pages will do. */
static enum vm_result fill_huge(const struct fault *fault, entry_t *entry)
{
	struct frame *block = frame_alloc(FRAME_ANON, HUGE_ORDER);

	if (!block)
		return VM_NO_MEMORY;
	for (uint64_t at = 0; at < HUGE_BYTES; at += PAGE_SIZE)
		page_zero((char *)frame_data(block) + at);
	enum vm_result result =
		install(fault, entry, leaf_for(fault->region, block, HUGE_LEVEL, true), block,
			FAULT_ZERO_FILL);
	if (result == VM_FIXED)
		__atomic_fetch_add(&fault->space->huge_filled, HUGE_BYTES / PAGE_SIZE - 1,
				   __ATOMIC_RELAXED);
	return result;
}

static enum vm_result fill_anonymous(const struct fault *fault, entry_t *entry)
{
	struct frame *frame = frame_zero();

	if (!(fault->access & VM_WRITE)) {
		frame_get(frame);
		return install(fault, entry, leaf_for(fault->region, frame, 1, false), frame,
			       FAULT_ZERO_READ);
	}
	frame = frame_alloc_zeroed(FRAME_ANON);
	if (!frame)
		return VM_NO_MEMORY;
	return install(fault, entry, leaf_for(fault->region, frame, 1, true), frame,
		       FAULT_ZERO_FILL);
}

static enum vm_result fill_from_object(const struct fault *fault, entry_t *entry)
{
	struct vm_region *region = fault->region;
	bool shared = region->flags & REGION_SHARED;
	struct frame *page;
	int error = vm_object_page(region->object, region_offset(region, fault->va) >> PAGE_SHIFT,
				   &page);

	if (error == -ENOMEM)
		return VM_NO_MEMORY;
	if (error)
		return counted(fault, FAULT_BAD_ADDRESS, VM_BAD_OBJECT);
	if (shared || !(fault->access & VM_WRITE)) {
		entry_t leaf = leaf_for(region, page, 1, shared && (region->prot & VM_WRITE));
		return install(fault, entry, shared ? entry_mkshared(leaf) : leaf, page,
			       FAULT_FILE_MAP);
	}
	struct frame *copy = frame_alloc(FRAME_ANON, 0);
	if (copy)
		page_copy(frame_data(copy), frame_data(page));
	if (frame_put(page))
		frame_free(page);
	if (!copy)
		return VM_NO_MEMORY;
	return install(fault, entry, leaf_for(region, copy, 1, true), copy, FAULT_FILE_COPY);
}

/* ---- the leaf is there ---- */

/* A write to a private page owns it. */
static enum vm_result own_leaf(struct fault *fault, struct table_gather *gather, entry_t *entry,
			       entry_t leaf, unsigned level)
{
	bool was_zero = table_child(leaf)->state == FRAME_ZERO;

	switch (table_own_leaf(gather, entry, leaf, level, fault->va)) {
	case OWN_REUSED:
		return counted(fault, FAULT_REUSE, VM_FIXED);
	case OWN_COPIED:
		return counted(fault, was_zero ? FAULT_ZERO_FILL : FAULT_OWN_PAGE, VM_FIXED);
	case OWN_ALREADY:
		return VM_RETRY;
	case OWN_NO_MEMORY:
		break;
	}
	/* A large page needs a block for its copy: where there is none a small page has to do. */
	if (level == 1)
		return VM_NO_MEMORY;
	if (!upgrade(fault))
		return VM_RETRY;
	return table_split(entry, level, gather) ? VM_RETRY : VM_NO_MEMORY;
}

static enum vm_result serve_present(struct fault *fault, struct table_gather *gather,
				    entry_t *entry, entry_t leaf, unsigned level)
{
	unsigned access = fault->access;

	if ((access & VM_WRITE) && !entry_can_write(leaf)) {
		if (!entry_shared(leaf))
			return own_leaf(fault, gather, entry, leaf, level);
		if (!table_replace(entry, leaf, entry_mkwrite(leaf)))
			return VM_RETRY;
		gather->upgraded = true;
		return counted(fault, FAULT_REUSE, VM_FIXED);
	}
	if (gather->upgraded || gather->stale || gather->count)
		return VM_FIXED; /* owning the tables did it */
	/* Somebody else served it, or the translation cache was behind the tables. */
	if (!mmu_probe(fault->space->root, fault->va, access | VM_USER)) {
		if (!table_replace(entry, leaf, leaf))
			return VM_RETRY; /* the page is just being exchanged */
		panic("the tables refuse an access at %#llx that the region allows",
		      (unsigned long long)fault->va);
	}
	return counted(fault, FAULT_SPURIOUS, VM_SPURIOUS_FAULT);
}

/* ---- both ---- */

/* Flush all that was translated by the leaf: a large one may be cached piece by piece. */
static void finish(struct table_gather *gather, vaddr_t va, unsigned level)
{
	if (!gather->stale && !gather->upgraded && !gather->count)
		return;
	gather->start = ALIGN_DOWN(va, entry_span(level));
	gather->end = gather->start + entry_span(level);
	table_gather_finish(gather);
}

/* VM_RETRY: something has changed, look again. VM_NO_MEMORY: at HUGE_LEVEL, small pages may do. */
static enum vm_result serve(struct fault *fault, unsigned level)
{
	enum vm_result result;
	struct table_gather gather;

	table_gather_init(&gather, fault->space, fault->va, fault->va);
	entry_t *entry = table_walk_own(&gather, fault->va, &level);
	if (!entry) {
		finish(&gather, fault->va, 1);
		return VM_NO_MEMORY;
	}
	entry_t found = entry_load(entry);
	assert(level == 1 || level == HUGE_LEVEL);
	if (entry_is_leaf(found, level))
		result = serve_present(fault, &gather, entry, found, level);
	else if (UNLIKELY(!entry_is_none(found)))
		result = VM_RETRY; /* a page is being exchanged, or there is a table now */
	else if (level > 1)
		result = fill_huge(fault, entry);
	else if (fault->region->object)
		result = fill_from_object(fault, entry);
	else
		result = fill_anonymous(fault, entry);
	finish(&gather, fault->va, level);
	return result;
}

static enum vm_result serve_until_done(struct fault *fault)
{
	bool huge = (fault->access & VM_WRITE) && wants_huge(fault->region, fault->va);
	unsigned level = huge ? HUGE_LEVEL : 1;

	for (;;) {
		enum vm_result result = serve(fault, level);
		if (result == VM_NO_MEMORY && level > 1)
			level = 1;
		else if (result != VM_RETRY || fault->lock == FAULT_UPGRADE)
			return result;
		else
			cpu_relax();
	}
}

static enum vm_result fault_locked(struct fault *fault)
{
	struct vm_space *space = fault->space;
	bool grows = false;

	fault->region = region_find_recent(space, fault->va);
	if (UNLIKELY(!fault->region)) {
		if (!upgrade(fault))
			return VM_RETRY;
		fault->region = vm_stack_above(space, fault->va);
		grows = true;
	}
	if (UNLIKELY(!fault->region))
		return counted(fault, FAULT_BAD_ADDRESS, VM_BAD_ADDRESS);
	if (UNLIKELY(!allowed(fault->region, fault->access)))
		return counted(fault, FAULT_BAD_ACCESS, VM_BAD_ACCESS);
	enum vm_result result = serve_until_done(fault);
	if (UNLIKELY(result == VM_NO_MEMORY))
		return counted(fault, FAULT_NO_MEMORY, result);
	/* Last, since an access that is refused or can't be served changes nothing. */
	if (UNLIKELY(grows) && result == VM_FIXED)
		grow_stack(space, fault->region, ALIGN_DOWN(fault->va, PAGE_SIZE));
	return result;
}

/* The lock was upgraded, or could not be. */
static NOINLINE enum vm_result NO_LOCK_ANALYSIS finish_exclusively(struct fault *fault,
								   enum vm_result result)
{
	if (fault->lock == FAULT_UPGRADE) {
		/* Nothing that was seen under the shared lock is known any more. */
		rw_unlock_shared(&fault->space->lock);
		rw_lock_exclusive(&fault->space->lock);
		fault->lock = FAULT_EXCLUSIVE;
		result = fault_locked(fault);
	}
	rw_unlock_exclusive(&fault->space->lock);
	return result;
}

enum vm_result NO_LOCK_ANALYSIS vm_fault(struct vm_space *space, vaddr_t va, unsigned access)
{
	struct fault fault = {.space = space, .va = va, .access = access, .lock = FAULT_SHARED};

	if (va >= USER_END)
		return VM_BAD_ADDRESS;
	rw_lock_shared(&space->lock);
	enum vm_result result = fault_locked(&fault);
	if (UNLIKELY(fault.lock != FAULT_SHARED))
		return finish_exclusively(&fault, result);
	rw_unlock_shared(&space->lock);
	return result;
}
