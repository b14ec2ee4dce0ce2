/* sys_wait.c: system calls on families: waiting for children, process groups, sessions. */
#include <asm/fcntl.h>
#include <linux/resource.h>
#include <linux/wait.h>

#include "fs/file.h"
#include "lib/errno.h"
#include "proc/group.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

#define KIND_OPTIONS (__WNOTHREAD | __WCLONE | (unsigned)__WALL)

static int put_usage(vaddr_t user, const struct wait_result *result)
{
	const struct rusage usage = rusage_of(&result->usage);

	return user ? copy_to_user(user, &usage, sizeof(usage)) : 0;
}

/* pid as wait4(2) has it. */
static struct wait_target target_of(int pid)
{
	if (pid == -1)
		return (struct wait_target){.kind = WAIT_ANY};
	if (pid < 0)
		return (struct wait_target){.kind = WAIT_GROUP, .id = -pid};
	if (!pid)
		return (struct wait_target){.kind = WAIT_GROUP, .id = process_get_group(0)};
	return (struct wait_target){.kind = WAIT_PID, .id = pid};
}

int64_t sys_wait4(const struct syscall *call)
{
	unsigned options = arg_unsigned(call, 2);
	int wanted = arg_int(call, 0);
	struct wait_result result;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | KIND_OPTIONS))
		return -EINVAL;
	if (wanted == INT32_MIN)
		return -ESRCH; /* it has no group's number */
	int pid = process_wait(current_process(), target_of(wanted), options | WEXITED, &result);
	if (pid <= 0)
		return pid;
	if (call->a[1] && copy_to_user(call->a[1], &result.status, sizeof(result.status)))
		return -EFAULT;
	return put_usage(call->a[3], &result) ? -EFAULT : pid;
}

/* The process that a descriptor names; *file, with a reference, keeps it known. */
static int get_pidfd(int fd, struct wait_target *target, struct file **file)
{
	if (fd < 0)
		return -EINVAL;
	*file = get_file((uint64_t)fd);
	if (*file && !file_is_pidfd(*file)) {
		file_put(*file);
		*file = NULL;
	}
	if (!*file)
		return -EBADF;
	*target = (struct wait_target){.kind = WAIT_HANDLE, .handle = pidfd_handle(*file)};
	return 0;
}

/* *file: NULL, or a pidfd's. -EINVAL, -EBADF. */
static int get_target(const struct syscall *call, struct wait_target *target, struct file **file)
{
	int id = arg_int(call, 1);

	switch (arg_int(call, 0)) {
	case P_ALL:
		*target = (struct wait_target){.kind = WAIT_ANY};
		return 0;
	case P_PID:
		*target = (struct wait_target){.kind = WAIT_PID, .id = id};
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		*target = (struct wait_target){.kind = WAIT_GROUP,
					       .id = id ? id : process_get_group(0)};
		return id >= 0 ? 0 : -EINVAL;
	case P_PIDFD:
		return get_pidfd(id, target, file);
	default:
		return -EINVAL;
	}
}

int64_t sys_waitid(const struct syscall *call)
{
	const unsigned events = WEXITED | WSTOPPED | WCONTINUED;
	unsigned options = arg_unsigned(call, 3);
	struct signal_info info = {0};
	struct wait_result result = {0};
	struct wait_target target;
	struct file *file = NULL;

	if ((options & ~(events | WNOHANG | WNOWAIT | KIND_OPTIONS)) || !(options & events))
		return -EINVAL;
	int error = get_target(call, &target, &file);
	if (error)
		return error;
	bool nonblocking = file && (file->flags & O_NONBLOCK) && !(options & WNOHANG);
	int pid = process_wait(current_process(), target, options | (nonblocking ? WNOHANG : 0),
			       &result);
	if (file)
		file_put(file);
	if (!pid && nonblocking)
		return -EAGAIN;
	if (pid < 0)
		return pid;
	if (pid) {
		info.si_signo = SIGCHLD;
		info.si_code = result.code;
		info.si_pid = pid;
		info.si_status = result.value;
		if (put_usage(call->a[4], &result))
			return -EFAULT;
	}
	/* Linux writes these fields only, and leaves the rest of the program's structure alone. */
	if (call->a[2] && copy_to_user(call->a[2], &info, offsetof(struct signal_info, si_utime)))
		return -EFAULT;
	return 0;
}

/* ---- groups and sessions ---- */

int64_t sys_setpgid(const struct syscall *call)
{
	return process_set_group(arg_int(call, 0), arg_int(call, 1));
}

int64_t sys_getpgid(const struct syscall *call)
{
	return process_get_group(arg_int(call, 0));
}

int64_t sys_getpgrp(const struct syscall *call)
{
	return process_get_group(0);
}

int64_t sys_setsid(const struct syscall *call)
{
	return process_new_session();
}

int64_t sys_getsid(const struct syscall *call)
{
	return process_get_session(arg_int(call, 0));
}
