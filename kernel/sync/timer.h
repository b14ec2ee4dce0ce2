/*
 * timer.h: a function that is called when a time has come. The owner keeps the structure and
 * zeroes it at first; proc/timer.c implements this.
 */
#ifndef SYNC_TIMER_H
#define SYNC_TIMER_H

#include "lib/list.h"
#include "lib/types.h"

struct timer {
	struct list_node link; /* link.next is NULL while it is not set */
	uint64_t deadline;     /* time_now() nanoseconds */
	/* Called once, interrupts off, no lock held. It may set the timer again. */
	void (*expire)(struct timer *timer);
};

/* Call timer->expire when time_now() reaches `deadline`; instead of an earlier call's. Any context;
 * no spinlock of RANK_SCHEDULER or further in. */
void timer_set(struct timer *timer, uint64_t deadline);

/* expire() will not be called, and has come back if it was. Not from inside of it. */
void timer_cancel(struct timer *timer);

#endif
