/*
 * test_vm_sweep.c: every call of the memory system with 0, 1, 2 ... frames to be had, until it
 * succeeds. After each failure nothing has changed that a program can see, every count is right,
 * nothing is lost, and the same call works once there is memory. On the host and in the kernel.
 */
#include <linux/mman.h>

#include "debug/ktest.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine.h"
#include "mm/frame_init.h"
#include "mm/slab.h"
#include "space_digest.h"
#include "vm/check.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

#define ANON       (GIB - 4 * PAGE_SIZE) /* its middle is a border of level-1, 2 and 3 tables */
#define ANON_PAGES 10u
#define PRIVATE    0x10000000ull /* of the file */
#define SHARED     0x20000000ull /* the same file */
#define FILE_PAGES 6u
#define WIPED      (SHARED + 64 * PAGE_SIZE) /* in the same table; a child gets it empty */
#define NOT_FORKED (SHARED + 80 * PAGE_SIZE) /* and this not at all */
#define HEAP       0x30000000ull
#define LARGE      0x80000000ull   /* a large page */
#define FREE_PLACE 0x7000000000ull /* another entry of the root: no table is there */
#define STACK_TOP  USER_END

#define FRAMES_MAX 600  /* no call needs more */
#define SLOTS      4096 /* more than the frames of all that is made here */

/* Two processes that share what they can, and the file that both map. */
struct world {
	struct vm_space *space, *sibling; /* sibling NULL: it is over */
	struct vm_object *file;
	struct frame_counts before; /* anything was made */
};

/* ---- memory to be had ---- */

static void allow(long frames)
{
	struct frame_counts counts;

	frame_counts(&counts);
	uint64_t free_now = counts.by_state[FRAME_FREE];
	frame_set_reserve(frames < 0 ? 0 : free_now - MIN((uint64_t)frames, free_now));
}

/* Small allocations that are left over in slabs would hide that a call needs memory: take them. */
static void *drain(size_t bytes)
{
	void **first = NULL, **next;

	allow(0);
	while ((next = kmalloc(bytes))) {
		*next = first;
		first = next;
	}
	return first;
}

static void refill(void *first)
{
	while (first) {
		void *next = *(void **)first;
		kfree(first);
		first = next;
	}
}

/* ---- a world ---- */

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	memset(page, (int)index + 0x40, PAGE_SIZE);
	return 0;
}

static const struct vm_object_ops file_ops = {.fill = fill};

static int map_at(struct vm_space *space, vaddr_t at, unsigned pages, struct vm_object *object,
		  unsigned region_flags)
{
	struct vm_map_request request = {
		.address = at,
		.bytes = pages * PAGE_SIZE,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
		.object = object,
	};

	return vm_map(space, &request, &at);
}

static int write_page(struct vm_space *space, vaddr_t va, uint64_t value)
{
	return vm_write_remote(space, va, &value, sizeof(value));
}

/* Two times 2 MiB, of which the first is touched: it gets a large page, if there is a block. */
static int make_large(struct vm_space *space)
{
	int error = map_at(space, LARGE, 2 * MMU_ENTRIES, NULL, 0);

	error = error ? error : vm_advise(space, LARGE, LARGE + 2 * HUGE_BYTES, MADV_HUGEPAGE);
	return error ? error : write_page(space, LARGE + 5 * PAGE_SIZE, 600);
}

/* What fork takes away again from the child. */
static int make_unforked(struct vm_space *space)
{
	int error = map_at(space, WIPED, 4, NULL, 0);

	error = error ? error : map_at(space, NOT_FORKED, 4, NULL, 0);
	error = error ? error : vm_advise(space, WIPED, WIPED + 4 * PAGE_SIZE, MADV_WIPEONFORK);
	error = error ? error
		      : vm_advise(space, NOT_FORKED, NOT_FORKED + 4 * PAGE_SIZE, MADV_DONTFORK);
	error = error ? error : write_page(space, WIPED + PAGE_SIZE, 700);
	return error ? error : write_page(space, NOT_FORKED + PAGE_SIZE, 800);
}

static int make_space(struct world *world)
{
	struct vm_space *space = world->space;
	int error = map_at(space, ANON, ANON_PAGES, NULL, 0);

	error = error ? error : map_at(space, PRIVATE, FILE_PAGES, world->file, 0);
	error = error ? error : map_at(space, SHARED, FILE_PAGES, world->file, REGION_SHARED);
	error = error ? error : map_at(space, STACK_TOP - PAGE_SIZE, 1, NULL, REGION_GROWS_DOWN);
	vm_set_brk_start(space, HEAP, 0);
	if (vm_brk(space, HEAP + 5 * PAGE_SIZE) != HEAP + 5 * PAGE_SIZE)
		error = -ENOMEM;
	for (unsigned i = 0; i < ANON_PAGES && !error; i += i ? 2 : 3)
		error = write_page(space, ANON + i * PAGE_SIZE, 100 + i);
	for (unsigned i = 0; i < 4 && !error; i += 2) {
		error = write_page(space, PRIVATE + i * PAGE_SIZE, 200 + i);
		error = error ? error : write_page(space, SHARED + i * PAGE_SIZE, 300 + i);
		error = error ? error : write_page(space, HEAP + i * PAGE_SIZE, 400 + i);
	}
	if (!error)
		error = make_large(space);
	if (!error)
		error = make_unforked(space);
	/* One page of zeros and one of the file's, only read. */
	if (vm_fault(space, ANON + PAGE_SIZE, VM_READ) == VM_NO_MEMORY ||
	    vm_fault(space, PRIVATE + PAGE_SIZE, VM_READ) == VM_NO_MEMORY)
		error = -ENOMEM;
	return error ? error : write_page(space, STACK_TOP - PAGE_SIZE, 500);
}

static bool world_create(struct world *world, bool forked)
{
	*world = (struct world){0};
	frame_counts(&world->before);
	return EXPECT_EQ(vm_object_create(&file_ops, NULL, FILE_PAGES * PAGE_SIZE, &world->file),
			 0) &&
	       EXPECT_EQ(vm_space_create(&world->space), 0) && EXPECT_EQ(make_space(world), 0) &&
	       (!forked || EXPECT_EQ(vm_fork(world->space, &world->sibling), 0));
}

static void world_destroy(struct world *world)
{
	struct frame_counts after;

	vm_space_destroy(world->space);
	if (world->sibling)
		vm_space_destroy(world->sibling);
	vm_object_put(world->file);
	frame_counts(&after);
	for (unsigned state = 0; state < FRAME_STATES; state++)
		EXPECT_EQ(after.by_state[state], world->before.by_state[state]);
}

/* All counts, and every frame in use is named by something here or was in use before. */
static void check(struct world *world, struct vm_space *more)
{
	static struct vm_name scratch[SLOTS]; /* one test at a time */
	struct vm_space *spaces[3];
	struct vm_census census;
	struct frame_counts now;
	unsigned count = 0;

	spaces[count++] = world->space;
	if (world->sibling)
		spaces[count++] = world->sibling;
	if (more)
		spaces[count++] = more;
	vm_check_all(spaces, count, &world->file, 1, scratch, SLOTS, &census);
	frame_counts(&now);
	EXPECT_EQ(now.by_state[FRAME_TABLE] - world->before.by_state[FRAME_TABLE],
		  census.by_state[FRAME_TABLE]);
	EXPECT_EQ(now.by_state[FRAME_ANON] - world->before.by_state[FRAME_ANON],
		  census.by_state[FRAME_ANON]);
	EXPECT_EQ(now.by_state[FRAME_CACHE] - world->before.by_state[FRAME_CACHE],
		  census.by_state[FRAME_CACHE]);
}

/* ---- the calls: 0, or -ENOMEM with everything as it was. *made: a space that is new. ---- */

static int map_anywhere(struct world *world, struct vm_space **made)
{
	struct vm_map_request request = {.bytes = PAGE_SIZE, .prot = VM_READ};
	vaddr_t address;

	(void)made;
	return vm_map(world->space, &request, &address);
}

static int map_over_the_middle(struct world *world, struct vm_space **made)
{
	(void)made;
	return map_at(world->space, ANON + 2 * PAGE_SIZE, 4, world->file, REGION_SHARED);
}

static int unmap_middle(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_unmap(world->space, ANON + 3 * PAGE_SIZE, 3 * PAGE_SIZE);
}

static int unmap_across_regions(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_unmap(world->space, PRIVATE + PAGE_SIZE, ANON + 5 * PAGE_SIZE - PRIVATE);
}

static int protect_middle(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_protect(world->space, ANON + 3 * PAGE_SIZE, 4 * PAGE_SIZE, VM_READ);
}

static int protect_nothing_at_all(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_protect(world->space, PRIVATE, 3 * PAGE_SIZE, 0);
}

static int remap_to_a_free_place(struct world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE - 2 * PAGE_SIZE;

	(void)made;
	return vm_remap(world->space, ANON, 7 * PAGE_SIZE, 9 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_FIXED, &to);
}

static int remap_to_grow(struct world *world, struct vm_space **made)
{
	vaddr_t address = 0;

	(void)made;
	return vm_remap(world->space, PRIVATE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE,
			&address);
}

static int remap_to_shrink(struct world *world, struct vm_space **made)
{
	vaddr_t address = 0;

	(void)made;
	return vm_remap(world->space, ANON, ANON_PAGES * PAGE_SIZE, 3 * PAGE_SIZE, 0, &address);
}

/* The file stays mapped where it was, without the pages that were written. */
static int remap_and_leave(struct world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE - 2 * PAGE_SIZE;

	(void)made;
	return vm_remap(world->space, PRIVATE, 4 * PAGE_SIZE, 4 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_DONTUNMAP, &to);
}

static int remap_to_another_view(struct world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE;

	(void)made;
	return vm_remap(world->space, SHARED + PAGE_SIZE, 0, 2 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_FIXED, &to);
}

static int advise(struct world *world, vaddr_t start, unsigned pages, int advice)
{
	int error = vm_advise(world->space, start, start + pages * PAGE_SIZE, advice);

	EXPECT(error != -ENOMEM); /* which means a hole */
	return error == -EAGAIN ? -ENOMEM : error;
}

static int discard_middle(struct world *world, struct vm_space **made)
{
	(void)made;
	return advise(world, ANON + PAGE_SIZE, 6, MADV_DONTNEED);
}

static int free_middle(struct world *world, struct vm_space **made)
{
	(void)made;
	return advise(world, ANON + 2 * PAGE_SIZE, 5, MADV_FREE);
}

static int wipe_middle_on_fork(struct world *world, struct vm_space **made)
{
	(void)made;
	return advise(world, ANON + PAGE_SIZE, 6, MADV_WIPEONFORK);
}

static int lock_middle(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_lock(world->space, PRIVATE + PAGE_SIZE, PRIVATE + 3 * PAGE_SIZE, REGION_LOCKED);
}

static int move_brk(struct world *world, vaddr_t end)
{
	vaddr_t before = world->space->brk, now = vm_brk(world->space, end);

	EXPECT(now == end || now == before);
	return now == end ? 0 : -ENOMEM;
}

static int shrink_heap(struct world *world, struct vm_space **made)
{
	(void)made;
	return move_brk(world, HEAP + PAGE_SIZE + 1);
}

/* Read-only, the heap's region can't just be made longer. */
static int grow_other_heap(struct world *world, struct vm_space **made)
{
	int error = vm_protect(world->space, HEAP + 4 * PAGE_SIZE, PAGE_SIZE, VM_READ);

	(void)made;
	if (error)
		return error;
	error = move_brk(world, HEAP + 9 * PAGE_SIZE);
	if (error) {
		allow(-1);
		EXPECT_EQ(vm_protect(world->space, HEAP + 4 * PAGE_SIZE, PAGE_SIZE,
				     VM_READ | VM_WRITE),
			  0);
	}
	return error;
}

static int fork_again(struct world *world, struct vm_space **made)
{
	return vm_fork(world->space, made);
}

/* What exec does: a new space beside the old one, which goes on if this fails. */
static int exec_beside(struct world *world, struct vm_space **made)
{
	int error = vm_space_create(made);

	if (error)
		return error;
	error = map_at(*made, PRIVATE, FILE_PAGES, world->file, 0);
	error = error ? error : map_at(*made, STACK_TOP - PAGE_SIZE, 1, NULL, REGION_GROWS_DOWN);
	error = error ? error : vm_zero_remote(*made, PRIVATE + 5 * PAGE_SIZE + 100, 1000);
	error = error ? error : write_page(*made, STACK_TOP - PAGE_SIZE, 1);
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
	static int name(struct world *world, struct vm_space **made)         \
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
static int fault_own_page(struct world *world, struct vm_space **made)
{
	enum vm_result result = vm_fault(world->space, ANON, VM_WRITE);

	(void)made;
	return result == VM_SPURIOUS_FAULT ? 0 : fault_result(result);
}

static int fault_own_large(struct world *world, struct vm_space **made)
{
	enum vm_result result = vm_fault(world->space, LARGE, VM_WRITE);

	(void)made;
	return result == VM_SPURIOUS_FAULT ? 0 : fault_result(result);
}

static int unmap_part_of_large(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_unmap(world->space, LARGE + 3 * PAGE_SIZE, PAGE_SIZE);
}

static int protect_part_of_large(struct world *world, struct vm_space **made)
{
	(void)made;
	return vm_protect(world->space, LARGE + PAGE_SIZE, 9 * PAGE_SIZE, VM_READ);
}

static int move_large(struct world *world, struct vm_space **made)
{
	vaddr_t to = FREE_PLACE + PAGE_SIZE;

	(void)made;
	return vm_remap(world->space, LARGE, 6 * PAGE_SIZE, 6 * PAGE_SIZE,
			MREMAP_MAYMOVE | MREMAP_FIXED, &to);
}

static int write_from_outside(struct world *world, struct vm_space **made)
{
	(void)made;
	return write_page(world->space, HEAP + 4 * PAGE_SIZE, 7);
}

/* ---- the sweep ---- */

struct call {
	const char *name;
	int (*run)(struct world *world, struct vm_space **made);
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
	CALL(unmap_across_regions, 1, 1),
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
	struct world world;

	if (!world_create(&world, forked))
		return true;
	uint64_t digest = space_digest(world.space);
	uint64_t sibling = forked ? space_digest(world.sibling) : 0;
	void *regions = drain(sizeof(struct vm_region)), *spaces = drain(sizeof(struct vm_space));
	allow(frames);
	int error = call->run(&world, &made);
	allow(-1);
	refill(regions);
	refill(spaces);
	EXPECT(error == 0 || error == -ENOMEM);
	check(&world, made);
	bool unchanged = !error || space_digest(world.space) == digest;
	if (error) {
		EXPECT(!made);
		EXPECT_EQ(call->run(&world, &made), 0); /* with memory it works */
		check(&world, made);
	}
	bool sibling_unchanged = !forked || space_digest(world.sibling) == sibling;
	if (!unchanged || !sibling_unchanged)
		ktest_fail(__FILE__, __LINE__, "%s with %ld frames changed %s", call->name, frames,
			   unchanged ? "the sibling" : "the space and failed");
	if (made)
		vm_space_destroy(made);
	world_destroy(&world);
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
