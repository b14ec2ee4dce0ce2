/* sys_signal.c: system calls on signals: who gets one, and what is to be done about it. */
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* Of the set that the rt_ calls take: 64 signals. */
#define SET_BYTES         8u
/* Linux's MINSIGSTKSZ, for sigaltstack. */
#define ALTERNATE_MINIMUM 2048u
#define UNBLOCKABLE       (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

int64_t sys_kill(const struct syscall *call)
{
	int pid = arg_int(call, 0), signal = arg_int(call, 1);

	/* Process groups are not implemented: the caller's own is itself. */
	if (pid == 0)
		pid = current_process()->pid;
	if (signal < 0 || signal > SIGNAL_MAX)
		return -EINVAL;
	return pid > 0 ? process_kill(pid, signal) : -ESRCH;
}

int64_t sys_tkill(const struct syscall *call)
{
	return arg_int(call, 0) > 0 ? process_kill(arg_int(call, 0), arg_int(call, 1)) : -EINVAL;
}

int64_t sys_tgkill(const struct syscall *call)
{
	int group = arg_int(call, 0), thread = arg_int(call, 1);

	if (group <= 0 || thread <= 0)
		return -EINVAL;
	return group == thread ? process_kill(thread, arg_int(call, 2)) : -ESRCH;
}

int64_t sys_rt_sigaction(const struct syscall *call)
{
	struct signals *signals = &current_process()->signals;
	int signal = arg_int(call, 0);
	struct signal_action fresh, old;

	if (call->a[3] != SET_BYTES || signal < 1 || signal > SIGNAL_MAX)
		return -EINVAL;
	if (call->a[1] && copy_from_user(&fresh, call->a[1], sizeof(fresh)))
		return -EFAULT;
	if (call->a[1] && (SIGNAL_BIT(signal) & UNBLOCKABLE))
		return -EINVAL;
	old = *signal_action(signals, signal);
	if (call->a[1]) {
		fresh.mask &= ~UNBLOCKABLE;
		if (signal_set_action(signals, signal, &fresh))
			return -ENOMEM;
	}
	if (call->a[2] && copy_to_user(call->a[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

static int apply_mask(struct thread *thread, int how, uint64_t set)
{
	set &= ~UNBLOCKABLE;
	switch (how) {
	case SIG_BLOCK:
		thread->blocked_signals |= set;
		return 0;
	case SIG_UNBLOCK:
		thread->blocked_signals &= ~set;
		return 0;
	case SIG_SETMASK:
		thread->blocked_signals = set;
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t sys_rt_sigprocmask(const struct syscall *call)
{
	struct thread *thread = current_thread();
	uint64_t old = thread->blocked_signals, set;

	if (call->a[3] != SET_BYTES)
		return -EINVAL;
	if (call->a[1]) {
		if (copy_from_user(&set, call->a[1], sizeof(set)))
			return -EFAULT;
		int error = apply_mask(thread, arg_int(call, 0), set);
		if (error)
			return error;
	}
	if (call->a[2] && copy_to_user(call->a[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

int64_t sys_rt_sigpending(const struct syscall *call)
{
	uint64_t set = current_process()->signals.pending & current_thread()->blocked_signals;

	if (call->a[1] > SET_BYTES)
		return -EINVAL;
	return copy_to_user(call->a[0], &set, call->a[1]);
}

int64_t sys_pause(const struct syscall *call)
{
	struct wait_queue nobody;

	wait_queue_init(&nobody);
	return wait_until(&nobody, WAIT_FOREVER, false);
}

/* Kept and reported; no handler is called yet that could use it. */
int64_t sys_sigaltstack(const struct syscall *call)
{
	struct signals *signals = &current_process()->signals;
	stack_t fresh, old;

	/* An initialiser need not clear what lies between the fields: the kernel's own data. */
	memset(&old, 0, sizeof(old));
	old.ss_sp = (void *)signals->alternate_sp;
	old.ss_flags = signals->alternate_bytes ? signals->alternate_flags : SS_DISABLE;
	old.ss_size = signals->alternate_bytes;
	if (call->a[0]) {
		if (copy_from_user(&fresh, call->a[0], sizeof(fresh)))
			return -EFAULT;
		int mode = fresh.ss_flags & ~(int)SS_FLAG_BITS;
		if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
			return -EINVAL;
		if (mode == SS_DISABLE)
			fresh = (stack_t){.ss_flags = SS_DISABLE};
		else if (fresh.ss_size < ALTERNATE_MINIMUM)
			return -ENOMEM;
		signals->alternate_sp = (uint64_t)fresh.ss_sp;
		signals->alternate_bytes = fresh.ss_size;
		signals->alternate_flags = fresh.ss_flags & ~SS_ONSTACK;
	}
	if (call->a[1] && copy_to_user(call->a[1], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}
