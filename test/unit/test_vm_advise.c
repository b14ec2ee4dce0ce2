/* test_vm_advise.c: advice, populating and limits; what fork does about them; and all of it with
 * memory that runs out at every place. */
#include <linux/mman.h>

#include "debug/ktest.h"
#include "host.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "vm/region.h"

#define FRAMES 4096u
#define BASE   (0x40000000ull - 4 * PAGE_SIZE) /* over the border of two tables */
#define PAGES  8u

static struct vm_space *space_with_pages(void)
{
	struct vm_space *space = NULL;
	vaddr_t address;
	struct vm_map_request request = {
		.address = BASE,
		.bytes = PAGES * PAGE_SIZE,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
	};

	host_memory_init(FRAMES);
	EXPECT_EQ(vm_space_create(&space), 0);
	EXPECT_EQ(vm_map(space, &request, &address), 0);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ(host_store(space, BASE + i * PAGE_SIZE, i + 1), HOST_OK);
	return space;
}

static void end_spaces(struct vm_space *space, struct vm_space *child)
{
	struct frame_counts counts;

	vm_check(space);
	if (child)
		vm_check(child);
	vm_space_activate(NULL);
	if (child)
		vm_space_destroy(child);
	vm_space_destroy(space);
	frame_counts(&counts);
	EXPECT_EQ(counts.by_state[FRAME_ANON], 0);
	EXPECT_EQ(counts.by_state[FRAME_SLAB], 0);
	EXPECT_EQ(counts.by_state[FRAME_TABLE], 1); /* the kernel's root */
}

static int advise(struct vm_space *space, unsigned first, unsigned pages, int advice)
{
	return vm_advise(space, BASE + first * PAGE_SIZE, BASE + (first + pages) * PAGE_SIZE,
			 advice);
}

KTEST(vm_a_child_gets_what_the_advice_says)
{
	struct vm_space *space = space_with_pages(), *child;
	uint64_t value;

	EXPECT_EQ(advise(space, 1, 3, MADV_DONTFORK), 0);
	EXPECT_EQ(advise(space, 5, 2, MADV_WIPEONFORK), 0);
	EXPECT_EQ(vm_fork(space, &child), 0);
	vm_check(child);
	for (unsigned i = 0; i < PAGES; i++) {
		bool absent = i >= 1 && i < 4, wiped = i >= 5 && i < 7;
		EXPECT_EQ(host_load(space, BASE + i * PAGE_SIZE, &value), HOST_OK);
		EXPECT_EQ(value, i + 1);
		EXPECT_EQ(host_load(child, BASE + i * PAGE_SIZE, &value),
			  absent ? HOST_FAULT_ADDRESS : HOST_OK);
		EXPECT(absent || value == (wiped ? 0 : i + 1));
	}
	end_spaces(space, child);
}

KTEST(vm_populate_and_resident_agree)
{
	struct vm_space *space = space_with_pages();
	uint8_t vector[PAGES] = {0};
	vaddr_t reached;

	EXPECT_EQ(advise(space, 2, 3, MADV_DONTNEED), 0);
	EXPECT_EQ(vm_resident(space, BASE, PAGES, vector), (int)PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ(vector[i], i < 2 || i >= 5);
	EXPECT_EQ(vm_populate(space, BASE, BASE + 4 * PAGE_SIZE, VM_POPULATE_WRITE, &reached), 0);
	EXPECT_EQ(reached, BASE + 4 * PAGE_SIZE);
	EXPECT_EQ(vm_resident(space, BASE, PAGES, vector), (int)PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ(vector[i], i != 4);
	EXPECT_EQ(vm_populate(space, BASE, BASE + 9 * PAGE_SIZE, VM_POPULATE_READ, &reached),
		  -EFAULT);
	EXPECT_EQ(reached, BASE + PAGES * PAGE_SIZE);
	EXPECT_EQ(vm_protect(space, BASE, PAGE_SIZE, 0), 0);
	EXPECT_EQ(vm_populate(space, BASE, BASE + PAGE_SIZE, VM_POPULATE_OWN, &reached), -EACCES);
	EXPECT_EQ(vm_resident(space, BASE - PAGE_SIZE, 1, vector), -ENOMEM);
	end_spaces(space, NULL);
}

/* A terabyte that nobody may access costs no more than a page of it. */
KTEST(vm_populating_all_passes_over_what_it_can_not)
{
	struct vm_space *space = space_with_pages();
	struct vm_map_request request = {.bytes = 1ull << 40, .flags = VM_MAP_NORESERVE};
	struct vm_map_request large = {.bytes = 4 * MIB, .prot = VM_READ | VM_WRITE};
	vaddr_t closed, open, reached = 0;
	uint8_t vector[PAGES] = {0};
	unsigned calls = 0;

	EXPECT_EQ(advise(space, 0, PAGES, MADV_DONTNEED), 0);
	EXPECT_EQ(vm_map(space, &request, &closed), 0);
	EXPECT_EQ(vm_map(space, &large, &open), 0);
	vm_lock_all(space, true, REGION_LOCKED, 0);
	for (; reached < USER_END && calls < 64; calls++)
		EXPECT_EQ(vm_populate(space, reached, USER_END, VM_POPULATE_ALL_LOCKED, &reached),
			  0);
	EXPECT_EQ(reached, USER_END);
	EXPECT(calls > 2); /* and it stops now and then */
	EXPECT_EQ(vm_resident(space, BASE, PAGES, vector), (int)PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ(vector[i], 1);
	EXPECT_EQ(vm_resident(space, open + large.bytes - PAGE_SIZE, 1, vector), 1);
	EXPECT_EQ(vector[0], 1);
	EXPECT_EQ(vm_populate(space, closed, USER_END, VM_POPULATE_LOCKED, &reached), -EACCES);
	EXPECT_EQ(reached, closed);
	end_spaces(space, NULL);
}

KTEST(vm_limits_bind_what_comes)
{
	struct vm_space *space = space_with_pages();
	uint64_t used = PAGES * PAGE_SIZE;
	vaddr_t address;
	struct vm_map_request request = {.bytes = PAGE_SIZE, .prot = VM_READ | VM_WRITE};

	vm_set_limits(space, &(struct vm_limits){8 * MIB, VM_NO_LIMIT, used, VM_NO_LIMIT});
	EXPECT_EQ(vm_map(space, &request, &address), -ENOMEM);
	request.prot = VM_READ;
	EXPECT_EQ(vm_map(space, &request, &address), 0);
	EXPECT_EQ(vm_protect(space, address, PAGE_SIZE, VM_READ | VM_WRITE), -ENOMEM);
	EXPECT_EQ(vm_protect(space, BASE, PAGE_SIZE, VM_READ), 0);
	EXPECT_EQ(vm_protect(space, address, PAGE_SIZE, VM_READ | VM_WRITE), 0);
	vm_set_limits(space,
		      &(struct vm_limits){8 * MIB, used + 2 * PAGE_SIZE, VM_NO_LIMIT, VM_NO_LIMIT});
	EXPECT_EQ(vm_map(space, &request, &address), 0);
	EXPECT_EQ(vm_map(space, &request, &address), -ENOMEM);
	/* In the place of another page it needs none. */
	request.address = address;
	request.flags = VM_MAP_FIXED;
	EXPECT_EQ(vm_map(space, &request, &address), 0);
	end_spaces(space, NULL);
}

KTEST(vm_advice_survives_every_failed_allocation)
{
	for (long allowed = 0; allowed < 16; allowed++) {
		struct vm_space *space = space_with_pages(), *child = NULL, *grandchild = NULL;
		vaddr_t reached, to = 0x50000000;
		uint64_t value;

		EXPECT_EQ(vm_fork(space, &child), 0);
		host_allow_allocations(allowed);
		int dropped = advise(child, 5, 2, MADV_DONTNEED);
		int hidden = advise(child, 1, 2, MADV_DONTFORK);
		int forked = vm_fork(child, &grandchild);
		int filled = vm_populate(child, BASE, BASE + PAGES * PAGE_SIZE, VM_POPULATE_WRITE,
					 &reached);
		int moved = vm_remap(child, BASE, PAGE_SIZE, PAGE_SIZE,
				     MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, &to);
		host_allow_allocations(-1);
		EXPECT(dropped == 0 || dropped == -EAGAIN);
		EXPECT(hidden == 0 || hidden == -EAGAIN);
		EXPECT(forked == 0 || forked == -ENOMEM);
		EXPECT(filled == 0 || filled == -ENOMEM);
		EXPECT(moved == 0 || moved == -ENOMEM);
		EXPECT_EQ(host_load(child, BASE + 5 * PAGE_SIZE, &value), HOST_OK);
		EXPECT_EQ(value, dropped ? 6 : 0);
		EXPECT_EQ(host_load(child, BASE, &value), HOST_OK);
		EXPECT_EQ(value, moved ? 1 : 0);
		if (!forked) {
			EXPECT_EQ(host_load(grandchild, BASE + PAGE_SIZE, &value),
				  hidden ? HOST_OK : HOST_FAULT_ADDRESS);
			vm_check(grandchild);
			vm_space_activate(NULL);
			vm_space_destroy(grandchild);
		}
		for (unsigned i = 0; i < PAGES; i++) {
			EXPECT_EQ(host_load(space, BASE + i * PAGE_SIZE, &value), HOST_OK);
			EXPECT_EQ(value, i + 1);
		}
		end_spaces(space, child);
	}
}
