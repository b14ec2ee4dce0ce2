/* exit.c: the end of a process, and waiting for it. */
#include <linux/wait.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "vm/space.h"

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

static void give_children_away_locked(struct process *process, struct list_node *graves)
{
	list_for_each_safe (node, &process->children) {
		struct process *child = container_of(node, struct process, sibling);
		child->parent = &kernel_process;
		__atomic_store_n(&child->parent_pid, kernel_process.pid, __ATOMIC_RELAXED);
		if (child->zombie) {
			bury_locked(child, graves);
		} else {
			list_remove(node);
			list_push_back(&kernel_process.children, node);
		}
	}
}

/* Tell the parent. What nobody will wait for goes to `graves`, maybe the process itself. */
static void become_zombie(struct process *process, struct thread *thread, int status,
			  struct list_node *graves)
{
	uint64_t cpu_time = sched_cpu_time(thread);

	spin_lock(&process_lock);
	give_children_away_locked(process, graves);
	struct process *parent = process->parent;
	process->thread = NULL;
	process->status = status;
	process->cpu_time = cpu_time;
	process->zombie = true;
	/* From here on the thread is the kernel's: the process may be freed by its parent. */
	thread->process = &kernel_process;
	if (is_unwanted(process))
		bury_locked(process, graves);
	else
		signal_send_locked(parent, SIGCHLD);
	wait_wake_all(&parent->child_ends);
	spin_unlock(&process_lock);
}

void process_exit(int status)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct list_node graves;

	assert(process != &kernel_process);
	fd_table_close_all(&process->files);
	struct vm_space *space = process_strip(process);
	vm_space_activate(NULL);
	vm_space_leave(space);
	process_end_vfork(process);
	list_init(&graves);
	become_zombie(process, thread, status, &graves);
	list_for_each_safe (node, &graves)
		process_free(container_of(node, struct process, sibling));
	thread_exit();
}

/* ---- wait ---- */

static struct process *find_zombie_locked(struct process *parent, int pid, bool *any)
{
	*any = false;
	list_for_each (node, &parent->children) {
		struct process *child = container_of(node, struct process, sibling);
		if (pid > 0 && child->pid != pid)
			continue;
		*any = true;
		if (child->zombie)
			return child;
	}
	return NULL;
}

/* The pid of a child that has ended, 0 if none has, -ECHILD if there is none to wait for. */
static int reap(struct process *parent, int pid, struct wait_result *result)
{
	bool any;

	spin_lock(&process_lock);
	struct process *child = find_zombie_locked(parent, pid, &any);
	if (child) {
		process_forget_locked(child);
		parent->children_cpu_time += child->cpu_time + child->children_cpu_time;
	}
	spin_unlock(&process_lock);
	if (!child)
		return any ? 0 : -ECHILD;
	int found = child->pid;
	*result = (struct wait_result){
		.status = child->status,
		.cpu_time = child->cpu_time,
		.children_cpu_time = child->children_cpu_time,
	};
	process_free(child);
	return found;
}

int process_wait(struct process *parent, int pid, unsigned options, struct wait_result *result)
{
	int found;

	if (options & WNOHANG)
		return reap(parent, pid, result);
	int error = wait_until(&parent->child_ends, WAIT_FOREVER,
			       (found = reap(parent, pid, result)) != 0);
	return error ? error : found;
}
