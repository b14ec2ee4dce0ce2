/*
 * balance.c: which CPU a thread runs on. See sched_internal.h for who may move a thread.
 *
 * Virtual time (run_queue.h) is one for all CPUs. A CPU takes from another's queue when its own is
 * empty, or when somebody there has fallen behind by more than a slice: three busy threads on two
 * CPUs take turns.
 *
 * Lock letters: (c) changed atomically.
 */
#include <arch/smp.h>

#include "proc/sched.h"
#include "proc/sched_internal.h"
#include "proc/thread.h"

static uint64_t idle_cpus; /* (c) */
/* (c) The least of the busy CPUs' floors, as it was noted last: never goes back. */
static uint64_t common_floor;

/* How far before or behind others one may be who comes from another CPU. Where threads are bound to
 * CPUs, or a nice one has a CPU to itself, virtual times go apart; nobody shall wait long for that,
 * nor have a CPU to himself. */
#define FAR_NS (20 * SCHED_SLICE_NS)

static uint64_t bit(unsigned cpu)
{
	return 1ull << cpu;
}

static uint64_t others(void)
{
	return cpus_online() & ~bit(cpu_local()->id);
}

/* ---- who idles ---- */

void sched_set_idle(void)
{
	/* Whoever queues a thread from now on sees it, or this CPU sees the thread. */
	__atomic_fetch_or(&idle_cpus, bit(cpu_local()->id), __ATOMIC_SEQ_CST);
}

void sched_set_busy(void)
{
	__atomic_fetch_and(&idle_cpus, ~bit(cpu_local()->id), __ATOMIC_RELAXED);
}

uint64_t sched_idle_cpus(void)
{
	return __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED);
}

void sched_call_to_work(unsigned cpu)
{
	/* An idle one is on its way from here on, and is not offered more. */
	if (sched_idle_cpus() & bit(cpu))
		__atomic_fetch_and(&idle_cpus, ~bit(cpu), __ATOMIC_RELAXED);
	smp_interrupt(cpus[cpu]);
}

/* ---- the best CPU ---- */

/* A running thread that starts or wakes another often waits for it next: to have that one wait for
 * a moment costs less than to call another CPU. Not where somebody waits here already. */
static bool stays_with_waker(const struct thread *thread)
{
	const struct cpu *here = cpu_local();

	return !here->in_interrupt && !here->thread->is_idle &&
	       !run_queue_count(&sched_mine()->queue) && (thread->affinity & bit(here->id));
}

/* With who wakes it. Else where it ran last, if that idles: its data may be in the caches. Else any
 * that idles. Else where it ran last, or where it may. */
unsigned sched_best_cpu(const struct thread *thread)
{
	if (stays_with_waker(thread))
		return cpu_local()->id;

	uint64_t allowed = thread->affinity & cpus_online(), idle = sched_idle_cpus();

	if (!allowed)
		allowed = cpus_online();
	uint64_t last = allowed & bit(thread->cpu);
	if (last & idle)
		return thread->cpu;
	if (allowed & idle)
		return (unsigned)__builtin_ctzll(allowed & idle);
	return last ? thread->cpu : (unsigned)__builtin_ctzll(allowed);
}

void sched_note_floor(void)
{
	uint64_t least = UINT64_MAX, busy = cpus_online() & ~sched_idle_cpus();
	uint64_t noted = __atomic_load_n(&common_floor, __ATOMIC_RELAXED);

	for (; busy; busy &= busy - 1)
		least = MIN(least, run_queue_floor(&sched_cpus[__builtin_ctzll(busy)].queue));
	while (least != UINT64_MAX && least > noted &&
	       !__atomic_compare_exchange_n(&common_floor, &noted, least, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

void sched_insert_locked(struct thread *thread, unsigned cpu, uint64_t behind)
{
	struct run_queue *queue = &sched_cpus[cpu].queue;
	uint64_t common = __atomic_load_n(&common_floor, __ATOMIC_RELAXED);
	uint64_t floor = MAX(common, queue->floor);

	if (thread->cpu != cpu)
		thread->virtual_time = MIN(thread->virtual_time, floor + FAR_NS);
	if (floor > behind)
		thread->virtual_time = MAX(thread->virtual_time, floor - behind);
	__atomic_store_n(&thread->cpu, (uint16_t)cpu, __ATOMIC_RELAXED);
	sched_set_state(thread, THREAD_RUNNABLE);
	run_queue_insert_locked(queue, thread);
}

/* ---- who waits though others could run him ---- */

bool sched_waits_elsewhere(void)
{
	for (uint64_t left = others(); left; left &= left - 1)
		if (run_queue_count(&sched_cpus[__builtin_ctzll(left)].queue))
			return true;
	return false;
}

void sched_offer_locked(const struct sched_cpu *here)
{
	uint64_t idle = sched_idle_cpus() & others();

	if (!here->queue.count || !idle)
		return;
	const struct thread *thread = run_queue_find_locked(&here->queue, idle, UINT64_MAX);
	if (thread)
		sched_call_to_work((unsigned)__builtin_ctzll(thread->affinity & idle));
}

void sched_nudge_others(uint64_t now)
{
	uint64_t busy = others() & ~sched_idle_cpus();

	for (; busy; busy &= busy - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(busy);
		uint64_t end = __atomic_load_n(&sched_cpus[cpu].slice_end, __ATOMIC_RELAXED);
		if (end + SCHED_SLICE_NS <= now)
			smp_interrupt(cpus[cpu]);
	}
}

/* The CPU with the thread that is furthest behind `limit` and may come here; CPU_MAX: none. */
static unsigned furthest_behind(uint64_t limit)
{
	unsigned best = CPU_MAX;

	for (uint64_t left = others(); left; left &= left - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(left);
		struct sched_cpu *there = &sched_cpus[cpu];
		if (!run_queue_count(&there->queue))
			continue;
		spin_lock(&there->lock);
		const struct thread *thread =
			run_queue_find_locked(&there->queue, bit(cpu_local()->id), limit);
		if (thread) {
			best = cpu;
			limit = thread->virtual_time;
		}
		spin_unlock(&there->lock);
	}
	return best;
}

bool sched_pull(uint64_t limit)
{
	unsigned cpu = furthest_behind(limit);

	if (cpu == CPU_MAX)
		return false;
	struct sched_cpu *here = sched_mine(), *there = &sched_cpus[cpu];
	spin_lock(&there->lock);
	struct thread *thread = run_queue_find_locked(&there->queue, bit(cpu_local()->id), limit);
	if (thread) {
		run_queue_remove_locked(&there->queue, thread);
		sched_set_state(thread, THREAD_MOVING);
	}
	spin_unlock(&there->lock);
	if (!thread)
		return false; /* somebody else has taken it */
	sched_note_floor();
	spin_lock(&here->lock);
	sched_insert_locked(thread, cpu_local()->id, FAR_NS);
	spin_unlock(&here->lock);
	return true;
}
