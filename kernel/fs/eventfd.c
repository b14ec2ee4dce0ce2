/*
 * eventfd.c: see eventfd.h.
 *
 * Lock letters: (e) eventfd->lock, RANK_EVENTS; (i) set at creation.
 */
#include "fs/eventfd.h"

#include <asm/fcntl.h>
#include <asm/poll.h>

#include "fs/anonymous.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sync/wait_queue.h"

#define COUNT_MAX (UINT64_MAX - 1) /* a write beyond it has to wait */

struct eventfd {
	struct spinlock lock;
	uint64_t count; /* (e) */
	bool semaphore; /* (i) */
	struct wait_queue queue;
};

static uint64_t count_of(struct eventfd *eventfd)
{
	spin_lock(&eventfd->lock);
	uint64_t count = eventfd->count;
	spin_unlock(&eventfd->lock);
	return count;
}

/* 0: there is nothing. */
static uint64_t take(struct eventfd *eventfd)
{
	spin_lock(&eventfd->lock);
	uint64_t taken = eventfd->semaphore && eventfd->count ? 1 : eventfd->count;
	eventfd->count -= taken;
	spin_unlock(&eventfd->lock);
	return taken;
}

static bool add(struct eventfd *eventfd, uint64_t value)
{
	spin_lock(&eventfd->lock);
	bool fits = value <= COUNT_MAX - eventfd->count;
	if (fits)
		eventfd->count += value;
	spin_unlock(&eventfd->lock);
	return fits;
}

static ssize_t eventfd_read(struct file *file, struct io *io, uint64_t *position)
{
	struct eventfd *eventfd = file->context;
	uint64_t taken;

	if (io->left < sizeof(taken))
		return -EINVAL;
	while (!(taken = take(eventfd))) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int error = wait_until(&eventfd->queue, WAIT_FOREVER, count_of(eventfd));
		if (error)
			return error;
	}
	wait_wake_all(&eventfd->queue);
	int error = io_put(io, &taken, sizeof(taken));
	return error ? error : (ssize_t)sizeof(taken);
}

static ssize_t eventfd_write(struct file *file, struct io *io, uint64_t *position)
{
	struct eventfd *eventfd = file->context;
	uint64_t value;

	if (io->left != sizeof(value))
		return -EINVAL;
	int error = io_get(io, &value, sizeof(value));
	if (error)
		return error;
	if (value == UINT64_MAX)
		return -EINVAL;
	while (!add(eventfd, value)) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_until(&eventfd->queue, WAIT_FOREVER,
				   value <= COUNT_MAX - count_of(eventfd));
		if (error)
			return error;
	}
	wait_wake_all(&eventfd->queue);
	return sizeof(value);
}

static unsigned eventfd_poll(struct file *file, struct wait_queue **queue)
{
	struct eventfd *eventfd = file->context;
	uint64_t count = count_of(eventfd);

	*queue = &eventfd->queue;
	return (count ? POLLIN | POLLRDNORM : 0u) | (count < COUNT_MAX ? POLLOUT | POLLWRNORM : 0u);
}

static void eventfd_release(struct file *file)
{
	kfree(file->context);
}

static const struct file_ops eventfd_ops = {
	.name = "anon_inode:[eventfd]",
	.read = eventfd_read,
	.write = eventfd_write,
	.stat = anonymous_stat,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.is_stream = true,
	.ignores_seek = true,
};

int eventfd_create(uint64_t count, bool semaphore, unsigned flags, struct file **out)
{
	struct eventfd *eventfd = kzalloc(sizeof(*eventfd));

	if (!eventfd)
		return -ENOMEM;
	eventfd->lock = (struct spinlock)SPINLOCK_INIT(RANK_EVENTS);
	eventfd->count = count;
	eventfd->semaphore = semaphore;
	wait_queue_init(&eventfd->queue);
	int error = file_create(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK), NULL, eventfd, out);
	if (error)
		kfree(eventfd);
	return error;
}
