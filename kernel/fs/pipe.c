/*
 * pipe.c: pipe(7), fifo(7): a ring between those who write and those who read. It belongs to an
 * inode, of a name or without one, and is there as long as anybody has that open.
 *
 * A writer of at most PIPE_ATOMIC bytes waits for room for all of them, so such writes never mix.
 *
 * Lock letters: see pipe_core.h.
 */
#include "fs/pipe.h"

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include <arch/mmu.h>

#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/pipe_core.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sync/wait_queue.h"
#include "vm/user_copy.h"

/* Guards inode->pipe of all FIFOs. */
static struct mutex pipes_mutex;

static uint64_t count_of(const uint64_t *opens)
{
	return __atomic_load_n(opens, __ATOMIC_ACQUIRE);
}

/* Move as much as there is, up to io's end. Bytes, or -EFAULT if the first piece fails. */
static ssize_t drain_locked(struct pipe *pipe, struct io *io)
{
	ssize_t done = 0;

	while (pipe->used && io->left) {
		size_t step = MIN(MIN(pipe->used, io->left), pipe->capacity - pipe->start);
		step = MIN(step, (size_t)PIPE_ATOMIC);
		int error = io_put(io, pipe->ring + pipe->start, step);
		if (error)
			return done ? done : error;
		pipe->start = (pipe->start + step) % pipe->capacity;
		pipe->used -= step;
		done += (ssize_t)step;
	}
	return done;
}

ssize_t pipe_fill_locked(struct pipe *pipe, struct io *io)
{
	ssize_t done = 0;

	while (pipe_room(pipe) && io->left) {
		size_t end = (pipe->start + pipe->used) % pipe->capacity;
		size_t step = MIN(MIN(pipe_room(pipe), io->left), pipe->capacity - end);
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
		bool over = pipe_is_over(pipe);
		mutex_unlock(&pipe->mutex);
		if (done > 0)
			wait_wake_all(&pipe->queue);
		if (done || over)
			return done;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int error = wait_until(&pipe->queue, WAIT_FOREVER,
				       pipe_used(pipe) || pipe_is_over(pipe));
		if (error)
			return error;
	}
}

/* One attempt. Bytes, 0 if it has to wait, or negative. */
static ssize_t write_some(struct pipe *pipe, struct io *io, bool whole)
{
	ssize_t done = 0;

	mutex_lock(&pipe->mutex);
	if (!pipe_is_open(&pipe->readers))
		done = -EPIPE;
	else if (!whole || pipe_has_room(pipe, io->left))
		done = pipe_fill_locked(pipe, io);
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
		int error =
			wait_until(&pipe->queue, WAIT_FOREVER,
				   pipe_has_room(pipe, wanted) || !pipe_is_open(&pipe->readers));
		if (error)
			return total ? total : error;
	}
	return total;
}

static int pipe_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	int used = (int)pipe_used(file->context);

	return command == FIONREAD ? copy_to_user(argument, &used, sizeof(used)) : -ENOTTY;
}

static unsigned pipe_poll(struct file *file, struct wait_queue **queue)
{
	struct pipe *pipe = file->context;
	unsigned access = file->flags & O_ACCMODE, events = 0;

	*queue = &pipe->queue;
	if (access != O_WRONLY) {
		events |= pipe_used(pipe) ? POLLIN | POLLRDNORM : 0u;
		/* Nobody hung up if nobody was there yet. */
		if (!pipe_is_open(&pipe->writers) &&
		    count_of(&pipe->writer_opens) != file->position)
			events |= POLLHUP;
	}
	if (access != O_RDONLY) {
		events |= pipe_has_room(pipe, PIPE_ATOMIC) ? POLLOUT | POLLWRNORM : 0u;
		events |= pipe_is_open(&pipe->readers) ? 0u : POLLERR;
	}
	return events;
}

/* ---- opening and closing ---- */

/* The inode's pipe, made if need be, with one user more. */
static struct pipe *pipe_get(struct inode *inode)
{
	mutex_lock(&pipes_mutex);
	struct pipe *pipe = inode->pipe;
	if (!pipe) {
		char *ring = kmalloc(PIPE_BYTES);
		pipe = ring ? kzalloc(sizeof(*pipe)) : NULL;
		if (pipe) {
			pipe->ring = ring;
			pipe->capacity = PIPE_BYTES;
			wait_queue_init(&pipe->queue);
			inode->pipe = pipe;
		} else {
			kfree(ring);
		}
	}
	if (pipe)
		pipe->users++;
	mutex_unlock(&pipes_mutex);
	return pipe;
}

static void pipe_put(struct inode *inode)
{
	struct pipe *pipe = inode->pipe;

	mutex_lock(&pipes_mutex);
	bool last = --pipe->users == 0;
	if (last)
		inode->pipe = NULL;
	mutex_unlock(&pipes_mutex);
	if (!last)
		return;
	kfree(pipe->ring);
	kfree(pipe);
}

static void open_ends(struct pipe *pipe, unsigned access)
{
	if (access != O_WRONLY) {
		__atomic_fetch_add(&pipe->readers, 1, __ATOMIC_ACQ_REL);
		__atomic_fetch_add(&pipe->reader_opens, 1, __ATOMIC_ACQ_REL);
	}
	if (access != O_RDONLY) {
		__atomic_fetch_add(&pipe->writers, 1, __ATOMIC_ACQ_REL);
		__atomic_fetch_add(&pipe->writer_opens, 1, __ATOMIC_ACQ_REL);
	}
	wait_wake_all(&pipe->queue);
}

static void close_ends(struct pipe *pipe, unsigned access)
{
	mutex_lock(&pipe->mutex);
	if (access != O_WRONLY)
		__atomic_fetch_sub(&pipe->readers, 1, __ATOMIC_ACQ_REL);
	if (access != O_RDONLY)
		__atomic_fetch_sub(&pipe->writers, 1, __ATOMIC_ACQ_REL);
	mutex_unlock(&pipe->mutex);
	wait_wake_all(&pipe->queue);
}

static void pipe_release(struct file *file)
{
	close_ends(file->context, file->flags & O_ACCMODE);
	pipe_put(file->inode);
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
	.release = pipe_release,
	.is_stream = true,
	.name = "pipe:",
};

static const struct inode_ops nameless_ops;

/* Open the ends; true: nobody is at the other one (fifo(7)), which *others have opened *before
 * times. Under the mutex: who was there and has waited for this one is seen before it can be gone.
 */
static bool open_alone(struct pipe *pipe, unsigned access, const uint64_t **others,
		       uint64_t *before)
{
	bool reads = access == O_RDONLY;

	*others = reads ? &pipe->writer_opens : &pipe->reader_opens;
	mutex_lock(&pipe->mutex);
	open_ends(pipe, access);
	bool alone = access != O_RDWR && !pipe_is_open(reads ? &pipe->writers : &pipe->readers);
	*before = count_of(*others);
	mutex_unlock(&pipe->mutex);
	return alone;
}

/* Open the ends, and wait until somebody is at the other one, who may be gone again by then. */
static int open_both(struct pipe *pipe, unsigned flags)
{
	unsigned access = flags & O_ACCMODE;
	const uint64_t *others;
	uint64_t before;

	if (!open_alone(pipe, access, &others, &before))
		return 0;
	if (flags & O_NONBLOCK)
		return access == O_RDONLY ? 0 : -ENXIO;
	return wait_until(&pipe->queue, WAIT_FOREVER, count_of(others) != before);
}

int pipe_open(struct inode *inode, unsigned flags, struct file **out)
{
	unsigned access = flags & O_ACCMODE;
	/* One without a name is opened again through /proc, whoever is at the other end. */
	bool waits = inode->ops != &nameless_ops;
	int error;

	if (access == O_ACCMODE)
		return -EINVAL;
	struct pipe *pipe = pipe_get(inode);
	if (!pipe)
		return -ENOMEM;
	/* A writer that does not wait does not show itself before it is sure. */
	if (waits && access == O_WRONLY && (flags & O_NONBLOCK) && !pipe_is_open(&pipe->readers))
		error = -ENXIO;
	else
		error = file_create(&pipe_ops, flags, inode, pipe, out);
	if (error) {
		pipe_put(inode);
		return error;
	}
	/* What pipe_poll() compares with. */
	(*out)->position =
		pipe_is_open(&pipe->writers) ? UINT64_MAX : count_of(&pipe->writer_opens);
	if (waits)
		error = open_both(pipe, flags);
	else
		open_ends(pipe, access);
	if (error)
		file_put(*out);
	return error;
}

/* ---- pipes without a name ---- */

static void nameless_stat(const struct inode *inode, struct stat *out)
{
	out->st_dev = device_number(0, PIPE_MINOR);
	out->st_blksize = PIPE_ATOMIC;
}

static void nameless_release(struct inode *inode)
{
	kfree(inode);
}

static const struct inode_ops nameless_ops = {
	.magic = PIPEFS_MAGIC,
	.stat = nameless_stat,
	.release = nameless_release,
};

int pipe_create(unsigned flags, struct file *ends[2])
{
	struct inode *inode = kzalloc(sizeof(*inode));

	if (!inode)
		return -ENOMEM;
	inode_begin(inode, &nameless_ops, S_IFIFO | 0600, NULL);
	inode->links = 1;
	int error = pipe_open(inode, O_RDONLY | (flags & O_NONBLOCK), &ends[0]);
	if (!error) {
		error = pipe_open(inode, O_WRONLY | (flags & O_NONBLOCK), &ends[1]);
		if (error)
			file_put(ends[0]);
	}
	inode_put(inode);
	return error;
}

/* ---- its size ---- */

bool file_is_pipe(const struct file *file)
{
	return file->ops == &pipe_ops;
}

size_t pipe_capacity(struct file *file)
{
	const struct pipe *pipe = file->context;

	return __atomic_load_n(&pipe->capacity, __ATOMIC_RELAXED);
}

static int resize_locked(struct pipe *pipe, char *ring, size_t bytes, char **old)
{
	if (pipe->used + pipe->held > bytes)
		return -EBUSY;
	size_t first = MIN(pipe->used, pipe->capacity - pipe->start);
	memcpy(ring, pipe->ring + pipe->start, first);
	memcpy(ring + first, pipe->ring, pipe->used - first);
	*old = pipe->ring;
	pipe->ring = ring;
	pipe->start = 0;
	__atomic_store_n(&pipe->capacity, bytes, __ATOMIC_RELAXED);
	return 0;
}

int pipe_resize(struct file *file, uint64_t wanted)
{
	struct pipe *pipe = file->context;
	size_t bytes = PAGE_SIZE;
	char *ring;

	if (wanted > PIPE_BYTES_MAX)
		return -EINVAL;
	while (bytes < wanted)
		bytes *= 2;
	char *old = ring = kmalloc(bytes);
	if (!ring)
		return -ENOMEM;
	mutex_lock(&pipe->mutex);
	int error = resize_locked(pipe, ring, bytes, &old);
	mutex_unlock(&pipe->mutex);
	kfree(old);
	if (!error)
		wait_wake_all(&pipe->queue);
	return error;
}
