/* sys_clock.c: reading and setting clocks: clock_gettime(2), clock_settime(2) and the older calls.
 */
#include <arch/time.h>
#include <asm/param.h>
#include <linux/capability.h>

#include "lib/errno.h"
#include "proc/credentials.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/realtime.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

/*
 * Clocks with negative numbers, as clock_getcpuclockid(3) makes them: the CPU time of a process,
 * or of a thread. The number of the process is in the upper bits, inverted; 0 is the caller.
 */
#define CPU_CLOCK_KIND       3
#define CPU_CLOCK_FILE       7
#define CPU_CLOCK_SCHEDULER  2 /* the kinds below are as fine as a tick */
#define CPU_CLOCK_DESCRIPTOR 3 /* no CPU time, but a file that is a clock */
#define CPU_CLOCK_THREAD     4
#define CPU_CLOCK_PID_SHIFT  3

#define US_PER_SECOND 1000000

/* Linux keeps 30 years before its clock ends. */
#define SECONDS_MAX ((uint64_t)INT64_MAX / NS_PER_SECOND - 30ull * 365 * 24 * 3600)

/* ---- whose clock ---- */

static bool is_cpu_clock(int clock)
{
	return clock < 0 && (clock & CPU_CLOCK_KIND) != CPU_CLOCK_DESCRIPTOR;
}

bool clock_is_file(int clock)
{
	return clock < 0 && (clock & CPU_CLOCK_FILE) == CPU_CLOCK_DESCRIPTOR;
}

int clock_canonical(int clock)
{
	int id = ~(clock >> CPU_CLOCK_PID_SHIFT);

	if (!is_cpu_clock(clock))
		return clock;
	if (clock & CPU_CLOCK_THREAD)
		return id && id != current_thread()->id ? clock : CLOCK_THREAD_CPUTIME_ID;
	return id && id != current_process()->pid ? clock : CLOCK_PROCESS_CPUTIME_ID;
}

/* That of another process, or of another thread of the caller's. */
static bool read_cpu_clock(int clock, uint64_t *nanoseconds)
{
	int id = ~(clock >> CPU_CLOCK_PID_SHIFT);
	bool of_thread = clock & CPU_CLOCK_THREAD, is_there;

	if (!is_cpu_clock(clock))
		return false;
	spin_lock(&process_lock);
	if (of_thread) {
		struct thread *thread = process_thread_locked(current_process(), id);
		is_there = thread;
		if (thread)
			*nanoseconds = sched_cpu_time(thread);
	} else {
		const struct process *process = process_find_locked(id);
		is_there = process;
		if (process)
			*nanoseconds = process_cpu_time_locked(process);
	}
	spin_unlock(&process_lock);
	return is_there;
}

bool clock_read(int clock, uint64_t *nanoseconds)
{
	clock = clock_canonical(clock);
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*nanoseconds = realtime_now();
		return true;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*nanoseconds = time_now();
		return true;
	case CLOCK_PROCESS_CPUTIME_ID:
		*nanoseconds = process_cpu_time();
		return true;
	case CLOCK_THREAD_CPUTIME_ID:
		*nanoseconds = sched_cpu_time(current_thread());
		return true;
	default:
		return read_cpu_clock(clock, nanoseconds);
	}
}

/* ---- reading ---- */

int64_t sys_clock_gettime(const struct syscall *call)
{
	uint64_t now;

	return clock_read(arg_int(call, 0), &now) ? put_timespec(call->a[1], now) : -EINVAL;
}

int64_t sys_clock_getres(const struct syscall *call)
{
	int clock = arg_int(call, 0);
	bool is_coarse = clock < 0 && (clock & CPU_CLOCK_KIND) != CPU_CLOCK_SCHEDULER;
	uint64_t now;

	if (!clock_read(clock, &now))
		return -EINVAL;
	return call->a[1] ? put_timespec(call->a[1], is_coarse ? NS_PER_SECOND / HZ : 1) : 0;
}

int64_t sys_gettimeofday(const struct syscall *call)
{
	struct __kernel_old_timeval now = timeval_of(realtime_now());
	const struct timezone zone = {0};

	if (call->a[0] && copy_to_user(call->a[0], &now, sizeof(now)))
		return -EFAULT;
	if (call->a[1] && copy_to_user(call->a[1], &zone, sizeof(zone)))
		return -EFAULT;
	return 0;
}

int64_t sys_time(const struct syscall *call)
{
	int64_t now = (int64_t)(realtime_now() / NS_PER_SECOND);

	if (call->a[0] && copy_to_user(call->a[0], &now, sizeof(now)))
		return -EFAULT;
	return now;
}

/* ---- setting ---- */

static bool may_set(void)
{
	return credentials_have(&current_process()->credentials, CAP_SYS_TIME);
}

/* The time of day is never less than the time since the start. */
static int64_t set(uint64_t nanoseconds)
{
	if (nanoseconds < time_now())
		return -EINVAL;
	realtime_set(nanoseconds);
	return 0;
}

/* clock_settime(2): the errors in Linux's order. */
int64_t sys_clock_settime(const struct syscall *call)
{
	int clock = arg_int(call, 0);
	uint64_t time;

	if (clock != CLOCK_REALTIME && clock >= 0)
		return -EINVAL;
	int error = get_timespec(call->a[1], &time);
	if (error == -EFAULT)
		return error;
	if (clock < 0)
		return clock_read(clock, &time) ? -EPERM : -EINVAL;
	if (error || time / NS_PER_SECOND >= SECONDS_MAX)
		return -EINVAL;
	return may_set() ? set(time) : -EPERM;
}

/* settimeofday(2). The time zone is checked and forgotten: the clock counts UTC. */
int64_t sys_settimeofday(const struct syscall *call)
{
	const int minutes_max = 15 * 60;
	struct __kernel_old_timeval time = {0};
	struct timezone zone = {0};

	if (call->a[0] && copy_from_user(&time, call->a[0], sizeof(time)))
		return -EFAULT;
	if (time.tv_usec < 0 || time.tv_usec > US_PER_SECOND)
		return -EINVAL;
	if (call->a[1] && copy_from_user(&zone, call->a[1], sizeof(zone)))
		return -EFAULT;
	if (time.tv_sec < 0 || (uint64_t)time.tv_sec >= SECONDS_MAX ||
	    time.tv_usec == US_PER_SECOND)
		return -EINVAL;
	if (!may_set())
		return -EPERM;
	if (zone.tz_minuteswest > minutes_max || zone.tz_minuteswest < -minutes_max)
		return -EINVAL;
	if (!call->a[0])
		return 0;
	return set((uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_usec * NS_PER_US);
}
