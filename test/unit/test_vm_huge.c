/* test_vm_huge.c: large pages for anonymous memory: given, copied, split. */
#include <linux/mman.h>

#include "debug/ktest.h"
#include "host.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/frame_init.h"
#include "vm/fork.h"
#include "vm/region.h"
#include "vm/table.h"

#define FRAMES 8192u
#define START  0x40000000ull
#define PAGES  512u

static uint64_t frames_in(enum frame_state state)
{
	struct frame_counts counts;

	frame_counts(&counts);
	return counts.by_state[state];
}

/* A space with `bytes` at START that may have large pages. */
static struct vm_space *huge_space(uint64_t bytes)
{
	struct vm_space *space = NULL;
	vaddr_t address;
	struct vm_map_request request = {
		.address = START,
		.bytes = bytes,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
	};

	host_memory_init(FRAMES);
	EXPECT_EQ(vm_space_create(&space), 0);
	EXPECT_EQ(vm_map(space, &request, &address), 0);
	EXPECT_EQ(vm_advise(space, START, START + bytes, MADV_HUGEPAGE), 0);
	return space;
}

static void end_space(struct vm_space *space)
{
	vm_check(space);
	vm_space_activate(NULL);
	vm_space_destroy(space);
}

static void expect_nothing_left(void)
{
	EXPECT_EQ(frames_in(FRAME_ANON), 0);
	EXPECT_EQ(frames_in(FRAME_SLAB), 0);
	EXPECT_EQ(frames_in(FRAME_TABLE), 1); /* the kernel's root */
}

static uint64_t load(struct vm_space *space, vaddr_t va)
{
	uint64_t value = ~0ull;

	EXPECT_EQ(host_load(space, va, &value), HOST_OK);
	return value;
}

/* A word of each page that tells which page it is. */
static void mark(struct vm_space *space, uint64_t with)
{
	for (vaddr_t va = START; va < START + HUGE_BYTES; va += PAGE_SIZE)
		EXPECT_EQ(host_store(space, va, va + with), HOST_OK);
}

static void expect_marked(struct vm_space *space, uint64_t with, vaddr_t but)
{
	for (vaddr_t va = START; va < START + HUGE_BYTES; va += PAGE_SIZE)
		if (va != but)
			EXPECT_EQ(load(space, va), va + with);
}

KTEST(vm_huge_one_write_brings_two_mib)
{
	struct vm_space *space = huge_space(2 * HUGE_BYTES);

	EXPECT_EQ(host_store(space, START + 5 * PAGE_SIZE, 7), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES);
	EXPECT_EQ(load(space, START + 5 * PAGE_SIZE), 7);
	EXPECT_EQ(load(space, START + 6 * PAGE_SIZE), 0);
	EXPECT_EQ(frames_in(FRAME_TABLE), 1 + 3); /* no table of pages */
	mark(space, 1);
	expect_marked(space, 1, 0);
	EXPECT_EQ(space->faults[FAULT_ZERO_FILL], 1);
	/* What is not aligned or not wholly in the region gets small pages. */
	EXPECT_EQ(vm_unmap(space, START + HUGE_BYTES + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(host_store(space, START + HUGE_BYTES, 1), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES + 1);
	end_space(space);
	expect_nothing_left();
}

KTEST(vm_huge_is_refused_where_nothing_is_mapped)
{
	struct vm_space *space = huge_space(HUGE_BYTES);

	EXPECT_EQ(vm_advise(space, START, START + 2 * HUGE_BYTES, MADV_HUGEPAGE), -ENOMEM);
	EXPECT_EQ(vm_advise(space, START, START + HUGE_BYTES, MADV_NOHUGEPAGE), 0);
	EXPECT_EQ(host_store(space, START, 1), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), 1);
	end_space(space);
	expect_nothing_left();
}

KTEST(vm_huge_fork_copies_the_large_page_on_a_write)
{
	static const enum fork_share depths[] = {FORK_SHARE_ROOT, FORK_SHARE_LEAF, FORK_SHARE_NONE};

	for (unsigned i = 0; i < ARRAY_SIZE(depths); i++) {
		struct vm_space *parent = huge_space(HUGE_BYTES), *child = NULL;
		mark(parent, 1);
		vm_set_fork_share(depths[i]);
		EXPECT_EQ(vm_fork(parent, &child), 0);
		vm_set_fork_share(FORK_SHARE_ROOT);
		EXPECT_EQ(frames_in(FRAME_ANON), PAGES);
		EXPECT_EQ(host_store(child, START + PAGE_SIZE, 9), HOST_OK);
		EXPECT_EQ(frames_in(FRAME_ANON), 2 * PAGES);
		expect_marked(child, 1, START + PAGE_SIZE);
		expect_marked(parent, 1, 0);
		/* The parent is alone with its own now: nothing is copied. */
		mark(parent, 2);
		EXPECT_EQ(frames_in(FRAME_ANON), 2 * PAGES);
		EXPECT_EQ(load(child, START + PAGE_SIZE), 9);
		expect_marked(child, 1, START + PAGE_SIZE);
		end_space(parent);
		expect_marked(child, 1, START + PAGE_SIZE);
		end_space(child);
		expect_nothing_left();
	}
}

KTEST(vm_huge_copy_leaves_no_translation_of_the_old_page)
{
	struct vm_space *parent = huge_space(HUGE_BYTES), *child = NULL;
	const uint64_t other = 12345;

	mark(parent, 1);
	EXPECT_EQ(vm_fork(parent, &child), 0);
	expect_marked(parent, 1, 0); /* cached, page by page */
	EXPECT_EQ(host_store(parent, START, 5), HOST_OK);
	/* The old block is the child's now, and the parent stays active. */
	for (unsigned i = 1; i < 4; i++)
		EXPECT_EQ(vm_write_remote(child, START + i * PAGE_SIZE, &other, sizeof(other)), 0);
	expect_marked(parent, 1, START);
	end_space(parent);
	end_space(child);
	expect_nothing_left();
}

KTEST(vm_huge_splits_where_a_part_goes)
{
	struct vm_space *space = huge_space(HUGE_BYTES);

	mark(space, 1);
	EXPECT_EQ(vm_unmap(space, START + 9 * PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES - 1);
	expect_marked(space, 1, START + 9 * PAGE_SIZE);
	EXPECT_EQ(vm_protect(space, START, PAGE_SIZE, VM_READ), 0);
	EXPECT_EQ(host_store(space, START, 1), HOST_FAULT_ACCESS);
	EXPECT_EQ(host_store(space, START + PAGE_SIZE, START + PAGE_SIZE + 1), HOST_OK);
	expect_marked(space, 1, START + 9 * PAGE_SIZE);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES - 1);
	end_space(space);
	expect_nothing_left();
}

KTEST(vm_huge_splits_while_it_is_shared)
{
	struct vm_space *parent = huge_space(HUGE_BYTES), *child = NULL;

	mark(parent, 1);
	EXPECT_EQ(vm_fork(parent, &child), 0);
	EXPECT_EQ(vm_unmap(child, START + 9 * PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES);
	EXPECT_EQ(host_store(child, START + PAGE_SIZE, 9), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES + 1);
	vm_check(child);
	expect_marked(parent, 1, 0);
	EXPECT_EQ(host_store(parent, START + 2 * PAGE_SIZE, 8), HOST_OK);
	EXPECT_EQ(load(child, START + 2 * PAGE_SIZE), START + 2 * PAGE_SIZE + 1);
	vm_check(parent);
	end_space(parent);
	EXPECT_EQ(load(child, START + 3 * PAGE_SIZE), START + 3 * PAGE_SIZE + 1);
	end_space(child);
	expect_nothing_left();
}

KTEST(vm_huge_does_without_a_block)
{
	struct vm_space *space = huge_space(HUGE_BYTES), *child = NULL;

	host_allow_allocations(100);
	EXPECT_EQ(host_store(space, START, 1), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), 1);
	host_allow_allocations(-1);
	end_space(space);
	expect_nothing_left();

	/* A copy that finds no block is made of one small page. */
	space = huge_space(HUGE_BYTES);
	mark(space, 1);
	EXPECT_EQ(vm_fork(space, &child), 0);
	host_allow_allocations(100);
	EXPECT_EQ(host_store(child, START + PAGE_SIZE, 9), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES + 1);
	expect_marked(space, 1, 0);
	expect_marked(child, 1, START + PAGE_SIZE);
	host_allow_allocations(0);
	EXPECT_EQ(host_store(child, START + 2 * PAGE_SIZE, 9), HOST_NO_MEMORY);
	expect_marked(child, 1, START + PAGE_SIZE);
	host_allow_allocations(-1);
	end_space(space);
	end_space(child);
	expect_nothing_left();
}

KTEST(vm_huge_moves_as_small_pages)
{
	struct vm_space *space = huge_space(HUGE_BYTES);
	vaddr_t to = START + 4 * HUGE_BYTES + PAGE_SIZE;

	mark(space, 1);
	EXPECT_EQ(
		vm_remap(space, START, HUGE_BYTES, HUGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, &to),
		0);
	EXPECT_EQ(frames_in(FRAME_ANON), PAGES);
	for (vaddr_t offset = 0; offset < HUGE_BYTES; offset += PAGE_SIZE)
		EXPECT_EQ(load(space, to + offset), START + offset + 1);
	end_space(space);
	expect_nothing_left();
}

KTEST(frame_split_makes_frames_of_a_block)
{
	host_memory_init(FRAMES);
	uint64_t before = frames_in(FRAME_FREE);
	struct frame *block = frame_alloc(FRAME_ANON, 3);
	EXPECT(block);
	frame_split(block);
	for (unsigned i = 0; i < 8; i++) {
		EXPECT_EQ(frame_count(&block[i]), 1);
		EXPECT(frame_put(&block[i]));
		frame_free(&block[i]);
	}
	EXPECT_EQ(frames_in(FRAME_FREE), before);
	frame_set_reserve(0); /* what this CPU keeps goes back, and is one block again */
	block = frame_alloc(FRAME_ANON, 3);
	EXPECT(block);
	frame_free(block);
}

KTEST(frame_zeroed_ones_are_given_out_as_such)
{
	host_memory_init(FRAMES);
	frame_set_poison(false);
	struct frame *dirty = frame_alloc(FRAME_ANON, 0);
	uint64_t *words = frame_data(dirty);
	words[7] = 1;
	frame_free(dirty);
	struct frame *zeroed = frame_alloc_zeroed(FRAME_TABLE);
	words = frame_data(zeroed);
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		EXPECT_EQ(words[i], 0);
	frame_free_zeroed(zeroed);
	EXPECT(frame_alloc_zeroed(FRAME_TABLE) == zeroed);
}
