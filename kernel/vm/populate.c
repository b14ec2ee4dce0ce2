/*
 * populate.c: pages before they are touched, as mlock(2), MAP_POPULATE and MADV_POPULATE_* want
 * them; and mincore(2), which tells where there are any.
 */
#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

/* Pages and regions that vm_populate() looks at before its caller shall let others run. */
#define POPULATE_STEPS 256u

/* How one region is to be populated: VM_READ, VM_WRITE, 0 for not at all; or -EACCES. */
static int access_for(const struct vm_region *region, enum vm_populate how)
{
	unsigned own =
		(region->prot & VM_WRITE) && !(region->flags & REGION_SHARED) ? VM_WRITE : VM_READ;

	if (how == VM_POPULATE_LOCKED || how == VM_POPULATE_ALL_LOCKED) {
		if ((region->flags & REGION_LOCK_BITS) != REGION_LOCKED ||
		    (!region->prot && how == VM_POPULATE_ALL_LOCKED))
			return 0;
		how = VM_POPULATE_OWN;
	}
	if (how == VM_POPULATE_OWN)
		return region->prot ? (int)own : -EACCES;
	if (how == VM_POPULATE_WRITE)
		return region->prot & VM_WRITE ? VM_WRITE : -EACCES;
	return region->prot & VM_READ ? VM_READ : -EACCES;
}

/* What to do about the page at `at`, and the end of the region that it is in; or of the hole. */
static int look_up(struct vm_space *space, vaddr_t at, enum vm_populate how, vaddr_t *region_end)
{
	rw_lock_shared(&space->lock);
	struct vm_region *region = region_at_or_after(space, at);
	bool is_hole = !region || region->start > at;
	int access = how == VM_POPULATE_ALL_LOCKED ? 0 : -EFAULT;
	if (!is_hole)
		access = access_for(region, how);
	*region_end = !region ? USER_END : is_hole ? region->start : region->end;
	rw_unlock_shared(&space->lock);
	return access;
}

/* The same faults as the program would take, one by one, at most *steps: the space is unlocked
 * between two of them, and may have changed. */
static int populate_run(struct vm_space *space, vaddr_t *at, vaddr_t end, unsigned access,
			unsigned *steps)
{
	for (; *at < end && *steps; *at += PAGE_SIZE, --*steps) {
		switch (vm_fault(space, *at, access)) {
		case VM_FIXED:
		case VM_SPURIOUS_FAULT:
			break;
		case VM_RETRY:
			*at -= PAGE_SIZE;
			break;
		case VM_NO_MEMORY:
			return -ENOMEM;
		case VM_BAD_ADDRESS:
			return -EFAULT;
		case VM_BAD_ACCESS:
			return -EACCES;
		case VM_BAD_OBJECT:
			return -EIO;
		}
	}
	return 0;
}

int vm_populate(struct vm_space *space, vaddr_t start, vaddr_t end, enum vm_populate how,
		vaddr_t *reached)
{
	unsigned steps = POPULATE_STEPS;

	assert(IS_ALIGNED(start | end, PAGE_SIZE));
	*reached = start;
	while (*reached < end && steps) {
		vaddr_t region_end;
		int access = look_up(space, *reached, how, &region_end);
		if (access < 0)
			return access;
		region_end = MIN(region_end, end);
		if (!access) {
			*reached = region_end;
			steps--;
			continue;
		}
		int error = populate_run(space, reached, region_end, (unsigned)access, &steps);
		if (error && (error == -ENOMEM || how != VM_POPULATE_ALL_LOCKED))
			return error;
		if (error) { /* nor can what follows in the region */
			*reached = region_end;
			steps--;
		}
	}
	return 0;
}

vaddr_t vm_next_mapped(struct vm_space *space, vaddr_t va)
{
	rw_lock_shared(&space->lock);
	struct vm_region *region = region_at_or_after(space, va);
	vaddr_t next = region ? MAX(region->start, va) : USER_END;
	rw_unlock_shared(&space->lock);
	return next;
}

/* ---- mincore ---- */

static bool is_resident(struct vm_space *space, const struct vm_region *region, vaddr_t va)
{
	unsigned level;
	entry_t *entry = table_find(space, va, &level);

	if (entry && entry_is_present(entry_load(entry)))
		return true;
	return region->object &&
	       vm_object_has_page(region->object, region_offset(region, va) >> PAGE_SHIFT);
}

int vm_resident(struct vm_space *space, vaddr_t start, unsigned pages, uint8_t *vector)
{
	unsigned done = 0;

	rw_lock_exclusive(&space->lock);
	const struct vm_region *region = region_find(space, start);
	for (; region && done < pages && start < region->end; start += PAGE_SIZE)
		vector[done++] = is_resident(space, region, start);
	rw_unlock_exclusive(&space->lock);
	return region ? (int)done : -ENOMEM;
}
