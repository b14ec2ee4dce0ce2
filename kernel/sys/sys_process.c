/* sys_process.c: system calls on processes and the calling thread. */
#include <arch/user.h>
#include <arch/trap.h>
#include <asm/fcntl.h>
#include <asm/prctl.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/time_types.h>

#include "debug/log.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/futex.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"
#include "sys/decode.h"
#include "sys/restart.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

int64_t sys_exit(const struct syscall *call)
{
	process_exit(EXIT_STATUS(arg_int(call, 0)));
}

/* ---- fork, clone ---- */

int64_t sys_fork(const struct syscall *call)
{
	return process_fork(call->frame, 0, 0);
}

/* What a copy of the process honours, or can do without as long as there are no threads. */
#define CLONE_FORK_LIKE                                                                    \
	((uint64_t)(CSIGNAL | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | \
		    CLONE_PARENT_SETTID | CLONE_UNTRACED | CLONE_VFORK))

/*
 * vfork and posix_spawn share their memory with the child until it calls execve or exits. Here the
 * child gets a copy: what it writes there to say that execve has failed is not seen.
 */
static bool is_like_fork(uint64_t flags)
{
	if ((flags & CLONE_VFORK) && (flags & CLONE_VM))
		flags &= ~(uint64_t)CLONE_VM;
	return !(flags & ~CLONE_FORK_LIKE);
}

static void name_threads(uint64_t flags)
{
	static bool named; /* changed atomically */
	const struct process *process = current_process();

	if (!__atomic_exchange_n(&named, true, __ATOMIC_RELAXED))
		log_warning("process %s (pid %d): clone with flags %#llx: threads are not "
			    "implemented",
			    process->name, process->pid, (unsigned long long)flags);
}

int64_t sys_clone(const struct syscall *call)
{
	uint64_t flags = call->a[0];

	if (!is_like_fork(flags)) {
		name_threads(flags);
		return -ENOSYS;
	}
	int pid =
		process_fork(call->frame, flags & CLONE_CHILD_SETTID ? call->a[3] : 0, call->a[1]);
	/* As Linux does, without regard to whether it can be stored. */
	if (pid > 0 && (flags & CLONE_PARENT_SETTID))
		(void)!copy_to_user(call->a[2], &pid, sizeof(pid));
	return pid;
}

/* ---- execve ---- */

int64_t sys_execve(const struct syscall *call)
{
	struct process *process = current_process();
	struct exec_request request = {
		.directory = process->cwd,
		.arguments = {.user = call->a[1]},
		.environment = {.user = call->a[2]},
	};
	struct exec_image image;
	char *path;

	int error = get_path(call->a[0], &path);
	if (error)
		return error;
	request.name = path;
	error = path_walk(process->cwd, path, 0, &request.inode);
	if (!error) {
		error = exec_prepare(process, &request, &image);
		inode_put(request.inode);
	}
	kfree(path);
	if (error)
		return error;
	exec_commit(process, &image);
	trap_set_start(call->frame, image.entry, image.sp);
	return 0;
}

/* ---- who am I ---- */

int64_t sys_getpid(const struct syscall *call)
{
	return current_process()->pid;
}

int64_t sys_getppid(const struct syscall *call)
{
	return __atomic_load_n(&current_process()->parent_pid, __ATOMIC_RELAXED);
}

/* The word is cleared for other threads of the space, and there are none. */
int64_t sys_set_tid_address(const struct syscall *call)
{
	return current_process()->pid;
}

int64_t sys_arch_prctl(const struct syscall *call)
{
	int code = arg_int(call, 0);
	uint64_t value;

	int error = arch_prctl(&current_thread()->arch, code, call->a[1], &value);
	if (!error && (code == ARCH_GET_FS || code == ARCH_GET_GS))
		error = copy_to_user(call->a[1], &value, sizeof(value));
	return error;
}

static int64_t set_name(struct process *process, vaddr_t user)
{
	char name[PROCESS_NAME_BYTES] = "";
	ssize_t length = copy_string_from_user(name, user, sizeof(name) - 1);

	if (length < 0 && length != -ENAMETOOLONG)
		return length;
	name[length < 0 ? PROCESS_NAME_BYTES - 1 : length] = 0;
	memcpy(process->name, name, sizeof(name));
	return 0;
}

int64_t sys_prctl(const struct syscall *call)
{
	struct process *process = current_process();

	switch (arg_int(call, 0)) {
	case PR_SET_NAME:
		return set_name(process, call->a[1]);
	case PR_GET_NAME:
		return copy_to_user(call->a[1], process->name, sizeof(process->name));
	default:
		return -EINVAL;
	}
}

/* ---- scheduling ---- */

int64_t sys_sched_yield(const struct syscall *call)
{
	thread_yield();
	return 0;
}

/* One CPU. As Linux's, it returns how many bytes it has written. */
int64_t sys_sched_getaffinity(const struct syscall *call)
{
	const uint64_t mask = 1;
	unsigned bytes = arg_unsigned(call, 1);
	int pid = arg_int(call, 0);

	if (bytes < sizeof(mask) || bytes % sizeof(mask))
		return -EINVAL;
	if (pid && !process_exists(pid))
		return -ESRCH;
	return copy_to_user(call->a[2], &mask, sizeof(mask)) ? -EFAULT : (int64_t)sizeof(mask);
}

/* ---- futex ---- */

static int64_t do_wait(const struct syscall *call, bool private, bool is_bitset, bool realtime)
{
	uint32_t bits = is_bitset ? arg_unsigned(call, 5) : FUTEX_BITSET_MATCH_ANY;
	uint64_t deadline = WAIT_FOREVER;

	if (call->a[3] && !restart_deadline(&deadline)) {
		int error = get_deadline(call->a[3], is_bitset, realtime, &deadline);
		if (error)
			return error;
	}
	int error = futex_wait(call->a[0], private, arg_unsigned(call, 2), bits, deadline);
	if (error == -EINTR && deadline != WAIT_FOREVER)
		restart_later(__NR_futex, deadline);
	return error;
}

int64_t sys_futex(const struct syscall *call)
{
	unsigned operation = arg_unsigned(call, 1);
	bool private = operation & FUTEX_PRIVATE_FLAG, realtime = operation & FUTEX_CLOCK_REALTIME;
	unsigned command = operation & (unsigned)FUTEX_CMD_MASK;

	if (realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT)
		return -ENOSYS;
	/* Waking looks at the address only, and has to see that it can't be one. */
	if (call->a[0] > USER_END && IS_ALIGNED(call->a[0], sizeof(uint32_t)))
		return -EFAULT;
	switch (command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return do_wait(call, private, command == FUTEX_WAIT_BITSET, realtime);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		/* Linux wakes one even where none was asked for. */
		return futex_wake(call->a[0], private, MAX(arg_unsigned(call, 2), 1u),
				  command == FUTEX_WAKE_BITSET ? arg_unsigned(call, 5)
							       : FUTEX_BITSET_MATCH_ANY);
	default:
		return -ENOSYS;
	}
}
