/* fake_clock.c: see fake_clock.h. */
#include "fake_clock.h"

#include <arch/time.h>

#include "sync/timer.h"

uint64_t fake_now;

static struct timer *set;

uint64_t time_now(void)
{
	return fake_now;
}

void timer_set(struct timer *timer, uint64_t deadline)
{
	timer->deadline = deadline;
	set = timer;
}

bool fake_clock_expire(void)
{
	struct timer *timer = set;

	if (!timer)
		return false;
	set = NULL;
	fake_now = timer->deadline;
	timer->expire(timer);
	return true;
}
