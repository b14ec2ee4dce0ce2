/*
 * timer.c: see sync/timer.h. Timers stand in one list, by deadline.
 *
 * Lock letters: (x) timers_lock, RANK_TIMER.
 */
#include "proc/timer.h"

#include <arch/cpu.h>
#include <arch/time.h>

#include "debug/assert.h"
#include "proc/sched.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

static struct spinlock timers_lock = SPINLOCK_INIT(RANK_TIMER);
/* (x) */
static struct list_node timers = {&timers, &timers};
/* (x) whose expire() runs now */
static struct timer *running;
/* (x) to write: the first one's deadline */
static uint64_t next_deadline = UINT64_MAX;

uint64_t timers_next(void)
{
	return __atomic_load_n(&next_deadline, __ATOMIC_RELAXED);
}

static void note_first_locked(void)
{
	uint64_t first = UINT64_MAX;

	if (!list_is_empty(&timers))
		first = container_of(timers.next, struct timer, link)->deadline;
	__atomic_store_n(&next_deadline, first, __ATOMIC_RELAXED);
}

static void remove_locked(struct timer *timer)
{
	if (timer->link.next)
		list_remove(&timer->link);
}

void timer_set(struct timer *timer, uint64_t deadline)
{
	spin_lock(&timers_lock);
	remove_locked(timer);
	timer->deadline = deadline;
	struct list_node *at = timers.next;
	while (at != &timers && container_of(at, struct timer, link)->deadline <= deadline)
		at = at->next;
	list_insert_before(at, &timer->link);
	note_first_locked();
	bool is_first = timers.next == &timer->link;
	spin_unlock(&timers_lock);
	if (is_first)
		sched_arm_timer();
}

void timer_cancel(struct timer *timer)
{
	for (;;) {
		spin_lock(&timers_lock);
		bool runs = running == timer;
		if (!runs) {
			remove_locked(timer);
			note_first_locked();
		}
		spin_unlock(&timers_lock);
		if (!runs)
			return;
		cpu_relax(); /* on another CPU: interrupts are off where it runs */
	}
}

/* The first one, if it is due, out of the list; it counts as running. */
static struct timer *take_due(uint64_t now)
{
	struct timer *timer = NULL;

	spin_lock(&timers_lock);
	if (!list_is_empty(&timers)) {
		timer = container_of(timers.next, struct timer, link);
		if (timer->deadline > now)
			timer = NULL;
		else
			list_remove(&timer->link);
	}
	running = timer;
	note_first_locked();
	spin_unlock(&timers_lock);
	return timer;
}

void timers_run(void)
{
	struct timer *timer;

	assert(cpu_local()->held_ranks == 0);
	if (timers_next() > time_now())
		return;
	while ((timer = take_due(time_now())))
		timer->expire(timer);
}
