/* sys_kill.c: system calls that send signals. */
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

int64_t sys_kill(const struct syscall *call)
{
	return signal_kill(arg_int(call, 0), arg_int(call, 1));
}

static int64_t kill_thread(int process, int thread, int signal)
{
	const struct signal_info info = signal_info_user(signal, SI_TKILL);

	return signal_send_thread(process, thread, &info);
}

int64_t sys_tkill(const struct syscall *call)
{
	int thread = arg_int(call, 0);

	return thread > 0 ? kill_thread(0, thread, arg_int(call, 1)) : -EINVAL;
}

int64_t sys_tgkill(const struct syscall *call)
{
	int process = arg_int(call, 0), thread = arg_int(call, 1);

	if (process <= 0 || thread <= 0)
		return -EINVAL;
	return kill_thread(process, thread, arg_int(call, 2));
}

/* ---- with a value ---- */

int put_siginfo(vaddr_t user, const struct signal_info *info)
{
	siginfo_t whole = {0};

	memcpy(&whole, info, sizeof(*info));
	return copy_to_user(user, &whole, sizeof(whole));
}

/* Whoever sends to others can't say that it was the kernel, or kill(2). */
static int get_siginfo(vaddr_t user, int signal, int target, struct signal_info *info)
{
	if (copy_from_user(info, user, sizeof(*info)))
		return -EFAULT;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && target != current_thread()->id)
		return -EPERM;
	info->si_signo = signal;
	return 0;
}

int64_t sys_rt_sigqueueinfo(const struct syscall *call)
{
	int pid = arg_int(call, 0);
	struct signal_info info;
	int error = get_siginfo(call->a[2], arg_int(call, 1), pid, &info);

	return error ? error : signal_send_pid(pid, &info);
}

int64_t sys_rt_tgsigqueueinfo(const struct syscall *call)
{
	int process = arg_int(call, 0), thread = arg_int(call, 1);
	struct signal_info info;

	int error = get_siginfo(call->a[3], arg_int(call, 2), thread, &info);
	if (error != -EFAULT && (process <= 0 || thread <= 0))
		return -EINVAL;
	return error ? error : signal_send_thread(process, thread, &info);
}
