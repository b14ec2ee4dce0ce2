/* sys_time.c: clocks, sleeping, and how much time was used. */
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

uint64_t realtime_now(void)
{
	return time_boot_epoch() * NS_PER_SECOND + time_now();
}

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
	uint64_t booted = realtime && absolute ? realtime_now() - time_now() : 0;
	uint64_t base = absolute ? 0 : time_now();
	time = time > booted ? time - booted : 0;
	if (__builtin_add_overflow(base, time, deadline))
		*deadline = WAIT_FOREVER - 1;
	return 0;
}

/* ---- clocks ---- */

/* A process's or a thread's CPU time: clock_getcpuclockid(3) puts the number and the kind in. */
#define CPU_CLOCK_KIND   3
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_SHIFT  3

static bool read_cpu_clock(int clock, uint64_t *nanoseconds)
{
	int pid = ~(clock >> CPU_CLOCK_SHIFT);
	bool found = false;

	if ((clock & CPU_CLOCK_KIND) == CPU_CLOCK_KIND)
		return false;
	if (pid == 0)
		pid = current_process()->pid;
	if ((clock & CPU_CLOCK_THREAD) && pid != current_process()->pid)
		return false;
	spin_lock(&process_lock);
	const struct process *process = process_find_locked(pid);
	if (process) {
		*nanoseconds =
			process->thread ? sched_cpu_time(process->thread) : process->cpu_time;
		found = true;
	}
	spin_unlock(&process_lock);
	return found;
}

static bool read_clock(int clock, uint64_t *nanoseconds)
{
	if (clock < 0)
		return read_cpu_clock(clock, nanoseconds);
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
	case CLOCK_THREAD_CPUTIME_ID:
		*nanoseconds = sched_cpu_time(current_thread());
		return true;
	default:
		return false;
	}
}

int64_t sys_clock_gettime(const struct syscall *call)
{
	uint64_t now;

	return read_clock(arg_int(call, 0), &now) ? put_timespec(call->a[1], now) : -EINVAL;
}

int64_t sys_clock_getres(const struct syscall *call)
{
	uint64_t now;

	if (!read_clock(arg_int(call, 0), &now))
		return -EINVAL;
	return call->a[1] ? put_timespec(call->a[1], 1) : 0;
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

int64_t sys_clock_nanosleep(const struct syscall *call)
{
	int clock = arg_int(call, 0);
	bool absolute = arg_unsigned(call, 1) & TIMER_ABSTIME;
	uint64_t deadline;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	int error = 0;
	if (!restart_deadline(&deadline))
		error = get_deadline(call->a[2], absolute, clock == CLOCK_REALTIME, &deadline);
	if (error)
		return error;
	return absolute ? sleep_until(deadline, 0, 0)
			: sleep_until(deadline, __NR_clock_nanosleep, call->a[3]);
}

/* ---- time used; all of it counts as the program's own ---- */

int64_t sys_times(const struct syscall *call)
{
	struct process *process = current_process();
	struct tms used = {
		.tms_utime = (__kernel_clock_t)(sched_cpu_time(current_thread()) / NS_PER_TICK),
		.tms_cutime = (__kernel_clock_t)(process->children_cpu_time / NS_PER_TICK),
	};

	if (call->a[0] && copy_to_user(call->a[0], &used, sizeof(used)))
		return -EFAULT;
	return (int64_t)(time_now() / NS_PER_TICK);
}

/* What is resident now: the most that ever was is not kept. */
static void add_memory(struct rusage *usage, struct vm_space *space)
{
	struct vm_usage memory;

	mutex_lock(&space->lock);
	vm_usage_locked(space, 0, USER_END, &memory);
	usage->ru_minflt = (__kernel_long_t)vm_minor_faults(space);
	mutex_unlock(&space->lock);
	usage->ru_maxrss = (__kernel_long_t)(memory.resident / KIB);
}

int64_t sys_getrusage(const struct syscall *call)
{
	struct rusage usage = {0};

	switch (arg_int(call, 0)) {
	case RUSAGE_SELF:
	case RUSAGE_THREAD:
		usage.ru_utime = timeval_of(sched_cpu_time(current_thread()));
		add_memory(&usage, current_process()->space);
		break;
	case RUSAGE_CHILDREN:
		usage.ru_utime = timeval_of(current_process()->children_cpu_time);
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user(call->a[1], &usage, sizeof(usage));
}
