/*
 * watch_core.h: between watch.c and inotify.c.
 *
 * Lock letters: (w) watch_lock; (i) set at creation.
 */
#ifndef FS_WATCH_CORE_H
#define FS_WATCH_CORE_H

#include "lib/list.h"
#include "sync/spinlock.h"
#include "sync/wait_queue.h"

struct inode;

#define WATCH_EVENTS_MAX 16384u /* that wait to be read: inotify(7), max_queued_events */

struct watch {
	struct watch *next;          /* (w) of the same inode */
	struct list_node of_watcher; /* (w) */
	struct watcher *watcher;     /* (i) */
	struct inode *inode;         /* (i) */
	bool holds;                  /* (i) a reference to it */
	int id;                      /* (i) the watch descriptor */
	uint32_t mask;               /* (w) IN_* that it wants, and IN_ONESHOT, IN_EXCL_UNLINK */
};

struct watch_event {
	struct list_node link; /* (w) */
	int id;                /* (i) -1: of no watch */
	uint32_t mask, cookie; /* (i) */
	size_t length;         /* (i) of the name; 0: none */
	const char *name;      /* (i) NUL-terminated, behind this structure */
};

/* What an inotify file is about. */
struct watcher {
	struct list_node watches;    /* (w) */
	struct list_node events;     /* (w) first come first */
	unsigned event_count;        /* (w) */
	size_t event_bytes;          /* (w) as read(2) gives them */
	int last_id;                 /* (w) */
	bool overflown;              /* (w) the next is in the queue */
	struct watch_event overflow; /* (w) IN_Q_OVERFLOW; has no name */
	struct wait_queue queue;     /* there are events */
};

/* Guards all watches and all events. */
extern struct spinlock watch_lock;

/* The name is padded, with a NUL at least, so that the next event is aligned. */
static inline size_t watch_event_bytes(const struct watch_event *event)
{
	const size_t unit = 16; /* sizeof(struct inotify_event) */

	return unit + (event->length ? (event->length / unit + 1) * unit : 0);
}

/* The first event, which is the caller's now. There is one. */
struct watch_event *watch_take_locked(struct watcher *watcher);
/* The watcher's watch of that inode, or NULL. */
struct watch *watch_find_locked(const struct watcher *watcher, const struct inode *inode);
void watch_add_locked(struct watch *watch);
/* It says IN_IGNORED, and goes to a list for watch_free(), which takes no lock. */
void watch_remove_locked(struct watch *watch, struct list_node *gone);
void watch_free(struct list_node *gone);

#endif
