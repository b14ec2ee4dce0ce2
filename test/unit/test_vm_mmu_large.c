/* test_vm_mmu_large.c: large pages under the processor: parts of them taken away, copied, split
 * (mmu_access.h). */
#include <linux/mman.h>

#include "mmu_access.h"
#include "vm/table.h"

#define LARGE 0x80000000ull

static bool is_large(struct vm_space *space, vaddr_t va)
{
	unsigned level;
	const entry_t *entry = table_find(space, va, &level);

	return entry && entry_is_leaf(entry_load(entry), level) && level == HUGE_LEVEL;
}

/* Two large pages, each written to in the first page, in the middle and at the end. */
static bool make_large(struct vm_space *space)
{
	map_pages(space, LARGE, 2 * MMU_ENTRIES, RW, NULL, 0);
	EXPECT_EQ(vm_advise(space, LARGE, LARGE + 2 * HUGE_BYTES, MADV_HUGEPAGE), 0);
	for (vaddr_t at = LARGE; at < LARGE + 2 * HUGE_BYTES; at += HUGE_BYTES) {
		EXPECT(WRITES(at, at));
		EXPECT(!READS(at + MIB, 0)); /* it is there, whole */
		EXPECT(!WRITES(at + MIB, at + 1));
		EXPECT(!WRITES(at + HUGE_BYTES - 8, at + 2));
	}
	return is_large(space, LARGE) && is_large(space, LARGE + HUGE_BYTES);
}

/* The processor has the large translation, and must not use it for the part that is gone. */
KTEST(vm_mmu_part_of_a_large_page_is_taken_away)
{
	struct world world;

	if (!world_create(&world))
		return;
	if (make_large(world.space)) {
		EXPECT_EQ(vm_unmap(world.space, LARGE + MIB, PAGE_SIZE), 0);
		REFUSES(LARGE + MIB, false);
		READS(LARGE, LARGE);
		WRITES(LARGE + HUGE_BYTES - 8, 7);
		EXPECT_EQ(vm_protect(world.space, LARGE + HUGE_BYTES, PAGE_SIZE, VM_READ), 0);
		REFUSES(LARGE + HUGE_BYTES, true);
		READS(LARGE + HUGE_BYTES, LARGE + HUGE_BYTES);
		WRITES(LARGE + HUGE_BYTES + MIB, 8);
		EXPECT_EQ(vm_advise(world.space, LARGE + HUGE_BYTES + MIB,
				    LARGE + HUGE_BYTES + MIB + PAGE_SIZE, MADV_DONTNEED),
			  0);
		READS(LARGE + HUGE_BYTES + MIB, 0);
		READS(LARGE + 2 * HUGE_BYTES - 8, LARGE + HUGE_BYTES + 2);
	} else {
		ktest_skip("no block of frames is free");
	}
	world_destroy(&world);
}

KTEST(vm_mmu_large_pages_after_fork)
{
	struct vm_space *child;
	struct world world;

	if (!world_create(&world))
		return;
	if (make_large(world.space) && EXPECT_EQ(vm_fork(world.space, &child), 0)) {
		EXPECT(WRITES(LARGE + MIB, 1)); /* a copy of the large page */
		EXPECT(!WRITES(LARGE, 2));
		vm_space_activate(child);
		READS(LARGE, LARGE);
		READS(LARGE + MIB, LARGE + 1);
		/* Part of the second goes in the child; the parent has it whole. */
		EXPECT_EQ(vm_unmap(child, LARGE + HUGE_BYTES + MIB, PAGE_SIZE), 0);
		REFUSES(LARGE + HUGE_BYTES + MIB, true);
		EXPECT(WRITES(LARGE + HUGE_BYTES, 3));
		vm_check(child);
		vm_space_activate(world.space);
		READS(LARGE + HUGE_BYTES, LARGE + HUGE_BYTES);
		READS(LARGE + HUGE_BYTES + MIB, LARGE + HUGE_BYTES + 1);
		EXPECT(WRITES(LARGE + HUGE_BYTES + MIB, 4));
		vm_space_destroy(child);
		READS(LARGE, 2);
		READS(LARGE + MIB, 1);
	}
	world_destroy(&world);
}
