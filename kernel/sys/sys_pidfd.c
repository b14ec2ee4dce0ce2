/* sys_pidfd.c: system calls on processes that a descriptor names (pidfd_open(2)). */
#include <asm/fcntl.h>
#include <linux/pidfd.h>

#include "fs/fd_table.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* Newer than the header (PIDFD_SIGNAL_*). */
#define SIGNAL_THREAD        0x1u
#define SIGNAL_THREAD_GROUP  0x2u
#define SIGNAL_PROCESS_GROUP 0x4u

int64_t sys_pidfd_open(const struct syscall *call)
{
	int pid = arg_int(call, 0);
	unsigned flags = arg_unsigned(call, 1);
	struct file *file;

	/* PIDFD_THREAD, which is newer, names one thread; that is not there. */
	if ((flags & ~(unsigned)O_NONBLOCK) || pid <= 0)
		return -EINVAL;
	int error = pidfd_open(pid, flags, &file);
	return error ? error : install_file(file, 0, O_CLOEXEC);
}

/* The descriptor's file, with a reference; NULL: it names no process. */
static struct file *get_pidfd(uint64_t fd)
{
	struct file *file = get_file(fd);

	if (file && !file_is_pidfd(file)) {
		file_put(file);
		return NULL;
	}
	return file;
}

/* ---- signals ---- */

/* What it is to be told; only to itself may a process say that it was the kernel, or kill(2). */
static int get_info(const struct syscall *call, struct file *file, struct signal_info *info)
{
	int signal = arg_int(call, 1);
	bool is_group = arg_unsigned(call, 3) == SIGNAL_PROCESS_GROUP;

	if (!call->a[2]) {
		*info = signal_info_user(signal, arg_unsigned(call, 3) == SIGNAL_THREAD ? SI_TKILL
											: SI_USER);
		return 0;
	}
	if (copy_from_user(info, call->a[2], sizeof(*info)))
		return -EFAULT;
	if (info->si_signo != signal)
		return -EINVAL;
	bool is_self = pidfd_pid(file) == current_process()->pid;
	if ((!is_self || is_group) && (info->si_code >= 0 || info->si_code == SI_TKILL))
		return -EPERM;
	return 0;
}

static int send_locked(struct process *process, unsigned how, const struct signal_info *info)
{
	if (!process)
		return -ESRCH;
	if (info->si_signo < 0 || info->si_signo > SIGNAL_MAX)
		return -EINVAL;
	if (how == SIGNAL_PROCESS_GROUP)
		return signal_send_group_locked(process->pid, info->si_signo, info);
	/* A leader that has ended takes none. */
	if (how == SIGNAL_THREAD && !process->leader)
		return 0;
	return signal_send_checked_locked(process, how == SIGNAL_THREAD ? process->leader : NULL,
					  info);
}

int64_t sys_pidfd_send_signal(const struct syscall *call)
{
	unsigned how = arg_unsigned(call, 3);
	struct signal_info info;

	if ((how & ~(SIGNAL_THREAD | SIGNAL_THREAD_GROUP | SIGNAL_PROCESS_GROUP)) ||
	    (how & (how - 1)))
		return -EINVAL;
	struct file *file = get_pidfd(call->a[0]);
	if (!file)
		return -EBADF;
	int error = get_info(call, file, &info);
	if (!error) {
		spin_lock(&process_lock);
		error = send_locked(pidfd_process_locked(file), how, &info);
		spin_unlock(&process_lock);
	}
	file_put(file);
	return error;
}

/* ---- another process's files ---- */

/* One with a reference. -ESRCH: it has ended; -EBADF. */
static int get_other(struct file *pidfd, unsigned fd, struct file **out)
{
	int error = -ESRCH;

	spin_lock(&process_lock);
	struct process *process = pidfd_process_locked(pidfd);
	if (process && process->files) {
		*out = fd_table_get(process->files, fd);
		error = *out ? 0 : -EBADF;
	}
	spin_unlock(&process_lock);
	return error;
}

int64_t sys_pidfd_getfd(const struct syscall *call)
{
	struct file *file;

	if (arg_unsigned(call, 2))
		return -EINVAL;
	struct file *pidfd = get_pidfd(call->a[0]);
	if (!pidfd)
		return -EBADF;
	int error = get_other(pidfd, arg_unsigned(call, 1), &file);
	file_put(pidfd);
	return error ? error : install_file(file, 0, O_CLOEXEC);
}
