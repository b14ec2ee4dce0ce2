/*
 * fork.c: a copy of a space in constant time: the child's root table is a duplicate of the
 * parent's, and so shares every table below it until one of the two writes. Only the regions are
 * copied one by one.
 *
 * How deep the sharing starts is a policy (boot option fork_share): at the root, as above; below
 * the tables that hold no leaves of pages, which are copied at once; or at the pages, the classic
 * copy-on-write fork. All three are the same rule, applied sooner or later.
 */
#include "vm/fork.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "vm/region.h"
#include "vm/table.h"
#include "vm/tlb.h"
#include "vm/usage.h"

static enum fork_share fork_share = FORK_SHARE_ROOT; /* set once, at boot, or by a test */

void vm_set_fork_share(enum fork_share share)
{
	fork_share = share;
}

/* The lowest level of entries whose tables the child gets as its own at once. */
static unsigned lowest_owned(void)
{
	return fork_share == FORK_SHARE_LEAF ? HUGE_LEVEL + 1 : HUGE_LEVEL;
}

/* No CPU runs the child yet. */
static bool own_tables(struct vm_space *child)
{
	struct table_gather gather;

	table_gather_init(&gather, child, 0, USER_END);
	bool owned = table_own_below(child->root, MMU_LEVELS, lowest_owned(), &gather);
	table_gather_finish(&gather);
	return owned;
}

static int fork_locked(struct vm_space *parent, struct vm_space *child)
{
	uint64_t before = table_entries_copied();

	if (!region_copy_all(parent, child))
		return -ENOMEM;
	struct frame *root = table_duplicate_root(frame_of(parent->root));
	if (!root)
		return -ENOMEM;
	child->root = frame_pa(root);
	/* The parent's writable translations are stale now: the root's entries lost their W. */
	vm_flush(parent, 0, USER_END);
	if (fork_share != FORK_SHARE_ROOT && !own_tables(child))
		return -ENOMEM;
	vm_inherit_settings(child, parent);
	vm_peak_inherit_locked(child, parent);
	parent->fork_entries = table_entries_copied() - before;
	return vm_drop_unforked(child);
}

int vm_fork(struct vm_space *parent, struct vm_space **out)
{
	struct vm_space *child = kzalloc(sizeof(*child));

	if (!child)
		return -ENOMEM;
	child->count = child->users = 1;
	child->serial = vm_space_next_serial();
	rw_lock_exclusive(&parent->lock);
	/* Nobody has the child yet, but objects know its regions before its tables are there: see
	 * truncate.c. */
	rw_lock_exclusive(&child->lock);
	int error = fork_locked(parent, child);
	rw_unlock_exclusive(&child->lock);
	rw_unlock_exclusive(&parent->lock);
	if (error)
		vm_space_destroy(child);
	else
		*out = child;
	return error;
}
