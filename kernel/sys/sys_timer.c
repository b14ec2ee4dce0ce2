/* sys_timer.c: system calls on timers that send signals: alarm, setitimer, timer_create. */
#include <arch/time.h>
#include <linux/signal.h>
#include <linux/time.h>

#include "lib/errno.h"
#include "proc/interval_timer.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

#define US_PER_SECOND 1000000

/* ---- alarm, setitimer ---- */

int64_t sys_alarm(const struct syscall *call)
{
	const struct timer_setting fresh = {.value = arg_unsigned(call, 0) * NS_PER_SECOND};
	struct timer_setting old;
	int error = process_set_itimer(ITIMER_REAL, &fresh, &old);

	if (error)
		return error;
	/* To the nearest second, but never down to none. */
	uint64_t seconds = (old.value + NS_PER_SECOND / 2) / NS_PER_SECOND;
	return (int64_t)(old.value ? MAX(seconds, 1u) : 0);
}

static int nanoseconds_of(const struct __kernel_old_timeval *time, uint64_t *out)
{
	if (time->tv_sec < 0 || time->tv_usec < 0 || time->tv_usec >= US_PER_SECOND)
		return -EINVAL;
	if (__builtin_mul_overflow((uint64_t)time->tv_sec, NS_PER_SECOND, out) ||
	    __builtin_add_overflow(*out, (uint64_t)time->tv_usec * NS_PER_US, out))
		*out = WAIT_FOREVER - 1;
	return 0;
}

/* No structure at all is one of zeros. */
static int get_itimerval(vaddr_t user, struct timer_setting *out)
{
	struct __kernel_old_itimerval value;

	*out = (struct timer_setting){0};
	if (!user)
		return 0;
	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	int error = nanoseconds_of(&value.it_value, &out->value);
	return error ? error : nanoseconds_of(&value.it_interval, &out->interval);
}

/* What is left is rounded up: 0 would say that there is nothing. */
static int put_itimerval(vaddr_t user, const struct timer_setting *setting)
{
	const struct __kernel_old_itimerval value = {
		.it_value = timeval_of(setting->value + NS_PER_US - 1),
		.it_interval = timeval_of(setting->interval),
	};

	return copy_to_user(user, &value, sizeof(value));
}

int64_t sys_setitimer(const struct syscall *call)
{
	unsigned which = arg_unsigned(call, 0);
	struct timer_setting fresh, old;
	int error = get_itimerval(call->a[1], &fresh);

	if (error)
		return error;
	if (which > ITIMER_PROF)
		return -EINVAL;
	error = process_set_itimer(which, &fresh, &old);
	if (error)
		return error;
	return call->a[2] ? put_itimerval(call->a[2], &old) : 0;
}

int64_t sys_getitimer(const struct syscall *call)
{
	unsigned which = arg_unsigned(call, 0);
	struct timer_setting setting;

	if (which > ITIMER_PROF)
		return -EINVAL;
	process_get_itimer(which, &setting);
	return put_itimerval(call->a[1], &setting);
}

/* ---- timer_create ---- */

/* The clocks that timers can be on. */
static bool has_timers(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return true;
	default:
		return false;
	}
}

static bool is_own_thread(int id)
{
	spin_lock(&process_lock);
	bool is = process_thread_locked(current_process(), id);
	spin_unlock(&process_lock);
	return is;
}

/* struct sigevent, what of it counts. */
static int get_event(vaddr_t user, struct timer_request *request)
{
	struct sigevent event;

	request->notify = SIGEV_SIGNAL;
	request->signal = SIGALRM;
	if (!user)
		return 0;
	if (copy_from_user(&event, user, sizeof(event)))
		return -EFAULT;
	request->notify = event.sigev_notify;
	request->signal = event.sigev_signo;
	request->value = (uint64_t)event.sigev_value.sival_ptr;
	request->has_value = true;
	switch (event.sigev_notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		if (!is_own_thread(event._sigev_un._tid))
			return -EINVAL;
		request->thread = event._sigev_un._tid;
		request->notify = SIGEV_THREAD_ID;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: /* a library's matter */
		request->notify = SIGEV_SIGNAL;
		break;
	default:
		return -EINVAL;
	}
	return event.sigev_signo > 0 && event.sigev_signo <= SIGNAL_MAX ? 0 : -EINVAL;
}

int64_t sys_timer_create(const struct syscall *call)
{
	struct timer_request request = {.clock = clock_canonical(arg_int(call, 0))};
	int id, error = get_event(call->a[1], &request);
	uint64_t now;

	if (error)
		return error;
	if (!has_timers(request.clock)) {
		bool can_be_read = request.clock >= 0 && clock_read(request.clock, &now);
		return can_be_read ? -EOPNOTSUPP : -EINVAL;
	}
	error = posix_timer_create(&request, &id);
	if (error)
		return error;
	error = copy_to_user(call->a[2], &id, sizeof(id));
	if (error)
		(void)!posix_timer_delete(id);
	return error;
}

int64_t sys_timer_delete(const struct syscall *call)
{
	return posix_timer_delete(arg_int(call, 0));
}

int64_t sys_timer_getoverrun(const struct syscall *call)
{
	return posix_timer_overrun(arg_int(call, 0));
}

static int put_itimerspec(vaddr_t user, const struct timer_setting *setting)
{
	int error =
		put_timespec(user + offsetof(struct itimerspec, it_interval), setting->interval);

	return error ? error
		     : put_timespec(user + offsetof(struct itimerspec, it_value), setting->value);
}

int64_t sys_timer_gettime(const struct syscall *call)
{
	struct timer_setting setting;
	int error = posix_timer_get(arg_int(call, 0), &setting);

	return error ? error : put_itimerspec(call->a[1], &setting);
}

/* An absolute time of a clock that counts from 1970, as time_now() counts. In the past: now. */
static uint64_t from_realtime(uint64_t time)
{
	uint64_t now = time_now(), booted = realtime_now() - now;

	return time > booted ? time - booted : 1;
}

int64_t sys_timer_settime(const struct syscall *call)
{
	int id = arg_int(call, 0), clock;
	bool relative = !(arg_unsigned(call, 1) & TIMER_ABSTIME);
	struct timer_setting fresh, old;

	if (!call->a[2])
		return -EINVAL;
	int error = get_timespec(call->a[2] + offsetof(struct itimerspec, it_interval),
				 &fresh.interval);
	if (!error)
		error = get_timespec(call->a[2] + offsetof(struct itimerspec, it_value),
				     &fresh.value);
	if (!error)
		error = posix_timer_clock(id, &clock);
	if (error)
		return error;
	if (fresh.value && !relative && (clock == CLOCK_REALTIME || clock == CLOCK_TAI))
		fresh.value = from_realtime(fresh.value);
	error = posix_timer_set(id, relative, &fresh, &old);
	if (error)
		return error;
	return call->a[3] ? put_itimerspec(call->a[3], &old) : 0;
}
