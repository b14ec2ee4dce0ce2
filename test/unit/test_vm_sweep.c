/*
 * test_vm_sweep.c: every call of the memory system with 0, 1, 2 ... frames to be had, until it
 * succeeds. After each failure nothing has changed that a program can see, every count is right,
 * nothing is lost, and the same call works once there is memory. On the host and in the kernel.
 */
#include <linux/mman.h>

#include "debug/ktest.h"
#include "lib/errno.h"
#include "machine.h"
#include "space_digest.h"
#include "sweep_world.h"
#include "vm/region.h"
#include "vm/table.h"

#define FRAMES_MAX 600 /* no call needs more */

/* ---- the calls: 0, or -ENOMEM with everything as it was. *made: a space that is new. ---- */

static int map_anywhere(struct sweep_world *world, struct vm_space **made)
{
	struct vm_map_request request = {.bytes = PAGE_SIZE, .prot = VM_READ};
	vaddr_t address;

	(void)made;
	return vm_map(world->space, &request, &address);
}

static int map_over_the_middle(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return sweep_map_at(world->space, ANON + 2 * PAGE_SIZE, 4, world->file, REGION_SHARED);
}

static int unmap_middle(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_unmap(world->space, ANON + 3 * PAGE_SIZE, 3 * PAGE_SIZE);
}

static int unmap_across_regions(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_unmap(world->space, PRIVATE + PAGE_SIZE, ANON + 5 * PAGE_SIZE - PRIVATE);
}

static int protect_middle(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_protect(world->space, ANON + 3 * PAGE_SIZE, 4 * PAGE_SIZE, VM_READ);
}

static int protect_nothing_at_all(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_protect(world->space, PRIVATE, 3 * PAGE_SIZE, 0);
}

static int remap_to_a_free_place(struct sweep_world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE - 2 * PAGE_SIZE;

	(void)made;
	return vm_remap(world->space, ANON, 7 * PAGE_SIZE, 9 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_FIXED, &to);
}

static int remap_to_grow(struct sweep_world *world, struct vm_space **made)
{
	vaddr_t address = 0;

	(void)made;
	return vm_remap(world->space, PRIVATE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE,
			&address);
}

static int remap_to_shrink(struct sweep_world *world, struct vm_space **made)
{
	vaddr_t address = 0;

	(void)made;
	return vm_remap(world->space, ANON, ANON_PAGES * PAGE_SIZE, 3 * PAGE_SIZE, 0, &address);
}

/* The file stays mapped where it was, without the pages that were written. */
static int remap_and_leave(struct sweep_world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE - 2 * PAGE_SIZE;

	(void)made;
	return vm_remap(world->space, PRIVATE, 4 * PAGE_SIZE, 4 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_DONTUNMAP, &to);
}

static int remap_to_another_view(struct sweep_world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE;

	(void)made;
	return vm_remap(world->space, SHARED + PAGE_SIZE, 0, 2 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_FIXED, &to);
}

static int advise(struct sweep_world *world, vaddr_t start, unsigned pages, int advice)
{
	int error = vm_advise(world->space, start, start + pages * PAGE_SIZE, advice);

	EXPECT(error != -ENOMEM); /* which means a hole */
	return error == -EAGAIN ? -ENOMEM : error;
}

static int discard_middle(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return advise(world, ANON + PAGE_SIZE, 6, MADV_DONTNEED);
}

static int free_middle(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return advise(world, ANON + 2 * PAGE_SIZE, 5, MADV_FREE);
}

static int wipe_middle_on_fork(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return advise(world, ANON + PAGE_SIZE, 6, MADV_WIPEONFORK);
}

static int lock_middle(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_lock(world->space, PRIVATE + PAGE_SIZE, PRIVATE + 3 * PAGE_SIZE, REGION_LOCKED);
}

static int move_brk(struct sweep_world *world, vaddr_t end)
{
	vaddr_t before = world->space->brk, now = vm_brk(world->space, end);

	EXPECT(now == end || now == before);
	return now == end ? 0 : -ENOMEM;
}

static int shrink_heap(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return move_brk(world, HEAP + PAGE_SIZE + 1);
}

/* Read-only, the heap's region can't just be made longer. */
static int grow_other_heap(struct sweep_world *world, struct vm_space **made)
{
	int error = vm_protect(world->space, HEAP + 4 * PAGE_SIZE, PAGE_SIZE, VM_READ);

	(void)made;
	if (error)
		return error;
	error = move_brk(world, HEAP + 9 * PAGE_SIZE);
	if (error) {
		sweep_allow(-1);
		EXPECT_EQ(vm_protect(world->space, HEAP + 4 * PAGE_SIZE, PAGE_SIZE,
				     VM_READ | VM_WRITE),
			  0);
	}
	return error;
}

static int fork_again(struct sweep_world *world, struct vm_space **made)
{
	return vm_fork(world->space, made);
}

/* What exec does: a new space beside the old one, which goes on if this fails. */
static int exec_beside(struct sweep_world *world, struct vm_space **made)
{
	int error = vm_space_create(made);

	if (error)
		return error;
	error = sweep_map_at(*made, PRIVATE, FILE_PAGES, world->file, 0);
	error = error ? error
		      : sweep_map_at(*made, STACK_TOP - PAGE_SIZE, 1, NULL, REGION_GROWS_DOWN);
	error = error ? error : vm_zero_remote(*made, PRIVATE + 5 * PAGE_SIZE + 100, 1000);
	error = error ? error : sweep_write_page(*made, STACK_TOP - PAGE_SIZE, 1);
	if (error) {
		vm_space_destroy(*made);
		*made = NULL;
	}
	return error;
}

static int fault_result(enum vm_result result)
{
	EXPECT(result == VM_FIXED || result == VM_NO_MEMORY);
	return result == VM_FIXED ? 0 : -ENOMEM;
}

#define FAULT(name, va, access)                                              \
	static int name(struct sweep_world *world, struct vm_space **made)   \
	{                                                                    \
		(void)made;                                                  \
		return fault_result(vm_fault(world->space, (va), (access))); \
	}
FAULT(fault_zero_fill, ANON + 2 * PAGE_SIZE, VM_WRITE)
FAULT(fault_zero_read, HEAP + PAGE_SIZE, VM_READ)
FAULT(fault_write_page_of_zeros, ANON + PAGE_SIZE, VM_WRITE)
FAULT(fault_file_copy, PRIVATE + 5 * PAGE_SIZE, VM_WRITE)
FAULT(fault_file_copy_of_page_read, PRIVATE + PAGE_SIZE, VM_WRITE)
FAULT(fault_file_map_shared, SHARED + 5 * PAGE_SIZE, VM_WRITE)
FAULT(fault_stack_grow, STACK_TOP - 3 * MIB, VM_WRITE)
FAULT(fault_large, LARGE + HUGE_BYTES, VM_WRITE)

/* These find the page there and writable where there is no sibling. */
static int fault_own_page(struct sweep_world *world, struct vm_space **made)
{
	enum vm_result result = vm_fault(world->space, ANON, VM_WRITE);

	(void)made;
	return result == VM_SPURIOUS_FAULT ? 0 : fault_result(result);
}

static int fault_own_large(struct sweep_world *world, struct vm_space **made)
{
	enum vm_result result = vm_fault(world->space, LARGE, VM_WRITE);

	(void)made;
	return result == VM_SPURIOUS_FAULT ? 0 : fault_result(result);
}

static int unmap_part_of_large(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_unmap(world->space, LARGE + 3 * PAGE_SIZE, PAGE_SIZE);
}

static int protect_part_of_large(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return vm_protect(world->space, LARGE + PAGE_SIZE, 9 * PAGE_SIZE, VM_READ);
}

static int move_large(struct sweep_world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE + PAGE_SIZE;

	(void)made;
	return vm_remap(world->space, LARGE, 6 * PAGE_SIZE, 6 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_FIXED, &to);
}

static int write_from_outside(struct sweep_world *world, struct vm_space **made)
{
	(void)made;
	return sweep_write_page(world->space, HEAP + 4 * PAGE_SIZE, 7);
}

/* ---- the sweep ---- */

struct call {
	const char *name;
	int (*run)(struct sweep_world *world, struct vm_space **made);
	unsigned failures[2]; /* at least: alone, and with a sibling */
};
#define CALL(name, alone, forked)     \
	{                             \
#name, name,          \
		{                     \
			alone, forked \
		}                     \
	}

static const struct call calls[] = {
	CALL(map_anywhere, 1, 1),
	CALL(map_over_the_middle, 1, 1),
	CALL(unmap_middle, 1, 1),
	CALL(unmap_across_regions, 0, 1),
	CALL(protect_middle, 1, 1),
	CALL(protect_nothing_at_all, 1, 1),
	CALL(remap_to_a_free_place, 1, 1),
	CALL(remap_to_grow, 1, 1),
	CALL(remap_to_shrink, 0, 1),
	CALL(discard_middle, 0, 1),
	CALL(remap_and_leave, 1, 1),
	CALL(remap_to_another_view, 1, 1),
	CALL(free_middle, 0, 1),
	CALL(wipe_middle_on_fork, 1, 1),
	CALL(lock_middle, 1, 1),
	CALL(shrink_heap, 0, 1),
	CALL(grow_other_heap, 1, 1),
	CALL(fork_again, 4, 4),
	CALL(exec_beside, 4, 4),
	CALL(fault_zero_fill, 1, 1),
	CALL(fault_zero_read, 0, 1),
	CALL(fault_write_page_of_zeros, 1, 1),
	CALL(fault_file_copy, 2, 2),
	CALL(fault_file_copy_of_page_read, 1, 1),
	CALL(fault_file_map_shared, 1, 1),
	CALL(fault_stack_grow, 1, 1),
	CALL(fault_own_page, 0, 1),
	CALL(write_from_outside, 1, 1),
	CALL(fault_large, 1, 1),
	CALL(fault_own_large, 0, 1),
	CALL(unmap_part_of_large, 1, 1),
	CALL(protect_part_of_large, 1, 1),
	CALL(move_large, 1, 1),
};

/* One call in a new world with that many frames: true, if it succeeded. */
static bool try_with(const struct call *call, bool forked, long frames)
{
	struct vm_space *made = NULL;
	struct sweep_world world;

	if (!sweep_world_create(&world, forked))
		return true;
	uint64_t digest = space_digest(world.space);
	uint64_t sibling = forked ? space_digest(world.sibling) : 0;
	void *regions = sweep_drain(sizeof(struct vm_region)),
	     *spaces = sweep_drain(sizeof(struct vm_space));
	sweep_allow(frames);
	int error = call->run(&world, &made);
	sweep_allow(-1);
	sweep_refill(regions);
	sweep_refill(spaces);
	EXPECT(error == 0 || error == -ENOMEM);
	sweep_world_check(&world, made);
	bool unchanged = !error || space_digest(world.space) == digest;
	if (error) {
		EXPECT(!made);
		EXPECT_EQ(call->run(&world, &made), 0); /* with memory it works */
		sweep_world_check(&world, made);
	}
	bool sibling_unchanged = !forked || space_digest(world.sibling) == sibling;
	if (!unchanged || !sibling_unchanged)
		ktest_fail(__FILE__, __LINE__, "%s with %ld frames changed %s", call->name, frames,
			   unchanged ? "the sibling" : "the space and failed");
	if (made)
		vm_space_destroy(made);
	sweep_world_destroy(&world);
	return !error;
}

static void sweep(bool forked)
{
	machine_reset();
	for (const struct call *call = calls; call < calls + ARRAY_SIZE(calls); call++) {
		long frames = 0;
		while (frames < FRAMES_MAX && !try_with(call, forked, frames))
			frames++;
		/* With no failure on the way nothing would have been tried. */
		if (frames == FRAMES_MAX || frames < call->failures[forked])
			ktest_fail(__FILE__, __LINE__, "%s: %ld failures", call->name, frames);
	}
}

KTEST(vm_sweep_of_failures_alone)
{
	sweep(false);
}

KTEST(vm_sweep_of_failures_with_a_sibling)
{
	sweep(true);
}
