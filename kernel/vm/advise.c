/*
 * advise.c: madvise(2), mlock(2) and msync(2): what walks over regions one by one and changes their
 * flags, or drops their pages.
 */
#include <linux/mman.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"
#include "vm/usage.h"

/* Set and clear flags of [start, end), which lies in one region. -ENOMEM changes nothing. */
static int change_flags(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned set,
			unsigned clear)
{
	struct vm_region *region = region_find(space, start);
	unsigned flags = (region->flags & ~clear) | set;

	assert(region->end >= end);
	if (flags == region->flags)
		return 0;
	int error = region_cut(space, start, end);
	if (error)
		return error;
	region = region_find(space, start);
	region->flags = (uint16_t)flags;
	space->fork_flags |= flags & REGION_FOR_FORK;
	region_merge(space, start, end);
	return 0;
}

/* The pages are gone, and come again as they were at first: zeros, or what the file says. */
static int drop_pages(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct table_gather gather;

	table_gather_init(&gather, space, start, end);
	bool prepared = table_prepare_edges(&gather);
	if (prepared) {
		vm_peak_before_drop_locked(space, start, end);
		table_drop_range(&gather);
	}
	table_gather_finish(&gather);
	return prepared ? 0 : -ENOMEM;
}

static bool is_anonymous(const struct vm_region *region)
{
	return !region->object && !(region->flags & REGION_SHARED);
}

bool vm_advice_is_valid(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return true;
	default:
		return false;
	}
}

/*
 * Advice for the part [start, end) of a region. What is not named here is a hint that nothing has
 * to be done about. MADV_FREE lets the kernel drop pages when memory runs short; they are dropped
 * at once, as Linux did where there is no swap: so memory that was freed can never be missing.
 */
static int advise_part(struct vm_space *space, const struct vm_region *region, vaddr_t start,
		       vaddr_t end, int advice)
{
	bool locked = region->flags & REGION_LOCKED;

	switch (advice) {
	case MADV_FREE:
		if (locked || !is_anonymous(region))
			return -EINVAL;
		return drop_pages(space, start, end);
	case MADV_DONTNEED:
		return locked ? -EINVAL : drop_pages(space, start, end);
	case MADV_DONTNEED_LOCKED:
		return drop_pages(space, start, end);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return locked ? -EINVAL : 0;
	case MADV_DONTFORK:
		return change_flags(space, start, end, REGION_NO_FORK, 0);
	case MADV_DOFORK:
		return change_flags(space, start, end, 0, REGION_NO_FORK);
	case MADV_WIPEONFORK:
		if (!is_anonymous(region))
			return -EINVAL;
		return change_flags(space, start, end, REGION_WIPE_ON_FORK, 0);
	case MADV_KEEPONFORK:
		return change_flags(space, start, end, 0, REGION_WIPE_ON_FORK);
	case MADV_HUGEPAGE:
		return change_flags(space, start, end, REGION_HUGE, 0);
	case MADV_NOHUGEPAGE:
		return change_flags(space, start, end, 0, REGION_HUGE);
	default:
		return 0;
	}
}

static int advise_locked(struct vm_space *space, vaddr_t start, vaddr_t end, int advice)
{
	int missing = 0;

	while (start < end) {
		struct vm_region *region = region_at_or_after(space, start);
		if (!region || region->start >= end)
			return -ENOMEM;
		if (region->start > start)
			missing = -ENOMEM;
		vaddr_t part_end = MIN(region->end, end);
		int error = advise_part(space, region, MAX(start, region->start), part_end, advice);
		if (error)
			return error == -ENOMEM ? -EAGAIN : error;
		start = part_end;
	}
	return missing;
}

int vm_advise(struct vm_space *space, vaddr_t start, vaddr_t end, int advice)
{
	if (!vm_advice_is_valid(advice))
		return -EINVAL;
	rw_lock_exclusive(&space->lock);
	int error = advise_locked(space, start, end, advice);
	rw_unlock_exclusive(&space->lock);
	return error;
}

/* ---- mlock ---- */

static int lock_locked(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned bits)
{
	while (start < end) {
		struct vm_region *region = region_find(space, start);
		if (!region)
			return -ENOMEM;
		vaddr_t part_end = MIN(region->end, end);
		int error = change_flags(space, start, part_end, bits, REGION_LOCK_BITS);
		if (error)
			return error;
		start = part_end;
	}
	return 0;
}

int vm_lock(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned bits)
{
	rw_lock_exclusive(&space->lock);
	int error = lock_locked(space, start, end, bits);
	rw_unlock_exclusive(&space->lock);
	return error;
}

void vm_lock_all(struct vm_space *space, bool current, unsigned bits, unsigned future_bits)
{
	rw_lock_exclusive(&space->lock);
	space->future_flags = future_bits;
	space->fork_flags |= bits | future_bits;
	for (struct vm_region *region = region_first(space); current && region;
	     region = region_next(region))
		region->flags = (uint16_t)((region->flags & ~REGION_LOCK_BITS) | bits);
	if (current)
		region_merge(space, 0, USER_END);
	rw_unlock_exclusive(&space->lock);
}

/* ---- msync ---- */

static int sync_locked(const struct vm_space *space, vaddr_t start, vaddr_t end, unsigned flags)
{
	int missing = 0;

	while (start < end) {
		struct vm_region *region = region_at_or_after(space, start);
		if (!region || region->start >= end)
			return -ENOMEM;
		if (region->start > start) {
			/* Nothing to wait for: Linux stops here. */
			if (flags == MS_ASYNC)
				return -ENOMEM;
			missing = -ENOMEM;
		}
		if ((flags & MS_INVALIDATE) && (region->flags & REGION_LOCKED))
			return -EBUSY;
		start = region->end;
	}
	return missing;
}

int vm_sync(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned flags)
{
	rw_lock_exclusive(&space->lock);
	int error = sync_locked(space, start, end, flags);
	rw_unlock_exclusive(&space->lock);
	return error;
}
