/* time_args.h: times as programs give and take them. Clocks: time_now() is CLOCK_MONOTONIC. */
#ifndef SYS_TIME_ARGS_H
#define SYS_TIME_ARGS_H

#include <linux/time.h>
#include <linux/time_types.h>
#include "lib/types.h"
#include "sync/realtime.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_US     1000ull

/* A struct timespec of the program as nanoseconds, at most WAIT_FOREVER - 1. -EFAULT, -EINVAL. */
NODISCARD int get_timespec(vaddr_t user, uint64_t *nanoseconds);
NODISCARD int put_timespec(vaddr_t user, uint64_t nanoseconds);

/* The time_now() at which a timespec is over: of now on, or, `absolute`, on the given clock. */
NODISCARD int get_deadline(vaddr_t user, bool absolute, bool realtime, uint64_t *deadline);

/* What a clock says, in nanoseconds. False: there is no such clock, or no such process. */
bool clock_read(int clock, uint64_t *nanoseconds);

/* The name that everybody uses for the caller's own CPU time; other clocks are returned as they
 * are. */
int clock_canonical(int clock);

/* Has it the number of a clock that a descriptor names? There are no such clocks. */
bool clock_is_file(int clock);

struct process_usage;
struct rusage;
struct rusage rusage_of(const struct process_usage *usage);

static inline struct __kernel_old_timeval timeval_of(uint64_t nanoseconds)
{
	return (struct __kernel_old_timeval){
		.tv_sec = (__kernel_old_time_t)(nanoseconds / NS_PER_SECOND),
		.tv_usec = (__kernel_suseconds_t)(nanoseconds % NS_PER_SECOND / NS_PER_US),
	};
}

#endif
