/* space.c: making, running on and ending an address space. */
#include "vm/space.h"

#include <arch/cpu.h>
#include <arch/irq.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "sync/cpu.h"
#include "sync/cross_call.h"
#include "vm/region.h"
#include "vm/table.h"

#define DEFAULT_STACK_LIMIT (8 * MIB)

const char *const vm_fault_kind_names[FAULT_KINDS] = {
	"zero-read",  "zero-fill", "file-map", "file-copy",   "own-table",  "own-page",  "reuse",
	"stack-grow", "swap-in",   "spurious", "bad-address", "bad-access", "no-memory",
};

uint32_t vm_space_next_serial(void)
{
	/* (c) the last one that was given out */
	static uint32_t last;

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

void vm_space_activate(struct vm_space *space)
{
	struct cpu *cpu = cpu_local();
	struct vm_space *old = cpu->space;
	uint64_t bit = 1ull << cpu->id;

	if (old == space)
		return;
	/* A call for a flush that came between the next two would find `old` gone and answer that
	 * nothing of it is left here, though the processor walks its tables for as long as the root
	 * is loaded: also ahead of what the kernel asks for. */
	bool were_on = irq_save();
	/* In the set before the first walk of its tables, and until after the last. */
	if (space)
		__atomic_fetch_or(&space->cpus, bit, __ATOMIC_SEQ_CST);
	cpu->space = space;
	mmu_activate(space ? space->root : kmap_root());
	if (old)
		__atomic_fetch_and(&old->cpus, ~bit, __ATOMIC_RELEASE);
	irq_restore(were_on);
}

/* ---- flushing ---- */

/* Beyond this many pages one flush of everything costs less than a flush of each. */
#define FLUSH_PAGES_MAX 32

struct flush {
	const struct vm_space *space;
	vaddr_t start, end;
};

/* On a CPU that has, or a moment ago had, the space active. */
static void flush_here(void *argument)
{
	const struct flush *flush = argument;

	if (cpu_local()->space != flush->space)
		return; /* whoever activated another one has flushed */
	if ((flush->end - flush->start) >> PAGE_SHIFT > FLUSH_PAGES_MAX) {
		mmu_flush_all();
		return;
	}
	for (vaddr_t va = flush->start; va < flush->end; va += PAGE_SIZE)
		mmu_flush_page(va);
}

void vm_flush_here(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct flush flush = {space, start, end};

	flush_here(&flush);
}

void vm_flush(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct flush flush = {space, start, end};
	uint64_t me = 1ull << cpu_local()->id;

	/* A CPU that comes into the set after this walks the tables as they are now. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t active = __atomic_load_n(&space->cpus, __ATOMIC_ACQUIRE);
	if (active & me)
		flush_here(&flush);
	if (UNLIKELY(active & ~me))
		cross_call(active & ~me, flush_here, &flush);
}

static void flush_user(void *argument)
{
	mmu_flush_all();
}

void vm_flush_everywhere(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmu_flush_all();
	cross_call(UINT64_MAX, flush_user, NULL);
}
