/* sys_event.c: epoll(7), eventfd(2), timerfd_create(2). */
#include <arch/time.h>
#include <asm/fcntl.h>
#include <linux/eventpoll.h>
#include <linux/timerfd.h>

#include "fs/epoll.h"
#include "fs/eventfd.h"
#include "fs/file.h"
#include "fs/timerfd.h"
#include "lib/errno.h"
#include "sync/wait_queue.h"
#include "sys/decode.h"
#include "sys/signal_mask.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

/* In no header of Linux's that a kernel can include: sys/eventfd.h has it. */
#define EFD_SEMAPHORE_FLAG 1u
#define EPOLL_EVENTS_MAX   (0x7fffffff / sizeof(struct epoll_event))
#define NS_PER_MS          1000000ull

_Static_assert(TFD_CLOEXEC == O_CLOEXEC && TFD_NONBLOCK == O_NONBLOCK, "flags are passed on");

/* ---- epoll ---- */

static int64_t make_epoll(unsigned flags)
{
	struct file *file;

	if (flags & ~(unsigned)EPOLL_CLOEXEC)
		return -EINVAL;
	int error = epoll_create(&file);
	return error ? error : install_file(file, 0, flags);
}

int64_t sys_epoll_create(const struct syscall *call)
{
	return arg_int(call, 0) <= 0 ? -EINVAL : make_epoll(0);
}

int64_t sys_epoll_create1(const struct syscall *call)
{
	return make_epoll(arg_unsigned(call, 0));
}

static int control(struct file *epoll, struct file *file, const struct syscall *call,
		   const struct epoll_event *event)
{
	int fd = arg_int(call, 2);

	switch (arg_int(call, 1)) {
	case EPOLL_CTL_ADD:
		return epoll_add(epoll, file, fd, event->events, event->data);
	case EPOLL_CTL_MOD:
		return epoll_modify(epoll, file, fd, event->events, event->data);
	case EPOLL_CTL_DEL:
		return epoll_remove(epoll, file, fd);
	default:
		return !file->ops->poll ? -EPERM : -EINVAL;
	}
}

int64_t sys_epoll_ctl(const struct syscall *call)
{
	struct epoll_event event = {0};
	int error = -EBADF;

	if (arg_int(call, 1) != EPOLL_CTL_DEL && copy_from_user(&event, call->a[3], sizeof(event)))
		return -EFAULT;
	struct file *epoll = get_file(call->a[0]);
	struct file *file = epoll ? get_file(call->a[2]) : NULL;
	if (file)
		error = control(epoll, file, call, &event);
	if (file)
		file_put(file);
	if (epoll)
		file_put(epoll);
	return error;
}

static int64_t wait_for_events(const struct syscall *call, uint64_t deadline)
{
	int max = arg_int(call, 2);

	if (max <= 0 || (unsigned)max > EPOLL_EVENTS_MAX)
		return -EINVAL;
	struct file *file = get_file(call->a[0]);
	if (!file)
		return -EBADF;
	int64_t result = -EINVAL;
	if (file_is_epoll(file))
		result = epoll_wait(file, call->a[1], (unsigned)max, deadline);
	file_put(file);
	return result;
}

static uint64_t deadline_of(int milliseconds)
{
	return milliseconds < 0    ? WAIT_FOREVER
	       : milliseconds == 0 ? 0
				   : time_now() + (uint64_t)milliseconds * NS_PER_MS;
}

int64_t sys_epoll_wait(const struct syscall *call)
{
	return wait_for_events(call, deadline_of(arg_int(call, 3)));
}

static int64_t wait_masked(const struct syscall *call, uint64_t deadline)
{
	int error = signal_mask_swap(call->a[4], call->a[5]);

	return error ? error : signal_mask_restore(wait_for_events(call, deadline));
}

int64_t sys_epoll_pwait(const struct syscall *call)
{
	return wait_masked(call, deadline_of(arg_int(call, 3)));
}

int64_t sys_epoll_pwait2(const struct syscall *call)
{
	uint64_t deadline = WAIT_FOREVER;
	int error = call->a[3] ? get_deadline(call->a[3], false, false, &deadline) : 0;

	return error ? error : wait_masked(call, deadline);
}

/* ---- eventfd ---- */

static int64_t make_eventfd(unsigned count, unsigned flags)
{
	struct file *file;

	if (flags & ~(EFD_SEMAPHORE_FLAG | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	int error = eventfd_create(count, flags & EFD_SEMAPHORE_FLAG, flags, &file);
	return error ? error : install_file(file, 0, flags);
}

int64_t sys_eventfd(const struct syscall *call)
{
	return make_eventfd(arg_unsigned(call, 0), 0);
}

int64_t sys_eventfd2(const struct syscall *call)
{
	return make_eventfd(arg_unsigned(call, 0), arg_unsigned(call, 1));
}

/* ---- timerfd ---- */

static bool is_timer_clock(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

int64_t sys_timerfd_create(const struct syscall *call)
{
	int clock = arg_int(call, 0);
	unsigned flags = arg_unsigned(call, 1);
	struct file *file;

	if ((flags & ~(unsigned)(TFD_CLOEXEC | TFD_NONBLOCK)) || !is_timer_clock(clock))
		return -EINVAL;
	int error = timerfd_create(clock, flags, &file);
	return error ? error : install_file(file, 0, flags);
}

static int get_timerfd(uint64_t fd, struct file **out)
{
	struct file *file = get_file(fd);

	if (!file)
		return -EBADF;
	if (!file_is_timerfd(file)) {
		file_put(file);
		return -EINVAL;
	}
	*out = file;
	return 0;
}

static int put_setting(vaddr_t user, const struct timerfd_setting *setting)
{
	int error = put_timespec(user, setting->interval);

	return error ? error : put_timespec(user + sizeof(struct timespec), setting->deadline);
}

/* A struct itimerspec of the program; the time of the first end is still as given. */
static int get_setting(vaddr_t user, struct timerfd_setting *setting)
{
	int error = get_timespec(user, &setting->interval);

	return error ? error : get_timespec(user + sizeof(struct timespec), &setting->deadline);
}

/* The first end, in time_now()'s terms. */
static uint64_t first_end(uint64_t given, bool absolute, int clock)
{
	bool realtime = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
	uint64_t now = time_now(), booted = realtime ? realtime_now() - now : 0, end;

	if (absolute)
		return given > booted ? given - booted : 1;
	return __builtin_add_overflow(now, given, &end) ? WAIT_FOREVER - 1 : end;
}

int64_t sys_timerfd_settime(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 1);
	struct timerfd_setting setting, old;
	struct file *file;

	/* Linux takes both times in one piece: a bad address comes before bad numbers. */
	if (copy_from_user(&(struct itimerspec){}, call->a[2], sizeof(struct itimerspec)))
		return -EFAULT;
	if (flags & ~(unsigned)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	int error = get_setting(call->a[2], &setting);
	if (!error)
		error = get_timerfd(call->a[0], &file);
	if (error)
		return error;
	if (setting.deadline)
		setting.deadline =
			first_end(setting.deadline, flags & TFD_TIMER_ABSTIME, timerfd_clock(file));
	timerfd_set(file, &setting, &old);
	file_put(file);
	return call->a[3] ? put_setting(call->a[3], &old) : 0;
}

int64_t sys_timerfd_gettime(const struct syscall *call)
{
	struct timerfd_setting setting;
	struct file *file;
	int error = get_timerfd(call->a[0], &file);

	if (error)
		return error;
	timerfd_get(file, &setting);
	file_put(file);
	return put_setting(call->a[1], &setting);
}
