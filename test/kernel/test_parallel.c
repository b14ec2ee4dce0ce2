/*
 * test_parallel.c: one space used by threads on several processors: that nothing is lost when
 * everything happens at once (test/race/workload.h), and that faults are served side by side.
 */
#include <arch/irq.h>
#include <arch/time.h>

#include "debug/ktest.h"
#include "debug/log.h"
#include "mm/frame.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/cpu.h"
#include "../race/workload.h"
#include "vm/check.h"
#include "vm/user_copy.h"

/* A thread runs in the space of its process, also when it comes back from a sleep. */
static struct runner {
	struct process process;
	unsigned number;
	void (*work)(unsigned number);
	uint64_t started, ended; /* time_now() */
} runners[RACE_CPUS_MAX];        /* each its thread's, while that runs */

static unsigned waiting, running; /* atomic */

static void run(void *argument)
{
	struct runner *runner = argument;

	__atomic_fetch_sub(&waiting, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE))
		cpu_relax();
	runner->started = time_now();
	runner->work(runner->number);
	runner->ended = time_now();
	__atomic_fetch_sub(&running, 1, __ATOMIC_ACQ_REL);
}

/* work(n) on CPU n for each n < count, all at once. Returns the nanoseconds from the first one's
 * start to the last one's end; 0: no memory. */
static uint64_t run_on(unsigned count, void (*work)(unsigned number))
{
	struct thread *threads[RACE_CPUS_MAX];
	uint64_t start = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < count; i++) {
		runners[i] = (struct runner){.process.name = "test", .number = i, .work = work};
		if (!EXPECT_EQ(thread_create(&runners[i].process, run, &runners[i], &threads[i]),
			       0))
			return 0;
		sched_set_affinity(threads[i], 1ull << i);
	}
	waiting = running = count;
	for (unsigned i = 0; i < count; i++)
		sched_start_thread(threads[i]);
	irq_enable(); /* the tests run with interrupts off, and others call this CPU */
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
		thread_yield();
	sched_wait_for_dead();
	irq_disable();
	for (unsigned i = 0; i < count; i++) {
		start = MIN(start, runners[i].started);
		end = MAX(end, runners[i].ended);
	}
	return end - start;
}

static unsigned cpus_to_use(void)
{
	return MIN((unsigned)__builtin_popcountll(cpus_online()), RACE_CPUS_MAX);
}

/* ---- nothing is lost ---- */

void race_enter(struct vm_space *space)
{
	current_process()->space = space;
	vm_space_activate(space);
}

bool race_store(vaddr_t va, uint64_t value)
{
	return !copy_to_user(va, &value, sizeof(value));
}

bool race_load(vaddr_t va, uint64_t *value)
{
	return !copy_from_user(value, va, sizeof(*value));
}

void race_pause(void)
{
}

void race_look_away(void)
{
	cpu_relax();
}

static void print_kind(const char *kind, uint64_t count)
{
	if (count)
		log_info("# %-12s %llu", kind, (unsigned long long)count);
}

#define ROUNDS 4000u

static void run_race(unsigned count, void (*work)(unsigned number))
{
	struct frame_counts before, after;

	frame_counts(&before);
	race_begin(count, ROUNDS, time_now());
	EXPECT(run_on(count, work) > 0);
	race_end(print_kind);
	frame_counts(&after);
	for (unsigned i = 0; i < FRAME_STATES; i++)
		EXPECT_EQ(after.by_state[i], before.by_state[i]);
}

KTEST(parallel_nothing_is_lost)
{
	run_race(cpus_to_use(), race_work);
}

KTEST(parallel_a_page_is_exchanged_for_all_at_once)
{
	if (cpus_to_use() < RACE_EXCHANGE_CPUS)
		ktest_skip("too few CPUs");
	else
		run_race(RACE_EXCHANGE_CPUS, race_exchange);
}

/* ---- side by side ---- */

#define AREA_PAGES  256ull
#define AREA_START  0x10000000ull
#define AREA_STRIDE 0x40000000ull  /* so that two share no table of leaves */
#define TRIES_LEAST 30u            /* the first ones warm up */
#define TRIES_NS    20000000000ull /* the host is not that busy for so long */
/* In percent of what one CPU does. A lock around each fault gives 100 at best. The machine may be
 * one of an emulator that gets little of its host, so this is less than what docs/smp.md says. */
#define SPEED_UP    130u

static struct vm_space *space; /* the test's that runs */

static vaddr_t area_of(unsigned number)
{
	return AREA_START + number * AREA_STRIDE;
}

static void map_area(unsigned number)
{
	vaddr_t address;
	const struct vm_map_request request = {
		.address = area_of(number),
		.bytes = AREA_PAGES * PAGE_SIZE,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
	};

	EXPECT_EQ(vm_map(space, &request, &address), 0);
}

static void touch_area(unsigned number)
{
	unsigned refused = 0;

	race_enter(space);
	for (uint64_t page = 0; page < AREA_PAGES; page++)
		refused += !race_store(area_of(number) + page * PAGE_SIZE, page);
	race_enter(NULL);
	EXPECT_EQ(refused, 0);
}

/* Nanoseconds that `count` CPUs take to touch an area each. */
static uint64_t time_faults(unsigned count)
{
	if (!EXPECT_EQ(vm_space_create(&space), 0))
		return 1;
	for (unsigned i = 0; i < count; i++)
		map_area(i);
	uint64_t time = run_on(count, touch_area);
	vm_check(space);
	vm_space_destroy(space);
	return time;
}

/* The best of several tries counts: others may have had the processors meanwhile. */
static uint64_t speed_up(uint64_t enough)
{
	uint64_t one = UINT64_MAX, two = UINT64_MAX, percent = 0, end = time_now() + TRIES_NS;

	for (unsigned i = 0; i < TRIES_LEAST || (time_now() < end && percent < enough); i++) {
		one = MIN(one, time_faults(1));
		two = MIN(two, time_faults(2));
		percent = 200 * one / MAX(two, 1u);
	}
	log_info("# %u faults: %llu us on one CPU, twice as many %llu us on two: %llu %%",
		 (unsigned)AREA_PAGES, (unsigned long long)one / 1000,
		 (unsigned long long)two / 1000, (unsigned long long)percent);
	return percent;
}

KTEST(parallel_first_touches_in_one_space)
{
	if (cpus_to_use() < 2) {
		ktest_skip("one CPU");
		return;
	}
	EXPECT(speed_up(SPEED_UP) >= SPEED_UP);
}
