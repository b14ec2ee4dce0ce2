/* brk.c: brk(2). The heap is one region from brk_start; moving its end touches no page when it
 * grows. */
#include "debug/assert.h"
#include "vm/region.h"

void vm_set_brk_start(struct vm_space *space, vaddr_t start, uint64_t data_bytes)
{
	assert(IS_ALIGNED(start, PAGE_SIZE));
	rw_lock_exclusive(&space->lock);
	space->brk_start = space->brk = start;
	space->data_bytes = data_bytes;
	rw_unlock_exclusive(&space->lock);
}

/* Is [old_end, new_end) free, and a page more, so that a heap that runs over is caught? Linux keeps
 * the heap, too, away from a stack that may grow towards it. */
static bool has_room(const struct vm_space *space, vaddr_t old_end, vaddr_t new_end)
{
	struct vm_region *above = region_at_or_after(space, old_end);

	if (!above)
		return true;
	uint64_t gap = above->flags & REGION_GROWS_DOWN ? VM_STACK_GAP : 0;
	return above->start >= gap && new_end + PAGE_SIZE <= above->start - gap;
}

static bool grow_locked(struct vm_space *space, vaddr_t old_end, vaddr_t new_end)
{
	const unsigned prot = VM_READ | VM_WRITE, flags = REGION_HEAP | space->future_flags;
	struct vm_region *heap =
		old_end > space->brk_start ? region_find(space, old_end - 1) : NULL;
	uint64_t bytes = new_end - old_end;

	if (!has_room(space, old_end, new_end) || vm_is_overcommit(prot, flags, bytes) ||
	    !vm_within_limits(space, prot, flags, bytes))
		return false;
	if (heap && heap->flags == flags && heap->prot == prot) {
		heap->end = new_end;
		space->mapped += bytes;
		return true;
	}
	if (space->region_count >= VM_MAX_REGIONS)
		return false;
	struct vm_region *region = region_create(&(struct vm_region){
		.start = old_end,
		.end = new_end,
		.prot = prot,
		.flags = (uint16_t)flags,
		.name = "[heap]",
	});
	if (!region)
		return false;
	region_insert(space, region);
	return true;
}

static bool move_locked(struct vm_space *space, vaddr_t end)
{
	vaddr_t old_end = page_round_up(space->brk), new_end = page_round_up(end);

	if (end < space->brk_start || end > USER_END)
		return false;
	/* RLIMIT_DATA counts the program's own data, too; lowering the end is no exception. */
	uint64_t data = end - space->brk_start + space->data_bytes;
	if (space->data_limit != VM_NO_LIMIT && data > space->data_limit)
		return false;
	if (new_end > old_end && !grow_locked(space, old_end, new_end))
		return false;
	/* Who unmapped it by hand does not get it back: Linux refuses, too. */
	if (new_end < old_end && (region_range_is_free(space, new_end, old_end) ||
				  vm_unmap_locked(space, new_end, old_end)))
		return false;
	space->brk = end;
	return true;
}

vaddr_t vm_brk(struct vm_space *space, vaddr_t end)
{
	rw_lock_exclusive(&space->lock);
	/* A refusal is told by the old end; the result says it all. */
	(void)move_locked(space, end);
	vaddr_t result = space->brk;
	rw_unlock_exclusive(&space->lock);
	return result;
}
