/* remap.c: mremap(2): a region changes its size, and where it may, its place. */
#include <linux/mman.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/mm.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

/* Grow in place if what follows is free. The caller knows that [.., old_end) is the region's end.
 */
static bool extend_in_place(struct vm_space *space, struct vm_region *region, vaddr_t new_end)
{
	vaddr_t old_end = region->end;

	if (new_end > USER_END || !region_range_is_free(space, old_end, new_end))
		return false;
	region->end = new_end;
	space->mapped += new_end - old_end;
	region_merge(space, old_end, new_end);
	return true;
}

/* Move every entry of [old, old+bytes) to `to`: both prepared, so nothing here can fail. */
static void move_entries(struct vm_space *space, vaddr_t old, vaddr_t to, uint64_t bytes)
{
	for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE) {
		bool changed = false;
		unsigned level;
		entry_t *from = table_find(space, old + offset, &level);
		if (!from || entry_is_none(entry_load(from)))
			continue;
		assert(level == 1);
		entry_t *target = table_walk_own(space, to + offset, &level, &changed);
		assert(target && level == 1 && entry_is_none(entry_load(target)));
		table_set(target, entry_exchange(from, entry_none()));
	}
}

/* Make the tables that move_entries will need. */
static bool prepare_move(struct vm_space *space, vaddr_t old, vaddr_t to, uint64_t bytes)
{
	bool changed = false;
	unsigned level;

	if (!table_prepare_pages(space, old, old + bytes))
		return false;
	for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE) {
		entry_t *from = table_find(space, old + offset, &level);
		level = 1;
		if (from && !entry_is_none(entry_load(from)) &&
		    !table_walk_own(space, to + offset, &level, &changed))
			return false;
	}
	return true;
}

static int move_region(struct vm_space *space, struct vm_region *region, vaddr_t old,
		       uint64_t old_bytes, vaddr_t to, uint64_t new_bytes)
{
	struct vm_region *moved = region_create(region);

	if (!moved)
		return -ENOMEM;
	moved->offset = region_offset(region, old);
	moved->start = to;
	moved->end = to + new_bytes;
	int error = prepare_move(space, old, to, old_bytes)
			    ? region_cut(space, old, old + old_bytes)
			    : -ENOMEM;
	if (error) {
		region_destroy(moved);
		return error;
	}
	move_entries(space, old, to, old_bytes);
	vm_flush(space, old, old + old_bytes);
	struct vm_region *left = region_find(space, old);
	region_remove(space, left);
	region_destroy(left);
	region_insert(space, moved);
	region_merge(space, to, to + new_bytes);
	return 0;
}

static int remap_locked(struct vm_space *space, vaddr_t old, uint64_t old_bytes, uint64_t new_bytes,
			unsigned flags, vaddr_t *address)
{
	struct vm_region *region = region_find(space, old);
	vaddr_t to = *address;
	int error;

	if (!region || region->end - old < old_bytes)
		return -EFAULT;
	if (flags & MREMAP_FIXED) {
		error = vm_unmap_locked(space, to, to + new_bytes);
		if (error)
			return error;
		region = region_find(space, old);
	}
	if (new_bytes < old_bytes) {
		error = vm_unmap_locked(space, old + new_bytes, old + old_bytes);
		if (error)
			return error;
		old_bytes = new_bytes;
		region = region_find(space, old);
	}
	if (!(flags & MREMAP_FIXED)) {
		*address = old;
		if (new_bytes == old_bytes)
			return 0;
		if (new_bytes - old_bytes > mm_total_bytes())
			return -ENOMEM;
		if (region->end == old + old_bytes &&
		    extend_in_place(space, region, old + new_bytes))
			return 0;
		if (!(flags & MREMAP_MAYMOVE))
			return -ENOMEM;
		to = vm_find_gap(space, new_bytes);
		if (!to)
			return -ENOMEM;
	}
	error = move_region(space, region, old, old_bytes, to, new_bytes);
	if (!error)
		*address = to;
	return error;
}

int vm_remap(struct vm_space *space, vaddr_t old, uint64_t old_bytes, uint64_t new_bytes,
	     unsigned flags, vaddr_t *address)
{
	vaddr_t to = *address;

	old_bytes = page_round_up(old_bytes);
	new_bytes = page_round_up(new_bytes);
	if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) || !IS_ALIGNED(old, PAGE_SIZE) || !new_bytes)
		return -EINVAL;
	/* A size of 0 would duplicate a shared mapping: not offered. */
	if (!old_bytes)
		return -EINVAL;
	if (flags & MREMAP_FIXED) {
		if (!(flags & MREMAP_MAYMOVE) || !IS_ALIGNED(to, PAGE_SIZE) || to < VM_MMAP_FLOOR ||
		    to >= USER_END || new_bytes > USER_END - to ||
		    (to < old + old_bytes && old < to + new_bytes))
			return -EINVAL;
	}
	if (old >= USER_END || old_bytes > USER_END - old || new_bytes > USER_END)
		return new_bytes > USER_END ? -ENOMEM : -EFAULT;
	mutex_lock(&space->lock);
	int error = remap_locked(space, old, old_bytes, new_bytes, flags, address);
	mutex_unlock(&space->lock);
	return error;
}
