/*
 * load.c: see load.h. Every five seconds the threads that run or want to are counted, and each
 * average moves towards that number: by 1 - exp(-5 s / its time).
 *
 * Lock letters: (x) load_lock, RANK_EVENTS.
 */
#include "proc/load.h"

#include <arch/time.h>

#include "proc/sched.h"
#include "sync/spinlock.h"
#include "sync/timer.h"

#define STEP_NS 5000000000ull
#define ONE     (1ull << LOAD_FRACTION_BITS)

/* exp(-5/60), exp(-5/300), exp(-5/900), of ONE. */
static const uint64_t decay[3] = {60296, 64453, 65173};

static struct spinlock load_lock = SPINLOCK_INIT(RANK_EVENTS);
/* (x) */
static uint64_t averages_now[3];
/* Its own; set by load_init() and by its expiry alone. */
static struct timer timer;

static void count(struct timer *expired)
{
	uint64_t busy = sched_runnable() + (sched_is_idle() ? 0 : 1);

	spin_lock(&load_lock);
	for (unsigned i = 0; i < 3; i++)
		averages_now[i] =
			(averages_now[i] * decay[i] + busy * ONE * (ONE - decay[i])) / ONE;
	spin_unlock(&load_lock);
	timer_set(expired, expired->deadline + STEP_NS);
}

void load_init(void)
{
	timer.expire = count;
	timer_set(&timer, time_now() + STEP_NS);
}

void load_averages(uint64_t averages[3])
{
	spin_lock(&load_lock);
	for (unsigned i = 0; i < 3; i++)
		averages[i] = averages_now[i];
	spin_unlock(&load_lock);
}
