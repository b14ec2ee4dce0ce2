/* waits.c: wait queues (sync/wait_queue.h). sched_lock guards them all. */
#include <arch/time.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/sched.h"
#include "proc/sched_internal.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"

void wait_prepare(struct wait_queue *queue, struct waiter *waiter)
{
	spin_lock(&sched_lock);
	if (!waiter->link.next) {
		waiter->thread = current_thread();
		list_push_back(&queue->waiters, &waiter->link);
	}
	current_thread()->state = THREAD_BLOCKED;
	spin_unlock(&sched_lock);
	/* Being in the queue is seen before the condition is looked at: see wait_wake. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int NO_LOCK_ANALYSIS wait_block(uint64_t deadline)
{
	struct thread *thread = current_thread();
	int error = 0;

	assert(cpu_local()->held_ranks == 0 && !thread->is_idle);
	spin_lock(&sched_lock);
	if (signal_wants(thread))
		error = -EINTR;
	else if (deadline != WAIT_FOREVER && time_now() >= deadline)
		error = -ETIMEDOUT;
	if (error) {
		thread->state = THREAD_RUNNING;
	} else if (thread->state == THREAD_BLOCKED) {
		if (deadline != WAIT_FOREVER)
			sched_sleep_locked(thread, deadline);
		sched_switch_locked();
	}
	sched_finish_and_unlock();
	if (!error && signal_wants(thread))
		error = -EINTR;
	return error;
}

void NO_LOCK_ANALYSIS wait_block_always(void)
{
	struct thread *thread = current_thread();

	assert(cpu_local()->held_ranks == 0 && !thread->is_idle);
	spin_lock(&sched_lock);
	if (thread->state == THREAD_BLOCKED)
		sched_switch_locked();
	sched_finish_and_unlock();
}

bool wait_break(void)
{
	assert(cpu_local()->held_ranks == 0);
	if (cpu_local()->need_resched)
		sched_preempt();
	return signal_wants(current_thread());
}

void wait_finish(struct waiter *waiter)
{
	spin_lock(&sched_lock);
	if (waiter->link.next)
		list_remove(&waiter->link);
	current_thread()->state = THREAD_RUNNING;
	spin_unlock(&sched_lock);
}

void wait_listen(struct wait_queue *queue, struct waiter *waiter,
		 void (*notify)(struct waiter *waiter))
{
	waiter->thread = NULL;
	waiter->notify = notify;
	spin_lock(&sched_lock);
	list_push_back(&queue->waiters, &waiter->link);
	spin_unlock(&sched_lock);
	/* As in wait_prepare: whoever listens looks afterwards. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_unlisten(struct waiter *waiter)
{
	spin_lock(&sched_lock);
	if (waiter->link.next)
		list_remove(&waiter->link);
	spin_unlock(&sched_lock);
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
			sched_wake_locked(waiter->thread);
			woken++;
		}
	}
	return woken;
}

void wait_wake_listening(struct wait_queue *queue)
{
	assert(spin_held(&sched_lock));
	wake_queue_locked(queue, UINT32_MAX);
}

unsigned wait_wake(struct wait_queue *queue, unsigned max)
{
	/* The caller made the condition true; who is not in the queue by now will see that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&queue->waiters.next, __ATOMIC_RELAXED) == &queue->waiters)
		return 0;
	spin_lock(&sched_lock);
	unsigned woken = wake_queue_locked(queue, max);
	spin_unlock(&sched_lock);
	return woken;
}
