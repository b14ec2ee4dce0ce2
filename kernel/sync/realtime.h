/* realtime.h: the time of day, which can be set. What waits is measured by time_now() alone. */
#ifndef SYNC_REALTIME_H
#define SYNC_REALTIME_H

#include "lib/types.h"

/* Nanoseconds since 1970, UTC. Any context. */
uint64_t realtime_now(void);

/* From now on it is `nanoseconds`, which is at least time_now(). Timers and sleeps that were begun
 * keep the end that they had. */
void realtime_set(uint64_t nanoseconds);

#endif
