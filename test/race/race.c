/*
 * race.c: several processors, each a thread of the host, fault in one space at the same time, while
 * each now and then changes it: fork, exit, munmap, mprotect, madvise, truncation. Built with
 * ThreadSanitizer, which knows of two accesses that nothing puts in order even where they did no
 * harm this time. See docs/testing.md.
 *
 *     build/test/race [--cpus N] [--rounds N] [--seed N]
 *
 * In each page each CPU has a word of its own, in which it counts up. So without any lock:
 *
 *     its own word         is what it wrote last; or 0 where pages may be dropped
 *     another CPU's        is at least what that has announced before: else this one uses a
 *                          translation of a page that the other has exchanged
 *     a child of fork      has what the parent had, whatever the parent does from then on
 *
 * At the end all counts are taken again, and every frame is accounted for.
 */
#include <arch/cpu.h>
#include <linux/mman.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "debug/assert.h"
#include "host.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "sync/cpu.h"
#include "vm/check.h"
#include "vm/object.h"
#include "vm/region.h"

#define CPUS_MAX 8u
#define FRAMES   12000u
#define AREAS    6u
#define PAGES    1024u /* of the largest area */
#define SLOTS    (1u << 16)
#define KEPT     2u /* children that a CPU keeps alive */

/* Kinds of memory, at addresses that share no table. */
static const struct area {
	vaddr_t start;
	unsigned pages;
	bool volatile_pages; /* they may be dropped */
	bool of_object;
	unsigned region_flags;
} areas[AREAS] = {
	{0x40000000ull, 1024, false, false, 0},
	{0x8000000000ull, 16, false, false, 0},
	{0x10000000000ull, 1024, false, false, REGION_HUGE},
	{0x18000000000ull, 64, true, false, 0},
	{0x20000000000ull, 64, true, true, REGION_SHARED},
	{0x28000000000ull, 64, true, true, 0},
};

/* The areas of the object, in it: the shared one first. */
#define OBJECT_PAGES 128u

struct child {
	struct vm_space *space; /* NULL: none */
	uint64_t own[AREAS][PAGES];
};

struct worker {
	struct cpu cpu;
	pthread_t thread;
	unsigned number;
	uint64_t random;
	uint64_t count;              /* that it wrote last */
	uint64_t own[AREAS][PAGES];  /* its words */
	uint64_t told[AREAS][PAGES]; /* atomic: what others may rely on */
	struct child children[KEPT];
};

static const struct vm_object_ops zeros = {NULL, NULL};

static struct worker workers[CPUS_MAX]; /* each its thread's, but for `told` */
static struct vm_space *space;          /* set before the threads are */
static struct vm_object *object;        /* the same */
static unsigned cpus_wanted = 4, rounds = 20000;
static unsigned running; /* atomic */
/* Truncation wants one caller at a time: inode->mutex, on the machine. */
static uint32_t resizing; /* atomic */

static uint64_t next_random(struct worker *me, uint64_t below)
{
	me->random ^= me->random << 13;
	me->random ^= me->random >> 7;
	me->random ^= me->random << 17;
	return (me->random >> 11) % below;
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
		.offset = area->region_flags & REGION_SHARED ? 0 : areas[4].pages * PAGE_SIZE,
	};
	int error = vm_map(space, &request, &address);

	assert(!error);
}

/* Is the access refused because of what another CPU does to the area? */
static bool refused(unsigned area, enum host_result result)
{
	if (result == HOST_OK)
		return false;
	/* Memory is enough; all areas are made read-only at times, some are gone. */
	assert(result == HOST_FAULT_ACCESS || areas[area].volatile_pages);
	assert(result != HOST_NO_MEMORY);
	return true;
}

static void store(struct worker *me, unsigned area, unsigned page)
{
	uint64_t value = ++me->count;

	if (refused(area, host_store(space, address_of(area, page, me->number), value)))
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

	if (refused(area, host_load(space, va, &value)))
		return;
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

	if (refused(area, host_load(space, va, &value)))
		return;
	if (value < told && !areas[area].volatile_pages)
		wrong(me, "a stale word", va, value, told);
}

/* ---- children ---- */

/* The child has this CPU's words as they were, and is written to. */
static void look_into(struct worker *me, struct child *child)
{
	for (unsigned i = 0; i < 32; i++) {
		unsigned area = (unsigned)next_random(me, 3);
		unsigned page = (unsigned)next_random(me, areas[area].pages);
		vaddr_t va = address_of(area, page, me->number);
		uint64_t value;
		enum host_result result = host_load(child->space, va, &value);
		if (result == HOST_FAULT_ACCESS)
			continue; /* the area was so when the child was made */
		assert(result == HOST_OK);
		if (value != child->own[area][page])
			wrong(me, "a child's word", va, value, child->own[area][page]);
		value += 1000000000;
		if (host_store(child->space, va, value) == HOST_OK)
			child->own[area][page] = value;
	}
}

static void end_child(struct worker *me, struct child *child)
{
	look_into(me, child);
	vm_check(child->space);
	vm_space_activate(space);
	vm_space_destroy(child->space);
	child->space = NULL;
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
	vaddr_t at = areas[area].start + next_random(me, areas[area].pages) * PAGE_SIZE;
	rw_lock_exclusive(&space->lock);
	bool mapped = region_range_is_mapped(space, at, at + PAGE_SIZE);
	rw_unlock_exclusive(&space->lock);
	int error = vm_advise(space, at, at + PAGE_SIZE, MADV_DONTNEED);

	(void)mapped;
	(void)error; /* the page may have been unmapped in between */
}

static void remap(unsigned area)
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
	unsigned any = (unsigned)next_random(me, AREAS), dropped = 3 + any % 3;

	switch (next_random(me, 6)) {
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
		remap(dropped);
		break;
	case 5:
		resize(me);
		break;
	}
}

/* ---- a CPU ---- */

static void work(struct worker *me)
{
	for (unsigned round = 0; round < rounds; round++) {
		unsigned area = (unsigned)next_random(me, AREAS);
		unsigned page = (unsigned)next_random(me, areas[area].pages);
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
		if (!next_random(me, 128))
			change(me);
		host_take_interrupts();
	}
	for (unsigned i = 0; i < KEPT; i++)
		if (me->children[i].space)
			end_child(me, &me->children[i]);
	vm_space_activate(NULL);
}

/* Others may call until all are through. */
static void *run(void *argument)
{
	struct worker *me = argument;

	if (me->number)
		cpu_set_local(&me->cpu);
	cpu_set_online();
	work(me);
	__atomic_fetch_sub(&running, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
		cpu_relax();
	return NULL;
}

/* The address stands for the thread that the kernel would know. */
static void add_cpu(struct worker *worker, struct cpu *cpu)
{
	cpu->thread = (struct thread *)worker;
	cpu->arch.interrupts = true;
	bool added = !worker->number || cpu_add(cpu);
	assert(added);
}

static void start(uint64_t seed)
{
	int error = vm_space_create(&space);

	if (!error)
		error = vm_object_create(&zeros, NULL, OBJECT_PAGES * PAGE_SIZE, &object);
	assert(!error);
	for (unsigned i = 0; i < AREAS; i++)
		map_area(i);
	running = cpus_wanted;
	for (unsigned i = 0; i < cpus_wanted; i++) {
		workers[i].number = i;
		workers[i].random = (seed + 1) * 0x9e3779b97f4a7c15ull + i * 0x2545f4914f6cdd1dull;
		add_cpu(&workers[i], i ? &workers[i].cpu : &boot_cpu);
	}
}

/* Every frame is named as often as it says, and by something that is there. */
static void finish(const struct frame_counts *before)
{
	struct vm_name *scratch = calloc(SLOTS, sizeof(*scratch));
	struct vm_census census;
	struct frame_counts after;

	assert(scratch);
	vm_check_all(&space, 1, &object, 1, scratch, SLOTS, &census);
	frame_counts(&after);
	assert(census.by_state[FRAME_ANON] == after.by_state[FRAME_ANON]);
	assert(census.by_state[FRAME_CACHE] == after.by_state[FRAME_CACHE]);
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		printf("%-12s %llu\n", vm_fault_kind_names[i],
		       (unsigned long long)space->faults[i]);
	vm_space_destroy(space);
	vm_object_put(object);
	frame_counts(&after);
	for (unsigned i = 0; i < FRAME_STATES; i++)
		if (after.by_state[i] != before->by_state[i])
			panic("%s frames: %llu before, %llu after", frame_state_names[i],
			      (unsigned long long)before->by_state[i],
			      (unsigned long long)after.by_state[i]);
	free(scratch);
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	struct frame_counts before;

	for (int i = 1; i + 1 < argc; i += 2) {
		unsigned long value = strtoul(argv[i + 1], NULL, 0);
		if (!strcmp(argv[i], "--cpus"))
			cpus_wanted = (unsigned)MIN(value, CPUS_MAX);
		else if (!strcmp(argv[i], "--rounds"))
			rounds = (unsigned)value;
		else if (!strcmp(argv[i], "--seed"))
			seed = value;
	}
	host_memory_init(FRAMES);
	frame_counts(&before);
	start(seed);
	for (unsigned i = 1; i < cpus_wanted; i++)
		if (pthread_create(&workers[i].thread, NULL, run, &workers[i]))
			return 1;
	run(&workers[0]);
	for (unsigned i = 1; i < cpus_wanted; i++)
		pthread_join(workers[i].thread, NULL);
	finish(&before);
	printf("race: seed %llu: %u CPUs, %u rounds each\n", (unsigned long long)seed, cpus_wanted,
	       rounds);
	return 0;
}
