/*
 * look.h: a device that no interrupt tells of is looked at by a timer, so that nobody who waits for
 * it need know.
 */
#ifndef DEV_LOOK_H
#define DEV_LOOK_H

#include "sync/timer.h"

/* Its device's, zero at first. */
struct look {
	struct timer timer;
	void (*function)(void *argument);
	void *argument;
};

/* Call function(argument) every 10 ms from now on, as an interrupt would: interrupts off, no locks.
 * Once, after sched_init(). */
void look_start(struct look *look, void (*function)(void *), void *argument);

#endif
