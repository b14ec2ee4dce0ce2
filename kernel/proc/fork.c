/* fork.c: a copy of the calling process. */
#include <arch/trap.h>

#include "lib/errno.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "vm/space.h"

int process_fork(const struct trap_frame *frame, vaddr_t child_tid, vaddr_t child_sp)
{
	struct process *parent = current_process(), *child;
	struct vm_space *space;
	struct trap_frame child_frame = *frame;
	struct thread *thread;

	if (child_sp)
		trap_set_sp(&child_frame, child_sp);
	int error = process_create(parent, &child);
	if (error)
		return error;
	error = vm_fork(parent->space, &space);
	if (error)
		goto no_space;
	error = thread_fork(child, &child_frame, &thread);
	if (error)
		goto no_thread;
	if (child_tid) {
		/* Linux ignores a bad address here, too: the child would find out. */
		error = vm_write_remote(space, child_tid, &child->pid, sizeof(child->pid));
		if (error == -ENOMEM)
			goto no_memory;
	}
	int pid = child->pid;
	process_start(child, space, thread);
	sched_start_thread(thread);
	return pid;

no_memory:
	thread_free(thread);
no_thread:
	vm_space_destroy(space);
no_space:
	process_discard(child);
	return error;
}
