/*
 * wait_queue.h: threads that wait for something to become true. No wake-up is lost:
 *
 *	struct waiter waiter;
 *	for (;;) {
 *		wait_prepare(&queue, &waiter);		from here on a wake-up counts
 *		if (the condition holds)
 *			break;
 *		error = wait_block(deadline);		returns at once if there was one
 *		if (error)
 *			break;
 *	}
 *	wait_finish(&waiter);
 *
 * A thread may prepare on several queues and block once. A listener stands in a queue without a
 * thread: it is told of every wake-up, until it leaves. Who makes the condition true wakes the
 * queue afterwards, from a thread or from an interrupt, holding no spinlock of RANK_LISTENERS or
 * further in. The scheduler implements this (proc/waits.c).
 *
 * A queue has to stay until wait_wake() has returned. Who was woken and has left the queue by
 * wait_finish() knows that of the one who woke it.
 *
 * Lock letters: (w) the queue's own lock; (l) listeners_lock of waits.c, RANK_LISTENERS; (i) set
 * before it stands in a queue.
 */
#ifndef SYNC_WAIT_QUEUE_H
#define SYNC_WAIT_QUEUE_H

#include "lib/list.h"
#include "lib/types.h"
#include "sync/spinlock.h"

struct thread;

struct wait_queue {
	struct spinlock lock;       /* RANK_WAITERS */
	struct list_node waiters;   /* (w) */
	struct list_node listeners; /* (l) */
};

struct waiter {
	struct list_node link;    /* (w) or (l); link.next is NULL while it stands in no queue */
	struct wait_queue *queue; /* (i) */
	struct thread *thread;    /* (i) a waiter's */
	/* (i) A listener's: called under listeners_lock. It may take spinlocks of higher ranks than
	 * RANK_SCHEDULER, and pass the wake-up on by wait_wake_listening(). */
	void (*notify)(struct waiter *waiter);
};

#define WAIT_FOREVER UINT64_MAX

#define WAIT_QUEUE_INIT(name)                                                              \
	{                                                                                  \
		.lock = SPINLOCK_INIT(RANK_WAITERS), .waiters = LIST_INIT((name).waiters), \
		.listeners = LIST_INIT((name).listeners)                                   \
	}

static inline void wait_queue_init(struct wait_queue *queue)
{
	queue->lock = (struct spinlock)SPINLOCK_INIT(RANK_WAITERS);
	list_init(&queue->waiters);
	list_init(&queue->listeners);
}

/* Stand in the queue, and be about to block. Again while standing in it: only the latter. */
void wait_prepare(struct wait_queue *queue, struct waiter *waiter);
/* A waiter that stands in no queue yet; wait_finish may be called on it. */
static inline void waiter_init(struct waiter *waiter)
{
	waiter->link.next = NULL;
	waiter->queue = NULL;
}

/* Sleep until a wake-up since the last wait_prepare, or until time_now() reaches `deadline`. 0,
 * -ETIMEDOUT, or -EINTR when a signal wants the thread. Never under a spinlock. */
NODISCARD int wait_block(uint64_t deadline);

/* The same without a limit, and no signal ends it: for what will surely happen. */
void wait_block_always(void);

/*
 * In a loop that may take long: lets others run if the time slice is over. True: a signal wants the
 * thread, so stop with what is done. Never under a spinlock.
 */
NODISCARD bool wait_break(void);

/* Leave the queue, if still in it. The thread is about to block no longer. */
void wait_finish(struct waiter *waiter);

/* Have notify() called at each wake-up of the queue, from now on until wait_unlisten(). Listeners
 * may pass wake-ups on to other queues, but not in a circle. */
void wait_listen(struct wait_queue *queue, struct waiter *waiter,
		 void (*notify)(struct waiter *waiter));
void wait_unlisten(struct waiter *waiter);
/* Wake all of another queue, from inside of a notify(). */
void wait_wake_listening(struct wait_queue *queue);

/* Wake up to `max` threads, first come first served, and tell all listeners; returns how many
 * threads. */
unsigned wait_wake(struct wait_queue *queue, unsigned max);

static inline void wait_wake_all(struct wait_queue *queue)
{
	wait_wake(queue, UINT32_MAX);
}

/* Sleep until `condition` holds; 0, -ETIMEDOUT or -EINTR. */
#define wait_until(queue, deadline, condition)                          \
	({                                                              \
		uint64_t deadline_ = (deadline);                        \
		struct waiter waiter_;                                  \
		int error_ = 0;                                         \
		waiter_init(&waiter_);                                  \
		while (wait_prepare((queue), &waiter_), !(condition)) { \
			error_ = wait_block(deadline_);                 \
			if (error_)                                     \
				break;                                  \
		}                                                       \
		wait_finish(&waiter_);                                  \
		error_;                                                 \
	})

#endif
