/*
 * futex.c: see futex.h. All sleepers stand in one list; each names the futex it waits for.
 *
 * No wake-up is lost: a sleeper stands in the list before it looks at the word, and a waker changes
 * the word before it looks at the list.
 *
 * Lock letters: (u) futex_lock, RANK_FILES; (i) set before it stands in the list.
 */
#include "proc/futex.h"

#include <arch/user.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "vm/region.h"
#include "vm/user_copy.h"

struct futex_key {
	const void *owner; /* struct vm_space or struct vm_object */
	uint64_t offset;
};

struct sleeper {
	struct list_node link; /* (u) */
	struct futex_key key;  /* (i) */
	uint32_t bits;         /* (i) */
	bool woken;            /* (u) */
};

static struct spinlock futex_lock = SPINLOCK_INIT(RANK_FILES);
/* (u) */
static struct list_node sleepers;
/* All of them; each looks whether it was meant. One of their own would be on a stack that may be
 * gone by the time it is woken. */
static struct wait_queue wakings;

void futex_init(void)
{
	list_init(&sleepers);
	wait_queue_init(&wakings);
}

static int find_key(vaddr_t address, bool private, struct futex_key *key)
{
	struct vm_space *space = current_process()->space;

	if (!IS_ALIGNED(address, sizeof(uint32_t)))
		return -EINVAL;
	/* Waking looks at the address only, and has to see that it can't be one. */
	if (address > USER_END)
		return -EFAULT;
	*key = (struct futex_key){space, address};
	if (private)
		return 0;
	rw_lock_shared(&space->lock);
	const struct vm_region *region = region_find(space, address);
	if (region && (region->flags & REGION_SHARED))
		*key = (struct futex_key){region->object, region_offset(region, address)};
	rw_unlock_shared(&space->lock);
	return 0;
}

static bool was_woken(struct sleeper *sleeper)
{
	spin_lock(&futex_lock);
	bool woken = sleeper->woken;
	spin_unlock(&futex_lock);
	return woken;
}

int futex_wait(vaddr_t address, bool private, uint32_t expected, uint32_t bits, uint64_t deadline)
{
	struct sleeper sleeper = {.bits = bits};
	uint32_t value;

	int error = bits ? find_key(address, private, &sleeper.key) : -EINVAL;
	if (error)
		return error;
	spin_lock(&futex_lock);
	list_push_back(&sleepers, &sleeper.link);
	spin_unlock(&futex_lock);
	error = copy_from_user(&value, address, sizeof(value));
	if (!error && value != expected)
		error = -EAGAIN;
	if (!error)
		error = wait_until(&wakings, deadline, was_woken(&sleeper));
	spin_lock(&futex_lock);
	if (!sleeper.woken)
		list_remove(&sleeper.link);
	else if (error != -EFAULT)
		error = 0; /* a waker has counted it */
	spin_unlock(&futex_lock);
	return error;
}

int futex_wake(vaddr_t address, bool private, unsigned max, uint32_t bits)
{
	struct futex_key key;
	int woken = 0;

	int error = bits ? find_key(address, private, &key) : -EINVAL;
	if (error)
		return error;
	spin_lock(&futex_lock);
	list_for_each_safe (node, &sleepers) {
		struct sleeper *sleeper = container_of(node, struct sleeper, link);
		if ((unsigned)woken == max)
			break;
		if (sleeper->key.owner != key.owner || sleeper->key.offset != key.offset ||
		    !(sleeper->bits & bits))
			continue;
		list_remove(node);
		sleeper->woken = true;
		woken++;
	}
	spin_unlock(&futex_lock);
	if (woken)
		wait_wake_all(&wakings);
	return woken;
}
