/* inotify.c: see inotify.h. Lock letters: see watch_core.h. */
#include "fs/inotify.h"

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/poll.h>

#include "fs/anonymous.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/watch.h"
#include "fs/watch_core.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/user_copy.h"

#define WATCHES_MAX  65536u /* of all files together */
/* Files together: Linux's max_user_instances. Events that nobody reads are the kernel's memory, and
 * bound by no limit of a process but through this. */
#define WATCHERS_MAX 128u
#define KEPT_BITS    (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

_Static_assert(sizeof(struct inotify_event) == 16, "as watch_event_bytes() has it");

static unsigned watcher_count; /* changed atomically */

static bool has_events(struct watcher *watcher)
{
	spin_lock(&watch_lock);
	bool has = !list_is_empty(&watcher->events);
	spin_unlock(&watch_lock);
	return has;
}

/* The first event if it fits into `room`. 0: there is none; 1; -EINVAL: it does not fit. */
static int take(struct watcher *watcher, size_t room, struct watch_event **out)
{
	int result = 0;

	spin_lock(&watch_lock);
	if (!list_is_empty(&watcher->events)) {
		const struct watch_event *first =
			container_of(watcher->events.next, struct watch_event, link);
		result = watch_event_bytes(first) <= room ? 1 : -EINVAL;
	}
	if (result == 1)
		*out = watch_take_locked(watcher);
	spin_unlock(&watch_lock);
	return result;
}

static int put_event(struct io *io, const struct watch_event *event)
{
	const size_t padded = watch_event_bytes(event) - sizeof(struct inotify_event);
	const struct inotify_event head = {
		.wd = event->id,
		.mask = event->mask,
		.cookie = event->cookie,
		.len = (uint32_t)padded,
	};

	int error = io_put(io, &head, sizeof(head));
	if (!error && padded)
		error = io_put(io, event->name, event->length);
	return !error && padded ? io_clear(io, padded - event->length) : error;
}

/* The watcher's own is never freed, and may come again once it was read. */
static void drop_event(struct watcher *watcher, struct watch_event *event)
{
	if (event != &watcher->overflow) {
		kfree(event);
		return;
	}
	spin_lock(&watch_lock);
	watcher->overflown = false;
	spin_unlock(&watch_lock);
}

static ssize_t inotify_read(struct file *file, struct io *io, uint64_t *position)
{
	struct watcher *watcher = file->context;
	struct watch_event *event;
	ssize_t done = 0;

	for (;;) {
		int result = take(watcher, io->left, &event);
		if (result == 1) {
			size_t bytes = watch_event_bytes(event);
			result = put_event(io, event);
			drop_event(watcher, event);
			done += result ? 0 : (ssize_t)bytes;
			if (!result)
				continue;
		}
		if (done || result)
			return done ? done : result;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		result = wait_until(&watcher->queue, WAIT_FOREVER, has_events(watcher));
		if (result)
			return result;
	}
}

static unsigned inotify_poll(struct file *file, struct wait_queue **queue)
{
	struct watcher *watcher = file->context;

	*queue = &watcher->queue;
	return has_events(watcher) ? POLLIN | POLLRDNORM : 0;
}

static int inotify_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	struct watcher *watcher = file->context;

	if (command != FIONREAD)
		return -ENOTTY;
	spin_lock(&watch_lock);
	int bytes = (int)watcher->event_bytes;
	spin_unlock(&watch_lock);
	return copy_to_user(argument, &bytes, sizeof(bytes));
}

static void inotify_release(struct file *file)
{
	struct watcher *watcher = file->context;
	struct list_node gone;

	list_init(&gone);
	spin_lock(&watch_lock);
	list_for_each_safe (node, &watcher->watches)
		watch_remove_locked(container_of(node, struct watch, of_watcher), &gone);
	spin_unlock(&watch_lock);
	watch_free(&gone);
	/* Without watches no event comes any more. */
	list_for_each_safe (node, &watcher->events) {
		struct watch_event *event = container_of(node, struct watch_event, link);
		if (event != &watcher->overflow)
			kfree(event);
	}
	kfree(watcher);
	__atomic_fetch_sub(&watcher_count, 1, __ATOMIC_RELAXED);
}

static const struct file_ops inotify_ops = {
	.name = "anon_inode:inotify",
	.read = inotify_read,
	.stat = anonymous_stat,
	.ioctl = inotify_ioctl,
	.poll = inotify_poll,
	.release = inotify_release,
	.is_stream = true,
	.ignores_seek = true,
};

bool file_is_inotify(const struct file *file)
{
	return file->ops == &inotify_ops;
}

static int create(unsigned flags, struct file **out)
{
	struct watcher *watcher = kzalloc(sizeof(*watcher));

	if (!watcher)
		return -ENOMEM;
	list_init(&watcher->watches);
	list_init(&watcher->events);
	wait_queue_init(&watcher->queue);
	watcher->overflow.id = -1;
	watcher->overflow.mask = IN_Q_OVERFLOW;
	int error = file_create(&inotify_ops, O_RDONLY | (flags & O_NONBLOCK), NULL, watcher, out);
	if (error)
		kfree(watcher);
	return error;
}

int inotify_create(unsigned flags, struct file **out)
{
	int error = -EMFILE;

	if (__atomic_fetch_add(&watcher_count, 1, __ATOMIC_RELAXED) < WATCHERS_MAX)
		error = create(flags, out);
	if (error)
		__atomic_fetch_sub(&watcher_count, 1, __ATOMIC_RELAXED);
	return error;
}

/* ---- watches ---- */

static int change_locked(struct watch *watch, uint32_t mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	watch->mask = (mask & KEPT_BITS) | (mask & IN_MASK_ADD ? watch->mask : 0);
	return watch->id;
}

int inotify_add(struct file *file, struct inode *inode, uint32_t mask)
{
	struct watcher *watcher = file->context;
	struct watch *fresh = kzalloc(sizeof(*fresh));
	int id = -ENOSPC;

	if (!fresh)
		return -ENOMEM;
	*fresh = (struct watch){
		.watcher = watcher,
		.inode = inode,
		.mask = mask & KEPT_BITS,
		.holds = !inode->ops->unlink,
	};
	spin_lock(&watch_lock);
	struct watch *old = watch_find_locked(watcher, inode);
	if (old) {
		id = change_locked(old, mask);
	} else if (__atomic_load_n(&watch_count, __ATOMIC_RELAXED) < WATCHES_MAX &&
		   watcher->last_id < INT32_MAX) {
		id = fresh->id = ++watcher->last_id;
		watch_add_locked(fresh);
		if (fresh->holds)
			inode_get(inode);
		fresh = NULL;
	}
	spin_unlock(&watch_lock);
	kfree(fresh);
	return id;
}

int inotify_remove(struct file *file, int id)
{
	struct watcher *watcher = file->context;
	struct list_node gone;
	int error = -EINVAL;

	list_init(&gone);
	spin_lock(&watch_lock);
	list_for_each_safe (node, &watcher->watches) {
		struct watch *watch = container_of(node, struct watch, of_watcher);
		if (watch->id == id) {
			watch_remove_locked(watch, &gone);
			error = 0;
			break;
		}
	}
	spin_unlock(&watch_lock);
	watch_free(&gone);
	return error;
}
