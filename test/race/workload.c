/* workload.c: see workload.h. */
#include "workload.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <linux/mman.h>

#include "debug/assert.h"
#include "debug/panic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame_init.h"
#include "vm/check.h"
#include "vm/object.h"

#define AREAS     6u
#define PAGES     512u       /* of the largest area */
#define SLOTS     (1u << 14) /* for more frames than there can be */
#define LOOKS     32u        /* at a child, each time */
#define HOT_AREA  1u
#define HOT_PAGES 4u
#define STEPS     8u /* between two pauses */
#define KEPT      2u /* children that a CPU keeps alive */

/* What a child writes is far from what the parent does. */
#define CHILD_WORDS 1000000000ull

/* Kinds of memory, at addresses that share no table. */
static const struct area {
	vaddr_t start;
	unsigned pages;
	bool volatile_pages; /* they may be dropped */
	bool of_object;
	unsigned region_flags;
} areas[AREAS] = {
	{0x40000000ull, 512, false, false, 0},
	{0x8000000000ull, 1, false, false, 0},
	{0x10000000000ull, 512, false, false, REGION_HUGE},
	{0x18000000000ull, 64, true, false, 0},
	{0x20000000000ull, 64, true, true, REGION_SHARED},
	{0x28000000000ull, 64, true, true, 0},
};

#define FIRST_VOLATILE 3u

/* The areas of the object, in it: the shared one first. */
#define OBJECT_PAGES 128u

struct child {
	struct vm_space *space; /* NULL: none */
	uint64_t own[AREAS][PAGES];
};

struct worker {
	unsigned number;
	uint64_t random;
	uint64_t count;              /* that it wrote last */
	uint64_t own[AREAS][PAGES];  /* its words */
	uint64_t told[AREAS][PAGES]; /* atomic: what others may rely on */
	struct child children[KEPT];
};

static const struct vm_object_ops zeros = {NULL, NULL};

static struct worker workers[RACE_CPUS_MAX]; /* each its thread's, but for `told` */
static struct vm_space *space;               /* set before the threads are */
static struct vm_object *object;             /* the same */
static unsigned cpus_wanted, rounds;         /* the same */
/* Truncation wants one caller at a time: inode->mutex, on the machine. */
static uint32_t resizing; /* atomic */

static uint64_t next_random(struct worker *me, uint64_t below)
{
	me->random ^= me->random << 13;
	me->random ^= me->random >> 7;
	me->random ^= me->random << 17;
	return (me->random >> 11) % below;
}

/* Mostly the same ones, so that several CPUs are often at one page. */
static unsigned any_area(struct worker *me)
{
	return next_random(me, 2) ? HOT_AREA : (unsigned)next_random(me, AREAS);
}

static unsigned any_page(struct worker *me, unsigned area)
{
	uint64_t among = next_random(me, 4) ? HOT_PAGES : areas[area].pages;

	return (unsigned)next_random(me, MIN(among, areas[area].pages));
}

/* ---- memory ---- */

static vaddr_t address_of(unsigned area, unsigned page, unsigned worker)
{
	return areas[area].start + page * PAGE_SIZE + (worker + 1) * sizeof(uint64_t);
}

static void map_area(unsigned number)
{
	const struct area *area = &areas[number];
	vaddr_t address;
	struct vm_map_request request = {
		.address = area->start,
		.bytes = area->pages * PAGE_SIZE,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
		.region_flags = area->region_flags,
		.object = area->of_object ? object : NULL,
		.offset = area->region_flags & REGION_SHARED ? 0 : OBJECT_PAGES / 2 * PAGE_SIZE,
	};
	int error = vm_map(space, &request, &address);

	assert(!error);
}

static void store(struct worker *me, unsigned area, unsigned page)
{
	uint64_t value = ++me->count;

	/* All areas are made read-only at times, and some are gone. */
	if (!race_store(address_of(area, page, me->number), value))
		return;
	me->own[area][page] = value;
	__atomic_store_n(&me->told[area][page], value, __ATOMIC_RELEASE);
}

static void wrong(const struct worker *me, const char *what, vaddr_t va, uint64_t is,
		  uint64_t expected)
{
	panic("CPU %u: %s at %#llx: %llu instead of %llu", me->number, what, (unsigned long long)va,
	      (unsigned long long)is, (unsigned long long)expected);
}

static void load_own(struct worker *me, unsigned area, unsigned page)
{
	vaddr_t va = address_of(area, page, me->number);
	uint64_t value, expected = me->own[area][page];

	if (!race_load(va, &value)) {
		assert(areas[area].volatile_pages);
		return;
	}
	if (!value && areas[area].volatile_pages)
		me->own[area][page] = 0;
	else if (value != expected)
		wrong(me, "its own word", va, value, expected);
}

static void load_others(struct worker *me, unsigned area, unsigned page)
{
	const struct worker *other = &workers[next_random(me, cpus_wanted)];
	vaddr_t va = address_of(area, page, other->number);
	uint64_t value, told = __atomic_load_n(&other->told[area][page], __ATOMIC_ACQUIRE);

	if (!race_load(va, &value)) {
		assert(areas[area].volatile_pages);
		return;
	}
	if (value < told && !areas[area].volatile_pages)
		wrong(me, "a stale word", va, value, told);
}

/* ---- children ---- */

/* The child has this CPU's words as they were, and is written to. */
static void look_into(struct worker *me, struct child *child)
{
	race_enter(child->space);
	for (unsigned i = 0; i < LOOKS; i++) {
		unsigned area = (unsigned)next_random(me, FIRST_VOLATILE);
		unsigned page = any_page(me, area);
		vaddr_t va = address_of(area, page, me->number);
		uint64_t value;
		bool there = race_load(va, &value);
		assert(there);
		if (value != child->own[area][page])
			wrong(me, "a child's word", va, value, child->own[area][page]);
		value += CHILD_WORDS;
		if (race_store(va, value)) /* the area may be read-only since before the fork */
			child->own[area][page] = value;
	}
	race_enter(space);
}

static void end_child(struct worker *me, struct child *child)
{
	look_into(me, child);
	vm_check(child->space);
	vm_space_destroy(child->space);
	child->space = NULL;
}

static void end_children(struct worker *me)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (me->children[i].space)
			end_child(me, &me->children[i]);
}

static void fork_child(struct worker *me)
{
	struct child *child = &me->children[next_random(me, KEPT)];

	if (child->space)
		end_child(me, child);
	int error = vm_fork(space, &child->space);
	assert(!error);
	memcpy(child->own, me->own, sizeof(child->own));
	look_into(me, child);
}

/* ---- changes ---- */

static void protect(struct worker *me, unsigned area)
{
	vaddr_t start = areas[area].start;
	uint64_t bytes = areas[area].pages * PAGE_SIZE;

	/* -ENOMEM: another CPU has just taken a part away. */
	int error = vm_protect(space, start, bytes, VM_READ);
	assert(!error || areas[area].volatile_pages);
	error = vm_protect(space, start, bytes, VM_READ | VM_WRITE);
	assert(!error || areas[area].volatile_pages);
}

static void advise(struct worker *me, unsigned area)
{
	vaddr_t at = areas[area].start + any_page(me, area) * PAGE_SIZE;
	int error = vm_advise(space, at, at + PAGE_SIZE, MADV_DONTNEED);

	assert(!error || error == -ENOMEM); /* another CPU has just unmapped it */
}

static void map_again(unsigned area)
{
	int error = vm_unmap(space, areas[area].start, areas[area].pages * PAGE_SIZE);

	assert(!error);
	map_area(area);
}

static void resize(struct worker *me)
{
	if (__atomic_exchange_n(&resizing, 1, __ATOMIC_ACQUIRE))
		return;
	vm_object_resize(object, next_random(me, OBJECT_PAGES) * PAGE_SIZE);
	vm_object_resize(object, OBJECT_PAGES * PAGE_SIZE);
	__atomic_store_n(&resizing, 0, __ATOMIC_RELEASE);
}

static void change(struct worker *me)
{
	unsigned any = (unsigned)next_random(me, AREAS), dropped = FIRST_VOLATILE + any % 3;

	switch (next_random(me, 7)) {
	case 0:
	case 1:
		fork_child(me);
		break;
	case 2:
		protect(me, any);
		break;
	case 3:
		advise(me, dropped);
		break;
	case 4:
		map_again(dropped);
		break;
	case 5:
		resize(me);
		break;
	case 6:
		frame_set_reserve(0); /* takes what every CPU keeps, as where memory is short */
		break;
	}
}

/* ---- a CPU ---- */

static void step(struct worker *me)
{
	unsigned area = any_area(me);
	unsigned page = any_page(me, area);

	switch (next_random(me, 8)) {
	case 0:
	case 1:
	case 2:
		store(me, area, page);
		break;
	case 3:
	case 4:
		load_own(me, area, page);
		break;
	default:
		load_others(me, area, page);
	}
	if (!next_random(me, 64))
		change(me);
}

void race_work(unsigned number)
{
	struct worker *me = &workers[number];

	race_enter(space);
	for (unsigned round = 0; round < rounds; round++) {
		step(me);
		if (round % STEPS == 0)
			race_pause();
	}
	end_children(me);
	race_enter(NULL);
}

void race_begin(unsigned cpus, unsigned rounds_each, uint64_t seed)
{
	int error = vm_space_create(&space);

	assert(!error && cpus && cpus <= RACE_CPUS_MAX);
	error = vm_object_create(&zeros, NULL, OBJECT_PAGES * PAGE_SIZE, &object);
	assert(!error);
	cpus_wanted = cpus;
	rounds = rounds_each;
	memset(workers, 0, sizeof(workers));
	for (unsigned i = 0; i < AREAS; i++)
		map_area(i);
	for (unsigned i = 0; i < cpus; i++) {
		workers[i].number = i;
		workers[i].random = (seed + 1) * 0x9e3779b97f4a7c15ull + i * 0x2545f4914f6cdd1dull;
	}
}

void race_end(void (*print)(const char *kind, uint64_t count))
{
	static struct vm_name scratch[SLOTS]; /* one caller at a time */
	struct vm_census census;
	struct frame_counts counts;

	vm_check_all(&space, 1, &object, 1, scratch, SLOTS, &census);
	frame_counts(&counts);
	assert(census.by_state[FRAME_ANON] == counts.by_state[FRAME_ANON]);
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		print(vm_fault_kind_names[i], space->faults[i]);
	vm_space_destroy(space);
	vm_object_put(object);
}

/* ---- one page, step by step ---- */

#define EXCHANGES 300u
#define LOOKS_ON  300u /* of a CPU that serves nobody meanwhile */

static unsigned arrived; /* atomic: at any meeting since the start */

static void meet(void)
{
	unsigned ticket = __atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
	unsigned all = (ticket / RACE_EXCHANGE_CPUS + 1) * RACE_EXCHANGE_CPUS;

	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < all)
		cpu_relax();
}

/* This CPU uses the old page and lets nobody interrupt it, while the others write. */
static void look_on(struct worker *me)
{
	for (unsigned i = 0; i < LOOKS_ON; i++) {
		for (unsigned other = 1; other < RACE_EXCHANGE_CPUS; other++) {
			vaddr_t va = address_of(HOT_AREA, 0, other);
			uint64_t value, told = __atomic_load_n(&workers[other].told[HOT_AREA][0],
							       __ATOMIC_ACQUIRE);
			bool there = race_load(va, &value);
			assert(there);
			if (value < told)
				wrong(me, "a word of an exchanged page", va, value, told);
		}
		race_look_away();
	}
}

void race_exchange(unsigned number)
{
	struct worker *me = &workers[number];

	race_enter(space);
	for (unsigned i = 0; i < EXCHANGES; i++) {
		if (number == 1)
			fork_child(me);
		meet();
		if (number == 0)
			load_own(me, HOT_AREA, 0); /* from now on it has a translation */
		meet();
		bool were_on = irq_save();
		if (number == 0)
			look_on(me);
		irq_restore(were_on);
		if (number != 0)
			store(me, HOT_AREA, 0);
		meet();
	}
	end_children(me);
	race_enter(NULL);
}
