/* signal_deliver.c: see signal.h: what a thread does about its signals. */
#include <arch/signal.h>
#include <arch/trap.h>
#include <asm/unistd_64.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "proc/group.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"

/* A signal whose handler is to be called. */
struct handled {
	struct signal_info info;
	struct signal_action action;
};

/* ---- taking signals ---- */

/* Handlers that are called once. */
static void take_action_locked(struct process *process, int signal, struct signal_action *out)
{
	*out = *signal_action(&process->signals, signal);
	if (out->handler > HANDLER_IGNORE && (out->flags & SA_RESETHAND))
		process->signals.actions->of[signal - 1].handler = HANDLER_DEFAULT;
}

/* Take signals until one has a handler, and do what the others want. False: there are no more. */
static bool NO_LOCK_ANALYSIS next_handled(struct handled *out)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;

	for (;;) {
		spin_lock(&process_lock);
		if (thread->signals.pending.set & SIGNAL_BIT(SIGKILL)) {
			spin_unlock(&process_lock);
			process_exit_thread(0);
		}
		if (process->stopped) {
			signal_park_and_unlock(thread);
			continue;
		}
		int signal = signal_dequeue_locked(
			thread, ~thread->signals.blocked | SIGNAL_UNBLOCKABLE, &out->info);
		if (!signal) {
			spin_unlock(&process_lock);
			return false;
		}
		take_action_locked(process, signal, &out->action);
		bool is_default = out->action.handler == HANDLER_DEFAULT;
		bool stops = is_default && signal_stops_by_default(signal);
		bool ends = is_default && !stops && !signal_is_ignored_by_default(signal);
		/* Under the lock, or another thread would fork once more after a SIGKILL. */
		if (ends)
			process_end_locked(signal);
		/* Of an orphan: nobody would continue it. */
		if (stops && (signal == SIGSTOP || !group_is_orphaned_locked(process->group, NULL)))
			signal_stop_locked(process, signal);
		spin_unlock(&process_lock);
		if (ends)
			process_exit_thread(signal);
		if (out->action.handler > HANDLER_IGNORE)
			return true;
	}
}

/* ---- handlers ---- */

/* Make `frame` one that calls the handler. */
static void call_handler(struct trap_frame *frame, const struct handled *handled)
{
	struct thread *thread = current_thread();
	struct thread_signals *own = &thread->signals;
	const struct signal_action *action = &handled->action;
	int signal = handled->info.si_signo;
	const struct arch_signal context = {
		.number = signal,
		.info = action->flags & SA_SIGINFO ? &handled->info : NULL,
		.info_bytes = sizeof(handled->info),
		.handler = action->handler,
		.restorer = action->flags & SA_RESTORER ? action->restorer : 0,
		.mask = own->restore_mask ? own->saved_mask : own->blocked,
		.use_alternate = action->flags & SA_ONSTACK,
		.alternate = {own->alternate_sp, own->alternate_bytes, own->alternate_flags},
	};

	own->restore_mask = false;
	if (arch_signal_push(&thread->arch, frame, &context)) {
		/* Where SIGSEGV itself can't be told, it is the end. */
		const struct signal_info info = signal_info_kernel(SIGSEGV);
		if (signal == SIGSEGV)
			process_exit(SIGSEGV);
		signal_set_blocked(context.mask);
		signal_force(&info);
		return;
	}
	if (own->alternate_flags & (int)SS_AUTODISARM) {
		own->alternate_sp = own->alternate_bytes = 0;
		own->alternate_flags = SS_DISABLE;
	}
	uint64_t also = action->flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal);
	signal_set_blocked(own->blocked | action->mask | also);
}

void signal_deliver(struct trap_frame *frame, enum signal_restart restart, unsigned number)
{
	struct handled handled;

	while (next_handled(&handled)) {
		/* The first handler decides; the others interrupt it. */
		if (restart == RESTART_ALWAYS ||
		    (restart == RESTART_BY_FLAG && (handled.action.flags & SA_RESTART)))
			trap_restart(frame, number);
		restart = RESTART_NEVER;
		current_thread()->signals.restart_number = 0;
		call_handler(frame, &handled);
	}
	if (restart != RESTART_NEVER)
		trap_restart(frame, restart == RESTART_DEADLINE ? __NR_restart_syscall : number);
	signal_mask_pop(false);
}

/* ---- signals of the thread's own making ---- */

bool signal_is_fatal(int signal)
{
	return signal_action(&current_process()->signals, signal)->handler <= HANDLER_IGNORE ||
	       (current_thread()->signals.blocked & SIGNAL_BIT(signal));
}

void signal_force(const struct signal_info *info)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	int signal = info->si_signo;

	spin_lock(&process_lock);
	bool fatal = signal_is_fatal(signal);
	if (!fatal)
		(void)!signal_queue_locked(process, thread, info);
	spin_unlock(&process_lock);
	if (fatal)
		process_exit(signal);
}

void signal_return(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	struct thread_signals *own = &thread->signals;
	struct arch_signal context = {.mask = own->blocked};

	int error = arch_signal_pop(&thread->arch, frame, &context);
	signal_set_blocked(context.mask);
	own->restart_number = 0;
	if (error) {
		const struct signal_info info = signal_info_kernel(SIGSEGV);
		log_debug("process %s (pid %d): a bad signal frame", thread->process->name,
			  thread->process->pid);
		signal_force(&info);
		return;
	}
	/* As Linux does, without regard to whether it is a good one. */
	(void)!signal_set_alternate(context.alternate.sp, context.alternate.bytes,
				    context.alternate.flags, trap_sp(frame));
}
