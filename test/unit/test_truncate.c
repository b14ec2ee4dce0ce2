/* test_truncate.c: sparse objects, and making them shorter under their mappings. */
#include "debug/ktest.h"
#include "host.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "random.h"
#include "vm/object.h"
#include "vm/region.h"

#define FRAMES 20000u
#define BASE   0x40000000ull

static const struct vm_object_ops zero_ops = {.fill = NULL};

static uint64_t frames_in(enum frame_state state)
{
	struct frame_counts counts;

	frame_counts(&counts);
	return counts.by_state[state];
}

static struct vm_object *make_object(uint64_t bytes)
{
	struct vm_object *object = NULL;

	EXPECT_EQ(vm_object_create(&zero_ops, NULL, bytes, &object), 0);
	return object;
}

static void put_frame(struct frame *frame)
{
	if (frame_put(frame))
		frame_free(frame);
}

static void expect_nothing_left(void)
{
	EXPECT_EQ(frames_in(FRAME_CACHE), 0);
	EXPECT_EQ(frames_in(FRAME_ANON), 0);
	EXPECT_EQ(frames_in(FRAME_SLAB), 0);
	EXPECT_EQ(frames_in(FRAME_TABLE), 1); /* the kernel's root */
}

/* ---- the tree of pages ---- */

KTEST(page_tree_against_an_array)
{
	enum { PAGES = 20000, STEPS = 60000 };
	static struct frame *oracle[PAGES];
	struct page_tree tree = {0};
	uint64_t random = 5;
	uint64_t count = 0;

	host_memory_init(FRAMES);
	memset(oracle, 0, sizeof(oracle));
	struct frame *some = frame_alloc(FRAME_CACHE, 0);
	for (unsigned i = 0; i < STEPS; i++) {
		/* Often near the start, so that the height changes. */
		uint64_t index = random_below(&random, 1 + random_below(&random, PAGES));
		if (oracle[index]) {
			EXPECT_EQ(page_tree_remove(&tree, index), oracle[index]);
			oracle[index] = NULL;
			count--;
		} else {
			EXPECT_EQ(page_tree_insert(&tree, index, some), 0);
			oracle[index] = some;
			count++;
		}
		EXPECT_EQ(tree.count, count);
		uint64_t from = random_below(&random, PAGES), next = from, expected = from;
		while (expected < PAGES && !oracle[expected])
			expected++;
		struct frame *found = page_tree_next(&tree, &next);
		EXPECT_EQ(found, expected < PAGES ? some : NULL);
		EXPECT(!found || next == expected);
		EXPECT_EQ(page_tree_find(&tree, from), oracle[from]);
	}
	for (uint64_t index = 0; page_tree_next(&tree, &index); index = 0)
		page_tree_remove(&tree, index);
	EXPECT(!tree.root && !tree.height && !tree.count);
	EXPECT_EQ(frames_in(FRAME_SLAB), 0);
	frame_free(some);
}

KTEST(page_tree_far_pages_and_failures)
{
	static const uint64_t indices[] = {0, 1, 63, 64, 4095, 4096, 1ull << 51, UINT64_MAX};

	host_memory_init(FRAMES);
	struct frame *some = frame_alloc(FRAME_CACHE, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(indices); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(indices); j++) {
			struct page_tree tree = {0};
			long allowed = 0;
			if (i == j)
				continue;
			EXPECT_EQ(page_tree_insert(&tree, indices[i], some), 0);
			uint64_t before = frames_in(FRAME_SLAB);
			int error;
			/* Nodes share slabs, so few failures are seen; all must change nothing. */
			do {
				host_allow_allocations(allowed++);
				error = page_tree_insert(&tree, indices[j], some);
				host_allow_allocations(-1);
				EXPECT(!error || frames_in(FRAME_SLAB) == before);
				EXPECT_EQ(page_tree_find(&tree, indices[i]), some);
			} while (error == -ENOMEM);
			EXPECT_EQ(error, 0);
			EXPECT_EQ(page_tree_find(&tree, indices[j]), some);
			page_tree_remove(&tree, indices[i]);
			page_tree_remove(&tree, indices[j]);
			EXPECT(!tree.root);
			EXPECT_EQ(frames_in(FRAME_SLAB), 0);
		}
	}
	frame_free(some);
}

/* ---- objects ---- */

KTEST(object_is_sparse)
{
	char text[6] = "";

	host_memory_init(FRAMES);
	struct vm_object *object = make_object(INT64_MAX);
	EXPECT_EQ(vm_object_seek(object, 0, false), UINT64_MAX);
	EXPECT_EQ(vm_object_seek(object, 5, true), 5);
	EXPECT_EQ(vm_object_write(object, 1ull << 50, "hello", 5), 0);
	EXPECT_EQ(frames_in(FRAME_CACHE), 1);
	EXPECT_EQ(vm_object_read(object, 1ull << 50, text, 5), 5);
	EXPECT_STREQ(text, "hello");
	EXPECT_EQ(vm_object_read(object, 1ull << 40, text, 5), 5);
	EXPECT_STREQ(text, "");
	EXPECT_EQ(frames_in(FRAME_CACHE), 1); /* a hole that is read stays one */
	EXPECT_EQ(vm_object_seek(object, 0, false), 1ull << 50);
	EXPECT_EQ(vm_object_seek(object, (1ull << 50) + 7, false), (1ull << 50) + 7);
	EXPECT_EQ(vm_object_seek(object, (1ull << 50) + 7, true), (1ull << 50) + PAGE_SIZE);
	EXPECT_EQ(vm_object_seek(object, (1ull << 50) + PAGE_SIZE, false), UINT64_MAX);
	EXPECT_EQ(vm_object_seek(object, INT64_MAX, true), UINT64_MAX);
	EXPECT_EQ(vm_object_write(object, INT64_MAX, "x", 1), -EFBIG);
	vm_object_put(object);
	EXPECT_EQ(vm_object_create(&zero_ops, NULL, (uint64_t)INT64_MAX + 1, &object), -EFBIG);
	expect_nothing_left();
}

KTEST(object_account_is_a_limit)
{
	struct vm_account account = {.limit = 2};
	struct frame *frame;

	host_memory_init(FRAMES);
	struct vm_object *object = make_object(10 * PAGE_SIZE);
	object->account = &account;
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(vm_object_page(object, i, &frame), 0);
		put_frame(frame);
	}
	EXPECT_EQ(vm_object_page(object, 2, &frame), -ENOSPC);
	EXPECT_EQ(vm_object_page(object, 10, &frame), -EFAULT);
	vm_object_resize(object, PAGE_SIZE);
	EXPECT_EQ(account.used, 1);
	EXPECT_EQ(vm_object_page(object, 1, &frame), -EFAULT);
	vm_object_put(object);
	EXPECT_EQ(account.used, 0);
	expect_nothing_left();
}

KTEST(object_bytes_behind_the_end_come_back_as_zeros)
{
	struct frame *frame;
	char text[4];

	host_memory_init(FRAMES);
	struct vm_object *object = make_object(0);
	EXPECT_EQ(vm_object_write(object, 0, "abcdef", 6), 0);
	/* As a mapping would: behind the end, in its page. */
	EXPECT_EQ(vm_object_page(object, 0, &frame), 0);
	memcpy((char *)frame_data(frame) + 6, "junk", 4);
	put_frame(frame);
	EXPECT_EQ(vm_object_write(object, 8, "x", 1), 0);
	EXPECT_EQ(vm_object_read(object, 6, text, 4), 3);
	EXPECT(text[0] == 0 && text[1] == 0 && text[2] == 'x');
	vm_object_resize(object, 20);
	EXPECT_EQ(vm_object_read(object, 8, text, 4), 4);
	EXPECT(text[0] == 'x' && text[1] == 0 && text[2] == 0 && text[3] == 0);
	vm_object_resize(object, 3);
	vm_object_resize(object, 8);
	EXPECT_EQ(vm_object_read(object, 2, text, 4), 4);
	EXPECT(text[0] == 'c' && text[1] == 0 && text[2] == 0 && text[3] == 0);
	vm_object_put(object);
	expect_nothing_left();
}

/* ---- mappings ---- */

static struct vm_space *make_space(void)
{
	struct vm_space *space = NULL;

	EXPECT_EQ(vm_space_create(&space), 0);
	return space;
}

static void end_space(struct vm_space *space)
{
	vm_check(space);
	vm_space_activate(NULL);
	vm_space_destroy(space);
}

static void map_object(struct vm_space *space, vaddr_t at, uint64_t pages, uint64_t first,
		       struct vm_object *object, unsigned region_flags)
{
	vaddr_t address;
	struct vm_map_request request = {
		.address = at,
		.bytes = pages * PAGE_SIZE,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
		.object = object,
		.offset = first * PAGE_SIZE,
	};

	EXPECT_EQ(vm_map(space, &request, &address), 0);
}

KTEST(truncate_takes_pages_out_of_every_mapping)
{
	vaddr_t shared = BASE, private = BASE + 16 * PAGE_SIZE;
	uint64_t value;

	host_memory_init(FRAMES);
	struct vm_object *object = make_object(8 * PAGE_SIZE);
	struct vm_space *space = make_space();
	map_object(space, shared, 8, 0, object, REGION_SHARED);
	map_object(space, private, 6, 2, object, 0);
	for (unsigned i = 0; i < 8; i++)
		EXPECT_EQ(host_store(space, shared + i * PAGE_SIZE, i + 1), HOST_OK);
	EXPECT_EQ(host_store(space, private + PAGE_SIZE, 100), HOST_OK);     /* a copy of page 3 */
	EXPECT_EQ(host_store(space, private + 3 * PAGE_SIZE, 101), HOST_OK); /* of page 5 */
	EXPECT_EQ(host_load(space, private + 4 * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 7);
	vm_object_resize(object, 4 * PAGE_SIZE + 8);
	vm_check(space);
	EXPECT_EQ(frames_in(FRAME_CACHE), 5);
	EXPECT_EQ(frames_in(FRAME_ANON), 1); /* private copies behind the end go, too */
	EXPECT_EQ(host_load(space, shared + 4 * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 5);
	EXPECT_EQ(host_load(space, shared + 4 * PAGE_SIZE + 8, &value), HOST_OK);
	EXPECT_EQ(host_load(space, shared + 5 * PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	EXPECT_EQ(host_load(space, private + 3 * PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	EXPECT_EQ(host_store(space, private + 4 * PAGE_SIZE, 1), HOST_FAULT_OBJECT);
	EXPECT_EQ(host_load(space, private + PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 100);
	/* Longer again: zeros, not what was there. */
	vm_object_resize(object, 8 * PAGE_SIZE);
	EXPECT_EQ(host_load(space, shared + 5 * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 0);
	EXPECT_EQ(host_load(space, private + 3 * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 0);
	end_space(space);
	vm_object_put(object);
	expect_nothing_left();
}

/* Page tables that forked spaces share are changed in place. */
KTEST(truncate_in_tables_shared_by_a_fork)
{
	for (unsigned flags = 0; flags <= REGION_SHARED; flags += REGION_SHARED) {
		struct vm_space *child, *grandchild;
		uint64_t value;

		host_memory_init(FRAMES);
		struct vm_object *object = make_object(8 * PAGE_SIZE);
		struct vm_space *space = make_space();
		map_object(space, BASE, 8, 0, object, flags);
		for (unsigned i = 0; i < 8; i++)
			EXPECT_EQ(host_store(space, BASE + i * PAGE_SIZE, i + 1), HOST_OK);
		EXPECT_EQ(vm_fork(space, &child), 0);
		EXPECT_EQ(vm_fork(child, &grandchild), 0);
		/* The grandchild has tables of its own, the others share. */
		EXPECT_EQ(host_store(grandchild, BASE, 50), HOST_OK);
		EXPECT_EQ(host_load(child, BASE + 6 * PAGE_SIZE, &value), HOST_OK);
		host_allow_allocations(0); /* it takes no memory */
		vm_object_resize(object, PAGE_SIZE);
		host_allow_allocations(-1);
		vm_check(space);
		vm_check(child);
		vm_check(grandchild);
		EXPECT_EQ(frames_in(FRAME_CACHE), 1);
		EXPECT_EQ(frames_in(FRAME_ANON), flags ? 0 : 2);
		struct vm_space *const spaces[] = {space, child, grandchild};
		for (unsigned i = 0; i < ARRAY_SIZE(spaces); i++) {
			EXPECT_EQ(host_load(spaces[i], BASE, &value), HOST_OK);
			EXPECT_EQ(value, flags || i == 2 ? 50 : 1);
			for (unsigned page = 1; page < 8; page++)
				EXPECT_EQ(host_load(spaces[i], BASE + page * PAGE_SIZE, &value),
					  HOST_FAULT_OBJECT);
		}
		end_space(child);
		end_space(space);
		end_space(grandchild);
		EXPECT(list_is_empty(&object->regions));
		vm_object_put(object);
		expect_nothing_left();
	}
}

/* Regions that were split, merged, moved and removed are all in the object's list, once. */
KTEST(truncate_finds_regions_that_were_changed)
{
	vaddr_t moved = BASE + 64 * PAGE_SIZE;
	uint64_t value;

	host_memory_init(FRAMES);
	struct vm_object *object = make_object(16 * PAGE_SIZE);
	struct vm_space *space = make_space();
	map_object(space, BASE, 16, 0, object, REGION_SHARED);
	for (unsigned i = 0; i < 16; i++)
		EXPECT_EQ(host_store(space, BASE + i * PAGE_SIZE, i + 1), HOST_OK);
	EXPECT_EQ(vm_protect(space, BASE + 3 * PAGE_SIZE, PAGE_SIZE, VM_READ), 0);
	EXPECT_EQ(vm_unmap(space, BASE + 5 * PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(vm_remap(space, BASE + 8 * PAGE_SIZE, 4 * PAGE_SIZE, 4 * PAGE_SIZE, 3, &moved),
		  0);
	vm_check(space);
	vm_object_resize(object, 9 * PAGE_SIZE);
	vm_check(space);
	EXPECT_EQ(host_load(space, moved, &value), HOST_OK);
	EXPECT_EQ(value, 9);
	EXPECT_EQ(host_load(space, moved + PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	EXPECT_EQ(host_load(space, BASE + 12 * PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	vm_object_resize(object, 2 * PAGE_SIZE);
	EXPECT_EQ(vm_protect(space, BASE + 3 * PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE), 0);
	vm_object_resize(object, PAGE_SIZE); /* through regions merged again */
	for (unsigned i = 1; i < 5; i++)
		EXPECT_EQ(host_load(space, BASE + i * PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	EXPECT_EQ(frames_in(FRAME_CACHE), 1);
	end_space(space);
	EXPECT(list_is_empty(&object->regions));
	vm_object_put(object);
	expect_nothing_left();
}

/* What is split or forked between the first two steps of the first truncation is as little clean as
 * what it was made from. */
KTEST(truncate_finds_what_was_made_while_it_goes_on)
{
	struct vm_space *child;
	uint64_t value;

	host_memory_init(FRAMES);
	struct vm_object *object = make_object(8 * PAGE_SIZE);
	struct vm_space *space = make_space();
	map_object(space, BASE, 8, 0, object, REGION_SHARED);
	for (unsigned i = 0; i < 8; i++)
		EXPECT_EQ(host_store(space, BASE + i * PAGE_SIZE, i + 1), HOST_OK);
	uint64_t before = object->truncations++;
	EXPECT_EQ(vm_unmap(space, BASE + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(vm_fork(space, &child), 0);
	list_for_each (node, &object->regions)
		EXPECT_EQ(container_of(node, struct vm_region, of_object)->truncations, before);
	vm_object_resize(object, PAGE_SIZE);
	EXPECT_EQ(host_load(space, BASE + 5 * PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	EXPECT_EQ(host_load(child, BASE + 5 * PAGE_SIZE, &value), HOST_FAULT_OBJECT);
	end_space(child);
	end_space(space);
	vm_object_put(object);
	expect_nothing_left();
}

KTEST(protect_keeps_a_read_only_file_read_only)
{
	host_memory_init(FRAMES);
	struct vm_object *object = make_object(2 * PAGE_SIZE);
	struct vm_space *space = make_space();
	map_object(space, BASE, 1, 0, object, REGION_SHARED);
	map_object(space, BASE + PAGE_SIZE, 1, 1, object, REGION_SHARED | REGION_READ_ONLY);
	EXPECT_EQ(vm_protect(space, BASE, 2 * PAGE_SIZE, VM_READ), 0);
	EXPECT_EQ(vm_protect(space, BASE, 2 * PAGE_SIZE, VM_READ | VM_WRITE), -EACCES);
	/* As on Linux, what is before the region that refuses has changed. */
	EXPECT_EQ(host_store(space, BASE, 1), HOST_OK);
	EXPECT_EQ(host_store(space, BASE + PAGE_SIZE, 1), HOST_FAULT_ACCESS);
	end_space(space);
	vm_object_put(object);
	expect_nothing_left();
}

KTEST(protect_that_is_refused_changes_no_leaf_behind)
{
	host_memory_init(FRAMES);
	struct vm_object *object = make_object(3 * PAGE_SIZE);
	struct vm_space *space = make_space();
	const vaddr_t kept = BASE + PAGE_SIZE, behind = BASE + 2 * PAGE_SIZE;
	uint64_t value;
	map_object(space, BASE, 1, 0, object, 0);
	map_object(space, kept, 1, 1, object, REGION_SHARED | REGION_READ_ONLY);
	map_object(space, behind, 1, 2, object, 0);
	EXPECT_EQ(vm_protect(space, BASE, 2 * PAGE_SIZE, VM_READ | VM_EXEC), 0);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(host_load(space, BASE + i * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(vm_protect(space, behind, PAGE_SIZE, 0), 0);
	EXPECT_EQ(vm_protect(space, BASE, 3 * PAGE_SIZE, VM_READ | VM_WRITE), -EACCES);
	/* What the tables say without a fault. */
	EXPECT(mmu_probe(space->root, BASE, VM_READ | VM_USER));
	EXPECT(!mmu_probe(space->root, BASE, VM_EXEC | VM_USER));
	EXPECT(mmu_probe(space->root, kept, VM_EXEC | VM_USER));
	EXPECT(!mmu_probe(space->root, behind, VM_READ | VM_USER));
	end_space(space);
	vm_object_put(object);
	expect_nothing_left();
}
