/* exit.c: the end of a process. */
#include "debug/assert.h"
#include "mm/slab.h"
#include "proc/fault_stream.h"
#include "proc/group.h"
#include "proc/interval_timer.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
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
	struct signal_info info = {.si_signo = SIGCHLD, .si_code = process_end_code(status)};

	info.si_pid = process->pid;
	info.si_status = process_end_value(status);
	info.si_utime = (__kernel_clock_t)process_ticks(process->cpu_time);
	return info;
}

/* Of a zombie. */
static void tell_parent_locked(struct process *process, struct list_node *graves)
{
	struct process *parent = process->parent;
	const struct signal_info info = child_info(process);

	/* SA_NOCLDWAIT only keeps the child from waiting for its parent. */
	if (signal_action(&parent->signals, SIGCHLD)->handler != HANDLER_IGNORE)
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
static void become_zombie(struct process *process, struct thread *thread, int status,
			  struct list_node *graves)
{
	uint64_t cpu_time = sched_cpu_time(thread);

	spin_lock(&process_lock);
	give_children_away_locked(process, graves);
	struct process *parent = process->parent;
	group_leave_locked(process, parent, true);
	signal_discard_locked(process, UINT64_MAX);
	process->thread = NULL;
	process->status = status;
	process->cpu_time = cpu_time;
	process->event = EVENT_NONE;
	process->zombie = true;
	/* From here on the thread is the kernel's: the process may be freed by its parent. */
	thread->process = &kernel_process;
	tell_parent_locked(process, graves);
	spin_unlock(&process_lock);
}

void process_exit(int status)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct list_node graves;

	assert(process != &kernel_process);
	timers_destroy(process);
	fd_table_close_all(&process->files);
	process_leave_terminal(process);
	fault_stream_leave(process->space);
	fault_stream_exit(process, status);
	struct vm_space *space = process_strip(process);
	vm_space_activate(NULL);
	vm_space_leave(space);
	process_end_vfork(process);
	list_init(&graves);
	sched_expect_death();
	become_zombie(process, thread, status, &graves);
	list_for_each_safe (node, &graves)
		process_free(container_of(node, struct process, sibling));
	thread_exit();
}
