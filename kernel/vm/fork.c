/*
 * fork.c: a copy of a space in constant time: the child's root table is a duplicate of the
 * parent's, and so shares every table below it until one of the two writes. Only the list of
 * regions is copied one by one.
 */
#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "vm/region.h"
#include "vm/table.h"

static int copy_regions(const struct vm_space *parent, struct vm_space *child)
{
	for (struct vm_region *region = region_first(parent); region;
	     region = region_next(region)) {
		if (region->flags & REGION_NO_FORK)
			continue;
		struct vm_region *copy = region_create(region);
		if (!copy)
			return -ENOMEM;
		copy->flags &= (uint16_t)~REGION_LOCK_BITS;
		region_insert(child, copy);
	}
	return 0;
}

static int fork_locked(struct vm_space *parent, struct vm_space *child)
{
	paddr_t root;
	int error = copy_regions(parent, child);

	if (error)
		return error;
	if (!table_duplicate(parent->root, MMU_LEVELS, &root))
		return -ENOMEM;
	frame_free(frame_of(child->root));
	child->root = root;
	vm_inherit_settings(child, parent);
	error = vm_drop_unforked(child, parent);
	/* The parent's writable translations are stale now: the root's entries lost their W. */
	vm_flush(parent, 0, USER_END);
	return error;
}

int vm_fork(struct vm_space *parent, struct vm_space **out)
{
	struct vm_space *child;
	int error = vm_space_create(&child);

	if (error)
		return error;
	mutex_lock(&parent->lock);
	error = fork_locked(parent, child);
	mutex_unlock(&parent->lock);
	if (error)
		vm_space_destroy(child);
	else
		*out = child;
	return error;
}
