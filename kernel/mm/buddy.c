/*
 * buddy.c: see buddy.h.
 *
 *   free_lists[3] -> [block of 8] -> [block of 8]   A free block of 2^n frames starts at a
 *   free_lists[2] -> (none)                         multiple of 2^n. Its buddy is the block whose
 *   free_lists[1] -> [block of 2]                   number differs in bit n; two free buddies of
 *   free_lists[0] -> [frame]                        one order merge into the next.
 *
 * The head of a free block says so in free_order, and only here: a neighbour that is in use is
 * somebody's, who changes all else in its struct frame without this lock. The database is mapped
 * only where there is RAM, so a buddy is looked at only after frame_exists() said that it has an
 * entry.
 */
#include "mm/buddy.h"

#include "debug/assert.h"
#include "lib/string.h"
#include "sync/spinlock.h"

static struct spinlock buddy_lock = SPINLOCK_INIT(RANK_FRAME);
static struct list_node free_lists[FRAME_MAX_ORDER + 1]; /* (buddy_lock) */
static uint64_t frames_free;                             /* (buddy_lock) in free_lists */
static uint64_t reserve; /* (buddy_lock) frames that the free lists keep */
/* Ranges of frame numbers that have database entries; set at boot. */
static struct frame_span spans[FRAME_MAX_SPANS];
static unsigned span_count; /* the same */

static pfn_t frame_pfn(const struct frame *frame)
{
	return (pfn_t)(frame - FRAME_DATABASE);
}

static bool frame_exists(pfn_t pfn)
{
	unsigned low = 0, high = span_count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (pfn >= spans[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < span_count && pfn >= spans[low].start;
}

static void push_free(struct frame *head, unsigned order)
{
	head->free_order = (uint8_t)(order + 1);
	list_push_front(&free_lists[order], &head->free_link);
}

const struct frame_span *frame_spans(unsigned *count)
{
	*count = span_count;
	return spans;
}

/* The free buddy of the block at pfn, or NULL if it is not wholly free in one block. */
static struct frame *free_buddy(pfn_t pfn, unsigned order)
{
	pfn_t buddy = pfn ^ (1ull << order);
	struct frame *frame = &FRAME_DATABASE[buddy];

	return frame_exists(buddy) && frame->free_order == order + 1 ? frame : NULL;
}

/* Its frames are FREE, of order FRAME_ORDER_TAIL. */
static void free_block_locked(pfn_t pfn, unsigned order)
{
	assert(spin_held(&buddy_lock));
	frames_free += 1ull << order;
	while (order < FRAME_MAX_ORDER) {
		struct frame *buddy = free_buddy(pfn, order);
		if (!buddy)
			break;
		list_remove(&buddy->free_link);
		buddy->free_order = 0;
		pfn = MIN(pfn, frame_pfn(buddy));
		order++;
	}
	push_free(&FRAME_DATABASE[pfn], order);
}

/* Take a block of `order`, splitting the smallest that is large enough; not out of the reserve. */
static struct frame *take_block_locked(unsigned order)
{
	unsigned from = order;

	if (frames_free < reserve + (1ull << order))
		return NULL;
	while (from <= FRAME_MAX_ORDER && list_is_empty(&free_lists[from]))
		from++;
	if (from > FRAME_MAX_ORDER)
		return NULL;
	struct frame *block =
		container_of(list_pop_front(&free_lists[from]), struct frame, free_link);
	while (from > order) {
		from--;
		push_free(block + (1ull << from), from);
	}
	block->free_order = 0;
	frames_free -= 1ull << order;
	return block;
}

void buddy_init(const struct frame_span *list, unsigned count)
{
	assert(count <= FRAME_MAX_SPANS);
	memcpy(spans, list, count * sizeof(*list));
	span_count = count;
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++)
		list_init(&free_lists[order]);
	reserve = frames_free = 0;
}

struct frame *buddy_take(unsigned order)
{
	spin_lock(&buddy_lock);
	struct frame *block = take_block_locked(order);
	spin_unlock(&buddy_lock);
	return block;
}

unsigned buddy_take_frames(struct frame **list, unsigned most)
{
	struct frame *frame;
	unsigned count = 0;

	spin_lock(&buddy_lock);
	for (; count < most && (frame = take_block_locked(0)); count++) {
		frame->next = *list;
		*list = frame;
	}
	spin_unlock(&buddy_lock);
	return count;
}

void buddy_give(struct frame *block, unsigned order)
{
	spin_lock(&buddy_lock);
	free_block_locked(frame_pfn(block), order);
	spin_unlock(&buddy_lock);
}

unsigned buddy_give_frames(struct frame **list, unsigned most)
{
	unsigned count = 0;

	spin_lock(&buddy_lock);
	for (; count < most && *list; count++) {
		struct frame *frame = *list;
		*list = frame->next;
		free_block_locked(frame_pfn(frame), 0);
	}
	spin_unlock(&buddy_lock);
	return count;
}

void buddy_set_reserve(uint64_t frames)
{
	spin_lock(&buddy_lock);
	reserve = frames;
	spin_unlock(&buddy_lock);
}

void buddy_count(uint64_t blocks[FRAME_MAX_ORDER + 1])
{
	spin_lock(&buddy_lock);
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++) {
		blocks[order] = 0;
		list_for_each (node, &free_lists[order])
			blocks[order]++;
	}
	spin_unlock(&buddy_lock);
}
