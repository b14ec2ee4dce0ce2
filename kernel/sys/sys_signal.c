/* sys_signal.c: system calls on signals: what a process does about those it gets. */
#include <arch/time.h>
#include <arch/trap.h>

#include <linux/signalfd.h>

#include "fs/file.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/signal_file.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

/* Of the set that the rt_ calls take: 64 signals. */
#define SET_BYTES 8u
/* Other flags are cleared, by which programs find out that they are not known. */
#define KNOWN_FLAGS                                                                       \
	((uint64_t)(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART) | \
	 SA_NODEFER | SA_RESETHAND | SA_RESTORER | SA_EXPOSE_TAGBITS)

int64_t sys_rt_sigaction(const struct syscall *call)
{
	int signal = arg_int(call, 0);
	struct signal_action fresh, old;

	if (call->a[3] != SET_BYTES)
		return -EINVAL;
	if (call->a[1] && copy_from_user(&fresh, call->a[1], sizeof(fresh)))
		return -EFAULT;
	if (signal < 1 || signal > SIGNAL_MAX)
		return -EINVAL;
	if (call->a[1] && (SIGNAL_BIT(signal) & SIGNAL_UNBLOCKABLE))
		return -EINVAL;
	if (call->a[1]) {
		fresh.flags &= KNOWN_FLAGS;
		fresh.mask &= ~SIGNAL_UNBLOCKABLE;
	}
	int error = signal_set_action(signal, call->a[1] ? &fresh : NULL, &old);
	if (error)
		return error;
	if (call->a[2] && copy_to_user(call->a[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

static int apply_mask(int how, uint64_t set)
{
	uint64_t old = current_thread()->signals.blocked;

	switch (how) {
	case SIG_BLOCK:
		signal_set_blocked(old | set);
		return 0;
	case SIG_UNBLOCK:
		signal_set_blocked(old & ~set);
		return 0;
	case SIG_SETMASK:
		signal_set_blocked(set);
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t sys_rt_sigprocmask(const struct syscall *call)
{
	uint64_t old = current_thread()->signals.blocked, set;

	if (call->a[3] != SET_BYTES)
		return -EINVAL;
	if (call->a[1]) {
		if (copy_from_user(&set, call->a[1], sizeof(set)))
			return -EFAULT;
		int error = apply_mask(arg_int(call, 0), set);
		if (error)
			return error;
	}
	if (call->a[2] && copy_to_user(call->a[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

int64_t sys_rt_sigpending(const struct syscall *call)
{
	if (call->a[1] > SET_BYTES)
		return -EINVAL;
	spin_lock(&process_lock);
	uint64_t pending = signals_pending_locked(current_thread());
	spin_unlock(&process_lock);
	uint64_t set = pending & current_thread()->signals.blocked;
	return copy_to_user(call->a[0], &set, call->a[1]);
}

/* ---- waiting for a signal ---- */

static int sleep_until(uint64_t deadline)
{
	struct wait_queue nobody;

	wait_queue_init(&nobody);
	return wait_until(&nobody, deadline, false);
}

int64_t sys_pause(const struct syscall *call)
{
	return sleep_until(WAIT_FOREVER);
}

int64_t sys_rt_sigsuspend(const struct syscall *call)
{
	uint64_t set;

	if (call->a[1] != SET_BYTES)
		return -EINVAL;
	if (copy_from_user(&set, call->a[0], sizeof(set)))
		return -EFAULT;
	signal_mask_push(set);
	int error = sleep_until(WAIT_FOREVER);
	signal_mask_pop(true);
	return error;
}

/* One of `set`, which are blocked or not; 0: there is none. */
static int take(uint64_t set, uint64_t waited, struct signal_info *info)
{
	struct thread *thread = current_thread();

	spin_lock(&process_lock);
	int signal = signal_dequeue_locked(thread, set, info);
	__atomic_store_n(&thread->signals.waited, signal ? 0 : waited, __ATOMIC_RELEASE);
	/* What it leaves, others may have been waiting for, too. */
	if (!waited)
		signal_retarget_locked(thread->process, set);
	spin_unlock(&process_lock);
	return signal;
}

int64_t sys_rt_sigtimedwait(const struct syscall *call)
{
	uint64_t set, deadline = WAIT_FOREVER;
	struct signal_info info;

	if (call->a[3] != SET_BYTES)
		return -EINVAL;
	if (copy_from_user(&set, call->a[0], sizeof(set)))
		return -EFAULT;
	if (call->a[2]) {
		int error = get_deadline(call->a[2], false, false, &deadline);
		if (error)
			return error;
	}
	set &= ~SIGNAL_UNBLOCKABLE;
	int error = 0;
	int signal = take(set, set, &info);
	if (!signal) {
		error = sleep_until(deadline);
		signal = take(set, 0, &info);
	}
	if (!signal)
		return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
	if (call->a[1] && put_siginfo(call->a[1], &info))
		return -EFAULT;
	return signal;
}

static int64_t make_signal_file(const struct syscall *call, unsigned flags)
{
	struct file *file;
	uint64_t set;
	int error;

	if (call->a[2] != SET_BYTES)
		return -EINVAL;
	if (copy_from_user(&set, call->a[1], sizeof(set)))
		return -EFAULT;
	if (flags & ~(unsigned)(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	if (arg_int(call, 0) == -1) {
		error = signal_file_create(set, flags, &file);
		return error ? error : install_file(file, 0, flags);
	}
	file = get_file(call->a[0]);
	if (!file)
		return -EBADF;
	error = signal_file_set(file, set);
	file_put(file);
	return error ? error : arg_int(call, 0);
}

int64_t sys_signalfd(const struct syscall *call)
{
	return make_signal_file(call, 0);
}

int64_t sys_signalfd4(const struct syscall *call)
{
	return make_signal_file(call, arg_unsigned(call, 3));
}

/* ---- handlers ---- */

int64_t sys_rt_sigreturn(const struct syscall *call)
{
	signal_return(call->frame);
	return trap_result(call->frame);
}

int64_t sys_sigaltstack(const struct syscall *call)
{
	const struct thread_signals *signals = &current_thread()->signals;
	vaddr_t sp = trap_sp(call->frame);
	stack_t fresh, old;

	/* An initialiser need not clear what lies between the fields: the kernel's own data. */
	memset(&old, 0, sizeof(old));
	old.ss_sp = (void *)signals->alternate_sp;
	old.ss_flags = signal_alternate_flags(sp);
	old.ss_size = signals->alternate_bytes;
	if (call->a[0]) {
		if (copy_from_user(&fresh, call->a[0], sizeof(fresh)))
			return -EFAULT;
		int error = signal_set_alternate((vaddr_t)fresh.ss_sp, fresh.ss_size,
						 fresh.ss_flags, sp);
		if (error)
			return error;
	}
	if (call->a[1] && copy_to_user(call->a[1], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}
