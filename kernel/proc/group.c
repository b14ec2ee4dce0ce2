/* group.c: see group.h. */
#include "proc/group.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/signal.h"
#include "proc/thread.h"

struct looking {
	int group, session;
	const struct process *ignored;
	bool found;
};

static void look_in_session(struct process *process, void *context)
{
	struct looking *looking = context;

	if (process->group == looking->group && process->session == looking->session)
		looking->found = true;
}

bool group_is_in_session_locked(int group, int session)
{
	struct looking looking = {.group = group, .session = session};

	process_each_locked(look_in_session, &looking);
	return looking.found;
}

/* ---- setpgid, setsid ---- */

/* May the caller put `process` into `group`? In Linux's order. */
static int check_group_locked(const struct process *process, int group)
{
	const struct process *caller = current_process();

	if (!process)
		return -ESRCH;
	if (process->parent == caller) {
		if (process->session != caller->session)
			return -EPERM;
		if (process->has_executed)
			return -EACCES;
	} else if (process != caller) {
		return -ESRCH;
	}
	if (process->session == process->pid)
		return -EPERM;
	if (group != process->pid && !group_is_in_session_locked(group, caller->session))
		return -EPERM;
	return 0;
}

int process_set_group(int pid, int group)
{
	if (!pid)
		pid = current_process()->pid;
	if (!group)
		group = pid;
	if (group < 0)
		return -EINVAL;
	spin_lock(&process_lock);
	struct process *process = process_find_locked(pid);
	int error = check_group_locked(process, group);
	if (!error)
		process->group = group;
	spin_unlock(&process_lock);
	return error;
}

/* 0: the calling process. */
static struct process *find_locked(int pid)
{
	return pid ? process_find_locked(pid) : current_process();
}

int process_get_group(int pid)
{
	spin_lock(&process_lock);
	const struct process *process = find_locked(pid);
	int group = process ? process->group : -ESRCH;
	spin_unlock(&process_lock);
	return group;
}

int process_get_session(int pid)
{
	spin_lock(&process_lock);
	const struct process *process = find_locked(pid);
	int session = process ? process->session : -ESRCH;
	spin_unlock(&process_lock);
	return session;
}

static void look_for_group(struct process *process, void *context)
{
	struct looking *looking = context;

	if (process->group == looking->group)
		looking->found = true;
}

int process_new_session(void)
{
	struct process *process = current_process();
	struct looking looking = {.group = process->pid};

	spin_lock(&process_lock);
	/* Not even one that it has left, and that others are in. */
	process_each_locked(look_for_group, &looking);
	if (!looking.found)
		process->group = process->session = process->pid;
	spin_unlock(&process_lock);
	return looking.found ? -EPERM : process->pid;
}

/* ---- orphans ---- */

static void look_for_parent(struct process *process, void *context)
{
	struct looking *looking = context;
	const struct process *parent = process->parent;

	if (process->group != looking->group || process == looking->ignored || process->zombie)
		return;
	if (parent->session == process->session && parent->group != process->group)
		looking->found = true;
}

bool group_is_orphaned_locked(int group, const struct process *ignored)
{
	struct looking looking = {.group = group, .ignored = ignored};

	process_each_locked(look_for_parent, &looking);
	return !looking.found;
}

static void look_for_stopped(struct process *process, void *context)
{
	struct looking *looking = context;

	if (process->group == looking->group && process->stopped)
		looking->found = true;
}

void group_leave_locked(struct process *process, const struct process *parent, bool ends)
{
	struct looking looking = {.group = process->group};

	/* Only a parent in another group of the session kept it from being orphaned. */
	if (parent->group == process->group || parent->session != process->session)
		return;
	process_each_locked(look_for_stopped, &looking);
	if (!looking.found)
		return;
	if (!group_is_orphaned_locked(process->group, ends ? process : NULL))
		return;
	(void)signal_send_group_locked(process->group, SIGHUP, NULL);
	(void)signal_send_group_locked(process->group, SIGCONT, NULL);
}
