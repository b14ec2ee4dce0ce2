/* realtime.c: see realtime.h. */
#include "sync/realtime.h"

#include <arch/time.h>

#define NS_PER_SECOND 1000000000ull

/* How much later it is than the machine's clock said; changed atomically, and may wrap. */
static uint64_t correction;

static uint64_t uncorrected(uint64_t now)
{
	return time_boot_epoch() * NS_PER_SECOND + now;
}

uint64_t realtime_now(void)
{
	return uncorrected(time_now()) + __atomic_load_n(&correction, __ATOMIC_RELAXED);
}

void realtime_set(uint64_t nanoseconds)
{
	uint64_t now = time_now();

	/* The caller has looked, but time goes on. */
	nanoseconds = MAX(nanoseconds, now);
	__atomic_store_n(&correction, nanoseconds - uncorrected(now), __ATOMIC_RELAXED);
}
