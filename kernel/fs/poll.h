/* poll.h: waiting until one of several files is ready: what poll(2) and select(2) do. */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "lib/types.h"
#include "sync/wait_queue.h"

struct file;

struct poll_item {
	struct file *file;        /* with a reference; NULL: its events are POLLNVAL */
	unsigned wanted;          /* POLL*; poll(2)'s have POLLERR and POLLHUP, always */
	unsigned found;           /* those of them that hold, or POLLNVAL */
	struct wait_queue *queue; /* that it stands in, or NULL */
	struct waiter waiter;
};

/* Sleep until one of them is ready, or until time_now() is `deadline` (0: don't sleep). How many
 * are, or -EINTR. */
NODISCARD int poll_wait(struct poll_item *items, unsigned count, uint64_t deadline);

/* Put the files. */
void poll_put(struct poll_item *items, unsigned count);

#endif
