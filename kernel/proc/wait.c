/* wait.c: waiting for a child that has ended, stopped or gone on (waitid(2), wait4(2)). */
#include <linux/wait.h>

#include "lib/errno.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/signal.h"

#define STATUS_STOPPED(signal) ((signal) << 8 | 0x7f)
#define STATUS_CONTINUED       0xffff
#define STATUS_SIGNAL(status)  ((status)&0x7f)
#define STATUS_CODE(status)    ((status) >> 8 & 0xff)

int process_end_code(int status)
{
	return STATUS_SIGNAL(status) ? CLD_KILLED : CLD_EXITED;
}

int process_end_value(int status)
{
	return STATUS_SIGNAL(status) ? STATUS_SIGNAL(status) : STATUS_CODE(status);
}

/* wait(2): a child that tells its end by another signal than SIGCHLD is a "clone" one. */
static bool is_kind(const struct process *child, unsigned options)
{
	bool wants_clone = options & (unsigned)__WCLONE;

	return (options & (unsigned)__WALL) || (child->exit_signal != SIGCHLD) == wants_clone;
}

static bool is_meant(const struct process *child, struct wait_target target)
{
	switch (target.kind) {
	case WAIT_PID:
		return child->pid == target.id;
	case WAIT_GROUP:
		return child->group == target.id;
	case WAIT_HANDLE:
		return child->handle == target.handle;
	default:
		return true;
	}
}

/* Has something happened to it that `options` ask for? Then *result is that. */
static bool look_locked(const struct process *child, unsigned options, struct wait_result *result)
{
	if (child->zombie && (options & WEXITED)) {
		*result = (struct wait_result){
			.status = child->status,
			.code = process_end_code(child->status),
			.value = process_end_value(child->status),
			.usage = child->ended_usage,
		};
		process_usage_add(&result->usage, &child->children_usage);
		return true;
	}
	if (child->event == EVENT_STOPPED && (options & WSTOPPED)) {
		*result = (struct wait_result){
			.status = STATUS_STOPPED(child->stop_signal),
			.code = CLD_STOPPED,
			.value = child->stop_signal,
		};
		return true;
	}
	if (child->event == EVENT_CONTINUED && (options & WCONTINUED)) {
		*result = (struct wait_result){
			.status = STATUS_CONTINUED,
			.code = CLD_CONTINUED,
			.value = SIGCONT,
		};
		return true;
	}
	return false;
}

/* Not yet: fork may still fail, or give it to another parent, and would tell nobody who waits. */
static bool has_begun(const struct process *child)
{
	return child->zombie || child->thread_count;
}

/* *any: may something still happen that `options` ask for? Not to a zombie, but its end. */
static struct process *find_locked(struct process *parent, struct wait_target target,
				   unsigned options, struct wait_result *result, bool *any)
{
	*any = false;
	list_for_each (node, &parent->children) {
		struct process *child = container_of(node, struct process, sibling);
		if (!has_begun(child) || !is_kind(child, options) || !is_meant(child, target))
			continue;
		if (look_locked(child, options, result)) {
			*any = true;
			return child;
		}
		*any = *any || !child->zombie;
	}
	return NULL;
}

/* The pid of a child, 0 if there is nothing to tell yet, -ECHILD if there is none to wait for. */
static int take(struct process *parent, struct wait_target target, unsigned options,
		struct wait_result *result)
{
	bool any;

	spin_lock(&process_lock);
	struct process *child = find_locked(parent, target, options, result, &any);
	int pid = child ? child->pid : any ? 0 : -ECHILD;
	bool reap = child && child->zombie && !(options & WNOWAIT);
	if (reap) {
		process_forget_locked(child);
		process_usage_add(&parent->children_usage, &child->ended_usage);
		process_usage_add(&parent->children_usage, &child->children_usage);
	} else if (child && !(options & WNOWAIT)) {
		child->event = EVENT_NONE;
	}
	spin_unlock(&process_lock);
	if (reap)
		process_free(child);
	return pid;
}

int process_wait(struct process *parent, struct wait_target target, unsigned options,
		 struct wait_result *result)
{
	int found;

	if (options & WNOHANG)
		return take(parent, target, options, result);
	int error = wait_until(&parent->child_ends, WAIT_FOREVER,
			       (found = take(parent, target, options, result)) != 0);
	return error ? error : found;
}
