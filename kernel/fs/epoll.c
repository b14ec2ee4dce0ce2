/*
 * epoll.c: see epoll.h.
 *
 *	struct epoll --items--> struct epoll_item --file--> struct file      (no reference)
 *	     |                     ^      |     ^              |
 *	     +------ready----------+      |     +---watches----+
 *	                                  +--listens in the file's wait queue
 *
 * An item listens in the queue that its file gives. A wake-up of it puts the item on the ready list
 * and wakes the epoll's own queue, in which threads sleep, poll() stands, and further epolls may
 * listen. epoll_wait() takes items from the list and asks each file anew: being on the list is a
 * hint, the file's answer is the truth. A level-triggered item that was ready goes back on the
 * list, an edge-triggered one waits for the next wake-up.
 *
 * An item that is on the list passes no further wake-up on: one costs each item at most one step.
 * The last put of a file takes its items away first, so they need no reference to it.
 *
 * Lock letters: (w) watch_mutex, outside of (e); (e) epoll->mutex, that of a watching epoll outside
 * that of a watched one; (r) epoll->lock, RANK_EVENTS; (i) set at creation.
 */
#include "fs/epoll.h"

#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/eventpoll.h>

#include "debug/assert.h"
#include "fs/anonymous.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "mm/slab.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"
#include "vm/user_copy.h"

#define NESTS_MAX     4u /* an epoll that watches one that watches ...: Linux's EP_MAX_NESTS */
/* What says how to watch, and is no event. */
#define PRIVATE_BITS  (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define ALWAYS        (EPOLLERR | EPOLLHUP)
#define EXCLUSIVE_MAY (EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct epoll {
	struct mutex mutex;
	struct file *file;       /* (i) its own; no reference */
	struct tree items;       /* (w, e) by file and descriptor */
	struct wait_queue queue; /* an item became ready */
	struct spinlock lock;
	struct list_node ready; /* (r) */
	unsigned ready_count;   /* (r) */
	uint64_t checked;       /* (w) the check for circles that saw it last ... */
	unsigned depth;         /* (w) ... and what it found: epolls below this one */
};

struct epoll_item {
	struct epoll *epoll;     /* (i) */
	struct file *file;       /* (i) without a reference */
	int fd;                  /* (i) */
	struct tree_node node;   /* (w, e) */
	struct epoll_item *next; /* (w) of the file's watches */
	struct waiter waiter;    /* in the file's queue */
	unsigned events;         /* (e) EPOLL*; 0 but for PRIVATE_BITS: a one-shot that is over */
	uint64_t data;           /* (e) */
	struct list_node link;   /* (r) in `ready`; next is NULL while it is not */
};

/* Who watches what: struct file.watches, the trees' shape, and the check for circles. */
static struct mutex watch_mutex;
static uint64_t last_check; /* (w) */

/* ---- the ready list ---- */

static bool push_ready(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;

	spin_lock(&epoll->lock);
	bool added = !item->link.next;
	if (added) {
		list_push_back(&epoll->ready, &item->link);
		epoll->ready_count++;
	}
	spin_unlock(&epoll->lock);
	return added;
}

static void drop_ready(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;

	spin_lock(&epoll->lock);
	if (item->link.next) {
		list_remove(&item->link);
		epoll->ready_count--;
	}
	spin_unlock(&epoll->lock);
}

static struct epoll_item *pop_ready(struct epoll *epoll)
{
	spin_lock(&epoll->lock);
	struct list_node *node = list_pop_front(&epoll->ready);
	if (node)
		epoll->ready_count--;
	spin_unlock(&epoll->lock);
	return node ? container_of(node, struct epoll_item, link) : NULL;
}

static unsigned count_ready(struct epoll *epoll)
{
	spin_lock(&epoll->lock);
	unsigned count = epoll->ready_count;
	spin_unlock(&epoll->lock);
	return count;
}

/* The watched file's queue was woken: under the scheduler's lock. */
static void notify(struct waiter *waiter)
{
	struct epoll_item *item = container_of(waiter, struct epoll_item, waiter);

	if (push_ready(item))
		wait_wake_listening(&item->epoll->queue);
}

/* The item's events that hold now. */
static unsigned look_at_locked(const struct epoll_item *item)
{
	struct wait_queue *queue;

	if (!(item->events & ~(unsigned)PRIVATE_BITS))
		return 0;
	return file_poll(item->file, &queue) & item->events;
}

/* It was added or changed. */
static void look_first_locked(struct epoll_item *item)
{
	if (look_at_locked(item) && push_ready(item))
		wait_wake_all(&item->epoll->queue);
}

/* ---- items ---- */

static int compare(const struct epoll_item *item, const struct file *file, int fd)
{
	if (item->file != file)
		return (uintptr_t)file < (uintptr_t)item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

/* NULL: there is none, and *link is where it belongs. */
static struct epoll_item *find(struct epoll *epoll, const struct file *file, int fd,
			       struct tree_node **parent, struct tree_node ***link)
{
	*parent = NULL;
	*link = &epoll->items.root;
	while (**link) {
		struct epoll_item *item = container_of(**link, struct epoll_item, node);
		int order = compare(item, file, fd);
		if (!order)
			return item;
		*parent = **link;
		*link = &(**link)->child[order > 0];
	}
	return NULL;
}

static struct epoll_item *find_item(struct epoll *epoll, const struct file *file, int fd)
{
	struct tree_node *parent, **link;

	return find(epoll, file, fd, &parent, &link);
}

static void link_item(struct epoll_item *item)
{
	struct tree_node *parent, **link;
	struct wait_queue *queue;

	struct epoll_item *twin = find(item->epoll, item->file, item->fd, &parent, &link);
	assert(!twin);
	tree_insert(&item->epoll->items, parent, link, &item->node);
	item->next = item->file->watches;
	item->file->watches = item;
	file_poll(item->file, &queue);
	if (queue)
		wait_listen(queue, &item->waiter, notify);
}

/* The item goes, and with it all that names it. Under both mutexes. */
static void destroy_item(struct epoll_item *item)
{
	struct epoll_item **at = &item->file->watches;

	/* First: a file that nobody watches may go at any moment, and its queue with it. */
	wait_unlisten(&item->waiter);
	while (*at != item)
		at = &(*at)->next;
	__atomic_store_n(at, item->next, __ATOMIC_RELEASE);
	tree_remove(&item->epoll->items, &item->node);
	drop_ready(item);
	kfree(item);
}

void epoll_forget(struct file *file)
{
	mutex_lock(&watch_mutex);
	while (file->watches) {
		struct epoll *epoll = file->watches->epoll;
		mutex_lock(&epoll->mutex);
		destroy_item(file->watches);
		mutex_unlock(&epoll->mutex);
	}
	mutex_unlock(&watch_mutex);
}

/* ---- circles ---- */

/*
 * How many epolls are below this one, in the longest chain; more than NESTS_MAX if one of them is
 * `top`, or there are too many. Each is looked at once a check, and the depth bounds the recursion.
 */
static unsigned depth_below(struct epoll *epoll, const struct epoll *top, unsigned level)
{
	unsigned depth = 0;

	if (epoll->checked == last_check)
		return epoll->depth;
	for (struct tree_node *node = tree_first(&epoll->items); node && depth <= NESTS_MAX;
	     node = tree_next(node)) {
		const struct epoll_item *item = container_of(node, struct epoll_item, node);
		if (!file_is_epoll(item->file))
			continue;
		struct epoll *below = item->file->context;
		unsigned found = NESTS_MAX;
		if (below != top && level <= NESTS_MAX)
			found = depth_below(below, top, level + 1);
		depth = MAX(depth, found + 1);
	}
	epoll->checked = last_check;
	epoll->depth = depth;
	return depth;
}

static unsigned depth_above(struct file *file, unsigned level)
{
	struct epoll *epoll = file->context;
	unsigned depth = 0;

	if (epoll->checked == last_check)
		return epoll->depth;
	for (const struct epoll_item *item = file->watches; item && level <= NESTS_MAX;
	     item = item->next)
		depth = MAX(depth, depth_above(item->epoll->file, level + 1) + 1);
	epoll->checked = last_check;
	epoll->depth = depth;
	return depth;
}

/* May `file`, an epoll, be watched by `epoll`? */
static int check_nesting(struct file *epoll, struct file *file)
{
	last_check++;
	unsigned below = depth_below(file->context, epoll->context, 0);
	if (below > NESTS_MAX)
		return -ELOOP;
	last_check++;
	return below + 1 + depth_above(epoll, 0) > NESTS_MAX ? -ELOOP : 0;
}

/* ---- epoll_ctl ---- */

static int add_locked(struct file *epoll_file, struct file *file, struct epoll_item *item)
{
	struct epoll *epoll = epoll_file->context;
	int error = file_is_epoll(file) ? check_nesting(epoll_file, file) : 0;

	if (error)
		return error;
	mutex_lock(&epoll->mutex);
	if (find_item(epoll, file, item->fd)) {
		error = -EEXIST;
	} else {
		link_item(item);
		look_first_locked(item);
	}
	mutex_unlock(&epoll->mutex);
	return error;
}

static int check_files(const struct file *epoll, const struct file *file)
{
	if (!file->ops->poll)
		return -EPERM;
	return file == epoll || !file_is_epoll(epoll) ? -EINVAL : 0;
}

int epoll_add(struct file *epoll, struct file *file, int fd, unsigned events, uint64_t data)
{
	int error = check_files(epoll, file);

	if (!error && (events & EPOLLEXCLUSIVE) &&
	    ((events & ~(unsigned)EXCLUSIVE_MAY) || file_is_epoll(file)))
		error = -EINVAL;
	if (error)
		return error;
	struct epoll_item *item = kzalloc(sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->epoll = epoll->context;
	item->file = file;
	item->fd = fd;
	item->events = events | ALWAYS;
	item->data = data;
	waiter_init(&item->waiter);
	mutex_lock(&watch_mutex);
	error = add_locked(epoll, file, item);
	mutex_unlock(&watch_mutex);
	if (error)
		kfree(item);
	return error;
}

int epoll_modify(struct file *epoll_file, struct file *file, int fd, unsigned events, uint64_t data)
{
	int error = check_files(epoll_file, file);

	if (error || (events & EPOLLEXCLUSIVE))
		return error ? error : -EINVAL;
	struct epoll *epoll = epoll_file->context;
	mutex_lock(&watch_mutex);
	mutex_lock(&epoll->mutex);
	struct epoll_item *item = find_item(epoll, file, fd);
	if (!item) {
		error = -ENOENT;
	} else if (item->events & EPOLLEXCLUSIVE) {
		error = -EINVAL;
	} else {
		item->events = events | ALWAYS;
		item->data = data;
		look_first_locked(item);
	}
	mutex_unlock(&epoll->mutex);
	mutex_unlock(&watch_mutex);
	return error;
}

int epoll_remove(struct file *epoll_file, struct file *file, int fd)
{
	int error = check_files(epoll_file, file);

	if (error)
		return error;
	struct epoll *epoll = epoll_file->context;
	mutex_lock(&watch_mutex);
	mutex_lock(&epoll->mutex);
	struct epoll_item *item = find_item(epoll, file, fd);
	if (item)
		destroy_item(item);
	mutex_unlock(&epoll->mutex);
	mutex_unlock(&watch_mutex);
	return item ? 0 : -ENOENT;
}

/* ---- epoll_wait ---- */

/* Give one event, if the item has any: 1, 0 or -EFAULT. */
static int give_locked(struct epoll_item *item, vaddr_t to)
{
	struct epoll_event event = {.events = look_at_locked(item), .data = item->data};

	if (!event.events)
		return 0;
	if (copy_to_user(to, &event, sizeof(event))) {
		push_ready(item);
		return -EFAULT;
	}
	if (item->events & EPOLLONESHOT)
		item->events &= (unsigned)PRIVATE_BITS;
	else if (!(item->events & EPOLLET))
		push_ready(item);
	return 1;
}

static int collect_locked(struct epoll *epoll, vaddr_t to, unsigned max)
{
	/* Items that go back on the list are behind these. */
	unsigned left = count_ready(epoll), done = 0;
	struct epoll_item *item;

	while (left-- && done < max && (item = pop_ready(epoll))) {
		int given = give_locked(item, to + done * sizeof(struct epoll_event));
		if (given < 0)
			return done ? (int)done : given;
		done += (unsigned)given;
	}
	return (int)done;
}

static int collect(struct epoll *epoll, vaddr_t to, unsigned max)
{
	mutex_lock(&epoll->mutex);
	int done = collect_locked(epoll, to, max);
	mutex_unlock(&epoll->mutex);
	return done;
}

int epoll_wait(struct file *file, vaddr_t to, unsigned max, uint64_t deadline)
{
	struct epoll *epoll = file->context;

	for (;;) {
		int done = count_ready(epoll) ? collect(epoll, to, max) : 0;
		if (done || (deadline != WAIT_FOREVER && time_now() >= deadline))
			return done;
		int error = wait_until(&epoll->queue, deadline, count_ready(epoll));
		if (error == -EINTR)
			return error;
	}
}

/* ---- the file ---- */

/* Is one of the items on the list really ready? Those that are not leave it. */
static bool is_ready_locked(struct epoll *epoll)
{
	unsigned left = count_ready(epoll);
	struct epoll_item *item;

	while (left-- && (item = pop_ready(epoll))) {
		if (look_at_locked(item)) {
			push_ready(item);
			return true;
		}
	}
	return false;
}

static unsigned epoll_poll(struct file *file, struct wait_queue **queue)
{
	struct epoll *epoll = file->context;

	*queue = &epoll->queue;
	if (!count_ready(epoll))
		return 0;
	mutex_lock(&epoll->mutex);
	unsigned events = is_ready_locked(epoll) ? POLLIN | POLLRDNORM : 0;
	mutex_unlock(&epoll->mutex);
	return events;
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = file->context;

	mutex_lock(&watch_mutex);
	mutex_lock(&epoll->mutex);
	for (struct tree_node *node = tree_first(&epoll->items), *next; node; node = next) {
		next = tree_next(node);
		destroy_item(container_of(node, struct epoll_item, node));
	}
	mutex_unlock(&epoll->mutex);
	mutex_unlock(&watch_mutex);
	kfree(epoll);
}

static const struct file_ops epoll_ops = {
	.name = "anon_inode:[eventpoll]",
	.stat = anonymous_stat,
	.poll = epoll_poll,
	.release = epoll_release,
	.is_stream = true,
	.ignores_seek = true,
};

bool file_is_epoll(const struct file *file)
{
	return file->ops == &epoll_ops;
}

int epoll_create(struct file **out)
{
	struct epoll *epoll = kzalloc(sizeof(*epoll));

	if (!epoll)
		return -ENOMEM;
	wait_queue_init(&epoll->queue);
	list_init(&epoll->ready);
	epoll->lock = (struct spinlock)SPINLOCK_INIT(RANK_EVENTS);
	int error = file_create(&epoll_ops, O_RDWR, NULL, epoll, out);
	if (error)
		kfree(epoll);
	else
		epoll->file = *out;
	return error;
}
