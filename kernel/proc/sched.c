/* sched.c: the run queue, the sleepers, the switch. */
#include "proc/sched.h"

#include <arch/irq.h>
#include <arch/time.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"
#include "vm/space.h"

/* (r): everything here, under the lock. */
static struct {
	struct spinlock lock;
	struct list_node run_queue; /* RUNNABLE threads, first to run first */
	struct list_node sleepers;  /* BLOCKED ones with a deadline, by deadline */
	unsigned runnable;          /* length of run_queue */
	uint64_t slice_end;         /* of the thread that runs */
	uint64_t run_since;
	struct thread *dead; /* to be freed by the next thread that runs */
} sched = {.lock = SPINLOCK_INIT(RANK_SCHEDULER)};

/* The boot stack's thread: idles on the first CPU. Owned by the scheduler. */
static struct thread boot_thread;

void sched_init(void)
{
	list_init(&sched.run_queue);
	list_init(&sched.sleepers);
	boot_thread.process = &kernel_process;
	boot_thread.state = THREAD_RUNNING;
	boot_thread.is_idle = true;
	boot_thread.on_cpu = true;
	thread_signals_init(&boot_thread.signals);
	cpu_local()->idle = &boot_thread;
	cpu_local()->thread = &boot_thread;
	sched.run_since = time_now();
}

/* ---- the lists; all under the lock ---- */

static void enqueue_locked(struct thread *thread)
{
	thread->state = THREAD_RUNNABLE;
	list_push_back(&sched.run_queue, &thread->run_link);
	sched.runnable++;
}

static void sleep_locked(struct thread *thread, uint64_t deadline)
{
	struct list_node *at = sched.sleepers.next;

	thread->deadline = deadline;
	while (at != &sched.sleepers &&
	       container_of(at, struct thread, sleep_link)->deadline <= deadline)
		at = at->next;
	list_insert_before(at, &thread->sleep_link);
}

static void unsleep_locked(struct thread *thread)
{
	if (thread->sleep_link.next)
		list_remove(&thread->sleep_link);
}

/* The one deadline of the CPU: the end of the slice if others wait for it, the next sleeper's, or
 * the next timer's.
 */
static void arm_timer_locked(void)
{
	uint64_t deadline = UINT64_MAX;

	if (sched.runnable && !cpu_local()->thread->is_idle)
		deadline = sched.slice_end;
	if (!list_is_empty(&sched.sleepers)) {
		uint64_t first =
			container_of(sched.sleepers.next, struct thread, sleep_link)->deadline;
		deadline = MIN(deadline, first);
	}
	time_arm(MIN(deadline, timers_next()));
}

void sched_arm_timer(void)
{
	spin_lock(&sched.lock);
	arm_timer_locked();
	spin_unlock(&sched.lock);
}

static void wake_locked(struct thread *thread)
{
	if (thread->state != THREAD_BLOCKED)
		return;
	unsleep_locked(thread);
	if (thread->on_cpu) {
		thread->state = THREAD_RUNNING; /* it had not switched away yet */
		return;
	}
	enqueue_locked(thread);
	if (sched.runnable == 1)
		arm_timer_locked(); /* the running thread has company now */
}

/* ---- the switch ---- */

static struct thread *choose_locked(void)
{
	struct list_node *node = list_pop_front(&sched.run_queue);

	if (!node)
		return cpu_local()->idle;
	sched.runnable--;
	return container_of(node, struct thread, run_link);
}

/* Free the thread that died before this one came back, if one did. Releases the lock. */
static void NO_LOCK_ANALYSIS finish_and_unlock(void)
{
	struct thread *dead = sched.dead;

	sched.dead = NULL;
	spin_unlock(&sched.lock);
	if (dead)
		thread_free(dead);
}

/*
 * Give up the CPU; the caller has set its own state and put itself where it belongs. The lock says
 * whether interrupts were on when *this* thread took it: that is the thread's, not the lock's, so
 * it is kept here across the switch.
 */
static void switch_locked(void)
{
	struct cpu *cpu = cpu_local();
	struct thread *from = cpu->thread, *to;
	bool interrupts_were_on = sched.lock.interrupts_were_on;
	uint64_t now = time_now();

	assert(cpu->held_ranks == 1u << RANK_SCHEDULER);
	from->cpu_time += now - sched.run_since;
	sched.run_since = now;
	to = choose_locked();
	cpu->need_resched = false;
	to->state = THREAD_RUNNING;
	sched.slice_end = now + SCHED_SLICE_NS;
	if (to != from) {
		from->on_cpu = false;
		to->on_cpu = true;
		cpu->thread = to;
		arm_timer_locked();
		vm_space_activate(to->process->space);
		arch_thread_switch(&from->arch, &to->arch);
	} else {
		arm_timer_locked();
	}
	sched.lock.interrupts_were_on = interrupts_were_on;
}

void NO_LOCK_ANALYSIS sched_finish_switch(void)
{
	sched.lock.interrupts_were_on = false;
	finish_and_unlock();
}

void NO_LOCK_ANALYSIS thread_yield(void)
{
	spin_lock(&sched.lock);
	struct thread *thread = current_thread();
	if (!thread->is_idle)
		enqueue_locked(thread);
	switch_locked();
	finish_and_unlock();
}

void NO_LOCK_ANALYSIS sched_exit(void)
{
	spin_lock(&sched.lock);
	struct thread *thread = current_thread();
	assert(!sched.dead && !thread->is_idle);
	thread->state = THREAD_DEAD;
	sched.dead = thread;
	switch_locked();
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
		spin_lock(&sched.lock);
		bool work = sched.runnable > 0;
		if (work)
			switch_locked();
		finish_and_unlock();
		/* Interrupts are off since the look at the run queue: none can be missed. */
		if (!work)
			cpu_idle();
	}
}

void sched_start_thread(struct thread *thread)
{
	spin_lock(&sched.lock);
	assert(thread->state == THREAD_BLOCKED && !thread->on_cpu);
	wake_locked(thread);
	spin_unlock(&sched.lock);
}

void sched_interrupt(struct thread *thread)
{
	spin_lock(&sched.lock);
	wake_locked(thread);
	spin_unlock(&sched.lock);
}

void sched_timer(void)
{
	timers_run();
	spin_lock(&sched.lock);
	uint64_t now = time_now();
	while (!list_is_empty(&sched.sleepers)) {
		struct thread *first = container_of(sched.sleepers.next, struct thread, sleep_link);
		if (first->deadline > now)
			break;
		wake_locked(first);
	}
	if (now >= sched.slice_end && sched.runnable)
		cpu_local()->need_resched = true;
	else
		arm_timer_locked();
	spin_unlock(&sched.lock);
}

uint64_t sched_cpu_time(struct thread *thread)
{
	spin_lock(&sched.lock);
	uint64_t time = thread->cpu_time;
	if (thread->on_cpu)
		time += time_now() - sched.run_since;
	spin_unlock(&sched.lock);
	return time;
}

unsigned sched_runnable(void)
{
	spin_lock(&sched.lock);
	unsigned count = sched.runnable;
	spin_unlock(&sched.lock);
	return count;
}

/* ---- wait queues (sync/wait_queue.h) ---- */

void wait_prepare(struct wait_queue *queue, struct waiter *waiter)
{
	spin_lock(&sched.lock);
	if (!waiter->link.next) {
		waiter->thread = current_thread();
		list_push_back(&queue->waiters, &waiter->link);
	}
	current_thread()->state = THREAD_BLOCKED;
	spin_unlock(&sched.lock);
	/* Being in the queue is seen before the condition is looked at: see wait_wake. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int NO_LOCK_ANALYSIS wait_block(uint64_t deadline)
{
	struct thread *thread = current_thread();
	int error = 0;

	assert(cpu_local()->held_ranks == 0 && !thread->is_idle);
	spin_lock(&sched.lock);
	if (signal_wants(thread))
		error = -EINTR;
	else if (deadline != WAIT_FOREVER && time_now() >= deadline)
		error = -ETIMEDOUT;
	if (error) {
		thread->state = THREAD_RUNNING;
	} else if (thread->state == THREAD_BLOCKED) {
		if (deadline != WAIT_FOREVER)
			sleep_locked(thread, deadline);
		switch_locked();
	}
	finish_and_unlock();
	if (!error && signal_wants(thread))
		error = -EINTR;
	return error;
}

bool wait_break(void)
{
	assert(cpu_local()->held_ranks == 0);
	if (cpu_local()->need_resched)
		thread_yield();
	return signal_wants(current_thread());
}

void wait_finish(struct waiter *waiter)
{
	spin_lock(&sched.lock);
	if (waiter->link.next)
		list_remove(&waiter->link);
	current_thread()->state = THREAD_RUNNING;
	spin_unlock(&sched.lock);
}

void wait_listen(struct wait_queue *queue, struct waiter *waiter,
		 void (*notify)(struct waiter *waiter))
{
	waiter->thread = NULL;
	waiter->notify = notify;
	spin_lock(&sched.lock);
	list_push_back(&queue->waiters, &waiter->link);
	spin_unlock(&sched.lock);
	/* As in wait_prepare: whoever listens looks afterwards. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_unlisten(struct waiter *waiter)
{
	spin_lock(&sched.lock);
	if (waiter->link.next)
		list_remove(&waiter->link);
	spin_unlock(&sched.lock);
}

static unsigned wake_queue_locked(struct wait_queue *queue, unsigned max)
{
	unsigned woken = 0;

	list_for_each_safe (node, &queue->waiters) {
		struct waiter *waiter = container_of(node, struct waiter, link);
		if (!waiter->thread) {
			waiter->notify(waiter);
		} else if (woken < max) {
			list_remove(node);
			wake_locked(waiter->thread);
			woken++;
		}
	}
	return woken;
}

void wait_wake_listening(struct wait_queue *queue)
{
	assert(spin_held(&sched.lock));
	wake_queue_locked(queue, UINT32_MAX);
}

unsigned wait_wake(struct wait_queue *queue, unsigned max)
{

	/* The caller made the condition true; who is not in the queue by now will see that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&queue->waiters.next, __ATOMIC_RELAXED) == &queue->waiters)
		return 0;
	spin_lock(&sched.lock);
	unsigned woken = wake_queue_locked(queue, max);
	spin_unlock(&sched.lock);
	return woken;
}
