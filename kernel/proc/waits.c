/*
 * waits.c: wait queues (sync/wait_queue.h).
 *
 * A queue's lock guards who stands in it. A thread says itself that it is about to block, before
 * others see it in the queue. Who takes it from there wakes it under the lock of its CPU
 * (sched_internal.h): from then on it is not about to block any more, or runs.
 *
 * Listeners have one lock for all queues: one that is told may tell those of another queue.
 */
#include <arch/time.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/sched.h"
#include "proc/sched_internal.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"

static struct spinlock listeners_lock = SPINLOCK_INIT(RANK_LISTENERS);

static bool is_empty(const struct list_node *list)
{
	return __atomic_load_n(&list->next, __ATOMIC_RELAXED) == list;
}

void wait_prepare(struct wait_queue *queue, struct waiter *waiter)
{
	spin_lock(&queue->lock);
	if (!waiter->link.next) {
		waiter->queue = queue;
		waiter->thread = current_thread();
		list_push_back(&queue->waiters, &waiter->link);
	}
	/* Under the lock: nobody takes it from the queue and finds that it need not be woken. */
	__atomic_store_n(&current_thread()->state, THREAD_BLOCKED, __ATOMIC_RELAXED);
	spin_unlock(&queue->lock);
	/* That it stands in the queue is seen before the condition is looked at: see wait_wake. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int NO_LOCK_ANALYSIS wait_block(uint64_t deadline)
{
	struct thread *thread = current_thread();
	int error = 0;

	assert(cpu_local()->held_ranks == 0 && !thread->is_idle);
	spin_lock(&sched_mine()->lock);
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
	thread->unbreakable = true;
	spin_lock(&sched_mine()->lock);
	if (thread->state == THREAD_BLOCKED)
		sched_switch_locked();
	sched_finish_and_unlock();
	thread->unbreakable = false;
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
	/* Who takes it from the queue at this moment may not be done with it. */
	if (waiter->queue) {
		spin_lock(&waiter->queue->lock);
		if (waiter->link.next)
			list_remove(&waiter->link);
		spin_unlock(&waiter->queue->lock);
	}
	__atomic_store_n(&current_thread()->state, THREAD_RUNNING, __ATOMIC_RELAXED);
}

void wait_listen(struct wait_queue *queue, struct waiter *waiter,
		 void (*notify)(struct waiter *waiter))
{
	waiter->notify = notify;
	spin_lock(&listeners_lock);
	list_push_back(&queue->listeners, &waiter->link);
	spin_unlock(&listeners_lock);
	/* As in wait_prepare: whoever listens looks afterwards. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_unlisten(struct waiter *waiter)
{
	spin_lock(&listeners_lock);
	if (waiter->link.next)
		list_remove(&waiter->link);
	spin_unlock(&listeners_lock);
}

static unsigned wake_threads(struct wait_queue *queue, unsigned max)
{
	unsigned woken = 0;

	spin_lock(&queue->lock);
	list_for_each_safe (node, &queue->waiters) {
		if (woken == max)
			break;
		list_remove(node);
		/* It stays: before it goes on it wants the queue's lock. */
		sched_wake(container_of(node, struct waiter, link)->thread);
		woken++;
	}
	spin_unlock(&queue->lock);
	return woken;
}

static void tell_listeners_locked(struct wait_queue *queue)
{
	list_for_each (node, &queue->listeners) {
		struct waiter *listener = container_of(node, struct waiter, link);
		listener->notify(listener);
	}
}

void wait_wake_listening(struct wait_queue *queue)
{
	assert(spin_held(&listeners_lock));
	tell_listeners_locked(queue);
	if (!is_empty(&queue->waiters))
		(void)wake_threads(queue, UINT32_MAX);
}

unsigned wait_wake(struct wait_queue *queue, unsigned max)
{
	/* The caller made the condition true; who is not in the queue by now will see that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!is_empty(&queue->listeners)) {
		spin_lock(&listeners_lock);
		tell_listeners_locked(queue);
		spin_unlock(&listeners_lock);
	}
	return is_empty(&queue->waiters) ? 0 : wake_threads(queue, max);
}
