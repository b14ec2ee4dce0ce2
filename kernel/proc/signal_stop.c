/*
 * signal_stop.c: see signal.h: a process stops, and goes on. It has stopped once each of its
 * threads has parked, on its way back to the program. One that is in the kernel is interrupted for
 * that; one that nothing but its end interrupts parks when it is through.
 */
#include "debug/assert.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/signal.h"
#include "proc/thread.h"

static void notify_parent_locked(struct process *process, int code)
{
	struct process *parent = process->parent;
	const struct signal_action *action = signal_action(&parent->signals, SIGCHLD);
	const struct cpu_times times = process_cpu_times_locked(process);
	struct signal_info info = {.si_signo = SIGCHLD, .si_code = code};

	info.si_pid = process->pid;
	info.si_uid = process->credentials.user.real;
	info.si_status = code == CLD_CONTINUED ? SIGCONT : process->stop_signal;
	info.si_utime = (__kernel_clock_t)process_ticks(times.all - times.system);
	info.si_stime = (__kernel_clock_t)process_ticks(times.system);
	if (action->handler != HANDLER_IGNORE && !(action->flags & SA_NOCLDSTOP))
		signal_send_locked(parent, &info);
	wait_wake_all(&parent->child_ends);
}

static void count_parked_locked(struct process *process)
{
	assert(process->unparked > 0);
	if (--process->unparked)
		return;
	process->event = EVENT_STOPPED;
	notify_parent_locked(process, CLD_STOPPED);
}

void signal_stop_locked(struct process *process, int signal)
{
	assert(spin_held(&process_lock) && !process->stopped);
	process->stopped = true;
	process->stop_signal = signal;
	process->unparked = process->thread_count;
	list_for_each (node, &process->threads) {
		struct thread *thread = container_of(node, struct thread, link);
		thread->parked = false;
		signal_attend_locked(thread);
	}
}

void NO_LOCK_ANALYSIS signal_park_and_unlock(struct thread *thread)
{
	struct process *process = thread->process;

	if (!thread->parked) {
		thread->parked = true;
		count_parked_locked(process);
	}
	spin_unlock(&process_lock);
	/* -EINTR: it is killed; or the process went on and stopped again before this thread could
	 * look, and wants it to park again. */
	(void)!wait_until(&process->resumed, WAIT_FOREVER, !process->stopped);
}

void signal_unpark_locked(struct thread *thread)
{
	if (thread->process->stopped && !thread->parked) {
		thread->parked = true;
		count_parked_locked(thread->process);
	}
}

void signal_resume_locked(struct process *process, bool tell)
{
	if (!process->stopped)
		return;
	process->stopped = false;
	wait_wake_all(&process->resumed);
	if (!tell)
		return;
	/* Before all had parked it had not stopped yet. */
	process->event = process->unparked ? EVENT_NONE : EVENT_CONTINUED;
	if (!process->unparked)
		notify_parent_locked(process, CLD_CONTINUED);
}
