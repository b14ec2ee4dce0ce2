/* space.c: making, running on and ending an address space. */
#include "vm/space.h"

#include <arch/cpu.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "sync/cpu.h"
#include "vm/region.h"
#include "vm/table.h"

#define DEFAULT_STACK_LIMIT (8 * MIB)

const char *const vm_fault_kind_names[FAULT_KINDS] = {
	"zero-read",  "zero-fill", "file-map", "file-copy",   "own-table",  "own-page",  "reuse",
	"stack-grow", "swap-in",   "spurious", "bad-address", "bad-access", "no-memory",
};

uint64_t vm_space_next_serial(void)
{
	/* (c) the last one that was given out */
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int vm_space_create(struct vm_space **out)
{
	struct vm_space *space = kzalloc(sizeof(*space));
	struct frame *root = table_create_root();

	if (!space || !root) {
		kfree(space);
		if (root)
			frame_free(root);
		return -ENOMEM;
	}
	space->root = frame_pa(root);
	space->stack_limit = DEFAULT_STACK_LIMIT;
	space->count = space->users = 1;
	space->serial = vm_space_next_serial();
	space->address_limit = space->data_limit = space->data_limit_hard = VM_NO_LIMIT;
	space->mmap_top = VM_MMAP_TOP;
	*out = space;
	return 0;
}

void vm_space_join(struct vm_space *space)
{
	uint32_t before = __atomic_fetch_add(&space->users, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
}

void vm_space_leave(struct vm_space *space)
{
	uint32_t before = __atomic_fetch_sub(&space->users, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before == 1)
		vm_space_destroy(space);
}

void vm_space_destroy(struct vm_space *space)
{
	assert(cpu_local()->space != space && space->users <= 1);
	/* Nobody runs in it, but a file that it maps may just be made shorter. */
	rw_lock_exclusive(&space->lock);
	if (space->root) /* 0: a fork that failed */
		table_destroy_root(frame_of(space->root));
	space->root = 0;
	region_destroy_all(space);
	rw_unlock_exclusive(&space->lock);
	vm_space_put(space);
}

void vm_space_get(struct vm_space *space)
{
	uint32_t before = __atomic_fetch_add(&space->count, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
}

void vm_space_put(struct vm_space *space)
{
	uint32_t before = __atomic_fetch_sub(&space->count, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before == 1)
		kfree(space);
}
