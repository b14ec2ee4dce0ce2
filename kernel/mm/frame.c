/*
 * frame.c: the frame database, and each CPU's list in front of the buddy allocator (buddy.h).
 *
 *   a CPU's cache:  dirty -> frame -> frame     No merging: taken and given back by this CPU,
 *                   zeroed -> frame             filled and emptied by the batch. Others take what
 *                                               is in it when there is no frame elsewhere.
 */
#include "mm/frame.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/page.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame_init.h"
#include "mm/layout.h"
#include "sync/cpu.h"

#define CACHE_BATCH 32u     /* frames moved between a cache and the buddy allocator at once */
#define CACHE_MAX   128u    /* above it a batch goes back */
#define LOCK_TRIES  100000u /* for another CPU's; it is held for as long as a batch takes */

/*
 * One CPU's. The lock is hardly ever wanted by two: others come when memory is short. It is no
 * spinlock, which would cost more than all else here: interrupts neither allocate nor free, and the
 * kernel is not preempted. It is innermost but for RANK_FRAME, and no two are held together.
 *
 * Its holder may be in an interrupt, which waits for a spinlock, whose holder must not wait for the
 * cache: so a CPU takes another's with interrupts off, and does not insist on it.
 */
struct frame_cache {
	uint32_t locked;                /* atomic */
	unsigned count;                 /* (l) of both lists */
	struct frame *dirty, *zeroed;   /* (l) linked by frame->next */
	int64_t by_state[FRAME_STATES]; /* this CPU's part of the counts; may be negative */
} ALIGNED(64);

static struct frame_cache caches[CPU_MAX]; /* by the CPU's number */
static struct frame *zero_page;            /* set once, at boot */
static bool poisoning;                     /* set once, at boot */

const char *const frame_state_names[FRAME_STATES] = {"free", "table", "anon",  "cache",
						     "zero", "slab",  "stack", "wired"};

/* Byte patterns that show in a dump whether memory was never written or was used after it was
 * freed. */
#define POISON_FREED     0xdf
#define POISON_ALLOCATED 0xda

static pfn_t frame_pfn(const struct frame *frame)
{
	return (pfn_t)(frame - FRAME_DATABASE);
}

static struct frame_cache *my_cache(void)
{
	return &caches[cpu_local()->id];
}

/* ---- the CPUs' caches ---- */

static void cache_lock(struct frame_cache *cache)
{
	while (UNLIKELY(__atomic_exchange_n(&cache->locked, 1, __ATOMIC_ACQUIRE)))
		cpu_relax();
}

static void cache_unlock(struct frame_cache *cache)
{
	__atomic_store_n(&cache->locked, 0, __ATOMIC_RELEASE);
}

static NOINLINE bool cache_fill_locked(struct frame_cache *cache)
{
	cache->count += buddy_take_frames(&cache->dirty, CACHE_BATCH);
	return cache->count > 0;
}

/* One frame of the cache, which has one: of `*zeroed` kind if there is. Says in *zeroed which. */
static struct frame *cache_take_locked(struct frame_cache *cache, bool *zeroed)
{
	struct frame **list = *zeroed ? &cache->zeroed : &cache->dirty;

	if (!*list) {
		*zeroed = !*zeroed;
		list = *zeroed ? &cache->zeroed : &cache->dirty;
	}
	struct frame *frame = *list;
	*list = frame->next;
	cache->count--;
	return frame;
}

/* Give back frames until `left` stay. */
static NOINLINE void cache_drain_locked(struct frame_cache *cache, unsigned left)
{
	unsigned most = cache->count > left ? cache->count - left : 0;
	unsigned given = buddy_give_frames(&cache->dirty, most);

	given += buddy_give_frames(&cache->zeroed, most - given);
	cache->count -= given;
}

static bool cache_try_lock(struct frame_cache *cache)
{
	for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
		if (!__atomic_exchange_n(&cache->locked, 1, __ATOMIC_ACQUIRE))
			return true;
		cpu_relax();
	}
	return false;
}

/* What every CPU keeps goes back: it may be all that is left. */
static NOINLINE void drain_all(void)
{
	for (unsigned i = 0; i < cpu_count(); i++) {
		bool were_on = irq_save();
		if (cache_try_lock(&caches[i])) {
			cache_drain_locked(&caches[i], 0);
			cache_unlock(&caches[i]);
		}
		irq_restore(were_on);
	}
}

/* ---- use after free ---- */

/* A free frame is filled with a pattern; whoever wrote to it since is found when it is given out.
 */
static void check_poison(struct frame *frame)
{
	const uint64_t *words = frame_data(frame);

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		if (words[i] != POISON_FREED * 0x0101010101010101ull)
			panic("frame %#llx was written to, at byte %zu, while it was free",
			      (unsigned long long)frame_pfn(frame), i * sizeof(*words));
}

static NOINLINE void poison_allocated(struct frame *block, unsigned order)
{
	for (struct frame *frame = block; frame < block + (1ull << order); frame++) {
		if (frame->poisoned)
			check_poison(frame);
		frame->poisoned = false;
	}
	memset(frame_data(block), POISON_ALLOCATED, PAGE_SIZE << order);
}

static NOINLINE void poison_freed(struct frame *block, unsigned order)
{
	memset(frame_data(block), POISON_FREED, PAGE_SIZE << order);
	for (struct frame *frame = block; frame < block + (1ull << order); frame++)
		frame->poisoned = true;
}

/* ---- allocation ---- */

/* One frame; *zeroed: shall it, and does it, hold zeros? NULL: there is none in the cache, and none
 * to fill it with. */
static ALWAYS_INLINE struct frame *take_one(struct frame_cache *cache, bool *zeroed)
{
	struct frame *frame = NULL;

	cache_lock(cache);
	if (LIKELY(cache->count) || cache_fill_locked(cache))
		frame = cache_take_locked(cache, zeroed);
	cache_unlock(cache);
	return frame;
}

static void begin_use(struct frame *frame, enum frame_state state, unsigned order, uint32_t count)
{
	assert(frame->state == FRAME_FREE && frame->count == 0);
	frame->count = count;
	frame->state = (uint8_t)state;
	frame->order = (uint8_t)order;
	frame->pins = 0;
	frame->cache.object = NULL; /* all of the union */
	frame->cache.index = 0;
	frame->poisoned = false;
}

static NOINLINE struct frame *take_one_of_all(struct frame_cache *cache, bool *zeroed)
{
	drain_all();
	return take_one(cache, zeroed);
}

static ALWAYS_INLINE struct frame *alloc_one(enum frame_state state, bool zeroed)
{
	struct frame_cache *cache = my_cache();
	bool is_zeroed = zeroed;
	struct frame *frame = take_one(cache, &is_zeroed);

	if (UNLIKELY(!frame))
		frame = take_one_of_all(cache, &is_zeroed);
	if (UNLIKELY(!frame))
		return NULL;
	if (UNLIKELY(poisoning))
		poison_allocated(frame, 0);
	if (zeroed && !is_zeroed)
		page_zero(frame_data(frame));
	begin_use(frame, state, 0, 1);
	cache->by_state[FRAME_FREE]--;
	cache->by_state[state]++;
	return frame;
}

static struct frame *alloc_block(enum frame_state state, unsigned order)
{
	struct frame_cache *cache = my_cache();
	struct frame *block = buddy_take(order);

	if (!block) {
		drain_all(); /* what is missing may be in a cache */
		block = buddy_take(order);
	}
	if (!block)
		return NULL;
	if (UNLIKELY(poisoning))
		poison_allocated(block, order);
	for (struct frame *part = block; part < block + (1ull << order); part++)
		begin_use(part, state, FRAME_ORDER_TAIL, 0);
	block->order = (uint8_t)order;
	block->count = 1;
	cache->by_state[FRAME_FREE] -= 1ll << order;
	cache->by_state[state] += 1ll << order;
	return block;
}

struct frame *frame_alloc(enum frame_state state, unsigned order)
{
	assert(state != FRAME_FREE && order <= FRAME_MAX_ORDER);
	return order ? alloc_block(state, order) : alloc_one(state, false);
}

struct frame *frame_alloc_zeroed(enum frame_state state)
{
	return alloc_one(state, true);
}

static void check_free(const struct frame *frame)
{
	if (UNLIKELY(frame->state == FRAME_FREE))
		panic("frame %#llx freed twice", (unsigned long long)frame_pfn(frame));
	assert(frame->order <= FRAME_MAX_ORDER && frame->count <= 1 && frame->pins == 0 &&
	       frame->state != FRAME_WIRED);
}

static ALWAYS_INLINE void free_one(struct frame *frame, bool zeroed)
{
	struct frame_cache *cache = my_cache();

	cache->by_state[frame->state]--;
	cache->by_state[FRAME_FREE]++;
	frame->state = FRAME_FREE;
	frame->order = FRAME_ORDER_TAIL;
	frame->count = 0;
	if (UNLIKELY(poisoning)) {
		poison_freed(frame, 0);
		zeroed = false;
	}
	cache_lock(cache);
	struct frame **list = zeroed ? &cache->zeroed : &cache->dirty;
	frame->next = *list;
	*list = frame;
	if (UNLIKELY(++cache->count > CACHE_MAX))
		cache_drain_locked(cache, CACHE_MAX - CACHE_BATCH);
	cache_unlock(cache);
}

static void free_block(struct frame *block)
{
	unsigned order = block->order;
	struct frame_cache *cache = my_cache();

	cache->by_state[block->state] -= 1ll << order;
	cache->by_state[FRAME_FREE] += 1ll << order;
	for (struct frame *part = block; part < block + (1ull << order); part++) {
		part->state = FRAME_FREE;
		part->order = FRAME_ORDER_TAIL;
		part->count = 0;
	}
	if (UNLIKELY(poisoning))
		poison_freed(block, order);
	buddy_give(block, order);
}

void frame_free(struct frame *frame)
{
	check_free(frame);
	if (frame->order)
		free_block(frame);
	else
		free_one(frame, false);
}

void frame_free_zeroed(struct frame *frame)
{
	check_free(frame);
	assert(frame->order == 0);
	if (UNLIKELY(poisoning))
		for (size_t i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++)
			assert(((const uint64_t *)frame_data(frame))[i] == 0);
	free_one(frame, true);
}

void frame_split(struct frame *block)
{
	assert(block->order <= FRAME_MAX_ORDER && block->count == 1 && block->pins == 0);
	for (struct frame *part = block + (1ull << block->order) - 1; part > block; part--) {
		part->order = 0;
		part->count = 1;
	}
	block->order = 0;
}

void frame_get_many(struct frame *frame, uint32_t names)
{
	uint32_t before = __atomic_fetch_add(&frame->count, names, __ATOMIC_RELAXED);

	if (UNLIKELY(before == 0 || before > UINT32_MAX - names || frame->state == FRAME_FREE))
		panic("frame %#llx: reference taken at count %u, state %s",
		      (unsigned long long)frame_pfn(frame), before,
		      frame_state_names[frame->state]);
}

void frame_get(struct frame *frame)
{
	frame_get_many(frame, 1);
}

bool frame_put(struct frame *frame)
{
	/* Looked at first: afterwards somebody else may drop the last one, and free it. */
	uint8_t state = frame->state;
	uint32_t before = __atomic_fetch_sub(&frame->count, 1, __ATOMIC_ACQ_REL);

	if (UNLIKELY(before == 0 || state == FRAME_FREE))
		panic("frame %#llx: reference dropped at count %u, state %s",
		      (unsigned long long)frame_pfn(frame), before, frame_state_names[state]);
	return before == 1;
}

void frame_counts(struct frame_counts *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		for (unsigned state = 0; state < FRAME_STATES; state++)
			out->by_state[state] += (uint64_t)caches[cpu].by_state[state];
}

void frame_free_blocks(uint64_t blocks[FRAME_MAX_ORDER + 1])
{
	buddy_count(blocks);
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		blocks[0] += __atomic_load_n(&caches[cpu].count, __ATOMIC_RELAXED);
}

struct frame *frame_zero(void)
{
	return zero_page;
}

/* ---- boot ---- */

void frame_database_init(const struct frame_span *spans, unsigned count)
{
	memset(caches, 0, sizeof(caches));
	for (unsigned i = 0; i < count; i++) {
		assert(spans[i].start < spans[i].end &&
		       (i == 0 || spans[i - 1].end <= spans[i].start));
		for (pfn_t pfn = spans[i].start; pfn < spans[i].end; pfn++) {
			struct frame *frame = &FRAME_DATABASE[pfn];
			memset(frame, 0, sizeof(*frame));
			frame->state = FRAME_WIRED;
			frame->count = 1;
		}
		my_cache()->by_state[FRAME_WIRED] += (int64_t)(spans[i].end - spans[i].start);
	}
	buddy_init(spans, count);
}

void frame_add_free(pfn_t start, pfn_t end)
{
	assert(start <= end);
	for (pfn_t pfn = start; pfn < end; pfn++) {
		struct frame *frame = frame_of(pfn << PAGE_SHIFT);
		assert(frame->state == FRAME_WIRED && frame->count == 1);
		frame->state = FRAME_FREE;
		frame->order = FRAME_ORDER_TAIL;
		frame->count = 0;
	}
	my_cache()->by_state[FRAME_WIRED] -= (int64_t)(end - start);
	my_cache()->by_state[FRAME_FREE] += (int64_t)(end - start);
	while (start < end) {
		unsigned order = 0;
		while (order < FRAME_MAX_ORDER && !(start & ((2ull << order) - 1)) &&
		       start + (2ull << order) <= end)
			order++;
		buddy_give(&FRAME_DATABASE[start], order);
		start += 1ull << order;
	}
}

void frame_retag(pfn_t pfn, enum frame_state state)
{
	struct frame *frame = frame_of(pfn << PAGE_SHIFT);

	assert(frame->state == FRAME_WIRED);
	frame->state = (uint8_t)state;
	my_cache()->by_state[FRAME_WIRED]--;
	my_cache()->by_state[state]++;
}

void frame_set_reserve(uint64_t frames)
{
	buddy_set_reserve(frames);
	drain_all();
}

void frame_set_poison(bool on)
{
	poisoning = on;
}

bool frame_poisoning(void)
{
	return poisoning;
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
