/* map.c: mmap(2): choosing an address and making a region. No page is touched. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/mm.h"
#include "vm/object.h"
#include "vm/region.h"

vaddr_t vm_find_gap(const struct vm_space *space, uint64_t bytes)
{
	vaddr_t ceiling = VM_MMAP_TOP;
	struct tree_node *node = tree_last(&space->regions);

	/* From the top down: the gap between each region and the one above it. */
	for (;; node = tree_prev(node)) {
		struct vm_region *region = node ? container_of(node, struct vm_region, node) : NULL;
		vaddr_t floor = region ? region->end : VM_MMAP_FLOOR;
		if (floor <= ceiling && ceiling - floor >= bytes)
			return ceiling - bytes;
		if (!region)
			return 0;
		vaddr_t below = region->start;
		if (region->flags & REGION_GROWS_DOWN)
			below = below > VM_STACK_GAP ? below - VM_STACK_GAP : 0;
		ceiling = MIN(ceiling, below);
	}
}

/* Would a region at [start, end) come too near to a stack above it? */
static bool in_stack_gap(const struct vm_space *space, vaddr_t end)
{
	struct vm_region *above = region_at_or_after(space, end);

	return above && (above->flags & REGION_GROWS_DOWN) && above->start >= end &&
	       above->start - end < VM_STACK_GAP;
}

static int choose_address(struct vm_space *space, const struct vm_map_request *request,
			  uint64_t bytes, vaddr_t *start)
{
	vaddr_t hint = ALIGN_DOWN(request->address, PAGE_SIZE);
	bool hint_fits = hint >= VM_MMAP_FLOOR && hint < USER_END && bytes <= USER_END - hint;

	if (request->flags & VM_MAP_FIXED) {
		if (!IS_ALIGNED(request->address, PAGE_SIZE))
			return -EINVAL;
		if (request->address >= USER_END || bytes > USER_END - request->address)
			return -ENOMEM;
		if (request->address < VM_MMAP_FLOOR)
			return -EPERM;
		*start = request->address;
		if ((request->flags & VM_MAP_NOREPLACE) &&
		    !region_range_is_free(space, *start, *start + bytes))
			return -EEXIST;
		return 0;
	}
	if (hint_fits && region_range_is_free(space, hint, hint + bytes) &&
	    !in_stack_gap(space, hint + bytes))
		*start = hint;
	else
		*start = vm_find_gap(space, bytes);
	return *start ? 0 : -ENOMEM;
}

static int map_locked(struct vm_space *space, const struct vm_map_request *request, uint64_t bytes,
		      vaddr_t *address)
{
	vaddr_t start;
	int error = choose_address(space, request, bytes, &start);

	if (error)
		return error;
	if (space->region_count >= VM_MAX_REGIONS)
		return -ENOMEM;
	struct vm_region *region = region_create(&(struct vm_region){
		.start = start,
		.end = start + bytes,
		.prot = (uint8_t)request->prot,
		.flags = (uint8_t)request->region_flags,
		.object = request->object,
		.offset = request->offset,
		.name = request->name,
	});
	if (!region)
		return -ENOMEM;
	if (request->flags & VM_MAP_FIXED)
		error = vm_unmap_locked(space, start, start + bytes);
	if (error) {
		region_destroy(region);
		return error;
	}
	region_insert(space, region);
	region_merge(space, start, start + bytes);
	*address = start;
	return 0;
}

int vm_map(struct vm_space *space, const struct vm_map_request *request, vaddr_t *address)
{
	uint64_t bytes = page_round_up(request->bytes);

	if (!request->bytes || !IS_ALIGNED(request->offset, PAGE_SIZE))
		return -EINVAL;
	/* Rounding wrapped, or it can't fit; the offset of its end must exist. */
	if (!bytes || bytes > USER_END)
		return -ENOMEM;
	if (request->offset + bytes < request->offset)
		return -EOVERFLOW;
	/* Linux's heuristic overcommit: what all of memory could never hold is refused at once. */
	if (!request->object && (request->prot & VM_WRITE) &&
	    !(request->flags & VM_MAP_NORESERVE) && bytes > mm_total_bytes())
		return -ENOMEM;
	mutex_lock(&space->lock);
	int error = map_locked(space, request, bytes, address);
	mutex_unlock(&space->lock);
	return error;
}
