/* kill.c: see signal.h: who gets a signal. Permissions: there is one user, who may do all. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/signal.h"
#include "proc/thread.h"

int signal_send_checked_locked(struct process *process, struct thread *thread,
			       const struct signal_info *info)
{
	if (info->si_signo < 0 || info->si_signo > SIGNAL_MAX)
		return -EINVAL;
	return info->si_signo ? signal_queue_locked(process, thread, info) : 0;
}

int signal_send_pid(int pid, const struct signal_info *info)
{
	spin_lock(&process_lock);
	struct process *process = process_find_locked(pid);
	/* As on Linux the number of any of its threads will do. */
	const struct thread *other = process ? NULL : thread_find_locked(pid);
	if (other)
		process = other->process;
	int error = process ? signal_send_checked_locked(process, NULL, info) : -ESRCH;
	spin_unlock(&process_lock);
	return error;
}

/* A leader that has ended is there until its process has: its signals come to nothing. */
static int send_to_leader_locked(int pid, const struct signal_info *info)
{
	const struct process *process = process_find_locked(pid);

	if (!process)
		return -ESRCH;
	return info->si_signo < 0 || info->si_signo > SIGNAL_MAX ? -EINVAL : 0;
}

int signal_send_thread(int group, int id, const struct signal_info *info)
{
	spin_lock(&process_lock);
	struct thread *thread = thread_find_locked(id);
	int error;
	if (thread)
		error = !group || group == thread->process->pid
				? signal_send_checked_locked(thread->process, thread, info)
				: -ESRCH;
	else
		error = !group || group == id ? send_to_leader_locked(id, info) : -ESRCH;
	spin_unlock(&process_lock);
	return error;
}

/* ---- many processes ---- */

struct sending {
	int group; /* 0: all but process 1 and the caller */
	const struct signal_info *info;
	unsigned found, sent;
	int error; /* the last */
};

static void send_to_one(struct process *process, void *context)
{
	struct sending *sending = context;
	bool wanted = sending->group ? process->group == sending->group
				     : process->pid != 1 && process != current_process();

	if (!wanted)
		return;
	int error = signal_send_checked_locked(process, NULL, sending->info);
	sending->found++;
	sending->sent += !error;
	if (error)
		sending->error = error;
}

/* Linux's kill(2): it has worked if one of them got it. */
static int send_to_many_locked(struct sending *sending)
{
	process_each_locked(send_to_one, sending);
	if (!sending->found)
		return -ESRCH;
	return sending->sent ? 0 : sending->error;
}

int signal_send_group_locked(int group, int signal, const struct signal_info *info)
{
	struct signal_info own = info ? *info : signal_info_kernel(signal);
	struct sending sending = {.group = group, .info = &own};

	own.si_signo = signal;
	return group > 0 ? send_to_many_locked(&sending) : -ESRCH;
}

int signal_send_group(int group, int signal, const struct signal_info *info)
{
	spin_lock(&process_lock);
	int error = signal_send_group_locked(group, signal, info);
	spin_unlock(&process_lock);
	return error;
}

static int send_to_all(const struct signal_info *info)
{
	struct sending sending = {.info = info};

	spin_lock(&process_lock);
	int error = send_to_many_locked(&sending);
	spin_unlock(&process_lock);
	return error;
}

int signal_kill(int pid, int signal)
{
	const struct signal_info info = signal_info_user(signal, SI_USER);

	if (pid > 0)
		return signal_send_pid(pid, &info);
	if (pid == INT32_MIN)
		return -ESRCH; /* it has no group's number */
	if (pid == -1)
		return send_to_all(&info);
	return signal_send_group(pid ? -pid : current_process()->group, signal, &info);
}
