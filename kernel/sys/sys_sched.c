/*
 * sys_sched.c: priorities, scheduling policies and affinity (sched(7)). A nice value weighs the
 * time that a thread gets; SCHED_BATCH and SCHED_IDLE are kept and told only. Real-time policies,
 * which would be a promise, are refused as Linux refuses them to a process without CAP_SYS_NICE.
 */
#include <arch/mmu.h>
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/time_types.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

#define REAL_TIME_MAX     99 /* of the priorities of SCHED_FIFO and SCHED_RR */
/* getpriority(2): not negative, so that no error looks like it. */
#define PRIORITY_OF(nice) (20 - (nice))

int64_t sys_sched_yield(const struct syscall *call)
{
	thread_yield();
	return 0;
}

/* ---- nice values ---- */

/* One call on all threads that `which` and `who` name. */
struct priority_call {
	int which, who;
	bool set;
	int nice;   /* to set */
	int result; /* -ESRCH: none found; the greatest priority; 0 or negative when setting */
};

/* Linux's PRIO_PROCESS means a thread. */
static bool is_named(const struct thread *thread, const struct priority_call *priority)
{
	const struct process *process = thread->process, *caller = current_process();
	int who = priority->who;

	switch (priority->which) {
	case PRIO_PROCESS:
		return who ? thread->id == who : thread == current_thread();
	case PRIO_PGRP:
		return process->group == (who ? who : caller->group);
	default:
		return process->credentials.user.real ==
		       (who ? (uint32_t)who : caller->credentials.user.real);
	}
}

static void visit_thread(struct thread *thread, struct priority_call *priority)
{
	if (!is_named(thread, priority))
		return;
	if (!priority->set) {
		priority->result = MAX(priority->result, PRIORITY_OF(thread->nice));
		return;
	}
	if (priority->nice < thread->nice &&
	    !credentials_have(&current_process()->credentials, CAP_SYS_NICE)) {
		priority->result = -EACCES;
		return;
	}
	sched_set_nice(thread, priority->nice);
	if (priority->result == -ESRCH)
		priority->result = 0;
}

static void visit(struct process *process, void *context)
{
	list_for_each (node, &process->threads)
		visit_thread(container_of(node, struct thread, link), context);
}

static int64_t with_processes(struct priority_call *priority)
{
	if (priority->which < PRIO_PROCESS || priority->which > PRIO_USER)
		return -EINVAL;
	priority->result = -ESRCH;
	spin_lock(&process_lock);
	process_each_locked(visit, priority);
	spin_unlock(&process_lock);
	return priority->result;
}

int64_t sys_getpriority(const struct syscall *call)
{
	struct priority_call priority = {.which = arg_int(call, 0), .who = arg_int(call, 1)};

	return with_processes(&priority);
}

int64_t sys_setpriority(const struct syscall *call)
{
	struct priority_call priority = {
		.which = arg_int(call, 0),
		.who = arg_int(call, 1),
		.set = true,
		.nice = MIN(MAX(arg_int(call, 2), NICE_MIN), NICE_MAX),
	};

	return with_processes(&priority);
}

/* ---- policies ---- */

static bool is_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static bool is_real_time(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* Is there a thread with this number, or 0: the caller? *out is it; NULL: one that has ended, and
 * is waited for. */
static bool find_thread_locked(int id, struct thread **out)
{
	*out = id ? thread_find_locked(id) : current_thread();
	return *out || process_find_locked(id);
}

/* Of a thread, for reading: what it has, or -ESRCH. */
struct scheduling {
	int policy, nice;
	bool reset_on_fork;
};

static int get_scheduling(int id, struct scheduling *out)
{
	struct thread *thread;

	if (id < 0)
		return -EINVAL;
	*out = (struct scheduling){0};
	spin_lock(&process_lock);
	bool is_there = find_thread_locked(id, &thread);
	if (thread)
		*out = (struct scheduling){thread->policy, thread->nice, thread->reset_on_fork};
	spin_unlock(&process_lock);
	return is_there ? 0 : -ESRCH;
}

/* In Linux's order of checks. */
static int set_scheduling(int id, int policy, int priority, const int *nice)
{
	bool reset_on_fork = policy & SCHED_RESET_ON_FORK;
	struct thread *thread;
	int error = 0;

	policy &= ~SCHED_RESET_ON_FORK;
	spin_lock(&process_lock);
	if (!find_thread_locked(id, &thread))
		error = -ESRCH;
	else if (is_real_time(policy))
		error = priority < 1 || priority > REAL_TIME_MAX ? -EINVAL : -EPERM;
	else if (policy == SCHED_DEADLINE)
		error = -EPERM;
	else if (!is_policy(policy) || priority)
		error = -EINVAL;
	if (!error && thread) {
		thread->policy = (uint8_t)policy;
		thread->reset_on_fork = reset_on_fork;
		if (nice)
			sched_set_nice(thread, *nice);
	}
	spin_unlock(&process_lock);
	return error;
}

int64_t sys_sched_getscheduler(const struct syscall *call)
{
	struct scheduling scheduling;
	int error = get_scheduling(arg_int(call, 0), &scheduling);

	if (error)
		return error;
	return scheduling.policy | (scheduling.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

int64_t sys_sched_setscheduler(const struct syscall *call)
{
	int priority, pid = arg_int(call, 0), policy = arg_int(call, 1);

	if (policy < 0 || !call->a[2] || pid < 0)
		return -EINVAL;
	if (copy_from_user(&priority, call->a[2], sizeof(priority)))
		return -EFAULT;
	return set_scheduling(pid, policy, priority, NULL);
}

int64_t sys_sched_getparam(const struct syscall *call)
{
	const int priority = 0;
	struct scheduling scheduling;

	if (!call->a[1])
		return -EINVAL;
	int error = get_scheduling(arg_int(call, 0), &scheduling);
	return error ? error : copy_to_user(call->a[1], &priority, sizeof(priority));
}

int64_t sys_sched_setparam(const struct syscall *call)
{
	struct scheduling scheduling;
	int priority;

	if (!call->a[1] || arg_int(call, 0) < 0)
		return -EINVAL;
	if (copy_from_user(&priority, call->a[1], sizeof(priority)))
		return -EFAULT;
	int error = get_scheduling(arg_int(call, 0), &scheduling);
	if (error)
		return error;
	return priority ? -EINVAL : 0;
}

int64_t sys_sched_get_priority_max(const struct syscall *call)
{
	int policy = arg_int(call, 0);

	if (is_real_time(policy))
		return REAL_TIME_MAX;
	return is_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t sys_sched_get_priority_min(const struct syscall *call)
{
	int policy = arg_int(call, 0);

	if (is_real_time(policy))
		return 1;
	return is_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t sys_sched_rr_get_interval(const struct syscall *call)
{
	struct scheduling scheduling;
	int error = get_scheduling(arg_int(call, 0), &scheduling);

	return error ? error : put_timespec(call->a[1], SCHED_SLICE_NS);
}

/* ---- attributes ---- */

int64_t sys_sched_getattr(const struct syscall *call)
{
	unsigned bytes = arg_unsigned(call, 2);
	struct scheduling scheduling;

	if (!call->a[1] || bytes > PAGE_SIZE || bytes < SCHED_ATTR_SIZE_VER0 ||
	    arg_unsigned(call, 3))
		return -EINVAL;
	int error = get_scheduling(arg_int(call, 0), &scheduling);
	if (error)
		return error;
	struct sched_attr attributes = {
		.size = MIN(bytes, (unsigned)sizeof(attributes)),
		.sched_policy = (uint32_t)scheduling.policy,
		.sched_flags = scheduling.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
		.sched_nice = scheduling.nice,
	};
	return copy_to_user(call->a[1], &attributes, attributes.size);
}

/* The structure may be shorter or longer than it is known here. */
static int get_attributes(vaddr_t user, struct sched_attr *out)
{
	uint32_t bytes;
	int error = -E2BIG;

	if (copy_from_user(&bytes, user, sizeof(bytes)))
		return -EFAULT;
	if (!bytes)
		bytes = SCHED_ATTR_SIZE_VER0;
	if (bytes >= SCHED_ATTR_SIZE_VER0)
		error = get_extensible(user, bytes, SCHED_ATTR_SIZE_VER0, out, sizeof(*out));
	if (error == -E2BIG) {
		const uint32_t known = sizeof(*out);
		return copy_to_user(user, &known, sizeof(known)) ? -EFAULT : -E2BIG;
	}
	return error;
}

int64_t sys_sched_setattr(const struct syscall *call)
{
	struct sched_attr attributes;

	if (!call->a[1] || arg_int(call, 0) < 0 || arg_unsigned(call, 2))
		return -EINVAL;
	int error = get_attributes(call->a[1], &attributes);
	if (error)
		return error;
	if ((int)attributes.sched_policy < 0 ||
	    (attributes.sched_flags & ~(uint64_t)SCHED_FLAG_RESET_ON_FORK))
		return -EINVAL;
	int policy = (int)attributes.sched_policy;
	int nice = MIN(MAX(attributes.sched_nice, NICE_MIN), NICE_MAX);
	if (attributes.sched_flags & SCHED_FLAG_RESET_ON_FORK)
		policy |= SCHED_RESET_ON_FORK;
	return set_scheduling(arg_int(call, 0), policy, (int)attributes.sched_priority,
			      (policy & ~SCHED_RESET_ON_FORK) == SCHED_IDLE ? NULL : &nice);
}

/* ---- CPUs ---- */

/* As Linux's, it returns how many bytes it has written. */
int64_t sys_sched_getaffinity(const struct syscall *call)
{
	unsigned bytes = arg_unsigned(call, 1);
	uint64_t mask = 0;

	if (bytes < sizeof(mask) || bytes % sizeof(mask))
		return -EINVAL;
	spin_lock(&process_lock);
	int id = arg_int(call, 0);
	struct thread *thread = id ? thread_find_locked(id) : current_thread();
	if (thread)
		mask = sched_affinity(thread) & cpus_online();
	spin_unlock(&process_lock);
	if (!thread)
		return -ESRCH;
	return copy_to_user(call->a[2], &mask, sizeof(mask)) ? -EFAULT : (int64_t)sizeof(mask);
}

int64_t sys_sched_setaffinity(const struct syscall *call)
{
	unsigned bytes = arg_unsigned(call, 1);
	uint64_t mask = 0;
	int error = 0;

	if (copy_from_user(&mask, call->a[2], MIN(bytes, (unsigned)sizeof(mask))))
		return -EFAULT;
	spin_lock(&process_lock);
	int id = arg_int(call, 0);
	struct thread *thread = id ? thread_find_locked(id) : current_thread();
	if (!thread)
		error = -ESRCH;
	else if (!(mask & cpus_online()))
		error = -EINVAL;
	else
		sched_set_affinity(thread, mask & cpus_online());
	spin_unlock(&process_lock);
	return error;
}
