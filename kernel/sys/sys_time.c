/* sys_time.c: sleeping, and how much time was used. */
#include <arch/time.h>
#include <arch/user.h>
#include <asm/param.h>
#include <asm/unistd_64.h>
#include <linux/resource.h>
#include <linux/times.h>

#include "lib/errno.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"
#include "sys/restart.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/space.h"
#include "vm/usage.h"
#include "vm/user_copy.h"

#define NS_PER_TICK (NS_PER_SECOND / HZ)

/* ---- arguments ---- */

int get_timespec(vaddr_t user, uint64_t *nanoseconds)
{
	struct timespec time;

	if (copy_from_user(&time, user, sizeof(time)))
		return -EFAULT;
	if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= (int64_t)NS_PER_SECOND)
		return -EINVAL;
	if (__builtin_mul_overflow((uint64_t)time.tv_sec, NS_PER_SECOND, nanoseconds) ||
	    __builtin_add_overflow(*nanoseconds, (uint64_t)time.tv_nsec, nanoseconds) ||
	    *nanoseconds == WAIT_FOREVER)
		*nanoseconds = WAIT_FOREVER - 1;
	return 0;
}

int put_timespec(vaddr_t user, uint64_t nanoseconds)
{
	struct timespec time = {
		.tv_sec = (int64_t)(nanoseconds / NS_PER_SECOND),
		.tv_nsec = (int64_t)(nanoseconds % NS_PER_SECOND),
	};

	return copy_to_user(user, &time, sizeof(time));
}

int get_deadline(vaddr_t user, bool absolute, bool realtime, uint64_t *deadline)
{
	uint64_t time;
	int error = get_timespec(user, &time);

	if (error)
		return error;
	/* Before the other, which is never less then. */
	uint64_t now = time_now();
	uint64_t booted = realtime && absolute ? realtime_now() - now : 0;
	uint64_t base = absolute ? 0 : now;
	time = time > booted ? time - booted : 0;
	if (__builtin_add_overflow(base, time, deadline))
		*deadline = WAIT_FOREVER - 1;
	return 0;
}

/* ---- sleeping ---- */

/* Call `number`, which may be made again until it is over; 0: its arguments say until when.
 * remaining: where to say how long it would have slept on; 0: nowhere. */
static int64_t sleep_until(uint64_t deadline, unsigned number, vaddr_t remaining)
{
	struct wait_queue nobody;

	wait_queue_init(&nobody);
	int error = wait_until(&nobody, deadline, false);
	if (error != -EINTR)
		return 0;
	uint64_t now = time_now();
	if (remaining && put_timespec(remaining, deadline > now ? deadline - now : 0))
		return -EFAULT;
	if (number)
		restart_later(number, deadline);
	return -EINTR;
}

int64_t sys_nanosleep(const struct syscall *call)
{
	uint64_t deadline;
	int error = 0;

	if (!restart_deadline(&deadline))
		error = get_deadline(call->a[0], false, false, &deadline);
	return error ? error : sleep_until(deadline, __NR_nanosleep, call->a[1]);
}

/* Look again at least so often, while other threads use time: as with Linux's HZ of 250. */
#define CPU_TIME_STEP_NS 4000000ull

/* Until the calling process has used that much time. The caller uses none while it sleeps; with no
 * other thread a signal alone ends it. */
static int64_t sleep_on_cpu_time(vaddr_t time, bool absolute, vaddr_t remaining)
{
	struct wait_queue nobody;
	uint64_t until, left;
	int error = get_timespec(time, &until);

	if (error)
		return error;
	if (!absolute && __builtin_add_overflow(process_cpu_time(), until, &until))
		until = UINT64_MAX;
	wait_queue_init(&nobody);
	do {
		uint64_t used = process_cpu_time();
		if (until <= used)
			return 0;
		left = until - used;
		error = wait_until(&nobody, time_now() + CPU_TIME_STEP_NS, false);
	} while (error != -EINTR);
	if (!absolute && remaining && put_timespec(remaining, left))
		return -EFAULT;
	return -EINTR;
}

/* For a clock that nobody can wait for; the errors in Linux's order. */
static int refuse_to_sleep(int clock, vaddr_t time)
{
	uint64_t now;

	if (clock >= 0)
		return clock_read(clock, &now) ? -EOPNOTSUPP : -EINVAL;
	if (clock_is_file(clock))
		return -EOPNOTSUPP;
	int error = get_timespec(time, &now);
	return error ? error : -EINVAL;
}

/* clock_nanosleep(2). The CPU time of another process can be read alone. */
int64_t sys_clock_nanosleep(const struct syscall *call)
{
	int clock = clock_canonical(arg_int(call, 0));
	bool absolute = arg_unsigned(call, 1) & TIMER_ABSTIME;
	bool realtime = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
	uint64_t deadline;

	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return sleep_on_cpu_time(call->a[2], absolute, call->a[3]);
	if (!realtime && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return refuse_to_sleep(arg_int(call, 0), call->a[2]);
	int error = 0;
	if (!restart_deadline(&deadline))
		error = get_deadline(call->a[2], absolute, realtime, &deadline);
	if (error)
		return error;
	return absolute ? sleep_until(deadline, 0, 0)
			: sleep_until(deadline, __NR_clock_nanosleep, call->a[3]);
}

/* ---- time used ---- */

int64_t sys_times(const struct syscall *call)
{
	struct process_usage own, children;

	process_get_usage(&own, &children);
	struct tms used = {
		.tms_utime = (__kernel_clock_t)process_ticks(own.times.all - own.times.system),
		.tms_stime = (__kernel_clock_t)process_ticks(own.times.system),
		.tms_cutime =
			(__kernel_clock_t)process_ticks(children.times.all - children.times.system),
		.tms_cstime = (__kernel_clock_t)process_ticks(children.times.system),
	};
	if (call->a[0] && copy_to_user(call->a[0], &used, sizeof(used)))
		return -EFAULT;
	return (int64_t)(time_now() / NS_PER_TICK);
}

struct rusage rusage_of(const struct process_usage *usage)
{
	return (struct rusage){
		.ru_utime = timeval_of(usage->times.all - usage->times.system),
		.ru_stime = timeval_of(usage->times.system),
		.ru_minflt = (__kernel_long_t)usage->minor_faults,
		.ru_maxrss = (__kernel_long_t)(usage->resident_peak / KIB),
	};
}

/* The most that was ever resident, in this space or before. */
static void add_memory(struct process_usage *usage, struct vm_space *space)
{
	struct vm_usage memory;

	rw_lock_exclusive(&space->lock);
	vm_usage_locked(space, 0, USER_END, &memory);
	vm_peak_learn_locked(space, &memory);
	usage->resident_peak = MAX(usage->resident_peak, vm_resident_peak(space));
	rw_unlock_exclusive(&space->lock);
}

int64_t sys_getrusage(const struct syscall *call)
{
	struct process_usage own, children;
	struct rusage usage;

	process_get_usage(&own, &children);
	switch (arg_int(call, 0)) {
	case RUSAGE_SELF:
		add_memory(&own, current_process()->space);
		usage = rusage_of(&own);
		break;
	case RUSAGE_THREAD:
		own.times = sched_cpu_times(current_thread());
		add_memory(&own, current_process()->space);
		usage = rusage_of(&own);
		break;
	case RUSAGE_CHILDREN:
		usage = rusage_of(&children);
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user(call->a[1], &usage, sizeof(usage));
}
