/*
 * pidfd.c: see pidfd.h. All files of one process share a handle, which is made with the first one.
 *
 * Lock letters: (p) process_lock; (i) set at creation.
 */
#include "proc/pidfd.h"

#include <asm/fcntl.h>
#include <asm/poll.h>

#include "fs/anonymous.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "sync/wait_queue.h"

struct process_handle {
	unsigned count;          /* (p) files, and the process while it is there */
	struct process *process; /* (p) NULL: gone */
	struct wait_queue end;
};

static struct process_handle *handle_of(const struct file *file)
{
	return file->context;
}

const struct process_handle *pidfd_handle(const struct file *file)
{
	return handle_of(file);
}

/* The caller frees it if so. */
static bool put_locked(struct process_handle *handle)
{
	return --handle->count == 0;
}

static unsigned pidfd_poll(struct file *file, struct wait_queue **queue)
{
	struct process_handle *handle = handle_of(file);
	unsigned events = 0;

	*queue = &handle->end;
	spin_lock(&process_lock);
	if (!handle->process)
		events = POLLIN | POLLRDNORM | POLLHUP;
	else if (handle->process->zombie)
		events = POLLIN | POLLRDNORM;
	spin_unlock(&process_lock);
	return events;
}

static void pidfd_release(struct file *file)
{
	struct process_handle *handle = handle_of(file);

	if (!handle)
		return; /* there was no process to name */
	spin_lock(&process_lock);
	bool last = put_locked(handle);
	spin_unlock(&process_lock);
	if (last)
		kfree(handle);
}

static const struct file_ops pidfd_ops = {
	.name = "anon_inode:[pidfd]",
	.stat = anonymous_stat,
	.poll = pidfd_poll,
	.release = pidfd_release,
	.is_stream = true,
};

bool file_is_pidfd(const struct file *file)
{
	return file->ops == &pidfd_ops;
}

struct process *pidfd_process_locked(const struct file *file)
{
	return handle_of(file)->process;
}

int pidfd_pid(const struct file *file)
{
	spin_lock(&process_lock);
	const struct process *process = handle_of(file)->process;
	int pid = process ? process->pid : -1;
	spin_unlock(&process_lock);
	return pid;
}

/* The process's handle, one more of it: what it has, or `fresh`, which is NULL then. */
static struct process_handle *get_locked(struct process *process, struct process_handle **fresh)
{
	if (!process->handle) {
		process->handle = *fresh;
		*fresh = NULL;
		process->handle->process = process;
		process->handle->count = 1;
	}
	process->handle->count++;
	return process->handle;
}

/* The process itself, or who has the number. */
static int find_locked(struct process **process, int pid)
{
	if (!*process)
		*process = process_find_locked(pid);
	if (*process)
		return 0;
	return thread_find_locked(pid) ? -ENOENT : -ESRCH;
}

static int create(struct process *process, int pid, unsigned flags, struct file **out)
{
	struct process_handle *fresh = kzalloc(sizeof(*fresh)), *handle = NULL;
	struct file *file;

	if (!fresh)
		return -ENOMEM;
	wait_queue_init(&fresh->end);
	int error = file_create(&pidfd_ops, O_RDWR | (flags & O_NONBLOCK), NULL, NULL, &file);
	if (error) {
		kfree(fresh);
		return error;
	}
	spin_lock(&process_lock);
	error = find_locked(&process, pid);
	if (!error)
		handle = get_locked(process, &fresh);
	spin_unlock(&process_lock);
	kfree(fresh);
	file->context = handle;
	if (error) {
		file_put(file);
		return error;
	}
	*out = file;
	return 0;
}

int pidfd_create(struct process *process, unsigned flags, struct file **out)
{
	return create(process, 0, flags, out);
}

int pidfd_open(int pid, unsigned flags, struct file **out)
{
	return create(NULL, pid, flags, out);
}

void pidfd_tell_locked(struct process *process)
{
	if (process->handle)
		wait_wake_all(&process->handle->end);
}

void pidfd_forget_locked(struct process *process)
{
	struct process_handle *handle = process->handle;

	if (!handle)
		return;
	handle->process = NULL;
	wait_wake_all(&handle->end);
	/* Else process_free() frees it. */
	if (!put_locked(handle))
		process->handle = NULL;
}
