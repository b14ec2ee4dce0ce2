/*
 * test_vm_mmu_tags.c: a space comes back to a processor that may have kept its translations, under
 * a tag (PCID); meanwhile it, or who has the tag, has changed. On a processor without tags nothing
 * is kept, and all of it must hold, too.
 */
#include <linux/mman.h>

#include "lib/string.h"
#include "mmu_access.h"
#include "sync/cpu.h"
#include "vm/object.h"

#define AREA  0x40000000ull
#define FEW   3u
#define MANY  40u            /* pages: more than are flushed one by one */
#define CROWD (CPU_TAGS + 3) /* spaces: more than there are tags */

/* While another space runs, and this one's translations of `pages` pages are kept: */
static void unmap(struct vm_space *space, unsigned pages)
{
	EXPECT_EQ(vm_unmap(space, AREA, pages * PAGE_SIZE), 0);
	map_pages(space, AREA, pages, RW, NULL, 0);
}

static void discard(struct vm_space *space, unsigned pages)
{
	EXPECT_EQ(vm_advise(space, AREA, AREA + pages * PAGE_SIZE, MADV_DONTNEED), 0);
}

KTEST(vm_mmu_tags_changed_while_another_space_runs)
{
	static void (*const changes[])(struct vm_space *, unsigned) = {unmap, discard};
	static const unsigned sizes[] = {1, FEW, MANY};
	struct vm_space *other;
	struct world world;

	if (!world_create(&world) || !EXPECT_EQ(vm_space_create(&other), 0))
		return;
	for (unsigned c = 0; c < ARRAY_SIZE(changes) * ARRAY_SIZE(sizes); c++) {
		unsigned pages = sizes[c / ARRAY_SIZE(changes)];
		map_pages(world.space, AREA, pages, RW, NULL, 0);
		for (unsigned i = 0; i < pages; i++)
			WRITES(AREA + i * PAGE_SIZE, i + 1);
		vm_space_activate(other);
		changes[c % ARRAY_SIZE(changes)](world.space, pages);
		vm_space_activate(world.space);
		for (unsigned i = 0; i < pages; i++)
			READS(AREA + i * PAGE_SIZE, 0);
	}
	vm_space_destroy(other);
	world_destroy(&world);
}

KTEST(vm_mmu_tags_protected_and_forked_while_another_space_runs)
{
	struct vm_space *other, *child;
	struct world world;

	if (!world_create(&world) || !EXPECT_EQ(vm_space_create(&other), 0))
		return;
	map_pages(world.space, AREA, FEW, RW, NULL, 0);
	for (unsigned i = 0; i < FEW; i++)
		WRITES(AREA + i * PAGE_SIZE, 1);
	vm_space_activate(other);
	EXPECT_EQ(vm_fork(world.space, &child), 0);
	vm_space_activate(world.space);
	EXPECT(WRITES(AREA, 2));
	vm_space_activate(child);
	READS(AREA, 1);
	WRITES(AREA, 3);
	EXPECT_EQ(vm_protect(world.space, AREA, FEW * PAGE_SIZE, VM_READ), 0);
	vm_space_activate(world.space);
	REFUSES(AREA, true);
	READS(AREA, 2);
	vm_space_activate(other);
	EXPECT_EQ(vm_protect(world.space, AREA, FEW * PAGE_SIZE, RW), 0);
	vm_space_activate(world.space);
	WRITES(AREA, 4);
	vm_space_destroy(child);
	vm_space_destroy(other);
	world_destroy(&world);
}

/* Each has its own page at the same address; there is a tag for some of them only. */
KTEST(vm_mmu_tags_more_spaces_than_tags)
{
	struct vm_space *spaces[CROWD];
	struct world world;

	if (!world_create(&world))
		return;
	for (unsigned i = 0; i < CROWD; i++) {
		if (!EXPECT_EQ(vm_space_create(&spaces[i]), 0))
			return;
		map_pages(spaces[i], AREA, 1, RW, NULL, 0);
		vm_space_activate(spaces[i]);
		WRITES(AREA, i + 1);
	}
	/* By the neighbour, and by larger and larger steps: with tags that are there and are not.
	 */
	for (unsigned step = 1; step < CROWD; step++)
		for (unsigned turn = 0, i = 0; turn < 2 * CROWD; turn++) {
			i = (i + step) % CROWD;
			vm_space_activate(spaces[i]);
			READS(AREA, i + 1);
		}
	vm_space_activate(world.space);
	REFUSES(AREA, false);
	for (unsigned i = 0; i < CROWD; i++)
		vm_space_destroy(spaces[i]);
	world_destroy(&world);
}

/* The next space may have the same structure and the same root in memory. */
KTEST(vm_mmu_tags_outlive_their_space)
{
	struct vm_space *space;
	struct world world;

	if (!world_create(&world))
		return;
	for (unsigned i = 0; i < 3 * CPU_TAGS; i++) {
		if (!EXPECT_EQ(vm_space_create(&space), 0))
			return;
		map_pages(space, AREA, FEW, RW, NULL, 0);
		vm_space_activate(space);
		READS(AREA, 0);
		WRITES(AREA, 1);
		WRITES(AREA + PAGE_SIZE, 1);
		vm_space_activate(world.space);
		vm_space_destroy(space);
	}
	world_destroy(&world);
}

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	memset(page, (int)index + 1, PAGE_SIZE);
	return 0;
}

static const struct vm_object_ops file_ops = {.fill = fill};

/* A file gets shorter: that is a change to all who map it, and told to none by name. */
KTEST(vm_mmu_tags_of_who_maps_a_truncated_file)
{
	struct vm_space *other, *child;
	struct vm_object *file;
	struct world world;

	if (!world_create(&world) || !EXPECT_EQ(vm_space_create(&other), 0))
		return;
	EXPECT_EQ(vm_object_create(&file_ops, NULL, FEW * PAGE_SIZE, &file), 0);
	map_pages(world.space, AREA, FEW, RW, file, REGION_SHARED);
	map_pages(other, AREA, FEW, RW, file, REGION_SHARED);
	WRITES(AREA + PAGE_SIZE, 7);
	EXPECT_EQ(vm_fork(world.space, &child), 0);
	vm_space_activate(child);
	READS(AREA + PAGE_SIZE, 7);
	vm_space_activate(other);
	READS(AREA + PAGE_SIZE, 7);
	vm_object_resize(file, PAGE_SIZE);
	REFUSES(AREA + PAGE_SIZE, false);
	vm_space_activate(child);
	REFUSES(AREA + PAGE_SIZE, false);
	vm_space_activate(world.space);
	REFUSES(AREA + PAGE_SIZE, true);
	WRITES(AREA, 8);
	vm_space_activate(NULL);
	vm_object_resize(file, 0);
	vm_space_activate(world.space);
	REFUSES(AREA, true);
	vm_object_put(file);
	vm_space_destroy(child);
	vm_space_destroy(other);
	world_destroy(&world);
}
