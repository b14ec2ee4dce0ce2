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

/* Does nobody want to know how this one ended? Orphans of the kernel's are waited for by a job. */
static bool parent_does_not_care(const struct process *parent)
{
	const struct signal_action *action = &parent->signals.actions[SIGCHLD - 1];

	return action->handler == HANDLER_IGNORE || (action->flags & SA_NOCLDWAIT);
}

static void give_children_away_locked(struct process *process)
{
	struct process *heir = process_reaper_locked(process);
	struct list_node *node;

	while ((node = list_pop_front(&process->children))) {
		struct process *child = container_of(node, struct process, sibling);
		child->parent = heir;
		list_push_back(&heir->children, node);
	}
	/* Some of them may have ended already. */
	wait_wake_all(&heir->child_ends);
}

/* Tell the parent. True: nobody will wait for it, the caller frees it. */
static bool become_zombie(struct process *process, struct thread *thread, int status)
{
	uint64_t cpu_time = sched_cpu_time(thread);

	spin_lock(&process_lock);
	give_children_away_locked(process);
	struct process *parent = process->parent;
	bool forget = parent_does_not_care(parent);
	process->thread = NULL;
	process->status = status;
	process->cpu_time = cpu_time;
	process->zombie = true;
	/* From here on the thread is the kernel's: the process may be freed by its parent. */
	thread->process = &kernel_process;
	if (forget)
		process_forget_locked(process);
	else
		signal_send_locked(parent, SIGCHLD);
	wait_wake_all(&parent->child_ends);
	spin_unlock(&process_lock);
	return forget;
}

void process_exit(int status)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct vm_space *space = process->space;

	assert(process != &kernel_process);
	fd_table_close_all(&process->files);
	process->space = NULL;
	vm_space_activate(NULL);
	vm_space_destroy(space);
	if (become_zombie(process, thread, status))
		kfree(process);
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
	kfree(child);
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
