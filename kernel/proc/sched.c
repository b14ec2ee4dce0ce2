/*
 * sched.c: who sleeps, who is woken, the switch, the timer. Which thread goes first is
 * run_queue.c's business, and which CPU it runs on balance.c's. Locks: see sched_internal.h.
 */
#include "proc/sched.h"

#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/time.h>

#include "debug/assert.h"
#include "proc/process.h"
#include "proc/sched_internal.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sync/mutex.h"
#include "sync/rwlock.h"
#include "vm/space.h"

struct sched_cpu sched_cpus[CPU_MAX]; /* see sched_internal.h */

/* How often a busy CPU looks whether somebody has fallen behind elsewhere. */
#define BALANCE_NS 1000000ull

/* atomic: threads that are about to die, or have died and are not freed yet. */
static unsigned dying;

/* The boot stack's thread: idles on the first CPU. Owned by the scheduler. */
static struct thread boot_thread;

void sched_init(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++) {
		sched_cpus[i].lock = (struct spinlock)SPINLOCK_INIT(RANK_SCHEDULER);
		list_init(&sched_cpus[i].sleepers);
	}
	mutex_init_waiting();
	rw_init_waiting();
	thread_init_idle(&boot_thread);
	cpu_local()->idle = &boot_thread;
	cpu_local()->thread = &boot_thread;
	sched_mine()->since = time_now();
}

/* ---- the switch ---- */

/* What the thread that ran before could not do itself, as its stack was in use: be freed, or go to
 * another CPU. */
void NO_LOCK_ANALYSIS sched_finish_and_unlock(void)
{
	struct sched_cpu *here = sched_mine();
	struct thread *dead = here->dead, *leaving = here->leaving;

	here->dead = here->leaving = NULL;
	if (leaving) {
		bool were_on = here->lock.interrupts_were_on;
		here->lock.interrupts_were_on = false;
		spin_unlock(&here->lock);
		sched_enqueue(leaving);
		irq_restore(were_on);
	} else {
		spin_unlock(&here->lock);
	}
	if (dead) {
		thread_free(dead);
		__atomic_fetch_sub(&dying, 1, __ATOMIC_RELEASE);
	}
}

/* `from` could run on. */
static void put_back_locked(struct sched_cpu *here, struct thread *from)
{
	if (!(from->affinity & 1ull << cpu_local()->id)) {
		sched_set_state(from, THREAD_MOVING);
		here->leaving = from;
		return;
	}
	if (here->makes_way)
		run_queue_make_way_locked(&here->queue, from);
	run_queue_insert_locked(&here->queue, from);
}

static void charge_locked(struct sched_cpu *here, struct thread *from, uint64_t now)
{
	from->cpu_time += now - here->since;
	from->virtual_time = run_queue_charged(from, now - here->since);
	here->since = now;
}

/* Who gives up the CPU before its slice ends, again and again, never comes to sched_preempt() of
 * itself. */
static void balance_locked(struct sched_cpu *here, const struct thread *from, uint64_t now)
{
	here->balance_at = now + BALANCE_NS;
	sched_note_floor();
	here->others_wait = sched_waits_elsewhere();
	if (here->others_wait && from->state == THREAD_BLOCKED)
		cpu_local()->need_resched = true;
}

/*
 * The lock says whether interrupts were on when *this* thread took it: that is the thread's, not
 * the lock's, so it is kept here across the switch. A thread may come back on another CPU.
 */
void sched_switch_locked(void)
{
	struct cpu *cpu = cpu_local();
	struct sched_cpu *here = sched_mine();
	struct thread *from = cpu->thread, *to;
	bool interrupts_were_on = here->lock.interrupts_were_on;
	uint64_t now = time_now();

	assert(cpu->held_ranks == 1u << RANK_SCHEDULER);
	charge_locked(here, from, now);
	if (from->state == THREAD_RUNNABLE && !from->is_idle)
		put_back_locked(here, from);
	here->makes_way = false;
	to = run_queue_take_locked(&here->queue);
	if (!to) {
		to = cpu->idle;
		here->others_wait = false; /* or it has them soon */
	}
	cpu->need_resched = false;
	uint64_t ticks = cpu_ticks();
	from->system_ticks += ticks - cpu->kernel_since;
	cpu->kernel_since = ticks;
	sched_set_state(to, THREAD_RUNNING);
	__atomic_store_n(&here->slice_end, now + SCHED_SLICE_NS, __ATOMIC_RELAXED);
	sched_offer_locked(here);
	if (now >= here->balance_at && !to->is_idle && cpu_count() > 1)
		balance_locked(here, from, now);
	if (to != from) {
		from->on_cpu = false;
		to->on_cpu = true;
		__atomic_store_n(&here->switches, here->switches + 1, __ATOMIC_RELAXED);
		cpu->thread = to;
		if (from->is_idle)
			sched_set_busy();
		sched_arm_timer_locked();
		vm_space_activate(to->process->space);
		arch_thread_switch(&from->arch, &to->arch);
	} else {
		sched_arm_timer_locked();
	}
	sched_mine()->lock.interrupts_were_on = interrupts_were_on;
}

void NO_LOCK_ANALYSIS sched_finish_switch(void)
{
	sched_mine()->lock.interrupts_were_on = false;
	sched_finish_and_unlock();
}

static void NO_LOCK_ANALYSIS give_up_cpu(bool makes_way)
{
	struct sched_cpu *here = sched_mine();

	spin_lock(&here->lock);
	sched_set_state(current_thread(), THREAD_RUNNABLE);
	here->makes_way = makes_way;
	sched_switch_locked();
	sched_finish_and_unlock();
}

/* Who is more than a slice behind the one that would run here next comes here and goes first. */
static void pull_who_is_behind(void)
{
	bool were_on = irq_save();

	if (sched_waits_elsewhere()) {
		struct sched_cpu *here = sched_mine();
		spin_lock(&here->lock);
		uint64_t next = run_queue_charged(current_thread(), time_now() - here->since);
		const struct thread *first = run_queue_find_locked(&here->queue, UINT64_MAX, next);
		if (first)
			next = first->virtual_time;
		spin_unlock(&here->lock);
		if (next > SCHED_SLICE_NS)
			(void)sched_pull(next - SCHED_SLICE_NS); /* maybe nobody is */
	}
	irq_restore(were_on);
}

void thread_yield(void)
{
	give_up_cpu(true);
}

void sched_preempt(void)
{
	pull_who_is_behind();
	give_up_cpu(false);
}

void NO_LOCK_ANALYSIS sched_exit(void)
{
	struct sched_cpu *here = sched_mine();

	spin_lock(&here->lock);
	struct thread *thread = current_thread();
	assert(!here->dead && !thread->is_idle);
	sched_set_state(thread, THREAD_DEAD);
	here->dead = thread;
	sched_switch_locked();
	panic("a dead thread ran");
}

void thread_exit(void)
{
	sched_exit();
}

void NO_LOCK_ANALYSIS sched_start(void)
{
	assert(current_thread()->is_idle);
	irq_disable();
	for (;;) {
		sched_set_idle();
		/* Interrupts are off since the look at the queues: none can be missed. */
		if (!run_queue_count(&sched_mine()->queue) && !sched_pull(UINT64_MAX)) {
			cpu_idle();
			continue;
		}
		spin_lock(&sched_mine()->lock);
		sched_switch_locked();
		sched_finish_and_unlock();
	}
}

/* ---- what others wish ---- */

void NO_LOCK_ANALYSIS sched_set_nice(struct thread *thread, int nice)
{
	assert(nice >= NICE_MIN && nice <= NICE_MAX);
	struct sched_cpu *home = sched_lock_home(thread);
	thread->nice = (int8_t)nice;
	spin_unlock(&home->lock);
}

/* Who is to be hurried is not behind for what it has had before. */
void NO_LOCK_ANALYSIS sched_inherit_nice(struct thread *thread, int nice)
{
	struct sched_cpu *home = sched_lock_home(thread);
	uint8_t boost = (uint8_t)MAX(thread->nice - nice, 0);

	if (boost > thread->boost) {
		bool waits = thread->state == THREAD_RUNNABLE;
		if (waits)
			run_queue_remove_locked(&home->queue, thread);
		thread->virtual_time = MIN(thread->virtual_time, run_queue_floor(&home->queue));
		if (waits)
			run_queue_insert_locked(&home->queue, thread);
	}
	thread->boost = boost;
	spin_unlock(&home->lock);
}

uint64_t NO_LOCK_ANALYSIS sched_affinity(struct thread *thread)
{
	struct sched_cpu *home = sched_lock_home(thread);
	uint64_t allowed = thread->affinity;

	spin_unlock(&home->lock);
	return allowed;
}

void NO_LOCK_ANALYSIS sched_set_affinity(struct thread *thread, uint64_t allowed)
{
	bool were_on = irq_save(), moves = false;
	struct sched_cpu *home = sched_lock_home(thread);

	assert(allowed);
	thread->affinity = allowed;
	if (!(allowed & 1ull << thread->cpu)) {
		if (thread == current_thread()) {
			cpu_local()->need_resched = true;
		} else if (thread->on_cpu) {
			smp_interrupt(cpus[thread->cpu]);
		} else if (thread->state == THREAD_RUNNABLE) {
			run_queue_remove_locked(&home->queue, thread);
			sched_set_state(thread, THREAD_MOVING);
			moves = true;
		}
	}
	spin_unlock(&home->lock);
	if (moves)
		sched_enqueue(thread);
	irq_restore(were_on);
}

/* ---- for others to know ---- */

void sched_expect_death(void)
{
	__atomic_fetch_add(&dying, 1, __ATOMIC_RELAXED);
}

void sched_wait_for_dead(void)
{
	while (__atomic_load_n(&dying, __ATOMIC_ACQUIRE))
		thread_yield();
}

struct cpu_times sched_cpu_times(struct thread *thread)
{
	uint64_t ticks = __atomic_load_n(&thread->system_ticks, __ATOMIC_RELAXED);
	struct cpu_times times = {.all = sched_cpu_time(thread)};

	/* Whoever asks for its own time is in the kernel. */
	if (thread == current_thread())
		ticks += cpu_ticks() - cpu_local()->kernel_since;
	times.system = MIN(time_of_ticks(ticks), times.all);
	return times;
}

uint64_t NO_LOCK_ANALYSIS sched_cpu_time(struct thread *thread)
{
	struct sched_cpu *home = sched_lock_home(thread);
	uint64_t time = thread->cpu_time;

	if (thread->on_cpu)
		time += time_now() - home->since;
	spin_unlock(&home->lock);
	return time;
}

unsigned sched_runnable(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cpu_count(); i++)
		count += run_queue_count(&sched_cpus[i].queue);
	return count;
}

uint64_t sched_idle_time(void)
{
	uint64_t time = 0;

	for (unsigned i = 0; i < cpu_count(); i++)
		time += sched_cpu_time(cpus[i]->idle);
	return time;
}

bool sched_is_idle(void)
{
	return current_thread()->is_idle;
}

uint64_t sched_switches(void)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < cpu_count(); i++)
		count += __atomic_load_n(&sched_cpus[i].switches, __ATOMIC_RELAXED);
	return count;
}
