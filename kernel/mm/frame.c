/*
 * frame.c: the frame database and the buddy allocator.
 *
 *   free_lists[3] -> [block of 8] -> [block of 8]      A free block of 2^n frames starts at a
 * multiple of 2^n. free_lists[2] -> (none)                            Its buddy is the block whose
 * number differs in bit n; free_lists[1] -> [block of 2]                      two free buddies of
 * one order merge into the next. free_lists[0] -> [frame]
 *
 * The head of a free block has state FREE and its order; the other frames of the block are FREE
 * with order TAIL. The database is an array by frame number at FRAMES_BASE, mapped only where there
 * is RAM, so a buddy is looked at only after frame_exists() said that it has an entry.
 */
#include "mm/frame.h"

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/frame_init.h"
#include "mm/layout.h"
#include "sync/spinlock.h"

#define TAIL 0xff /* order of a free frame that heads no block */

static struct spinlock frame_lock = SPINLOCK_INIT(RANK_FRAME);
static struct list_node free_lists[FRAME_MAX_ORDER + 1]; /* (frame_lock) */
static uint64_t state_counts[FRAME_STATES];              /* (frame_lock) in frames */
static uint64_t reserve;        /* (frame_lock) frames that are never given out */
static struct frame *zero_page; /* set once, at boot */
static bool poisoning;          /* set once, at boot */
/* Ranges of frame numbers that have database entries; set at boot. */
static struct frame_span spans[FRAME_MAX_SPANS];
static unsigned span_count;

const char *const frame_state_names[FRAME_STATES] = {"free", "table", "anon",  "cache",
						     "zero", "slab",  "stack", "wired"};

/* Byte patterns that show in a dump whether memory was never written or was used after it was
 * freed. */
#define POISON_FREED     0xdf
#define POISON_ALLOCATED 0xda

static struct frame *database(void)
{
	return (struct frame *)frame_database_base();
}

static pfn_t frame_pfn(const struct frame *frame)
{
	return (pfn_t)(frame - database());
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

paddr_t frame_pa(const struct frame *frame)
{
	return frame_pfn(frame) << PAGE_SHIFT;
}

void *frame_data(const struct frame *frame)
{
	return phys_to_virt(frame_pa(frame));
}

struct frame *frame_of(paddr_t pa)
{
	if (UNLIKELY(!frame_exists(pa >> PAGE_SHIFT)))
		panic("physical address %#llx has no frame", (unsigned long long)pa);
	return &database()[pa >> PAGE_SHIFT];
}

static void push_free(struct frame *head, unsigned order)
{
	head->state = FRAME_FREE;
	head->order = (uint8_t)order;
	list_push_front(&free_lists[order], &head->free_link);
}

/* The free buddy of the block at pfn, or NULL if it is not wholly free in one block. */
static struct frame *free_buddy(pfn_t pfn, unsigned order)
{
	pfn_t buddy = pfn ^ (1ull << order);
	struct frame *frame = &database()[buddy];

	if (!frame_exists(buddy) || frame->state != FRAME_FREE || frame->order != order)
		return NULL;
	return frame;
}

static void free_block_locked(pfn_t pfn, unsigned order)
{
	assert(spin_held(&frame_lock));
	while (order < FRAME_MAX_ORDER) {
		struct frame *buddy = free_buddy(pfn, order);
		if (!buddy)
			break;
		list_remove(&buddy->free_link);
		buddy->order = TAIL;
		pfn = MIN(pfn, frame_pfn(buddy));
		order++;
	}
	push_free(&database()[pfn], order);
}

/* Take a block of `order`, splitting the smallest that is large enough. */
static struct frame *take_block_locked(unsigned order)
{
	unsigned from = order;

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
	return block;
}

struct frame *frame_alloc(enum frame_state state, unsigned order)
{
	assert(state != FRAME_FREE && order <= FRAME_MAX_ORDER);
	spin_lock(&frame_lock);
	bool enough = state_counts[FRAME_FREE] >= reserve + (1ull << order);
	struct frame *block = enough ? take_block_locked(order) : NULL;
	if (block) {
		assert(block->state == FRAME_FREE && block->count == 0);
		memset(block, 0, sizeof(*block));
		block->state = (uint8_t)state;
		block->order = (uint8_t)order;
		block->count = 1;
		/* The others are marked as in use, so that no neighbour merges with them. */
		for (struct frame *tail = block + 1; tail < block + (1ull << order); tail++) {
			tail->state = (uint8_t)state;
			tail->order = TAIL;
		}
		state_counts[FRAME_FREE] -= 1ull << order;
		state_counts[state] += 1ull << order;
	}
	spin_unlock(&frame_lock);
	if (block && poisoning)
		memset(frame_data(block), POISON_ALLOCATED, PAGE_SIZE << order);
	return block;
}

struct frame *frame_alloc_zeroed(enum frame_state state)
{
	struct frame *frame = frame_alloc(state, 0);

	if (frame)
		memset(frame_data(frame), 0, PAGE_SIZE);
	return frame;
}

void frame_free(struct frame *frame)
{
	unsigned order = frame->order;

	if (UNLIKELY(frame->state == FRAME_FREE))
		panic("frame %#llx freed twice", (unsigned long long)frame_pfn(frame));
	assert(order <= FRAME_MAX_ORDER && frame->count <= 1 && frame->pins == 0 &&
	       frame->state != FRAME_WIRED);
	if (poisoning)
		memset(frame_data(frame), POISON_FREED, PAGE_SIZE << order);
	spin_lock(&frame_lock);
	state_counts[frame->state] -= 1ull << order;
	state_counts[FRAME_FREE] += 1ull << order;
	frame->count = 0;
	for (struct frame *part = frame; part < frame + (1ull << order); part++) {
		part->state = FRAME_FREE;
		part->order = TAIL;
	}
	free_block_locked(frame_pfn(frame), order);
	spin_unlock(&frame_lock);
}

void frame_get(struct frame *frame)
{
	uint32_t before = __atomic_fetch_add(&frame->count, 1, __ATOMIC_RELAXED);

	if (UNLIKELY(before == 0 || before == UINT32_MAX || frame->state == FRAME_FREE))
		panic("frame %#llx: reference taken at count %u, state %s",
		      (unsigned long long)frame_pfn(frame), before,
		      frame_state_names[frame->state]);
}

bool frame_put(struct frame *frame)
{
	uint32_t before = __atomic_fetch_sub(&frame->count, 1, __ATOMIC_ACQ_REL);

	if (UNLIKELY(before == 0 || frame->state == FRAME_FREE))
		panic("frame %#llx: reference dropped at count %u, state %s",
		      (unsigned long long)frame_pfn(frame), before,
		      frame_state_names[frame->state]);
	return before == 1;
}

void frame_counts(struct frame_counts *out)
{
	spin_lock(&frame_lock);
	memcpy(out->by_state, state_counts, sizeof(state_counts));
	spin_unlock(&frame_lock);
}

void frame_free_blocks(uint64_t blocks[FRAME_MAX_ORDER + 1])
{
	spin_lock(&frame_lock);
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++) {
		blocks[order] = 0;
		list_for_each (node, &free_lists[order])
			blocks[order]++;
	}
	spin_unlock(&frame_lock);
}

struct frame *frame_zero(void)
{
	return zero_page;
}

/* ---- boot ---- */

void frame_database_init(const struct frame_span *list, unsigned count)
{
	assert(count <= FRAME_MAX_SPANS);
	memcpy(spans, list, count * sizeof(*list));
	span_count = count;
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++)
		list_init(&free_lists[order]);
	memset(state_counts, 0, sizeof(state_counts));
	reserve = 0;
	for (unsigned i = 0; i < count; i++) {
		assert(spans[i].start < spans[i].end &&
		       (i == 0 || spans[i - 1].end <= spans[i].start));
		for (pfn_t pfn = spans[i].start; pfn < spans[i].end; pfn++) {
			struct frame *frame = &database()[pfn];
			memset(frame, 0, sizeof(*frame));
			frame->state = FRAME_WIRED;
			frame->count = 1;
		}
		state_counts[FRAME_WIRED] += spans[i].end - spans[i].start;
	}
}

void frame_add_free(pfn_t start, pfn_t end)
{
	assert(start <= end);
	for (pfn_t pfn = start; pfn < end; pfn++) {
		struct frame *frame = frame_of(pfn << PAGE_SHIFT);
		assert(frame->state == FRAME_WIRED && frame->count == 1);
		frame->state = FRAME_FREE;
		frame->order = TAIL;
		frame->count = 0;
	}
	spin_lock(&frame_lock);
	state_counts[FRAME_WIRED] -= end - start;
	state_counts[FRAME_FREE] += end - start;
	while (start < end) {
		unsigned order = 0;
		while (order < FRAME_MAX_ORDER && !(start & ((2ull << order) - 1)) &&
		       start + (2ull << order) <= end)
			order++;
		free_block_locked(start, order);
		start += 1ull << order;
	}
	spin_unlock(&frame_lock);
}

void frame_retag(pfn_t pfn, enum frame_state state)
{
	struct frame *frame = frame_of(pfn << PAGE_SHIFT);

	spin_lock(&frame_lock);
	assert(frame->state == FRAME_WIRED);
	frame->state = (uint8_t)state;
	state_counts[FRAME_WIRED]--;
	state_counts[state]++;
	spin_unlock(&frame_lock);
}

void frame_set_reserve(uint64_t frames)
{
	spin_lock(&frame_lock);
	reserve = frames;
	spin_unlock(&frame_lock);
}

void frame_set_poison(bool on)
{
	poisoning = on;
}

bool frame_zero_init(void)
{
	zero_page = frame_alloc_zeroed(FRAME_ZERO);
	if (!zero_page)
		return false;
	/* One reference that is never given back: nobody may ever believe to be the sole owner. */
	frame_get(zero_page);
	return true;
}
