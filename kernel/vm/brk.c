/* brk.c: brk(2). The heap is one region from brk_start; moving its end touches no page when it
 * grows. */
#include "debug/assert.h"
#include "mm/mm.h"
#include "vm/region.h"

void vm_set_brk_start(struct vm_space *space, vaddr_t start)
{
	assert(IS_ALIGNED(start, PAGE_SIZE));
	mutex_lock(&space->lock);
	space->brk_start = space->brk = start;
	mutex_unlock(&space->lock);
}

static bool grow_locked(struct vm_space *space, vaddr_t old_end, vaddr_t new_end)
{
	struct vm_region *heap =
		old_end > space->brk_start ? region_find(space, old_end - 1) : NULL;

	if (new_end - old_end > mm_total_bytes() || !region_range_is_free(space, old_end, new_end))
		return false;
	/* Linux keeps the heap, too, away from a stack that may grow towards it. */
	struct vm_region *above = region_at_or_after(space, new_end);
	if (above && (above->flags & REGION_GROWS_DOWN) && above->start - new_end < VM_STACK_GAP)
		return false;
	if (heap && (heap->flags & REGION_HEAP) && heap->prot == (VM_READ | VM_WRITE)) {
		heap->end = new_end;
		space->mapped += new_end - old_end;
		return true;
	}
	struct vm_region *region = region_create(&(struct vm_region){
		.start = old_end,
		.end = new_end,
		.prot = VM_READ | VM_WRITE,
		.flags = REGION_HEAP,
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
	if (new_end > old_end && !grow_locked(space, old_end, new_end))
		return false;
	if (new_end < old_end && vm_unmap_locked(space, new_end, old_end))
		return false;
	space->brk = end;
	return true;
}

vaddr_t vm_brk(struct vm_space *space, vaddr_t end)
{
	mutex_lock(&space->lock);
	/* A refusal is told by the old end; the result says it all. */
	(void)move_locked(space, end);
	vaddr_t result = space->brk;
	mutex_unlock(&space->lock);
	return result;
}
