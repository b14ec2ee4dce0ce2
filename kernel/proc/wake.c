/*
 * wake.c: the scheduler's timer, who sleeps, and who is woken. Locks: see sched_internal.h.
 */
#include "proc/sched.h"

#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/time.h>

#include "debug/assert.h"
#include "proc/sched_internal.h"
#include "proc/thread.h"
#include "proc/timer.h"

/* Who has been woken waits so long for the one that has woken it before another CPU takes it. */
#define OFFER_NS 200000ull

/* Timers (sync/timer.h) are served by this CPU. */
#define TIMER_CPU 0u

struct sched_cpu *NO_LOCK_ANALYSIS sched_lock_home(const struct thread *thread)
{
	for (;;) {
		unsigned cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
		struct sched_cpu *home = &sched_cpus[cpu];
		spin_lock(&home->lock);
		if (thread->cpu == cpu && thread->state != THREAD_MOVING)
			return home;
		spin_unlock(&home->lock);
		cpu_relax();
	}
}

/* ---- the timer ---- */

/* One deadline for all. */
void sched_arm_timer_locked(void)
{
	const struct sched_cpu *here = sched_mine();
	uint64_t deadline = UINT64_MAX;

	if (here->queue.count || here->others_wait)
		deadline = here->slice_end;
	if (here->queue.count)
		deadline = MIN(deadline, here->offer_at);
	if (!list_is_empty(&here->sleepers)) {
		uint64_t first =
			container_of(here->sleepers.next, struct thread, sleep_link)->deadline;
		deadline = MIN(deadline, first);
	}
	if (cpu_local()->id == TIMER_CPU)
		deadline = MIN(deadline, timers_next());
	time_arm(deadline);
}

void sched_arm_timer(void)
{
	if (cpu_local()->id != TIMER_CPU) {
		smp_interrupt(cpus[TIMER_CPU]);
		return;
	}
	struct sched_cpu *here = sched_mine();
	spin_lock(&here->lock);
	sched_arm_timer_locked();
	spin_unlock(&here->lock);
}

/* Does somebody who waits for this CPU go before the one that runs? */
static bool is_overtaken_locked(uint64_t now)
{
	const struct sched_cpu *here = sched_mine();

	return run_queue_is_overtaken_locked(&here->queue, current_thread(), now - here->since);
}

/* Another CPU has put somebody into this one's queue, or waits too long, or set a timer. */
void sched_kick(void)
{
	struct sched_cpu *here = sched_mine();

	spin_lock(&here->lock);
	uint64_t now = time_now();
	bool is_over = now >= here->slice_end && (here->queue.count || sched_waits_elsewhere());
	if (is_over || is_overtaken_locked(now) ||
	    !(current_thread()->affinity & 1ull << cpu_local()->id))
		cpu_local()->need_resched = true;
	else
		sched_arm_timer_locked();
	spin_unlock(&here->lock);
}

/* ---- sleeping and waking ---- */

void sched_sleep_locked(struct thread *thread, uint64_t deadline)
{
	struct list_node *sleepers = &sched_mine()->sleepers, *at = sleepers->next;

	thread->deadline = deadline;
	while (at != sleepers && container_of(at, struct thread, sleep_link)->deadline <= deadline)
		at = at->next;
	list_insert_before(at, &thread->sleep_link);
}

/* The running thread has company now. */
static void note_company_locked(const struct thread *thread)
{
	struct sched_cpu *here = sched_mine();

	/* A CPU that idles from now on looks for itself: it sees the queue, or is seen. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	here->offer_at = UINT64_MAX;
	if (thread->affinity & sched_idle_cpus())
		here->offer_at = time_now() + OFFER_NS;
	sched_arm_timer_locked();
	if (is_overtaken_locked(time_now()))
		cpu_local()->need_resched = true;
}

/* A thread that is MOVING into the queue of `cpu`, which learns of it. Releases that CPU's lock. */
static void NO_LOCK_ANALYSIS enqueue_and_unlock(struct thread *thread, unsigned cpu)
{
	bool is_here = cpu == cpu_local()->id;

	sched_insert_locked(thread, cpu, SCHED_SLICE_NS);
	if (is_here)
		note_company_locked(thread);
	spin_unlock(&sched_cpus[cpu].lock);
	if (!is_here)
		sched_call_to_work(cpu);
}

void NO_LOCK_ANALYSIS sched_enqueue(struct thread *thread)
{
	unsigned cpu = sched_best_cpu(thread);

	spin_lock(&sched_cpus[cpu].lock);
	enqueue_and_unlock(thread, cpu);
}

/* `home` is locked, and is not any more. Interrupts are off before and after. */
static void NO_LOCK_ANALYSIS wake_and_unlock(struct sched_cpu *home, struct thread *thread)
{
	if (thread->state != THREAD_BLOCKED) {
		spin_unlock(&home->lock);
		return;
	}
	if (thread->sleep_link.next)
		list_remove(&thread->sleep_link);
	if (thread->on_cpu) {
		sched_set_state(thread, THREAD_RUNNING); /* it had not switched away yet */
		spin_unlock(&home->lock);
		return;
	}
	sched_set_state(thread, THREAD_MOVING);
	unsigned cpu = sched_best_cpu(thread);
	if (cpu == thread->cpu) {
		enqueue_and_unlock(thread, cpu);
		return;
	}
	spin_unlock(&home->lock);
	spin_lock(&sched_cpus[cpu].lock);
	enqueue_and_unlock(thread, cpu);
}

void sched_wake(struct thread *thread)
{
	bool were_on = irq_save();

	wake_and_unlock(sched_lock_home(thread), thread);
	irq_restore(were_on);
}

/* The first one that has slept long enough; its lock is held then. */
static struct thread *NO_LOCK_ANALYSIS lock_due_sleeper(struct sched_cpu *here, uint64_t now)
{
	spin_lock(&here->lock);
	if (!list_is_empty(&here->sleepers)) {
		struct thread *first = container_of(here->sleepers.next, struct thread, sleep_link);
		if (first->deadline <= now)
			return first;
	}
	spin_unlock(&here->lock);
	return NULL;
}

void sched_timer(void)
{
	struct sched_cpu *here = sched_mine();
	struct thread *due;

	if (cpu_local()->id == TIMER_CPU)
		timers_run();
	uint64_t now = time_now();
	while ((due = lock_due_sleeper(here, now)))
		wake_and_unlock(here, due);
	spin_lock(&here->lock);
	if (now >= here->offer_at) {
		here->offer_at = UINT64_MAX;
		sched_offer_locked(here);
	}
	if (now >= here->slice_end && (here->queue.count || here->others_wait)) {
		cpu_local()->need_resched = true;
		sched_nudge_others(now);
	} else {
		sched_arm_timer_locked();
	}
	spin_unlock(&here->lock);
}

void sched_start_thread(struct thread *thread)
{
	const struct sched_cpu *here = sched_mine();

	assert(thread->state == THREAD_NEW && !thread->on_cpu);
	run_queue_begin(thread, current_thread(), time_now() - here->since);
	sched_set_state(thread, THREAD_BLOCKED);
	sched_wake(thread);
}

/* One that runs elsewhere comes into the kernel, and sees its signals on the way back. */
void sched_interrupt(struct thread *thread)
{
	bool were_on = irq_save();
	struct sched_cpu *home = sched_lock_home(thread);

	if (thread->on_cpu && thread != current_thread())
		smp_interrupt(cpus[thread->cpu]);
	wake_and_unlock(home, thread);
	irq_restore(were_on);
}
