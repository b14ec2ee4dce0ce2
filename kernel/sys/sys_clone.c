/* sys_clone.c: fork, vfork, clone and clone3. */
#include <arch/trap.h>
#include <linux/sched.h>

#include "debug/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "proc/process.h"
#include "proc/sysv.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/space.h"
#include "vm/user_copy.h"

/* What a copy of the process honours, or can do without. */
#define FORK_LIKE                                                                                  \
	((uint64_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_FILES |     \
		    CLONE_FS | CLONE_IO | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_PIDFD |       \
		    CLONE_PTRACE | CLONE_SETTLS | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_UNTRACED | \
		    CLONE_VFORK | CLONE_VM) |                                                      \
	 CLONE_CLEAR_SIGHAND)
/* A thread shares all that a process has. */
#define THREAD_SHARES ((uint64_t)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD))
#define THREAD_LIKE                                                                                \
	(THREAD_SHARES | (uint64_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |   \
				    CLONE_IO | CLONE_PARENT_SETTID | CLONE_PTRACE | CLONE_SETTLS | \
				    CLONE_SYSVSEM | CLONE_UNTRACED))

#define NAMESPACES                                                                               \
	((uint64_t)(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | \
		    CLONE_NEWUSER | CLONE_NEWUTS))

/* The flags that clone knows, too; clone3 has more. */
#define LEGACY_FLAGS 0xffffffffull

static void name_flags(uint64_t flags)
{
	static bool named; /* changed atomically */
	const struct process *process = current_process();

	if (!__atomic_exchange_n(&named, true, __ATOMIC_RELAXED))
		log_warning("process %s (pid %d): clone with flags %#llx is not implemented",
			    process->name, process->pid, (unsigned long long)flags);
}

static struct fork_request request_of(const struct clone_args *args)
{
	uint64_t flags = args->flags;

	return (struct fork_request){
		.share_space = flags & CLONE_VM,
		.share = (flags & CLONE_FILES ? SHARE_FILES : 0) |
			 (flags & CLONE_FS ? SHARE_PLACE : 0) |
			 (flags & CLONE_SIGHAND ? SHARE_ACTIONS : 0),
		.is_sibling = flags & CLONE_PARENT,
		.exit_signal = (int)args->exit_signal,
		.pidfd = flags & CLONE_PIDFD ? args->pidfd : 0,
		.wait = flags & CLONE_VFORK,
		.reset_handlers = flags & CLONE_CLEAR_SIGHAND,
		.set_tls = flags & CLONE_SETTLS,
		.tls = args->tls,
		.child_sp = args->stack + args->stack_size,
		.child_tid = flags & CLONE_CHILD_SETTID ? args->child_tid : 0,
		.parent_tid = flags & CLONE_PARENT_SETTID ? args->parent_tid : 0,
		.clear_tid = flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0,
	};
}

/* clone(2)'s checks and the rest, once the arguments are known. A thread that shares less than all
 * is not there: -ENOSYS; nor are namespaces, which are refused as by a Linux without them. */
static int64_t clone_any(const struct syscall *call, const struct clone_args *args)
{
	uint64_t flags = args->flags;
	const struct fork_request request = request_of(args);

	if (((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND)) ||
	    ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM)) ||
	    ((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER))) ||
	    ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND)) || (flags & NAMESPACES) ||
	    ((flags & CLONE_PARENT) && current_process()->is_init))
		return -EINVAL;
	if (!(flags & CLONE_THREAD) && !(flags & ~FORK_LIKE))
		return process_fork(call->frame, &request);
	if ((flags & THREAD_SHARES) == THREAD_SHARES && !(flags & ~THREAD_LIKE))
		return process_clone(call->frame, &request);
	name_flags(flags);
	return -ENOSYS;
}

int64_t sys_fork(const struct syscall *call)
{
	return clone_any(call, &(struct clone_args){.exit_signal = SIGCHLD});
}

int64_t sys_vfork(const struct syscall *call)
{
	return clone_any(call, &(struct clone_args){
				       .flags = CLONE_VFORK | CLONE_VM,
				       .exit_signal = SIGCHLD,
			       });
}

int64_t sys_clone(const struct syscall *call)
{
	/* Of the flags, clone takes the lower half alone. */
	uint64_t flags = (uint32_t)call->a[0];

	/* It has one argument for both. */
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_PARENT_SETTID)))
		return -EINVAL;
	return clone_any(call, &(struct clone_args){
				       .flags = flags & ~(uint64_t)CSIGNAL,
				       .pidfd = call->a[2],
				       .exit_signal = flags & CSIGNAL,
				       .stack = call->a[1],
				       .parent_tid = call->a[2],
				       .child_tid = call->a[3],
				       .tls = call->a[4],
			       });
}

/* ---- clone3 ---- */

static bool are_valid(const struct clone_args *args)
{
	if (args->flags & ~(LEGACY_FLAGS | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return false;
	/* These have another meaning now, or none: the exit signal has a member of its own. */
	if (args->flags & (CLONE_DETACHED | (CSIGNAL & ~(uint64_t)CLONE_NEWTIME)))
		return false;
	if ((args->flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal)
		return false;
	if (args->exit_signal > SIGNAL_MAX || (!args->set_tid) != (!args->set_tid_size))
		return false;
	return !args->stack == !args->stack_size;
}

int64_t sys_clone3(const struct syscall *call)
{
	struct clone_args args;

	int error =
		get_extensible(call->a[0], call->a[1], CLONE_ARGS_SIZE_VER0, &args, sizeof(args));
	if (error)
		return error;
	if (!are_valid(&args))
		return -EINVAL;
	/* Choosing the child's pid and its control group is not implemented. */
	if (args.set_tid_size || (args.flags & CLONE_INTO_CGROUP))
		return -ENOSYS;
	return clone_any(call, &args);
}

/* ---- unshare ---- */

/* unshare(2). Threads share all in any case here: they can't be had apart. */
int64_t sys_unshare(const struct syscall *call)
{
	uint64_t flags = call->a[0];
	const uint64_t alone = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
	const struct process *process = current_process();

	if (flags & ~(alone | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
		return -EINVAL;
	if (__atomic_load_n(&process->thread_count, __ATOMIC_RELAXED) > 1)
		return -EINVAL;
	if ((flags & (CLONE_SIGHAND | CLONE_VM)) && process->signals.actions &&
	    __atomic_load_n(&process->signals.actions->users, __ATOMIC_RELAXED) > 1)
		return -EINVAL;
	if ((flags & CLONE_VM) && __atomic_load_n(&process->space->users, __ATOMIC_RELAXED) > 1)
		return -EINVAL;
	int error = process_unshare((flags & CLONE_FS ? SHARE_PLACE : 0) |
				    (flags & CLONE_FILES ? SHARE_FILES : 0));
	/* As at the process's end: what it did with SEM_UNDO is taken back. */
	if (!error && (flags & CLONE_SYSVSEM))
		sem_exit(current_process());
	return error;
}
