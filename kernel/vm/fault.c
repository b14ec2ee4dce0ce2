/*
 * fault.c: serving a page fault.
 *
 *   no region there ---------------------------------> bad-address, or stack-grow: the region below
 * a stack grows the region forbids the access -------------------> bad-access own every table on
 * the way; each that had to be    own-table copied or taken over counts the leaf is       and the
 * access    the region is absent            read              anonymous  --> zero-read:  the page
 * of zeros, read-only absent            write             anonymous  --> zero-fill:  a new page
 *   absent            read, or shared   a file     --> file-map:   the file's own page
 *   absent            write, private    a file     --> file-copy:  a copy of it
 *   present           write             private, sole owner   --> reuse:    W is set
 *   present           write             private, others too   --> own-page: a copy
 *   already allows it -------------------------------> spurious, proven by mmu_probe()
 *   no frame could be had ---------------------------> no-memory
 */
#include <arch/cpu.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"
#include "vm/trace.h"

static enum vm_result counted(struct vm_space *space, enum vm_fault_kind kind,
			      enum vm_result result)
{
	space->faults[kind]++;
	vm_trace(space, kind, space->fault_va);
	return result;
}

/* The stack above va, grown down to va's page; NULL if there is none that may. */
static struct vm_region *grow_stack(struct vm_space *space, vaddr_t va)
{
	struct vm_region *stack = region_at_or_after(space, va);
	vaddr_t page = ALIGN_DOWN(va, PAGE_SIZE);

	if (!stack || !(stack->flags & REGION_GROWS_DOWN) || stack->end - page > space->stack_limit)
		return NULL;
	struct vm_region *below = region_prev(stack);
	if (page < VM_MMAP_FLOOR + VM_STACK_GAP || (below && below->end > page - VM_STACK_GAP))
		return NULL;
	space->mapped += stack->start - page;
	stack->start = page;
	space->faults[FAULT_STACK_GROW]++;
	vm_trace(space, FAULT_STACK_GROW, va);
	return stack;
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

static entry_t leaf_for(const struct vm_region *region, const struct frame *frame, bool writable)
{
	unsigned prot = (region->prot & VM_EXEC) | VM_READ | VM_USER | (writable ? VM_WRITE : 0);

	return entry_leaf(frame_pa(frame), 1, prot);
}

static enum vm_result fill_anonymous(struct vm_space *space, struct vm_region *region,
				     entry_t *entry, bool write)
{
	if (!write) {
		frame_get(frame_zero());
		entry_store(entry, leaf_for(region, frame_zero(), false));
		return counted(space, FAULT_ZERO_READ, VM_FIXED);
	}
	struct frame *frame = frame_alloc_zeroed(FRAME_ANON);
	if (!frame)
		return VM_NO_MEMORY;
	entry_store(entry, leaf_for(region, frame, true));
	return counted(space, FAULT_ZERO_FILL, VM_FIXED);
}

static enum vm_result fill_from_object(struct vm_space *space, struct vm_region *region, vaddr_t va,
				       entry_t *entry, bool write)
{
	struct frame *page;
	int error = vm_object_page(region->object, region_offset(region, va) >> PAGE_SHIFT, &page);

	if (error)
		return error == -ENOMEM ? VM_NO_MEMORY : VM_BAD_OBJECT;
	if (region->flags & REGION_SHARED) {
		entry_store(entry, entry_mkshared(leaf_for(region, page, region->prot & VM_WRITE)));
		return counted(space, FAULT_FILE_MAP, VM_FIXED);
	}
	if (!write) {
		entry_store(entry, leaf_for(region, page, false));
		return counted(space, FAULT_FILE_MAP, VM_FIXED);
	}
	struct frame *copy = frame_alloc(FRAME_ANON, 0);
	if (copy) {
		memcpy(frame_data(copy), frame_data(page), PAGE_SIZE);
		entry_store(entry, leaf_for(region, copy, true));
	}
	if (frame_put(page))
		frame_free(page);
	return copy ? counted(space, FAULT_FILE_COPY, VM_FIXED) : VM_NO_MEMORY;
}

/* The leaf is there: a write to a private page owns it, a write to a shared one is granted. */
static enum vm_result own_leaf(struct vm_space *space, entry_t *entry, bool write)
{
	if (!write)
		return VM_FIXED; /* owning the tables, or another thread, did it */
	if (entry_shared(*entry)) {
		entry_store(entry, entry_mkwrite(*entry));
		return counted(space, FAULT_REUSE, VM_FIXED);
	}
	bool was_zero = frame_of(entry_pa(*entry))->state == FRAME_ZERO;
	switch (table_own(entry, 1)) {
	case OWN_NO_MEMORY:
		return VM_NO_MEMORY;
	case OWN_REUSED:
		return counted(space, FAULT_REUSE, VM_FIXED);
	case OWN_COPIED:
		return counted(space, was_zero ? FAULT_ZERO_FILL : FAULT_OWN_PAGE, VM_FIXED);
	case OWN_ALREADY:
		break;
	}
	return VM_FIXED;
}

static enum vm_result fault_locked(struct vm_space *space, vaddr_t va, unsigned access)
{
	bool write = access & VM_WRITE, changed = false;
	struct vm_region *region = region_find(space, va);

	if (!region)
		region = grow_stack(space, va);
	if (!region)
		return counted(space, FAULT_BAD_ADDRESS, VM_BAD_ADDRESS);
	if (!allowed(region, access))
		return counted(space, FAULT_BAD_ACCESS, VM_BAD_ACCESS);
	/* Somebody else served it, or the translation cache was behind the tables. */
	if (mmu_probe(space->root, va, access | VM_USER)) {
		vm_flush(space, ALIGN_DOWN(va, PAGE_SIZE), ALIGN_DOWN(va, PAGE_SIZE) + PAGE_SIZE);
		return counted(space, FAULT_SPURIOUS, VM_SPURIOUS_FAULT);
	}
	entry_t *entry = table_walk_own(space, va, &changed);
	if (!entry)
		return counted(space, FAULT_NO_MEMORY, VM_NO_MEMORY);

	enum vm_result result;
	entry_t leaf = entry_load(entry);
	bool replaced = entry_is_present(leaf);
	if (replaced)
		result = own_leaf(space, entry, write);
	else if (region->object)
		result = fill_from_object(space, region, va, entry, write);
	else
		result = fill_anonymous(space, region, entry, write);
	if (changed || replaced)
		vm_flush(space, ALIGN_DOWN(va, PAGE_SIZE), ALIGN_DOWN(va, PAGE_SIZE) + PAGE_SIZE);
	if (result == VM_NO_MEMORY)
		result = counted(space, FAULT_NO_MEMORY, result);
	assert(result != VM_FIXED || mmu_probe(space->root, va, access | VM_USER));
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
