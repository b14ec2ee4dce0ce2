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
		struct vm_region *copy = region_create(region);
		if (!copy)
			return -ENOMEM;
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
	/* The parent's writable translations are stale now: the root's entries lost their W. */
	vm_flush(parent, 0, USER_END);
	frame_free(frame_of(child->root));
	child->root = root;
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->stack_limit = parent->stack_limit;
	return 0;
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
