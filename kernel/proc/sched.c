/*
 * sched.c: who sleeps, who is woken, the switch, the timer. Which thread runs next is run_queue.c's
 * business.
 *
 * One lock for all CPUs: it is held for some tens of instructions at a time.
 */
#include "proc/sched.h"

#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/time.h>

#include "debug/assert.h"
#include "proc/process.h"
#include "proc/run_queue.h"
#include "proc/sched_internal.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sync/mutex.h"
#include "sync/rwlock.h"
#include "vm/space.h"

struct spinlock sched_lock = SPINLOCK_INIT(RANK_SCHEDULER);

/* (r) What one CPU is at. */
static struct running {
	struct list_node sleepers; /* BLOCKED threads that it wakes, by deadline */
	uint64_t slice_end;        /* of the thread that runs */
	uint64_t offer_at;         /* then who waits here is offered to an idle CPU */
	uint64_t since;            /* it has run, and is not charged for */
	struct thread *dead;       /* to be freed by the next thread that runs here */
	bool makes_way;            /* who runs gives up the CPU of itself */
} running[CPU_MAX];

/* Who has been woken waits so long for the one that has woken it before another CPU takes it. */
#define OFFER_NS 200000ull

/* Timers (sync/timer.h) are served by this CPU. */
#define TIMER_CPU 0u

/* atomic: threads that are about to die, or have died and are not freed yet. */
static unsigned dying;
static uint64_t switches; /* (r) since boot */

/* The boot stack's thread: idles on the first CPU. Owned by the scheduler. */
static struct thread boot_thread;

static struct running *mine(void)
{
	return &running[cpu_local()->id];
}

void sched_init(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++)
		list_init(&running[i].sleepers);
	mutex_init_waiting();
	rw_init_waiting();
	thread_init_idle(&boot_thread);
	cpu_local()->idle = &boot_thread;
	cpu_local()->thread = &boot_thread;
	mine()->since = time_now();
}

/* ---- the timer ---- */

/* The one deadline of this CPU: the end of the slice if others wait, its next sleeper's, and maybe
 * the next timer's. */
static void arm_timer_locked(void)
{
	const struct running *here = mine();
	uint64_t deadline = UINT64_MAX;

	if (run_queue_length_locked() && !cpu_local()->thread->is_idle)
		deadline = here->slice_end;
	if (run_queue_waits_locked(cpu_local()->id))
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
	spin_lock(&sched_lock);
	arm_timer_locked();
	spin_unlock(&sched_lock);
}

/* Does somebody who waits for this CPU go before the one that runs? */
static bool is_overtaken_locked(uint64_t now)
{
	return run_queue_is_overtaken_locked(cpu_local()->id, current_thread(),
					     now - mine()->since);
}

/* Another CPU has put somebody into this one's queue, or set a timer. */
void sched_kick(void)
{
	spin_lock(&sched_lock);
	uint64_t now = time_now();
	bool is_over = now >= mine()->slice_end && run_queue_length_locked();
	if (is_over || is_overtaken_locked(now) ||
	    !(current_thread()->affinity & 1ull << cpu_local()->id))
		cpu_local()->need_resched = true;
	else
		arm_timer_locked();
	spin_unlock(&sched_lock);
}

/* Somebody waits. A CPU that had nobody waiting for it has no timer set for its slice. */
static void nudge_others_locked(uint64_t now)
{
	uint64_t busy = cpus_online() & ~run_queue_idle_cpus_locked() & ~(1ull << cpu_local()->id);

	for (; busy; busy &= busy - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(busy);
		if (running[cpu].slice_end + SCHED_SLICE_NS <= now)
			smp_interrupt(cpus[cpu]);
	}
}

/* Somebody waits for another CPU now: it shall look at its queue. */
static void call_to_work_locked(unsigned cpu)
{
	/* An idle one is on its way from here on, and is not asked twice. */
	run_queue_set_idle_locked(cpu, false);
	smp_interrupt(cpus[cpu]);
}

/* Who waits though a CPU idles: since it was put there when that CPU was busy, or stayed with who
 * woke it. */
static void offer_work_locked(void)
{
	uint64_t idle = run_queue_idle_cpus_locked() & ~(1ull << cpu_local()->id);

	if (!run_queue_length_locked())
		return;
	for (; idle; idle &= idle - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(idle);
		if (run_queue_has_work_locked(cpu)) {
			call_to_work_locked(cpu);
			return;
		}
	}
}

void sched_timer(void)
{
	struct running *here = mine();

	if (cpu_local()->id == TIMER_CPU)
		timers_run();
	spin_lock(&sched_lock);
	uint64_t now = time_now();
	while (!list_is_empty(&here->sleepers)) {
		struct thread *first = container_of(here->sleepers.next, struct thread, sleep_link);
		if (first->deadline > now)
			break;
		sched_wake_locked(first);
	}
	if (now >= here->offer_at) {
		here->offer_at = UINT64_MAX;
		offer_work_locked();
	}
	if (now >= here->slice_end && run_queue_length_locked()) {
		cpu_local()->need_resched = true;
		nudge_others_locked(now);
	} else {
		arm_timer_locked();
	}
	spin_unlock(&sched_lock);
}

/* ---- sleeping and waking ---- */

void sched_sleep_locked(struct thread *thread, uint64_t deadline)
{
	struct list_node *sleepers = &mine()->sleepers, *at = sleepers->next;

	thread->deadline = deadline;
	while (at != sleepers && container_of(at, struct thread, sleep_link)->deadline <= deadline)
		at = at->next;
	list_insert_before(at, &thread->sleep_link);
}

static void enqueue_locked(struct thread *thread)
{
	unsigned cpu = run_queue_add_locked(thread);

	if (cpu == cpu_local()->id) {
		bool may_go = thread->affinity & run_queue_idle_cpus_locked();
		mine()->offer_at = may_go ? time_now() + OFFER_NS : UINT64_MAX;
		arm_timer_locked(); /* the running thread has company now */
		if (is_overtaken_locked(time_now()))
			cpu_local()->need_resched = true;
		return;
	}
	call_to_work_locked(cpu);
}

void sched_wake_locked(struct thread *thread)
{
	if (thread->state != THREAD_BLOCKED)
		return;
	if (thread->sleep_link.next)
		list_remove(&thread->sleep_link);
	if (thread->on_cpu) {
		thread->state = THREAD_RUNNING; /* it had not switched away yet */
		return;
	}
	enqueue_locked(thread);
}

void sched_start_thread(struct thread *thread)
{
	spin_lock(&sched_lock);
	assert(thread->state == THREAD_NEW && !thread->on_cpu);
	thread->state = THREAD_BLOCKED;
	run_queue_begin_locked(thread, current_thread(), time_now() - mine()->since);
	sched_wake_locked(thread);
	spin_unlock(&sched_lock);
}

/* One that runs elsewhere comes into the kernel, and sees its signals on the way back. */
void sched_interrupt(struct thread *thread)
{
	spin_lock(&sched_lock);
	if (thread->on_cpu && thread != current_thread())
		smp_interrupt(cpus[thread->cpu]);
	sched_wake_locked(thread);
	spin_unlock(&sched_lock);
}

/* ---- the switch ---- */

/* Free the thread that died before this one came back, if one did. */
void NO_LOCK_ANALYSIS sched_finish_and_unlock(void)
{
	struct thread *dead = mine()->dead;

	mine()->dead = NULL;
	spin_unlock(&sched_lock);
	if (dead) {
		thread_free(dead);
		__atomic_fetch_sub(&dying, 1, __ATOMIC_RELEASE);
	}
}

/*
 * The lock says whether interrupts were on when *this* thread took it: that is the thread's, not
 * the lock's, so it is kept here across the switch.
 */
void sched_switch_locked(void)
{
	struct cpu *cpu = cpu_local();
	struct running *here = mine();
	struct thread *from = cpu->thread, *to;
	bool interrupts_were_on = sched_lock.interrupts_were_on;
	uint64_t now = time_now();

	assert(cpu->held_ranks == 1u << RANK_SCHEDULER);
	from->cpu_time += now - here->since;
	run_queue_charge_locked(from, now - here->since);
	here->since = now;
	if (from->state == THREAD_RUNNABLE && !from->is_idle) {
		run_queue_return_locked(from, here->makes_way);
		if (from->cpu != cpu->id)
			call_to_work_locked(from->cpu);
	}
	here->makes_way = false;
	to = run_queue_take_locked(cpu->id);
	if (!to)
		to = cpu->idle;
	cpu->need_resched = false;
	uint64_t ticks = cpu_ticks();
	from->system_ticks += ticks - cpu->kernel_since;
	cpu->kernel_since = ticks;
	to->state = THREAD_RUNNING;
	run_queue_set_idle_locked(cpu->id, to->is_idle);
	here->slice_end = now + SCHED_SLICE_NS;
	offer_work_locked();
	if (to != from) {
		from->on_cpu = false;
		to->on_cpu = true;
		switches++;
		cpu->thread = to;
		arm_timer_locked();
		vm_space_activate(to->process->space);
		arch_thread_switch(&from->arch, &to->arch);
	} else {
		arm_timer_locked();
	}
	sched_lock.interrupts_were_on = interrupts_were_on;
}

void NO_LOCK_ANALYSIS sched_finish_switch(void)
{
	sched_lock.interrupts_were_on = false;
	sched_finish_and_unlock();
}

static void NO_LOCK_ANALYSIS give_up_cpu(bool makes_way)
{
	spin_lock(&sched_lock);
	current_thread()->state = THREAD_RUNNABLE;
	mine()->makes_way = makes_way;
	sched_switch_locked();
	sched_finish_and_unlock();
}

void thread_yield(void)
{
	give_up_cpu(true);
}

void sched_preempt(void)
{
	give_up_cpu(false);
}

void NO_LOCK_ANALYSIS sched_exit(void)
{
	spin_lock(&sched_lock);
	struct thread *thread = current_thread();
	assert(!mine()->dead && !thread->is_idle);
	thread->state = THREAD_DEAD;
	mine()->dead = thread;
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
		spin_lock(&sched_lock);
		unsigned cpu = cpu_local()->id;
		bool work = run_queue_has_work_locked(cpu);
		if (work)
			sched_switch_locked();
		else
			run_queue_set_idle_locked(cpu, true);
		sched_finish_and_unlock();
		/* Interrupts are off since the look at the queues: none can be missed. */
		if (!work)
			cpu_idle();
	}
}

/* ---- what others wish ---- */

void sched_set_nice(struct thread *thread, int nice)
{
	assert(nice >= NICE_MIN && nice <= NICE_MAX);
	spin_lock(&sched_lock);
	thread->nice = (int8_t)nice;
	spin_unlock(&sched_lock);
}

void sched_inherit_nice(struct thread *thread, int nice)
{
	spin_lock(&sched_lock);
	thread->boost = (uint8_t)MAX(thread->nice - nice, 0);
	spin_unlock(&sched_lock);
}

int sched_effective_nice(const struct thread *thread)
{
	return MAX(thread->nice - thread->boost, NICE_MIN);
}

uint64_t sched_affinity(struct thread *thread)
{
	spin_lock(&sched_lock);
	uint64_t allowed = thread->affinity;
	spin_unlock(&sched_lock);
	return allowed;
}

void sched_set_affinity(struct thread *thread, uint64_t allowed)
{
	assert(allowed);
	spin_lock(&sched_lock);
	thread->affinity = allowed;
	if (!(allowed & 1ull << thread->cpu)) {
		if (thread == current_thread()) {
			cpu_local()->need_resched = true;
		} else if (thread->on_cpu) {
			smp_interrupt(cpus[thread->cpu]);
		} else if (thread->state == THREAD_RUNNABLE) {
			run_queue_remove_locked(thread);
			enqueue_locked(thread);
		}
	}
	spin_unlock(&sched_lock);
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

uint64_t sched_cpu_time(struct thread *thread)
{
	spin_lock(&sched_lock);
	uint64_t time = thread->cpu_time;
	if (thread->on_cpu)
		time += time_now() - running[thread->cpu].since;
	spin_unlock(&sched_lock);
	return time;
}

unsigned sched_runnable(void)
{
	spin_lock(&sched_lock);
	unsigned count = run_queue_length_locked();
	spin_unlock(&sched_lock);
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
	spin_lock(&sched_lock);
	uint64_t count = switches;
	spin_unlock(&sched_lock);
	return count;
}
