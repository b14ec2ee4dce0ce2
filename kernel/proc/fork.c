/*
 * fork.c: a copy of the calling process, with a copy of its address space, or in the same one; and
 * a copy of the calling thread, in the same process. A copy of a process has one thread.
 *
 * vfork(2) and posix_spawn(3) do the latter: the child borrows the caller's space, stack included
 * or with a stack of its own in it, and the caller sleeps until the child has a new space by execve
 * or has ended. So what the child writes the caller finds, such as the error of a failed execve.
 * When the caller is killed meanwhile, the child stays in the space alone.
 */
#include <arch/trap.h>
#include <asm/fcntl.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/fault_stream.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "vm/space.h"
#include "vm/user_copy.h"

/* On the caller's stack; the child points to it until it is done, or the caller gives up. */
struct vfork_wait {
	struct wait_queue queue;
	bool done; /* (p) */
};

void process_end_vfork(struct process *process)
{
	spin_lock(&process_lock);
	struct vfork_wait *wait = process->vfork;
	process->vfork = NULL;
	if (wait) {
		__atomic_store_n(&wait->done, true, __ATOMIC_RELEASE);
		/* Under the lock: the caller takes it before its stack goes. */
		wait_wake_all(&wait->queue);
	}
	spin_unlock(&process_lock);
}

/* Sleep until the child is done. Only a signal that kills ends it early, as on Linux: a
 * handler would find the child at work on this very stack. */
static void wait_for_child(struct process *child, struct vfork_wait *wait)
{
	struct thread *thread = current_thread();

	thread->only_killable = true;
	int error = wait_until(&wait->queue, WAIT_FOREVER,
			       __atomic_load_n(&wait->done, __ATOMIC_ACQUIRE));
	thread->only_killable = false;
	spin_lock(&process_lock);
	/* Not done: it has not ended, and so it is there still. */
	if (error && !wait->done)
		child->vfork = NULL;
	spin_unlock(&process_lock);
}

static int get_space(struct vm_space *parent, bool share, struct vm_space **out)
{
	if (!share)
		return vm_fork(parent, out);
	vm_space_join(parent);
	*out = parent;
	return 0;
}

static int new_thread(struct process *process, const struct trap_frame *frame,
		      const struct fork_request *request, struct thread **out)
{
	struct trap_frame child_frame = *frame;

	if (request->child_sp)
		trap_set_sp(&child_frame, request->child_sp);
	int error = thread_fork(process, &child_frame, out);
	if (error)
		return error;
	if (request->set_tls)
		error = arch_thread_set_tls(&(*out)->arch, request->tls);
	if (error) {
		thread_free(*out);
		return error;
	}
	(*out)->clear_id = request->clear_tid;
	/* Who goes on beside the caller needs a signal stack of its own. */
	if (request->share_space && !request->wait)
		signal_drop_alternate(&(*out)->signals);
	return 0;
}

/* The child's number where it looks for it. Linux ignores a bad address here, too: the child would
 * find out. -ENOMEM. */
static int write_child_id(const struct process *child, struct vm_space *space,
			  const struct fork_request *request)
{
	int error = 0;

	if (request->child_tid && request->share_space)
		error = copy_to_user(request->child_tid, &child->pid, sizeof(child->pid));
	else if (request->child_tid)
		error = vm_write_remote(space, request->child_tid, &child->pid, sizeof(child->pid));
	return error == -ENOMEM ? error : 0;
}

/* The child's half, up to where it could run. */
static int prepare_child(struct process *child, const struct trap_frame *frame,
			 const struct fork_request *request, struct vm_space *space,
			 struct thread **thread)
{
	if (request->reset_handlers)
		signals_drop_handlers(&child->signals);
	int error = new_thread(child, frame, request, thread);
	if (error)
		return error;
	error = write_child_id(child, space, request);
	if (error)
		thread_free(*thread);
	return error;
}

/* CLONE_PIDFD: a descriptor of the child for the caller. Only then may nothing fail any more. */
static int give_pidfd(struct process *parent, struct process *child, vaddr_t to)
{
	struct file *file;
	int error = pidfd_create(child, 0, &file);

	if (error)
		return error;
	int fd = fd_table_add(parent->files, file, 0, (unsigned)parent->limits[RLIMIT_NOFILE].soft,
			      true);
	if (fd < 0) {
		file_put(file);
		return fd;
	}
	error = copy_to_user(to, &fd, sizeof(fd));
	if (error)
		(void)fd_table_close(parent->files, (unsigned)fd); /* it was opened just now */
	return error;
}

/* CLONE_PARENT: the child is the caller's sibling, and dies as it does. */
static void set_family(struct process *parent, struct process *child,
		       const struct fork_request *request)
{
	spin_lock(&process_lock);
	child->exit_signal = request->is_sibling ? parent->exit_signal : request->exit_signal;
	if (request->is_sibling) {
		child->parent = parent->parent;
		child->parent_pid = parent->parent_pid;
		list_remove(&child->sibling);
		list_push_back(&child->parent->children, &child->sibling);
	}
	spin_unlock(&process_lock);
}

int process_fork(const struct trap_frame *frame, const struct fork_request *request)
{
	struct process *parent = current_process(), *child;
	struct vfork_wait wait = {.done = false};
	struct vm_space *space = NULL;
	struct thread *thread;

	int error = process_create(parent, request->share, &child);
	if (error)
		return error;
	error = get_space(parent->space, request->share_space, &space);
	if (!error && !request->share_space)
		space->id = child->pid;
	if (!error)
		error = prepare_child(child, frame, request, space, &thread);
	if (!error && request->pidfd) {
		error = give_pidfd(parent, child, request->pidfd);
		if (error)
			thread_free(thread);
	}
	if (error) {
		if (space)
			vm_space_leave(space);
		process_discard(child);
		return error;
	}
	int pid = child->pid;
	/* As Linux does, without regard to whether it can be stored. */
	if (request->parent_tid)
		(void)!copy_to_user(request->parent_tid, &pid, sizeof(pid));
	set_family(parent, child, request);
	fault_stream_fork(parent, child, space);
	wait_queue_init(&wait.queue);
	child->vfork = request->wait ? &wait : NULL;
	process_start(child, space, thread);
	if (request->wait)
		wait_for_child(child, &wait);
	/* The child's limits were the space's, if it set any. */
	if (request->share_space)
		process_apply_limits(parent, space);
	return pid;
}

/* Put the thread into the calling process. -EAGAIN: the process ends, or there are too many. */
static int join(struct process *process, struct thread *thread)
{
	spin_lock(&process_lock);
	bool may =
		!process->ending && !process->executing && process_may_have_thread_locked(process);
	if (may)
		process_add_thread_locked(process, thread, process_new_id_locked());
	spin_unlock(&process_lock);
	return may ? 0 : -EAGAIN;
}

int process_clone(const struct trap_frame *frame, const struct fork_request *request)
{
	struct process *process = current_process();
	struct thread *thread;

	int error = new_thread(process, frame, request, &thread);
	if (error)
		return error;
	error = join(process, thread);
	if (error) {
		thread_free(thread);
		return error;
	}
	/* From here on others know of it, but it stays until it has run: `id` is its own matter. */
	int id = thread->id;
	if (request->parent_tid)
		(void)!copy_to_user(request->parent_tid, &id, sizeof(id));
	if (request->child_tid)
		(void)!copy_to_user(request->child_tid, &id, sizeof(id));
	sched_start_thread(thread);
	return id;
}
