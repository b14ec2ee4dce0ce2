/*
 * timerfd.c: see timerfd.h. After an end a timer with an interval is not set again until somebody
 * reads it or asks: then the ends that have passed are counted. So one that nobody reads costs one
 * interrupt, however short its interval.
 *
 * Lock letters: (m) timerfd->mutex; (c) changed atomically; (i) set at creation.
 */
#include "fs/timerfd.h"

#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/poll.h>

#include "fs/anonymous.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sync/mutex.h"
#include "sync/timer.h"
#include "sync/wait_queue.h"

struct timerfd {
	struct mutex mutex;
	struct timer timer;
	uint64_t deadline, interval; /* (m) as in timerfd_setting */
	uint64_t ends;               /* (m) that passed and were not read */
	bool expired;                /* (c) the timer ended and is not set */
	int clock;                   /* (i) */
	struct wait_queue queue;
};

static bool has_expired(const struct timerfd *timerfd)
{
	return __atomic_load_n(&timerfd->expired, __ATOMIC_ACQUIRE);
}

static void expire(struct timer *timer)
{
	struct timerfd *timerfd = container_of(timer, struct timerfd, timer);

	__atomic_store_n(&timerfd->expired, true, __ATOMIC_RELEASE);
	wait_wake_all(&timerfd->queue);
}

/* Count the ends that have passed, and set the timer to the next one if there is one. */
static void count_ends_locked(struct timerfd *timerfd)
{
	uint64_t now = time_now(), ends = 1;

	if (!has_expired(timerfd))
		return;
	if (timerfd->interval && now > timerfd->deadline)
		ends += (now - timerfd->deadline) / timerfd->interval;
	/* First: who looks without the mutex sees the one or the other, as nobody is woken here. */
	__atomic_store_n(&timerfd->ends, timerfd->ends + ends, __ATOMIC_RELEASE);
	__atomic_store_n(&timerfd->expired, false, __ATOMIC_RELEASE);
	if (timerfd->interval) {
		timerfd->deadline += ends * timerfd->interval;
		timer_set(&timerfd->timer, timerfd->deadline);
	} else {
		timerfd->deadline = 0;
	}
}

static uint64_t take_ends(struct timerfd *timerfd)
{
	mutex_lock(&timerfd->mutex);
	count_ends_locked(timerfd);
	uint64_t ends = timerfd->ends;
	timerfd->ends = 0;
	mutex_unlock(&timerfd->mutex);
	return ends;
}

static bool is_ready(const struct timerfd *timerfd)
{
	return has_expired(timerfd) || __atomic_load_n(&timerfd->ends, __ATOMIC_RELAXED);
}

static ssize_t timerfd_read(struct file *file, struct io *io, uint64_t *position)
{
	struct timerfd *timerfd = file->context;
	uint64_t ends;

	if (io->left < sizeof(ends))
		return -EINVAL;
	while (!(ends = take_ends(timerfd))) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int error = wait_until(&timerfd->queue, WAIT_FOREVER, is_ready(timerfd));
		if (error)
			return error;
	}
	int error = io_put(io, &ends, sizeof(ends));
	return error ? error : (ssize_t)sizeof(ends);
}

static unsigned timerfd_poll(struct file *file, struct wait_queue **queue)
{
	struct timerfd *timerfd = file->context;

	*queue = &timerfd->queue;
	return is_ready(timerfd) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *timerfd = file->context;

	timer_cancel(&timerfd->timer);
	kfree(timerfd);
}

static const struct file_ops timerfd_ops = {
	.name = "anon_inode:[timerfd]",
	.read = timerfd_read,
	.stat = anonymous_stat,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.is_stream = true,
	.ignores_seek = true,
};

bool file_is_timerfd(const struct file *file)
{
	return file->ops == &timerfd_ops;
}

int timerfd_clock(const struct file *file)
{
	const struct timerfd *timerfd = file->context;

	return timerfd->clock;
}

static void get_locked(struct timerfd *timerfd, struct timerfd_setting *out)
{
	uint64_t now = time_now();

	count_ends_locked(timerfd);
	*out = (struct timerfd_setting){.interval = timerfd->interval};
	/* 0 would say that it is not set. */
	if (timerfd->deadline)
		out->deadline = timerfd->deadline > now ? timerfd->deadline - now : 1;
}

void timerfd_get(struct file *file, struct timerfd_setting *out)
{
	struct timerfd *timerfd = file->context;

	mutex_lock(&timerfd->mutex);
	get_locked(timerfd, out);
	mutex_unlock(&timerfd->mutex);
}

void timerfd_set(struct file *file, const struct timerfd_setting *setting,
		 struct timerfd_setting *old)
{
	struct timerfd *timerfd = file->context;

	mutex_lock(&timerfd->mutex);
	if (old)
		get_locked(timerfd, old);
	timer_cancel(&timerfd->timer);
	timerfd->deadline = setting->deadline;
	timerfd->interval = setting->interval;
	timerfd->ends = 0;
	__atomic_store_n(&timerfd->expired, false, __ATOMIC_RELEASE);
	if (timerfd->deadline)
		timer_set(&timerfd->timer, timerfd->deadline);
	mutex_unlock(&timerfd->mutex);
}

int timerfd_create(int clock, unsigned flags, struct file **out)
{
	struct timerfd *timerfd = kzalloc(sizeof(*timerfd));

	if (!timerfd)
		return -ENOMEM;
	timerfd->clock = clock;
	timerfd->timer.expire = expire;
	wait_queue_init(&timerfd->queue);
	int error = file_create(&timerfd_ops, O_RDWR | (flags & O_NONBLOCK), NULL, timerfd, out);
	if (error)
		kfree(timerfd);
	return error;
}
