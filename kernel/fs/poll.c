/*
 * poll.c: see poll.h. A file says by file_ops.poll what it is ready for, and which queue is woken
 * when that changes; everything that waits for several files is made of these two.
 */
#include "fs/poll.h"

#include <arch/time.h>
#include <asm/poll.h>

#include "fs/file.h"
#include "lib/errno.h"

/* Stand in the file's queue, then look: what changes in between wakes. */
static unsigned look_at(struct poll_item *item)
{
	if (!item->file)
		return POLLNVAL;
	unsigned events = file_poll(item->file, &item->queue);
	if (item->queue) {
		wait_prepare(item->queue, &item->waiter);
		events = file_poll(item->file, &item->queue);
	}
	return events & item->wanted;
}

static int look_at_all(struct poll_item *items, unsigned count)
{
	int ready = 0;

	for (unsigned i = 0; i < count; i++) {
		items[i].found = look_at(&items[i]);
		ready += items[i].found != 0;
	}
	return ready;
}

/* Did a wake-up come while others were looked at? wait_prepare() for those has forgotten it. */
static bool was_woken(const struct poll_item *items, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (items[i].file && items[i].queue &&
		    !__atomic_load_n(&items[i].waiter.link.next, __ATOMIC_RELAXED))
			return true;
	return false;
}

int poll_wait(struct poll_item *items, unsigned count, uint64_t deadline)
{
	struct wait_queue nobody; /* for a poll of no file at all */
	struct waiter sleep;
	int ready, error = 0;

	wait_queue_init(&nobody);
	waiter_init(&sleep);
	for (unsigned i = 0; i < count; i++)
		waiter_init(&items[i].waiter);
	for (;;) {
		wait_prepare(&nobody, &sleep);
		ready = look_at_all(items, count);
		if (ready || error == -EINTR ||
		    (deadline != WAIT_FOREVER && time_now() >= deadline))
			break;
		if (!was_woken(items, count))
			error = wait_block(deadline);
	}
	wait_finish(&sleep);
	for (unsigned i = 0; i < count; i++)
		wait_finish(&items[i].waiter);
	return ready ? ready : (error == -EINTR ? -EINTR : 0);
}

void poll_put(struct poll_item *items, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (items[i].file)
			file_put(items[i].file);
}
