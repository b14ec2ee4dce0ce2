/*
 * watch.c: see watch.h: from inodes to the watches on them, and the queues of events that these
 * fill. inotify.c is what a program sees of it.
 *
 * A watch holds no reference to its inode, which tells when it goes. But where files come and go as
 * they are looked at, as in /proc, it does: else none would ever be there to be watched.
 *
 * Lock letters: (w) watch_lock, RANK_WATCHES; (c) changed atomically; (i) set at creation.
 */
/* First: with the C library's headers before it, on the host, it defines nothing. */
#include <linux/stat.h>

#include "fs/watch.h"

#include "debug/assert.h"
#include "fs/inode.h"
#include "fs/watch_core.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/* (c) */
uint32_t watch_count;
/* (c) of the last move */
static uint32_t last_cookie;

struct spinlock watch_lock = SPINLOCK_INIT(RANK_WATCHES);

uint32_t watch_new_cookie(void)
{
	return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
}

/* ---- the queue ---- */

static bool is_same(const struct watch_event *old, int id, uint32_t mask, const char *name,
		    size_t length)
{
	return !(old->mask & IN_IGNORED) && old->id == id && old->mask == mask &&
	       old->length == length && !memcmp(old->name, name, length);
}

static void append_locked(struct watcher *watcher, struct watch_event *event)
{
	list_push_back(&watcher->events, &event->link);
	watcher->event_count++;
	watcher->event_bytes += watch_event_bytes(event);
	wait_wake_all(&watcher->queue);
}

/* As on Linux an event like the last one is not queued again, and when there are too many, or no
 * memory, one that says so takes the place of all others. */
static void queue_locked(struct watcher *watcher, int id, uint32_t mask, const char *name,
			 size_t length, uint32_t cookie)
{
	struct watch_event *event = NULL;

	if (!list_is_empty(&watcher->events) &&
	    is_same(container_of(watcher->events.prev, struct watch_event, link), id, mask, name,
		    length))
		return;
	if (watcher->event_count < WATCH_EVENTS_MAX)
		event = kzalloc(sizeof(*event) + length + 1);
	if (event) {
		event->id = id;
		event->mask = mask;
		event->cookie = cookie;
		event->length = length;
		event->name = (char *)(event + 1);
		memcpy(event + 1, name, length);
		append_locked(watcher, event);
	} else if (!watcher->overflown) {
		watcher->overflown = true;
		append_locked(watcher, &watcher->overflow);
	}
}

struct watch_event *watch_take_locked(struct watcher *watcher)
{
	assert(spin_held(&watch_lock) && !list_is_empty(&watcher->events));
	struct watch_event *event =
		container_of(list_pop_front(&watcher->events), struct watch_event, link);
	watcher->event_count--;
	watcher->event_bytes -= watch_event_bytes(event);
	return event;
}

/* ---- watches ---- */

struct watch *watch_find_locked(const struct watcher *watcher, const struct inode *inode)
{
	assert(spin_held(&watch_lock));
	for (struct watch *watch = inode->watches; watch; watch = watch->next)
		if (watch->watcher == watcher)
			return watch;
	return NULL;
}

void watch_add_locked(struct watch *watch)
{
	assert(spin_held(&watch_lock));
	watch->next = watch->inode->watches;
	__atomic_store_n(&watch->inode->watches, watch, __ATOMIC_RELAXED);
	list_push_back(&watch->watcher->watches, &watch->of_watcher);
	__atomic_fetch_add(&watch_count, 1, __ATOMIC_RELAXED);
}

void watch_remove_locked(struct watch *watch, struct list_node *gone)
{
	struct watch **link = &watch->inode->watches;

	assert(spin_held(&watch_lock));
	while (*link != watch) {
		assert(*link);
		link = &(*link)->next;
	}
	*link = watch->next;
	list_remove(&watch->of_watcher);
	list_push_back(gone, &watch->of_watcher);
	__atomic_fetch_sub(&watch_count, 1, __ATOMIC_RELAXED);
	queue_locked(watch->watcher, watch->id, IN_IGNORED, "", 0, 0);
}

void watch_free(struct list_node *gone)
{
	list_for_each_safe (node, gone) {
		struct watch *watch = container_of(node, struct watch, of_watcher);
		if (watch->holds)
			inode_put(watch->inode);
		kfree(watch);
	}
}

/* ---- what happens ---- */

struct happening {
	uint32_t events;
	const char *name;
	size_t length;
	uint32_t cookie;
	bool was_unlinked; /* what happened, happened to a file without a name */
};

static void tell_locked(struct inode *inode, const struct happening *what, struct list_node *gone)
{
	struct watch *next;

	for (struct watch *watch = inode->watches; watch; watch = next) {
		next = watch->next;
		if (!(watch->mask & what->events & IN_ALL_EVENTS) ||
		    (what->was_unlinked && (watch->mask & IN_EXCL_UNLINK)))
			continue;
		queue_locked(watch->watcher, watch->id, what->events, what->name, what->length,
			     what->cookie);
		if (watch->mask & IN_ONESHOT)
			watch_remove_locked(watch, gone);
	}
}

static uint32_t kind_of(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFDIR ? IN_ISDIR : 0;
}

static void tell_one(struct inode *inode, const struct happening *what)
{
	struct list_node gone;

	if (!__atomic_load_n(&inode->watches, __ATOMIC_RELAXED))
		return;
	list_init(&gone);
	spin_lock(&watch_lock);
	tell_locked(inode, what, &gone);
	spin_unlock(&watch_lock);
	watch_free(&gone);
}

void watch_tell_self(struct inode *inode, uint32_t events)
{
	/* As on Linux this one does not say what kind of file it was, nor does IN_DELETE_SELF. */
	uint32_t kind = events & IN_MOVE_SELF ? 0 : kind_of(inode);

	tell_one(inode, &(struct happening){.events = events | kind, .name = ""});
}

void watch_tell_all(struct inode *inode, uint32_t events)
{
	/* The directory hears of it first. */
	mutex_lock(&inode_tree_mutex);
	if (inode->parent && inode->name)
		tell_one(inode->parent, &(struct happening){
						.events = events | kind_of(inode),
						.name = inode->name,
						.length = strlen(inode->name),
						.was_unlinked = inode->nameless,
					});
	mutex_unlock(&inode_tree_mutex);
	watch_tell_self(inode, events);
}

void watch_tell_name(struct inode *directory, uint32_t events, const char *name, size_t length,
		     bool is_directory, uint32_t cookie)
{
	tell_one(directory, &(struct happening){
				    .events = events | (is_directory ? IN_ISDIR : 0),
				    .name = name,
				    .length = length,
				    .cookie = cookie,
			    });
}

void watch_inode_gone(struct inode *inode)
{
	struct list_node gone;

	if (!__atomic_load_n(&inode->watches, __ATOMIC_RELAXED))
		return;
	list_init(&gone);
	spin_lock(&watch_lock);
	tell_locked(inode, &(struct happening){.events = IN_DELETE_SELF, .name = ""}, &gone);
	while (inode->watches)
		watch_remove_locked(inode->watches, &gone);
	spin_unlock(&watch_lock);
	watch_free(&gone);
}
