/* pipe_splice.c: see pipe.h: bytes between a pipe and the kernel. */
#include "fs/file.h"
#include "fs/pipe_core.h"
#include "lib/errno.h"
#include "lib/string.h"

ssize_t pipe_wait_for_room(struct file *file, bool wait)
{
	struct pipe *pipe = file->context;

	for (;;) {
		if (!pipe_is_open(&pipe->readers))
			return -EPIPE;
		size_t room = pipe_room(pipe);
		if (room)
			return (ssize_t)room;
		if (!wait)
			return -EAGAIN;
		int error = wait_until(&pipe->queue, WAIT_FOREVER,
				       pipe_room(pipe) || !pipe_is_open(&pipe->readers));
		if (error)
			return error;
	}
}

ssize_t pipe_fill(struct file *file, struct io *io, bool wait)
{
	struct pipe *pipe = file->context;
	ssize_t done;

	do {
		done = pipe_wait_for_room(file, wait);
		if (done < 0)
			return done;
		mutex_lock(&pipe->mutex);
		done = pipe_fill_locked(pipe, io);
		mutex_unlock(&pipe->mutex);
	} while (!done && io->left);
	if (done > 0)
		wait_wake_all(&pipe->queue);
	return done;
}

/* Between the ring at `at` and the buffer. */
static void copy_out(const struct pipe *pipe, char *to, size_t bytes)
{
	size_t first = MIN(bytes, pipe->capacity - pipe->start);

	memcpy(to, pipe->ring + pipe->start, first);
	memcpy(to + first, pipe->ring, bytes - first);
}

static size_t take_locked(struct pipe *pipe, char *to, size_t max, bool keep)
{
	size_t bytes = MIN(pipe->used, max);

	copy_out(pipe, to, bytes);
	if (!keep) {
		pipe->start = (pipe->start + bytes) % pipe->capacity;
		pipe->used -= bytes;
		pipe->held += bytes;
	}
	return bytes;
}

static ssize_t take(struct file *file, char *to, size_t max, bool wait, bool keep)
{
	struct pipe *pipe = file->context;

	for (;;) {
		mutex_lock(&pipe->mutex);
		size_t bytes = take_locked(pipe, to, max, keep);
		bool over = !bytes && pipe_is_over(pipe);
		mutex_unlock(&pipe->mutex);
		if (bytes || over)
			return (ssize_t)bytes;
		if (!wait)
			return -EAGAIN;
		int error = wait_until(&pipe->queue, WAIT_FOREVER,
				       pipe_used(pipe) || pipe_is_over(pipe));
		if (error)
			return error;
	}
}

ssize_t pipe_peek(struct file *file, char *to, size_t max, bool wait)
{
	return take(file, to, max, wait, true);
}

ssize_t pipe_take(struct file *file, char *to, size_t max, bool wait)
{
	return take(file, to, max, wait, false);
}

void pipe_settle(struct file *file, const char *from, size_t taken, size_t used)
{
	struct pipe *pipe = file->context;
	size_t rest = taken - used;

	mutex_lock(&pipe->mutex);
	/* Before what is first now; the room was held for it. */
	for (size_t i = 0; i < rest; i++) {
		pipe->start = (pipe->start + pipe->capacity - 1) % pipe->capacity;
		pipe->ring[pipe->start] = from[taken - 1 - i];
	}
	pipe->used += rest;
	pipe->held -= taken;
	mutex_unlock(&pipe->mutex);
	wait_wake_all(&pipe->queue);
}
