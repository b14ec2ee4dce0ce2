/* test_vm_check.c: the checks must find what they are for: each mistake is planted in a process of
 * its own, which must die of it. Only on the host. */
#include <unistd.h>

#include "debug/ktest.h"
#include "dies.h"
#include "host.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "vm/check.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

#define FRAMES 2000u
#define ANON   0x10000000ull
#define FILE_  0x20000000ull
#define SLOTS  4096u

static struct vm_space *parent, *child; /* of this test, one at a time */
static struct vm_object *file;

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	memset(page, (int)index, PAGE_SIZE);
	return 0;
}

static const struct vm_object_ops file_ops = {.fill = fill};

static void map(vaddr_t at, unsigned prot, struct vm_object *object, unsigned region_flags)
{
	struct vm_map_request request = {
		.address = at,
		.bytes = 4 * PAGE_SIZE,
		.prot = prot,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
		.object = object,
	};

	EXPECT_EQ(vm_map(parent, &request, &at), 0);
}

/* Two processes that share the pages but for one, and a file that both map. */
static void build(void)
{
	uint64_t value;

	host_memory_init(FRAMES);
	EXPECT_EQ(vm_space_create(&parent), 0);
	EXPECT_EQ(vm_object_create(&file_ops, NULL, 4 * PAGE_SIZE, &file), 0);
	map(ANON, VM_READ | VM_WRITE, NULL, 0);
	map(FILE_, VM_READ | VM_WRITE, file, 0);
	map(FILE_ + MIB, VM_READ | VM_WRITE, file, REGION_SHARED);
	EXPECT_EQ(host_store(parent, ANON, 1), HOST_OK);
	EXPECT_EQ(host_store(parent, ANON + PAGE_SIZE, 2), HOST_OK);
	EXPECT_EQ(host_load(parent, ANON + 2 * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(host_load(parent, FILE_, &value), HOST_OK);
	EXPECT_EQ(host_store(parent, FILE_ + MIB + PAGE_SIZE, 3), HOST_OK);
	EXPECT_EQ(vm_fork(parent, &child), 0);
	EXPECT_EQ(host_store(child, ANON, 4), HOST_OK);
}

static void check(void)
{
	static struct vm_name scratch[SLOTS];
	struct vm_space *spaces[] = {parent, child};
	struct vm_census census;
	struct frame_counts counts;

	vm_check_all(spaces, 2, &file, 1, scratch, SLOTS, &census);
	frame_counts(&counts);
	if (census.by_state[FRAME_ANON] != counts.by_state[FRAME_ANON] ||
	    census.by_state[FRAME_CACHE] != counts.by_state[FRAME_CACHE] ||
	    census.by_state[FRAME_TABLE] + 1 != counts.by_state[FRAME_TABLE])
		_exit(1);
}

static entry_t *leaf(struct vm_space *space, vaddr_t va)
{
	unsigned level;

	return table_find(space, va, &level);
}

static struct frame *frame_at(struct vm_space *space, vaddr_t va)
{
	return frame_of(entry_pa(*leaf(space, va)));
}

/* ---- the mistakes ---- */

static void nothing(void)
{
}

static void page_counted_once_more(void)
{
	frame_get(frame_at(parent, ANON + PAGE_SIZE));
}

static void page_counted_once_less(void)
{
	(void)!frame_put(frame_at(parent, ANON + PAGE_SIZE));
}

static void table_counted_once_more(void)
{
	const entry_t *root = phys_to_virt(parent->root);

	frame_get(frame_of(entry_pa(root[0])));
}

static void page_of_zeros_counted_once_more(void)
{
	frame_get(frame_zero());
}

static void file_page_counted_once_less(void)
{
	(void)!frame_put(frame_at(parent, FILE_));
}

static void page_forgotten(void)
{
	entry_store(leaf(parent, ANON), entry_none());
}

static void shared_page_writable(void)
{
	entry_store(leaf(child, ANON + PAGE_SIZE), entry_mkwrite(*leaf(child, ANON + PAGE_SIZE)));
}

static void page_of_zeros_writable(void)
{
	entry_store(leaf(child, ANON + 2 * PAGE_SIZE),
		    entry_mkwrite(*leaf(child, ANON + 2 * PAGE_SIZE)));
}

static void shared_mark_lost(void)
{
	entry_t *entry = leaf(parent, FILE_ + MIB + PAGE_SIZE);

	entry_store(entry, entry_leaf(entry_pa(*entry), 1, entry_prot(*entry)));
}

static void page_where_no_region_is(void)
{
	entry_t *page = leaf(child, ANON), gone = *page;

	entry_store(page, entry_none());
	entry_store(leaf(child, ANON + 9 * PAGE_SIZE), gone);
}

static void page_more_open_than_its_region(void)
{
	region_find(child, ANON)->prot = VM_READ;
}

static void file_page_at_another_place(void)
{
	region_find(parent, FILE_)->offset = PAGE_SIZE;
}

static void mapped_bytes_wrong(void)
{
	parent->mapped += PAGE_SIZE;
}

static void regions_overlap(void)
{
	region_find(parent, FILE_)->end = FILE_ + MIB + PAGE_SIZE;
	parent->mapped += MIB - 3 * PAGE_SIZE;
}

static void object_counted_too_little(void)
{
	file->count = 2;
}

static void (*planted)(void);

static void plant_and_check(void)
{
	planted();
	check();
}

/* Does a check of the world find this mistake? */
static bool is_found(void (*mistake)(void))
{
	planted = mistake;
	return dies(plant_and_check);
}

KTEST(vm_check_finds_each_planted_mistake)
{
	static void (*const mistakes[])(void) = {
		page_counted_once_more,
		page_counted_once_less,
		table_counted_once_more,
		page_of_zeros_counted_once_more,
		file_page_counted_once_less,
		page_forgotten,
		shared_page_writable,
		page_of_zeros_writable,
		shared_mark_lost,
		page_where_no_region_is,
		page_more_open_than_its_region,
		file_page_at_another_place,
		mapped_bytes_wrong,
		regions_overlap,
		object_counted_too_little,
	};

	build();
	EXPECT(!is_found(nothing));
	for (unsigned i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!is_found(mistakes[i]))
			ktest_fail(__FILE__, __LINE__, "mistake %u is not found", i);
	vm_space_activate(NULL);
	vm_space_destroy(parent);
	vm_space_destroy(child);
	vm_object_put(file);
}

/* Somebody else has exchanged the page since `leaf` was read, and by now nobody shares the old one:
 * it looks as if it could be taken over, and is not this entry's any more. */
KTEST(vm_own_leaf_that_was_exchanged)
{
	struct vm_space *space = NULL;
	struct table_gather gather;

	host_memory_init(FRAMES);
	struct frame *old = frame_alloc(FRAME_ANON, 0), *fresh = frame_alloc(FRAME_ANON, 0);
	EXPECT_EQ(vm_space_create(&space), 0);
	if (!old || !fresh || !space)
		return;
	const unsigned prot = VM_READ | VM_USER;
	entry_t leaf = entry_leaf(frame_pa(old), 1, prot);
	entry_t now = entry_leaf(frame_pa(fresh), 1, prot | VM_WRITE), entry = now;
	table_gather_init(&gather, space, ANON, ANON + PAGE_SIZE);
	EXPECT_EQ(table_own_leaf(&gather, &entry, leaf, 1, ANON), OWN_ALREADY);
	EXPECT_EQ(entry.raw, now.raw);
	table_gather_finish(&gather);
	vm_space_destroy(space);
	frame_free(old);
	frame_free(fresh);
}
