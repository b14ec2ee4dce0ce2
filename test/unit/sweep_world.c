/* sweep_world.c: see sweep_world.h. */
#include "sweep_world.h"

#include <linux/mman.h>

#include "debug/ktest.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame_init.h"
#include "mm/slab.h"
#include "vm/check.h"
#include "vm/table.h"

#define SLOTS 4096 /* more than the frames of all that is made here */

/* ---- memory to be had ---- */

void sweep_allow(long frames)
{
	struct frame_counts counts;

	frame_counts(&counts);
	uint64_t free_now = counts.by_state[FRAME_FREE];
	frame_set_reserve(frames < 0 ? 0 : free_now - MIN((uint64_t)frames, free_now));
}

void *sweep_drain(size_t bytes)
{
	void **first = NULL, **next;

	sweep_allow(0);
	while ((next = kmalloc(bytes))) {
		*next = first;
		first = next;
	}
	return first;
}

void sweep_refill(void *first)
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

int sweep_map_at(struct vm_space *space, vaddr_t at, unsigned pages, struct vm_object *object,
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

int sweep_write_page(struct vm_space *space, vaddr_t va, uint64_t value)
{
	return vm_write_remote(space, va, &value, sizeof(value));
}

/* Two times 2 MiB, of which the first is touched: it gets a large page, if there is a block. */
static int make_large(struct vm_space *space)
{
	int error = sweep_map_at(space, LARGE, 2 * MMU_ENTRIES, NULL, 0);

	error = error ? error : vm_advise(space, LARGE, LARGE + 2 * HUGE_BYTES, MADV_HUGEPAGE);
	return error ? error : sweep_write_page(space, LARGE + 5 * PAGE_SIZE, 600);
}

/* What fork takes away again from the child. */
static int make_unforked(struct vm_space *space)
{
	int error = sweep_map_at(space, WIPED, 4, NULL, 0);

	error = error ? error : sweep_map_at(space, NOT_FORKED, 4, NULL, 0);
	error = error ? error : vm_advise(space, WIPED, WIPED + 4 * PAGE_SIZE, MADV_WIPEONFORK);
	error = error ? error
		      : vm_advise(space, NOT_FORKED, NOT_FORKED + 4 * PAGE_SIZE, MADV_DONTFORK);
	error = error ? error : sweep_write_page(space, WIPED + PAGE_SIZE, 700);
	return error ? error : sweep_write_page(space, NOT_FORKED + PAGE_SIZE, 800);
}

static int make_space(struct sweep_world *world)
{
	struct vm_space *space = world->space;
	int error = sweep_map_at(space, ANON, ANON_PAGES, NULL, 0);

	error = error ? error : sweep_map_at(space, PRIVATE, FILE_PAGES, world->file, 0);
	error = error ? error : sweep_map_at(space, SHARED, FILE_PAGES, world->file, REGION_SHARED);
	error = error ? error
		      : sweep_map_at(space, STACK_TOP - PAGE_SIZE, 1, NULL, REGION_GROWS_DOWN);
	vm_set_brk_start(space, HEAP, 0);
	if (vm_brk(space, HEAP + 5 * PAGE_SIZE) != HEAP + 5 * PAGE_SIZE)
		error = -ENOMEM;
	for (unsigned i = 0; i < ANON_PAGES && !error; i += i ? 2 : 3)
		error = sweep_write_page(space, ANON + i * PAGE_SIZE, 100 + i);
	for (unsigned i = 0; i < 4 && !error; i += 2) {
		error = sweep_write_page(space, PRIVATE + i * PAGE_SIZE, 200 + i);
		error = error ? error : sweep_write_page(space, SHARED + i * PAGE_SIZE, 300 + i);
		error = error ? error : sweep_write_page(space, HEAP + i * PAGE_SIZE, 400 + i);
	}
	if (!error)
		error = make_large(space);
	if (!error)
		error = make_unforked(space);
	/* One page of zeros and one of the file's, only read. */
	if (vm_fault(space, ANON + PAGE_SIZE, VM_READ) == VM_NO_MEMORY ||
	    vm_fault(space, PRIVATE + PAGE_SIZE, VM_READ) == VM_NO_MEMORY)
		error = -ENOMEM;
	return error ? error : sweep_write_page(space, STACK_TOP - PAGE_SIZE, 500);
}

bool sweep_world_create(struct sweep_world *world, bool forked)
{
	*world = (struct sweep_world){0};
	frame_counts(&world->before);
	return EXPECT_EQ(vm_object_create(&file_ops, NULL, FILE_PAGES * PAGE_SIZE, &world->file),
			 0) &&
	       EXPECT_EQ(vm_space_create(&world->space), 0) && EXPECT_EQ(make_space(world), 0) &&
	       (!forked || EXPECT_EQ(vm_fork(world->space, &world->sibling), 0));
}

void sweep_world_destroy(struct sweep_world *world)
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

void sweep_world_check(struct sweep_world *world, struct vm_space *more)
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
