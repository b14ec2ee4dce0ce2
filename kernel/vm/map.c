/* map.c: mmap(2): choosing an address and making a region. No page is touched. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/object.h"
#include "vm/region.h"

vaddr_t vm_find_gap(const struct vm_space *space, vaddr_t floor, vaddr_t ceiling, uint64_t bytes)
{
	struct tree_node *node = tree_last(&space->regions);

	/* From the top down: the gap between each region and the one above it. */
	for (;; node = tree_prev(node)) {
		struct vm_region *region = node ? container_of(node, struct vm_region, node) : NULL;
		vaddr_t bottom = region ? MAX(region->end, floor) : floor;
		if (bottom <= ceiling && ceiling - bottom >= bytes)
			return ceiling - bytes;
		if (!region || ceiling <= floor)
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

int vm_map_check_fixed(vaddr_t address, uint64_t bytes)
{
	if (bytes > USER_END || address > USER_END - bytes)
		return -ENOMEM;
	if (!IS_ALIGNED(address, PAGE_SIZE))
		return -EINVAL;
	return address < VM_MMAP_FLOOR ? -EPERM : 0;
}

/* Where Linux would look for a place: MAP_32BIT's is for code that jumps by 31 bits. */
static vaddr_t find_place(const struct vm_space *space, unsigned flags, vaddr_t hint,
			  uint64_t bytes)
{
	vaddr_t floor = VM_MMAP_FLOOR, ceiling = space->mmap_top, hint_ceiling = USER_END;

	if (flags & VM_MAP_32BIT) {
		floor = GIB;
		ceiling = hint_ceiling = 2 * GIB;
	} else if (flags & VM_MAP_ABOVE_4G) {
		floor = 4 * GIB;
	}
	if (hint && hint < VM_MMAP_FLOOR)
		hint = VM_MMAP_FLOOR;
	if (hint && bytes <= hint_ceiling && hint <= hint_ceiling - bytes &&
	    region_range_is_free(space, hint, hint + bytes) && !in_stack_gap(space, hint + bytes))
		return hint;
	return vm_find_gap(space, floor, ceiling, bytes);
}

static int choose_address(struct vm_space *space, const struct vm_map_request *request,
			  uint64_t bytes, vaddr_t *start)
{
	if (request->flags & VM_MAP_FIXED) {
		*start = request->address;
		int error = vm_map_check_fixed(*start, bytes);
		if (error)
			return error;
		if ((request->flags & VM_MAP_NOREPLACE) &&
		    !region_range_is_free(space, *start, *start + bytes))
			return -EEXIST;
		return 0;
	}
	*start = find_place(space, request->flags, ALIGN_DOWN(request->address, PAGE_SIZE), bytes);
	return *start ? 0 : -ENOMEM;
}

/* Is there room in the limits, counting what a fixed mapping replaces as free? */
static bool is_allowed(const struct vm_space *space, const struct vm_region *region)
{
	uint64_t bytes = region->end - region->start;

	if (vm_is_overcommit(region->prot, region->flags, bytes))
		return false;
	if (space->address_limit == VM_NO_LIMIT && space->data_limit == VM_NO_LIMIT)
		return true;
	return vm_within_limits(space, region->prot, region->flags,
				bytes - vm_mapped_in(space, region->start, region->end));
}

static int map_locked(struct vm_space *space, const struct vm_map_request *request, uint64_t bytes,
		      vaddr_t *address)
{
	vaddr_t start;
	int error = choose_address(space, request, bytes, &start);

	if (error)
		return error;
	struct vm_region wanted = {
		.start = start,
		.end = start + bytes,
		.prot = (uint8_t)request->prot,
		.flags = (uint16_t)(request->region_flags | space->future_flags),
		.object = request->object,
		.offset = request->offset,
		.name = request->name,
	};
	if (request->flags & VM_MAP_NORESERVE)
		wanted.flags |= REGION_NORESERVE;
	if (space->region_count >= VM_MAX_REGIONS || !is_allowed(space, &wanted))
		return -ENOMEM;
	struct vm_region *region = region_create(&wanted);
	if (!region)
		return -ENOMEM;
	if (request->flags & VM_MAP_FIXED)
		error = vm_unmap_locked(space, start, start + bytes);
	if (error) {
		region_destroy(region);
		return error;
	}
	space->fork_flags |= region->flags & REGION_FOR_FORK;
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
	rw_lock_exclusive(&space->lock);
	int error = map_locked(space, request, bytes, address);
	rw_unlock_exclusive(&space->lock);
	return error;
}
