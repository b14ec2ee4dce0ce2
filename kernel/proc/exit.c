/* exit.c: the end of a thread, and of a process with its last one. */
#include "debug/assert.h"
#include "mm/slab.h"
#include "proc/fault_stream.h"
#include "proc/futex.h"
#include "proc/group.h"
#include "proc/interval_timer.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/share.h"
#include "proc/sysv.h"
#include "proc/thread.h"
#include "vm/space.h"

#define FIRST_PID 1

/* Does nobody want to know how it ended? */
static bool is_unwanted(const struct process *process)
{
	const struct process *parent = process->parent;
	const struct signal_action *action = signal_action(&parent->signals, SIGCHLD);

	if (parent == &kernel_process)
		return !process->is_job;
	if (process->exit_signal != SIGCHLD)
		return false;
	return action->handler == HANDLER_IGNORE || (action->flags & SA_NOCLDWAIT);
}

/* Take it out of the table; it is freed once the lock is not held. */
static void bury_locked(struct process *process, struct list_node *graves)
{
	process_forget_locked(process);
	list_push_back(graves, &process->sibling);
}

/* As Linux fills it: the times are those of the child alone. */
static struct signal_info child_info(const struct process *process)
{
	int status = process->status;
	const struct cpu_times *times = &process->ended_usage.times;
	struct signal_info info = {
		.si_signo = process->exit_signal,
		.si_code = process_end_code(status),
	};

	info.si_pid = process->pid;
	info.si_uid = process->credentials.user.real;
	info.si_status = process_end_value(status);
	info.si_utime = (__kernel_clock_t)process_ticks(times->all - times->system);
	info.si_stime = (__kernel_clock_t)process_ticks(times->system);
	return info;
}

/* Of a zombie. */
static void tell_parent_locked(struct process *process, struct list_node *graves)
{
	struct process *parent = process->parent;
	const struct signal_info info = child_info(process);

	/* SA_NOCLDWAIT only keeps the child from waiting for its parent. */
	/* clone(2) takes any number, and only what is a signal is sent. */
	if (info.si_signo > 0 && info.si_signo <= SIGNAL_MAX &&
	    signal_action(&parent->signals, info.si_signo)->handler != HANDLER_IGNORE)
		signal_send_locked(parent, &info);
	if (is_unwanted(process))
		bury_locked(process, graves);
	wait_wake_all(&parent->child_ends);
}

/* The nearest one above that wants to; or init, as long as it lives; or nobody, who waits for none.
 */
static struct process *adopter_locked(const struct process *process)
{
	for (struct process *up = process->parent; up != &kernel_process; up = up->parent)
		if (up->adopts && !up->zombie)
			return up;
	struct process *first = process_find_locked(FIRST_PID);

	return first && first->is_init && !first->zombie ? first : &kernel_process;
}

static void give_children_away_locked(struct process *process, struct list_node *graves)
{
	struct process *adopter = adopter_locked(process);

	if (adopter == process)
		adopter = &kernel_process;
	list_for_each_safe (node, &process->children) {
		struct process *child = container_of(node, struct process, sibling);
		child->parent = adopter;
		/* Nobody makes init die by a signal of its own choice. */
		child->exit_signal = SIGCHLD;
		if (child->parent_death_signal && !child->zombie)
			signal_send_locked(child, &(struct signal_info){
							  .si_signo = child->parent_death_signal,
							  .si_code = SI_USER,
							  .si_pid = process->pid,
						  });
		__atomic_store_n(&child->parent_pid, adopter->pid, __ATOMIC_RELAXED);
		group_leave_locked(child, process, false);
		if (child->zombie && adopter == &kernel_process) {
			bury_locked(child, graves);
			continue;
		}
		list_remove(node);
		list_push_back(&adopter->children, node);
		if (child->zombie)
			tell_parent_locked(child, graves);
	}
}

/* It is a zombie. What nobody will wait for goes to `graves`, maybe the process itself. */
static void become_zombie(struct process *process, struct thread *thread, struct list_node *graves)
{
	spin_lock(&process_lock);
	give_children_away_locked(process, graves);
	struct process *parent = process->parent;
	group_leave_locked(process, parent, true);
	signal_discard_locked(process, UINT64_MAX);
	process_remove_thread_locked(process, thread);
	futex_owner_ends(thread->id);
	process->event = EVENT_NONE;
	process->zombie = true;
	pidfd_tell_locked(process);
	/* From here on the thread is the kernel's: the process may be freed by its parent. */
	thread->process = &kernel_process;
	tell_parent_locked(process, graves);
	spin_unlock(&process_lock);
}

/* The last thread's part. */
static NORETURN void end_process(struct process *process, struct thread *thread)
{
	struct list_node graves;

	timers_destroy(process);
	sem_exit(process);
	process_leave_files(process);
	process_leave_terminal(process);
	fault_stream_leave(process->space);
	fault_stream_exit(process);
	struct vm_space *space = process_strip(process);
	process_count_faults(process, space);
	vm_space_activate(NULL);
	vm_space_leave(space);
	process_end_vfork(process);
	list_init(&graves);
	sched_expect_death();
	become_zombie(process, thread, &graves);
	list_for_each_safe (node, &graves)
		process_free(container_of(node, struct process, sibling));
	thread_exit();
}

/* The calling thread leaves its process, unless it is the last: then false. */
static bool leave(struct process *process, struct thread *thread, int status)
{
	spin_lock(&process_lock);
	signal_thread_ends_locked(thread);
	bool is_last = process->thread_count == 1;
	if (is_last && !process->ending)
		process->status = status;
	if (!is_last) {
		sched_expect_death();
		process_remove_thread_locked(process, thread);
		/* Who began to wait for it since futex_thread_ends(); from here on nobody can. */
		futex_owner_ends(thread->id);
		signal_retarget_locked(process, UINT64_MAX);
		/* From here on the process may end, and its space with it. */
		thread->process = &kernel_process;
		vm_space_activate(NULL);
		/* Under the lock: who waits is sure to be there. */
		if (process->thread_count == 1)
			wait_wake_all(&process->thread_ends);
	}
	spin_unlock(&process_lock);
	return !is_last;
}

void process_exit_thread(int status)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;

	assert(process != &kernel_process);
	futex_thread_ends(thread);
	if (!leave(process, thread, status))
		end_process(process, thread);
	thread_exit();
}

void process_end_locked(int status)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;

	assert(spin_held(&process_lock));
	/* Whoever is first decides. While one calls execve the others end without a word, but for
	 * a signal's: that was sent to all of them. */
	bool is_signal = process_end_code(status) != CLD_EXITED;
	if (!process->ending &&
	    (!process->executing || process->executing == thread || is_signal)) {
		process->ending = true;
		process->status = status;
		process_kill_threads_locked(process, thread);
	}
}

void process_exit(int status)
{
	spin_lock(&process_lock);
	process_end_locked(status);
	spin_unlock(&process_lock);
	process_exit_thread(status);
}
