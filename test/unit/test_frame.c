/* test_frame.c: the buddy allocator and the small allocations, over the host's memory. */
#include "debug/ktest.h"
#include "host.h"
#include "lib/string.h"
#include "mm/frame_init.h"
#include "mm/layout.h"
#include "mm/slab.h"

#include "dies.h"
#include "random.h"

#define FRAMES 4096u

static uint64_t free_frames(void)
{
	struct frame_counts counts;

	frame_counts(&counts);
	return counts.by_state[FRAME_FREE];
}

KTEST(frame_states_are_counted)
{
	struct frame_counts before, during, after;

	host_memory_init(FRAMES);
	frame_counts(&before);
	struct frame *table = frame_alloc(FRAME_TABLE, 0), *block = frame_alloc(FRAME_ANON, 4);
	frame_counts(&during);
	EXPECT_EQ(during.by_state[FRAME_TABLE], before.by_state[FRAME_TABLE] + 1);
	EXPECT_EQ(during.by_state[FRAME_ANON], 16);
	EXPECT_EQ(during.by_state[FRAME_FREE], before.by_state[FRAME_FREE] - 17);
	frame_free(table);
	frame_free(block);
	frame_counts(&after);
	EXPECT_EQ(memcmp(&before, &after, sizeof(before)), 0);
}

KTEST(frame_blocks_are_aligned_and_merge_again)
{
	struct frame *blocks[FRAME_MAX_ORDER + 1];

	host_memory_init(FRAMES);
	uint64_t before = free_frames();
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++) {
		blocks[order] = frame_alloc(FRAME_ANON, order);
		if (!EXPECT(blocks[order] != NULL))
			return;
		EXPECT_EQ(frame_pa(blocks[order]) & ((PAGE_SIZE << order) - 1), 0);
	}
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++)
		frame_free(blocks[order]);
	EXPECT_EQ(free_frames(), before);
	struct frame *largest = frame_alloc(FRAME_ANON, FRAME_MAX_ORDER);
	EXPECT(largest != NULL);
	frame_free(largest);
}

KTEST(frame_all_of_memory_can_be_used)
{
	static struct frame *taken[FRAMES];
	unsigned count = 0;

	host_memory_init(FRAMES);
	uint64_t before = free_frames();
	while (count < FRAMES && (taken[count] = frame_alloc(FRAME_ANON, 0)))
		memset(frame_data(taken[count++]), 0xaa, PAGE_SIZE);
	EXPECT_EQ(count, before);
	EXPECT_EQ(free_frames(), 0);
	EXPECT(frame_alloc(FRAME_ANON, 0) == NULL);
	while (count)
		frame_free(taken[--count]);
	EXPECT_EQ(free_frames(), before);
}

KTEST(frame_reserve_is_kept)
{
	host_memory_init(FRAMES);
	frame_set_reserve(free_frames() - 2);
	struct frame *first = frame_alloc(FRAME_ANON, 0);
	EXPECT(frame_alloc(FRAME_ANON, 1) == NULL);
	struct frame *second = frame_alloc(FRAME_ANON, 0);
	EXPECT(first && second);
	EXPECT(frame_alloc(FRAME_ANON, 0) == NULL);
}

KTEST(frame_zero_page_has_another_name)
{
	host_memory_init(FRAMES);
	EXPECT(frame_count(frame_zero()) >= 2);
	EXPECT_EQ(frame_zero()->state, FRAME_ZERO);
}

/* Random blocks, each filled with its own number: none may overlap another. */
KTEST(frame_random_blocks_do_not_overlap)
{
	struct block {
		struct frame *frame;
		unsigned order;
	} blocks[200] = {0};
	uint64_t random = 12345;

	host_memory_init(FRAMES);
	uint64_t before = free_frames();
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)(random_next(&random) % ARRAY_SIZE(blocks));
		struct block *block = &blocks[i];
		if (block->frame) {
			const uint64_t *words = frame_data(block->frame);
			size_t last = (PAGE_SIZE << block->order) / sizeof(*words) - 1;
			EXPECT(words[0] == i && words[last] == i);
			frame_free(block->frame);
			block->frame = NULL;
			continue;
		}
		block->order = (unsigned)(random_next(&random) % 6);
		block->frame = frame_alloc(FRAME_ANON, block->order);
		if (!block->frame)
			continue;
		uint64_t *words = frame_data(block->frame);
		words[0] = i;
		words[(PAGE_SIZE << block->order) / sizeof(*words) - 1] = i;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
		if (blocks[i].frame)
			frame_free(blocks[i].frame);
	EXPECT_EQ(free_frames(), before);
}

KTEST(slab_objects_do_not_overlap_and_all_return)
{
	struct {
		uint8_t *memory;
		size_t bytes;
	} objects[300] = {0};
	uint64_t random = 999;

	host_memory_init(FRAMES);
	uint64_t before = free_frames();
	for (unsigned step = 0; step < 30000; step++) {
		unsigned i = (unsigned)(random_next(&random) % ARRAY_SIZE(objects));
		if (objects[i].memory) {
			for (size_t at = 0; at < objects[i].bytes; at++)
				if (!EXPECT_EQ(objects[i].memory[at], (uint8_t)i))
					return;
			kfree(objects[i].memory);
			objects[i].memory = NULL;
			continue;
		}
		objects[i].bytes = random_next(&random) % (random_next(&random) % 8 ? 300 : 9000);
		objects[i].memory = kmalloc(objects[i].bytes);
		if (!EXPECT(objects[i].memory != NULL))
			return;
		EXPECT_EQ((uintptr_t)objects[i].memory % 16, 0);
		memset(objects[i].memory, (uint8_t)i, objects[i].bytes);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i].memory);
	EXPECT_EQ(free_frames(), before);
}

/* ---- what must not happen ---- */

static struct frame *victim;

static void nothing(void)
{
	frame_get(victim);
}

static void freed_twice(void)
{
	frame_free(victim);
	frame_free(victim);
}

static void named_while_free(void)
{
	frame_free(victim);
	frame_get(victim);
}

static void dropped_while_free(void)
{
	frame_free(victim);
	(void)frame_put(victim);
}

static void freed_while_others_name_it(void)
{
	frame_get(victim);
	frame_free(victim);
}

static void dropped_too_often(void)
{
	(void)frame_put(victim);
	(void)frame_put(victim);
}

static void counted_beyond_the_end(void)
{
	victim->count = UINT32_MAX;
	frame_get(victim);
}

static void counted_beyond_the_end_at_once(void)
{
	frame_get_many(victim, UINT32_MAX);
}

static void written_to_while_free(void)
{
	frame_free(victim);
	*(char *)frame_data(victim) = 1;
	(void)frame_alloc(FRAME_ANON, 0);
}

KTEST(frame_misuse_is_caught)
{
	static void (*const mistakes[])(void) = {
		freed_twice,
		named_while_free,
		dropped_while_free,
		freed_while_others_name_it,
		dropped_too_often,
		counted_beyond_the_end,
		counted_beyond_the_end_at_once,
		written_to_while_free,
	};

	host_memory_init(FRAMES);
	victim = frame_alloc(FRAME_ANON, 0);
	EXPECT(!dies(nothing));
	for (unsigned i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!dies(mistakes[i]))
			ktest_fail(__FILE__, __LINE__, "mistake %u is not caught", i);
}

KTEST(slab_refuses_what_is_too_large)
{
	host_memory_init(FRAMES);
	EXPECT(kmalloc((PAGE_SIZE << FRAME_MAX_ORDER) + 1) == NULL);
	EXPECT(kmalloc(SIZE_MAX) == NULL);
	void *nothing = kzalloc(0);
	EXPECT(nothing != NULL);
	kfree(nothing);
	kfree(NULL);
}
