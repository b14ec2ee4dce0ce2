/* remap.c: mremap(2): a region changes its size, and where it may, its place. */
#include <linux/mman.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

/* The call, lengths in whole pages. */
struct remap {
	vaddr_t old, to;
	uint64_t old_bytes, new_bytes;
	unsigned flags;
};

/* The first entry of [*va, end) that is in use, and where: *va. NULL: there is none. What has no
 * table is passed over as a whole: a mapping may be large, and mostly empty. */
static entry_t *next_entry(struct vm_space *space, vaddr_t *va, vaddr_t end)
{
	unsigned level;

	while (*va < end) {
		entry_t *entry = table_find(space, *va, &level);
		if (entry && !entry_is_none(entry_load(entry))) {
			assert(level == 1);
			return entry;
		}
		*va = ALIGN_UP(*va + 1, entry_span(entry ? 1 : level));
	}
	return NULL;
}

/* Move every entry of the gathered range to `to`: both prepared, so nothing here can fail. */
static void move_entries(struct table_gather *gather, vaddr_t to)
{
	gather->stale = true;
	vaddr_t old = gather->start;
	entry_t *from;

	for (; (from = next_entry(gather->space, &old, gather->end)); old += PAGE_SIZE) {
		unsigned level = 1;
		entry_t *target = table_walk_own(gather, to + (old - gather->start), &level);
		assert(target && level == 1 && entry_is_none(entry_load(target)));
		table_set(target, entry_exchange(from, entry_none()));
	}
}

/* Make the tables that move_entries will need. */
static bool prepare_move(struct table_gather *gather, vaddr_t to)
{
	vaddr_t old = gather->start;

	if (!table_prepare_pages(gather))
		return false;
	for (; next_entry(gather->space, &old, gather->end); old += PAGE_SIZE) {
		unsigned level = 1;
		if (!table_walk_own(gather, to + (old - gather->start), &level))
			return false;
	}
	return true;
}

/*
 * A region like [old, old+old_bytes) of `region` at `to`, which is free, with its pages. What was
 * there is gone; with MREMAP_DONTUNMAP it stays, empty. With old_bytes 0 there are no pages to take
 * along: it is another view of the same shared object.
 */
static int move_region(struct vm_space *space, const struct vm_region *region,
		       const struct remap *remap)
{
	vaddr_t old = remap->old, to = remap->to;
	uint64_t bytes = MIN(remap->old_bytes, remap->new_bytes);
	struct vm_region *moved = region_create(region);

	if (!moved)
		return -ENOMEM;
	moved->offset = region_offset(region, old);
	moved->start = to;
	moved->end = to + remap->new_bytes;
	struct table_gather gather;
	table_gather_init(&gather, space, old, old + bytes);
	int error = 0;
	if (bytes)
		error = prepare_move(&gather, to) ? region_cut(space, old, old + bytes) : -ENOMEM;
	if (!error && space->region_count >= VM_MAX_REGIONS)
		error = -ENOMEM;
	if (!error && bytes)
		move_entries(&gather, to);
	table_gather_finish(&gather);
	if (error) {
		region_destroy(moved);
		return error;
	}
	if (bytes) {
		struct vm_region *left = region_find(space, old);
		left->flags &= (uint16_t)~REGION_LOCK_BITS;
		if (!(remap->flags & MREMAP_DONTUNMAP)) {
			region_remove(space, left);
			region_destroy(left);
		}
	}
	region_insert(space, moved);
	region_merge(space, to, to + remap->new_bytes);
	return 0;
}

/* Is there such a region, and may it grow so? */
static int check_region(const struct vm_space *space, const struct remap *remap)
{
	const struct vm_region *region = region_find(space, remap->old);
	bool shrinks = remap->old_bytes > remap->new_bytes;
	bool stays = !(remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP));
	uint64_t kept = MIN(remap->old_bytes, remap->new_bytes);

	if (!region)
		return -EFAULT;
	if (stays && (shrinks || remap->old_bytes == remap->new_bytes))
		return 0;
	if (!remap->old_bytes && !(region->flags & REGION_SHARED))
		return -EINVAL;
	/* What is cut off may go beyond the region, what is left may not. */
	if (kept > region->end - remap->old)
		return -EFAULT;
	if (shrinks || remap->old_bytes == remap->new_bytes)
		return 0;
	uint64_t more = remap->new_bytes - remap->old_bytes;
	if (region_offset(region, remap->old) + remap->new_bytes < remap->new_bytes)
		return -EINVAL;
	if (!vm_within_limits(space, region->prot, region->flags, more) ||
	    vm_is_overcommit(region->prot, region->flags, more))
		return -ENOMEM;
	return 0;
}

static int shrink(struct vm_space *space, const struct remap *remap)
{
	vaddr_t start = remap->old + remap->new_bytes;
	uint64_t bytes = remap->old_bytes - remap->new_bytes;

	if (start > USER_END || bytes > USER_END - start)
		return -EINVAL;
	return vm_unmap_locked(space, start, start + bytes);
}

/* Grow in place if what follows is free. */
static bool extend_in_place(struct vm_space *space, struct vm_region *region,
			    const struct remap *remap)
{
	vaddr_t old_end = remap->old + remap->old_bytes, new_end = remap->old + remap->new_bytes;

	if (region->end != old_end || new_end > USER_END ||
	    !region_range_is_free(space, old_end, new_end))
		return false;
	region->end = new_end;
	space->mapped += new_end - old_end;
	region_merge(space, old_end, new_end);
	return true;
}

/* Without a new address: where it is, or if it may move, where there is room. */
static int resize(struct vm_space *space, struct remap *remap)
{
	struct vm_region *region = region_find(space, remap->old);

	remap->to = remap->old;
	if (remap->new_bytes == remap->old_bytes)
		return 0;
	if (remap->new_bytes < remap->old_bytes)
		return shrink(space, remap);
	if (extend_in_place(space, region, remap))
		return 0;
	if (!(remap->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	remap->to = vm_find_gap(space, VM_MMAP_FLOOR, space->mmap_top, remap->new_bytes);
	return remap->to ? move_region(space, region, remap) : -ENOMEM;
}

/* To a new address, which with MREMAP_FIXED is emptied first, and is a hint without. */
static int move_to(struct vm_space *space, struct remap *remap)
{
	int error = 0;

	if (remap->flags & MREMAP_FIXED)
		error = vm_unmap_locked(space, remap->to, remap->to + remap->new_bytes);
	if (!error && remap->new_bytes < remap->old_bytes) {
		error = shrink(space, remap);
		remap->old_bytes = remap->new_bytes;
	}
	if (error)
		return error;
	/* Both of these may have cut it. */
	struct vm_region *region = region_find(space, remap->old);
	if (!region)
		return -EFAULT;
	if ((remap->flags & MREMAP_DONTUNMAP) &&
	    !vm_within_limits(space, region->prot, region->flags, remap->old_bytes))
		return -ENOMEM;
	if (!(remap->flags & MREMAP_FIXED) &&
	    (remap->to < VM_MMAP_FLOOR ||
	     !region_range_is_free(space, remap->to, remap->to + remap->new_bytes))) {
		remap->to = vm_find_gap(space, VM_MMAP_FLOOR, space->mmap_top, remap->new_bytes);
		if (!remap->to)
			return -ENOMEM;
	}
	return move_region(space, region, remap);
}

/* A move that changes no size takes all regions of the range, and the holes between them. */
static int move_all(struct vm_space *space, const struct remap *all)
{
	vaddr_t at = all->old, end = at + all->old_bytes;
	struct vm_region *region = region_find(space, at);

	if (!region)
		return -EFAULT;
	for (; region && MAX(region->start, at) < end; region = region_at_or_after(space, at)) {
		struct remap part = *all;
		part.old = MAX(region->start, at);
		part.old_bytes = part.new_bytes = MIN(region->end, end) - part.old;
		part.to = all->to + (part.old - all->old);
		int error = check_region(space, &part);
		if (!error)
			error = move_to(space, &part);
		if (error)
			return error;
		at = part.old + part.old_bytes;
	}
	return 0;
}

static int remap_locked(struct vm_space *space, struct remap *remap)
{
	bool fixed = remap->flags & MREMAP_FIXED;

	if (fixed && remap->old_bytes == remap->new_bytes)
		return move_all(space, remap);
	int error = check_region(space, remap);
	if (error)
		return error;
	if (remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return move_to(space, remap);
	return resize(space, remap);
}

/* What is wrong with the call whatever is mapped. */
static int check_call(const struct remap *remap)
{
	if ((remap->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
	    !IS_ALIGNED(remap->old, PAGE_SIZE) || !remap->new_bytes || remap->new_bytes > USER_END)
		return -EINVAL;
	if (!(remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if (remap->to > USER_END - remap->new_bytes || !IS_ALIGNED(remap->to, PAGE_SIZE) ||
	    !(remap->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((remap->flags & MREMAP_DONTUNMAP) && remap->old_bytes != remap->new_bytes)
		return -EINVAL;
	if (remap->old + remap->old_bytes > remap->to && remap->to + remap->new_bytes > remap->old)
		return -EINVAL;
	return (remap->flags & MREMAP_FIXED) && remap->to < VM_MMAP_FLOOR ? -EPERM : 0;
}

int vm_remap(struct vm_space *space, vaddr_t old, uint64_t old_bytes, uint64_t new_bytes,
	     unsigned flags, vaddr_t *address)
{
	struct remap remap = {
		.old = old,
		.to = *address,
		.old_bytes = page_round_up(old_bytes),
		.new_bytes = page_round_up(new_bytes),
		.flags = flags,
	};
	int error = check_call(&remap);

	if (error)
		return error;
	rw_lock_exclusive(&space->lock);
	error = remap_locked(space, &remap);
	rw_unlock_exclusive(&space->lock);
	if (!error)
		*address = remap.to;
	return error;
}
