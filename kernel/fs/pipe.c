/*
 * pipe.c: pipe(7): a ring of 64 KiB between two files.
 *
 * A writer of at most PIPE_ATOMIC bytes waits for room for all of them, so such writes never mix.
 *
 * Lock letters: (m) pipe->mutex, which may be held over a copy to or from a program; (c) changed
 * atomically.
 */
#include "fs/pipe.h"

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <linux/stat.h>

#include "fs/anonymous.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sync/wait_queue.h"
#include "vm/user_copy.h"

#define PIPE_BYTES  (64 * KIB)
#define PIPE_ATOMIC 4096u /* PIPE_BUF */

struct pipe {
	struct mutex mutex;
	char *ring;              /* (i) */
	size_t start, used;      /* (m) */
	uint32_t readers;        /* (c) 1 or 0: an open file, however many descriptors it has */
	uint32_t writers;        /* (c) */
	uint64_t number;         /* (i) st_ino */
	struct wait_queue queue; /* room, bytes, or an end was closed */
};

static bool is_open(const uint32_t *ends)
{
	return __atomic_load_n(ends, __ATOMIC_ACQUIRE) != 0;
}

static size_t used_now(const struct pipe *pipe)
{
	return __atomic_load_n(&pipe->used, __ATOMIC_ACQUIRE);
}

/* Move as much as there is, up to io's end. Bytes, or -EFAULT if the first piece fails. */
static ssize_t drain_locked(struct pipe *pipe, struct io *io)
{
	ssize_t done = 0;

	while (pipe->used && io->left) {
		size_t step = MIN(MIN(pipe->used, io->left), PIPE_BYTES - pipe->start);
		step = MIN(step, (size_t)PIPE_ATOMIC);
		int error = io_put(io, pipe->ring + pipe->start, step);
		if (error)
			return done ? done : error;
		pipe->start = (pipe->start + step) % PIPE_BYTES;
		pipe->used -= step;
		done += (ssize_t)step;
	}
	return done;
}

static ssize_t fill_locked(struct pipe *pipe, struct io *io)
{
	ssize_t done = 0;

	while (pipe->used < PIPE_BYTES && io->left) {
		size_t end = (pipe->start + pipe->used) % PIPE_BYTES;
		size_t step = MIN(MIN(PIPE_BYTES - pipe->used, io->left), PIPE_BYTES - end);
		step = MIN(step, (size_t)PIPE_ATOMIC);
		int error = io_get(io, pipe->ring + end, step);
		if (error)
			return done ? done : error;
		pipe->used += step;
		done += (ssize_t)step;
	}
	return done;
}

static ssize_t pipe_read(struct file *file, struct io *io, uint64_t *position)
{
	struct pipe *pipe = file->context;

	if (!io->left)
		return 0;
	for (;;) {
		mutex_lock(&pipe->mutex);
		ssize_t done = drain_locked(pipe, io);
		mutex_unlock(&pipe->mutex);
		if (done > 0)
			wait_wake_all(&pipe->queue);
		if (done)
			return done;
		/* The last bytes may have come between the look at the ring and that at the
		 * writers. */
		if (!is_open(&pipe->writers) && !used_now(pipe))
			return 0;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int error = wait_until(&pipe->queue, WAIT_FOREVER,
				       used_now(pipe) || !is_open(&pipe->writers));
		if (error)
			return error;
	}
}

static bool has_room(const struct pipe *pipe, size_t wanted)
{
	return PIPE_BYTES - used_now(pipe) >= MIN(wanted, (size_t)PIPE_ATOMIC);
}

/* One attempt. Bytes, 0 if it has to wait, or negative. */
static ssize_t write_some(struct pipe *pipe, struct io *io, bool whole)
{
	ssize_t done = 0;

	mutex_lock(&pipe->mutex);
	if (!is_open(&pipe->readers))
		done = -EPIPE;
	else if (!whole || has_room(pipe, io->left))
		done = fill_locked(pipe, io);
	mutex_unlock(&pipe->mutex);
	if (done > 0)
		wait_wake_all(&pipe->queue);
	return done;
}

static ssize_t pipe_write(struct file *file, struct io *io, uint64_t *position)
{
	struct pipe *pipe = file->context;
	bool whole = io->left <= PIPE_ATOMIC;
	ssize_t total = 0;

	while (io->left) {
		ssize_t done = write_some(pipe, io, whole);
		if (done < 0)
			return total ? total : done;
		total += done;
		if (done)
			continue;
		if (file->flags & O_NONBLOCK)
			return total ? total : -EAGAIN;
		size_t wanted = whole ? io->left : 1;
		int error = wait_until(&pipe->queue, WAIT_FOREVER,
				       has_room(pipe, wanted) || !is_open(&pipe->readers));
		if (error)
			return total ? total : error;
	}
	return total;
}

static void pipe_stat(struct file *file, struct stat *out)
{
	const struct pipe *pipe = file->context;

	*out = (struct stat){
		.st_ino = pipe->number,
		.st_nlink = 1,
		.st_mode = S_IFIFO | 0600,
		.st_blksize = PIPE_ATOMIC,
	};
}

static int pipe_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	int used = (int)used_now(file->context);

	return command == FIONREAD ? copy_to_user(argument, &used, sizeof(used)) : -ENOTTY;
}

static unsigned poll_read(struct file *file, struct wait_queue **queue)
{
	struct pipe *pipe = file->context;

	*queue = &pipe->queue;
	return (used_now(pipe) ? POLLIN | POLLRDNORM : 0u) |
	       (is_open(&pipe->writers) ? 0u : POLLHUP);
}

static unsigned poll_write(struct file *file, struct wait_queue **queue)
{
	struct pipe *pipe = file->context;

	*queue = &pipe->queue;
	return (has_room(pipe, PIPE_ATOMIC) ? POLLOUT | POLLWRNORM : 0u) |
	       (is_open(&pipe->readers) ? 0u : POLLERR);
}

static void pipe_destroy(struct pipe *pipe)
{
	kfree(pipe->ring);
	kfree(pipe);
}

/* One end is gone. The other may be going at the same time: who comes last frees. */
static void close_end(struct pipe *pipe, uint32_t *mine)
{
	mutex_lock(&pipe->mutex);
	__atomic_store_n(mine, 0, __ATOMIC_RELEASE);
	bool last = !is_open(&pipe->readers) && !is_open(&pipe->writers);
	mutex_unlock(&pipe->mutex);
	if (last)
		pipe_destroy(pipe);
	else
		wait_wake_all(&pipe->queue);
}

static void release_read(struct file *file)
{
	struct pipe *pipe = file->context;

	close_end(pipe, &pipe->readers);
}

static void release_write(struct file *file)
{
	struct pipe *pipe = file->context;

	close_end(pipe, &pipe->writers);
}

static const struct file_ops read_ops = {
	.read = pipe_read,
	.stat = pipe_stat,
	.ioctl = pipe_ioctl,
	.poll = poll_read,
	.release = release_read,
	.is_stream = true,
	.name = "pipe:",
};

static const struct file_ops write_ops = {
	.write = pipe_write,
	.stat = pipe_stat,
	.ioctl = pipe_ioctl,
	.poll = poll_write,
	.release = release_write,
	.is_stream = true,
	.name = "pipe:",
};

static struct pipe *pipe_allocate(void)
{
	struct pipe *pipe = kzalloc(sizeof(*pipe));
	char *ring = kmalloc(PIPE_BYTES);

	if (!pipe || !ring) {
		kfree(pipe);
		kfree(ring);
		return NULL;
	}
	pipe->ring = ring;
	pipe->readers = pipe->writers = 1;
	pipe->number = anonymous_number();
	wait_queue_init(&pipe->queue);
	return pipe;
}

int pipe_create(unsigned flags, struct file *ends[2])
{
	struct pipe *pipe = pipe_allocate();

	if (!pipe)
		return -ENOMEM;
	int error = file_create(&read_ops, O_RDONLY | (flags & O_NONBLOCK), NULL, pipe, &ends[0]);
	if (error) {
		pipe_destroy(pipe);
		return error;
	}
	error = file_create(&write_ops, O_WRONLY | (flags & O_NONBLOCK), NULL, pipe, &ends[1]);
	if (error) {
		/* The other end goes, and with it the pipe. */
		pipe->writers = 0;
		file_put(ends[0]);
	}
	return error;
}
