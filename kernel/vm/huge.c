/*
 * huge.c: madvise(MADV_HUGEPAGE): a region may be served with large pages. fault.c gives one to the
 * first write of an aligned 2 MiB that lies wholly in the region and has no small page yet, if a
 * block of frames is free; table.c and range.c know what to do with it afterwards.
 */
#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/region.h"

static int advise_locked(struct vm_space *space, vaddr_t start, vaddr_t end, bool wanted)
{
	if (!region_range_is_mapped(space, start, end))
		return -ENOMEM;
	int error = region_cut(space, start, end);
	if (error)
		return error;
	for (struct vm_region *region = region_find(space, start); region && region->start < end;
	     region = region_next(region))
		region->flags = (uint8_t)(wanted ? region->flags | REGION_HUGE
						 : region->flags & ~REGION_HUGE);
	region_merge(space, start, end);
	return 0;
}

int vm_advise_huge(struct vm_space *space, vaddr_t start, uint64_t bytes, bool wanted)
{
	uint64_t length = page_round_up(bytes);

	if (!IS_ALIGNED(start, PAGE_SIZE) || length < bytes || start + length < start)
		return -EINVAL;
	if (!bytes)
		return 0;
	if (start >= USER_END || length > USER_END - start)
		return -ENOMEM;
	mutex_lock(&space->lock);
	int error = advise_locked(space, start, start + length, wanted);
	mutex_unlock(&space->lock);
	return error;
}
