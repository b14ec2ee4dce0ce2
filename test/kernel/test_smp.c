/* test_smp.c: calls between CPUs. With one CPU they hold, too. */
#include <arch/smp.h>
#include <arch/time.h>

#include "debug/ktest.h"
#include "mm/kmap.h"
#include "sync/cpu.h"
#include "sync/cross_call.h"

#define ROUNDS 1000u

static uint32_t calls[CPU_MAX]; /* by the CPU that served it */

static void count_call(void *argument)
{
	calls[cpu_local()->id] += *(const uint32_t *)argument;
}

static uint64_t others(void)
{
	return cpus_online() & ~(1ull << cpu_local()->id);
}

KTEST(smp_a_call_reaches_each_other_cpu_once)
{
	uint32_t weight = 3, before[CPU_MAX];

	for (unsigned i = 0; i < CPU_MAX; i++)
		before[i] = calls[i];
	cross_call(UINT64_MAX, count_call, &weight);
	for (unsigned i = 0; i < CPU_MAX; i++)
		EXPECT_EQ(calls[i] - before[i], others() & 1ull << i ? weight : 0);
}

KTEST(smp_a_call_reaches_whom_it_is_for)
{
	uint32_t one = 1, before[CPU_MAX];

	for (unsigned target = 0; target < cpu_count(); target++) {
		for (unsigned i = 0; i < CPU_MAX; i++)
			before[i] = calls[i];
		cross_call(1ull << target, count_call, &one);
		for (unsigned i = 0; i < CPU_MAX; i++)
			EXPECT_EQ(calls[i] - before[i], i == target && others() & 1ull << i);
	}
}

KTEST(smp_many_calls_are_all_served)
{
	uint32_t one = 1, before[CPU_MAX];

	for (unsigned i = 0; i < CPU_MAX; i++)
		before[i] = calls[i];
	for (unsigned round = 0; round < ROUNDS; round++)
		cross_call(UINT64_MAX, count_call, &one);
	for (unsigned i = 0; i < CPU_MAX; i++)
		EXPECT_EQ(calls[i] - before[i], others() & 1ull << i ? ROUNDS : 0);
}

/* Its own number and local data; the clock there is this one. */
static void look_around(void *argument)
{
	uint64_t *times = argument;
	const struct cpu *cpu = cpu_local();

	if (cpus[cpu->id] == cpu && cpu->arch.self == cpu && cpu->thread == cpu->idle)
		times[cpu->id] = time_now();
}

KTEST(smp_each_cpu_knows_itself_and_the_time)
{
	static uint64_t times[CPU_MAX];

	for (uint64_t left = others(); left; left &= left - 1) {
		unsigned id = (unsigned)__builtin_ctzll(left);
		uint64_t before = time_now();
		times[id] = 0;
		cross_call(1ull << id, look_around, times);
		uint64_t after = time_now();
		EXPECT(before <= times[id] && times[id] <= after);
	}
}

/* A stack's address is used again only once all CPUs have flushed, so that must be seldom: here at
 * most once. */
KTEST(smp_many_stacks_come_and_go_before_all_flush)
{
	vaddr_t last = 0, top;
	unsigned flushes = 0;

	for (unsigned i = 0; others() && i < 800; i++) {
		EXPECT_EQ(kmap_stack_alloc(&top), 0);
		kmap_stack_free(top);
		flushes += top <= last; /* they begin at the lowest again */
		last = top;
	}
	EXPECT(flushes <= 1);
}
