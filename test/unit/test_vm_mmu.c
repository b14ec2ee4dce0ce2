/* test_vm_mmu.c: each memory call, and what the processor does right after it (mmu_access.h). */
#include <linux/mman.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "mmu_access.h"
#include "vm/object.h"
#include "vm/region.h"

#define AREA (GIB - 20 * PAGE_SIZE) /* crosses a border of level-1, 2 and 3 tables */
#define FEW  5u                     /* pages: flushed one by one */
#define MANY 40u                    /* pages: all translations are flushed */
#define HEAP 0x30000000ull

/* ---- protections ---- */

/* From each protection to each other, with the translation of the first in the processor. */
KTEST(vm_mmu_protect_takes_effect_at_once)
{
	struct world world;
	uint64_t value = 0;

	if (!world_create(&world))
		return;
	map_pages(world.space, AREA, 1, RW, NULL, 0);
	for (unsigned from = 0; from < 8; from++)
		for (unsigned to = 0; to < 8; to++) {
			EXPECT_EQ(vm_protect(world.space, AREA, PAGE_SIZE, from), 0);
			if (from & VM_WRITE)
				WRITES(AREA, ++value);
			if (from)
				READS(AREA, value);
			EXPECT_EQ(vm_protect(world.space, AREA, PAGE_SIZE, to), 0);
			if (to)
				READS(AREA, value);
			else
				REFUSES(AREA, false);
			if (to & VM_WRITE)
				WRITES(AREA, ++value);
			else
				REFUSES(AREA, true);
			EXPECT_EQ(vm_fault(world.space, AREA, VM_EXEC) != VM_BAD_ACCESS,
				  !!(to & VM_EXEC));
			EXPECT_EQ(mmu_probe(world.space->root, AREA, VM_EXEC | VM_USER),
				  !!(to & VM_EXEC));
		}
	world_destroy(&world);
}

KTEST(vm_mmu_protect_of_many_pages)
{
	static const unsigned sizes[] = {FEW, MANY};
	struct world world;

	if (!world_create(&world))
		return;
	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		map_pages(world.space, AREA, sizes[s], RW, NULL, 0);
		for (unsigned i = 0; i < sizes[s]; i++)
			WRITES(AREA + i * PAGE_SIZE, i);
		EXPECT_EQ(vm_protect(world.space, AREA, sizes[s] * PAGE_SIZE, VM_READ), 0);
		for (unsigned i = 0; i < sizes[s]; i++) {
			REFUSES(AREA + i * PAGE_SIZE, true);
			READS(AREA + i * PAGE_SIZE, i);
		}
	}
	world_destroy(&world);
}

/* ---- going away ---- */

KTEST(vm_mmu_unmapped_pages_are_gone_at_once)
{
	static const unsigned sizes[] = {1, FEW, MANY};
	struct world world;

	if (!world_create(&world))
		return;
	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		map_pages(world.space, AREA, sizes[s], RW, NULL, 0);
		for (unsigned i = 0; i < sizes[s]; i++)
			WRITES(AREA + i * PAGE_SIZE, i + 1);
		EXPECT_EQ(vm_unmap(world.space, AREA, sizes[s] * PAGE_SIZE), 0);
		for (unsigned i = 0; i < sizes[s]; i++) {
			REFUSES(AREA + i * PAGE_SIZE, false);
			REFUSES(AREA + i * PAGE_SIZE, true);
		}
		/* What comes to be there is zero, and not what was there. */
		map_pages(world.space, AREA, sizes[s], RW, NULL, 0);
		for (unsigned i = 0; i < sizes[s]; i++)
			READS(AREA + i * PAGE_SIZE, 0);
	}
	world_destroy(&world);
}

KTEST(vm_mmu_replaced_and_discarded_pages_are_zero_at_once)
{
	struct world world;

	if (!world_create(&world))
		return;
	map_pages(world.space, AREA, MANY, RW, NULL, 0);
	for (unsigned i = 0; i < MANY; i++)
		WRITES(AREA + i * PAGE_SIZE, i + 1);
	map_pages(world.space, AREA + PAGE_SIZE, 2, RW, NULL, 0);
	EXPECT_EQ(vm_advise(world.space, AREA + 3 * PAGE_SIZE, AREA + 3 * PAGE_SIZE + 2 * PAGE_SIZE,
			    MADV_DONTNEED),
		  0);
	for (unsigned i = 0; i < MANY; i++)
		READS(AREA + i * PAGE_SIZE, i >= 1 && i <= 4 ? 0 : i + 1);
	EXPECT_EQ(vm_advise(world.space, AREA, AREA + MANY * PAGE_SIZE, MADV_DONTNEED), 0);
	for (unsigned i = 0; i < MANY; i++)
		READS(AREA + i * PAGE_SIZE, 0);
	world_destroy(&world);
}

KTEST(vm_mmu_moved_pages_are_at_one_place)
{
	struct world world;
	vaddr_t to = 5 * GIB - 3 * PAGE_SIZE;

	if (!world_create(&world))
		return;
	map_pages(world.space, AREA, MANY, RW, NULL, 0);
	for (unsigned i = 0; i < MANY; i += 2)
		WRITES(AREA + i * PAGE_SIZE, i + 1);
	EXPECT_EQ(vm_remap(world.space, AREA, MANY * PAGE_SIZE, MANY * PAGE_SIZE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, &to),
		  0);
	for (unsigned i = 0; i < MANY; i++) {
		REFUSES(AREA + i * PAGE_SIZE, i % 3);
		READS(to + i * PAGE_SIZE, i % 2 ? 0 : i + 1);
		WRITES(to + i * PAGE_SIZE, i);
	}
	world_destroy(&world);
}

KTEST(vm_mmu_heap_that_shrank_is_gone_at_once)
{
	struct world world;

	if (!world_create(&world))
		return;
	vm_set_brk_start(world.space, HEAP, 0);
	EXPECT_EQ(vm_brk(world.space, HEAP + MANY * PAGE_SIZE), HEAP + MANY * PAGE_SIZE);
	for (unsigned i = 0; i < MANY; i++)
		WRITES(HEAP + i * PAGE_SIZE, i + 1);
	EXPECT_EQ(vm_brk(world.space, HEAP + 1), HEAP + 1);
	for (unsigned i = 1; i < MANY; i++)
		REFUSES(HEAP + i * PAGE_SIZE, i % 2);
	READS(HEAP, 1);
	EXPECT_EQ(vm_brk(world.space, HEAP + MANY * PAGE_SIZE), HEAP + MANY * PAGE_SIZE);
	for (unsigned i = 1; i < MANY; i++)
		READS(HEAP + i * PAGE_SIZE, 0);
	world_destroy(&world);
}

/* ---- fork ---- */

/* The parent's writable translations must not outlive the fork: its next write faults, and the
 * child never sees it. */
KTEST(vm_mmu_write_after_fork_faults_in_the_parent)
{
	struct vm_space *child;
	struct world world;

	if (!world_create(&world))
		return;
	map_pages(world.space, AREA, MANY, RW, NULL, 0);
	for (unsigned i = 0; i < MANY; i++)
		WRITES(AREA + i * PAGE_SIZE, i + 1);
	if (!EXPECT_EQ(vm_fork(world.space, &child), 0))
		return;
	/* The first write below each table owns the way there; each page is copied. */
	for (unsigned i = 0; i < MANY; i++) {
		READS(AREA + i * PAGE_SIZE, i + 1);
		EXPECT(WRITES(AREA + i * PAGE_SIZE, 100 + i));
		EXPECT(!WRITES(AREA + i * PAGE_SIZE, 200 + i));
	}
	vm_space_activate(child);
	for (unsigned i = 0; i < MANY; i++) {
		READS(AREA + i * PAGE_SIZE, i + 1);
		EXPECT(WRITES(AREA + i * PAGE_SIZE, 300 + i));
	}
	/* Nobody copied twice: the child was the last to name the old pages. */
	EXPECT_EQ(child->faults[FAULT_OWN_PAGE], 0);
	vm_check(child);
	vm_space_activate(world.space);
	for (unsigned i = 0; i < MANY; i++)
		READS(AREA + i * PAGE_SIZE, 200 + i);
	vm_space_destroy(child);
	world_destroy(&world);
}

/* A grandchild, ends in each order, and the last one takes over what is left. */
KTEST(vm_mmu_family_of_three)
{
	struct vm_space *child, *grandchild;
	struct world world;

	if (!world_create(&world))
		return;
	map_pages(world.space, AREA, FEW, RW, NULL, 0);
	for (unsigned i = 0; i < FEW; i++)
		WRITES(AREA + i * PAGE_SIZE, 1);
	if (!EXPECT_EQ(vm_fork(world.space, &child), 0))
		return;
	vm_space_activate(child);
	WRITES(AREA, 2);
	if (!EXPECT_EQ(vm_fork(child, &grandchild), 0))
		return;
	EXPECT(WRITES(AREA, 3));
	EXPECT(WRITES(AREA + PAGE_SIZE, 3));
	vm_space_activate(grandchild);
	READS(AREA, 2);
	READS(AREA + PAGE_SIZE, 1);
	EXPECT(WRITES(AREA + PAGE_SIZE, 4));
	vm_space_destroy(child);
	EXPECT(WRITES(AREA, 5)); /* the only one left with it: no copy */
	READS(AREA + 2 * PAGE_SIZE, 1);
	vm_space_activate(world.space);
	for (unsigned i = 0; i < FEW; i++)
		READS(AREA + i * PAGE_SIZE, 1);
	vm_check(grandchild);
	vm_space_destroy(grandchild);
	for (unsigned i = 0; i < FEW; i++)
		EXPECT(WRITES(AREA + i * PAGE_SIZE, 6));
	EXPECT_EQ(world.space->faults[FAULT_OWN_PAGE], 0);
	world_destroy(&world);
}

/* ---- what is shared ---- */

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	memset(page, 0, PAGE_SIZE);
	*(uint64_t *)page = 0xf00 + index;
	return 0;
}

static const struct vm_object_ops file_ops = {.fill = fill};

KTEST(vm_mmu_file_pages_shared_and_private)
{
	vaddr_t shared = AREA, private = AREA + 4 * PAGE_SIZE;
	struct vm_space *child;
	struct vm_object *file;
	struct world world;

	if (!world_create(&world))
		return;
	EXPECT_EQ(vm_object_create(&file_ops, NULL, 3 * PAGE_SIZE, &file), 0);
	map_pages(world.space, shared, 4, RW, file, REGION_SHARED);
	map_pages(world.space, private, 4, RW, file, 0);
	vm_object_put(file);
	READS(private, 0xf00);
	WRITES(shared, 1);
	READS(private, 1); /* the same page still */
	EXPECT(WRITES(private, 2));
	READS(shared, 1);
	EXPECT_EQ(vm_fork(world.space, &child), 0);
	WRITES(shared, 3);
	WRITES(private, 4);
	REFUSES(shared + 3 * PAGE_SIZE, false); /* past the end of the file */
	vm_space_activate(child);
	READS(shared, 3);
	READS(private, 2);
	WRITES(shared + PAGE_SIZE, 5);
	vm_space_activate(world.space);
	READS(shared + PAGE_SIZE, 5);
	READS(private + PAGE_SIZE, 5);
	vm_check(child);
	vm_space_destroy(child);
	world_destroy(&world);
}

KTEST(vm_mmu_stack_grows_under_the_kernels_own_copies)
{
	vaddr_t top = USER_END;
	struct world world;

	if (!world_create(&world))
		return;
	map_pages(world.space, top - PAGE_SIZE, 1, RW, NULL, REGION_GROWS_DOWN);
	WRITES(top - 8, 1);
	EXPECT(WRITES(top - 3 * MIB, 2));
	EXPECT(READS(top - 2 * MIB, 0));
	EXPECT(WRITES(top - 2 * MIB, 3)); /* was the page of zeros */
	REFUSES(top - 9 * MIB, true);
	REFUSES(top - 9 * MIB, false);
	READS(top - 8, 1);
	READS(top - 3 * MIB, 2);
	world_destroy(&world);
}

/* The page of zeros is read through thousands of entries, and never written. */
KTEST(vm_mmu_page_of_zeros_stays_zero)
{
	struct world world;
	unsigned wrong = 0;

	if (!world_create(&world))
		return;
	const uint64_t *zeros = frame_data(frame_zero());
	map_pages(world.space, AREA, MANY, RW, NULL, 0);
	for (unsigned i = 0; i < MANY; i++) {
		EXPECT(READS(AREA + i * PAGE_SIZE, 0));
		EXPECT(WRITES(AREA + i * PAGE_SIZE, i + 1));
	}
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*zeros); i++)
		wrong += zeros[i] != 0;
	EXPECT_EQ(wrong, 0);
	world_destroy(&world);
}
