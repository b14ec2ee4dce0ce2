/*
 * lock.c: see lock.h. The locks of an inode stand in a list, by their start; there are few. Who has
 * to wait looks again whenever any lock goes.
 *
 * Lock letters: (l) locks_mutex.
 */
#include "fs/lock.h"

#include "debug/assert.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "mm/slab.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"

struct file_lock {
	struct file_lock *next;   /* (l) in inode->locks */
	struct lock_request held; /* (l) */
};

/* Links of a circle that are looked at, as Linux does: there are circles that nobody who looks is
 * in, since threads of one owner may wait for several others. */
#define CIRCLE_MAX 10u

/* Somebody who waits for a record. */
struct blocked {
	struct list_node link; /* (l) in `waiting` */
	const struct inode *inode;
	const struct lock_request *request;
	const void *whom; /* (l) */
};

static struct mutex locks_mutex;
/* (l) struct blocked */
static struct list_node waiting = {&waiting, &waiting};
/* Woken when a lock goes or becomes weaker. */
static struct wait_queue changes = WAIT_QUEUE_INIT(changes);

static bool overlaps(const struct lock_request *a, const struct lock_request *b)
{
	return a->start <= b->last && b->start <= a->last;
}

static bool is_own(const struct file_lock *lock, const struct lock_request *request)
{
	return lock->held.kind == request->kind && lock->held.owner == request->owner;
}

static struct file_lock *find_conflict_locked(const struct inode *inode,
					      const struct lock_request *request)
{
	for (struct file_lock *lock = inode->locks; lock; lock = lock->next) {
		bool same_realm = (lock->held.kind == LOCK_WHOLE) == (request->kind == LOCK_WHOLE);
		bool excludes =
			lock->held.type == LOCK_EXCLUSIVE || request->type == LOCK_EXCLUSIVE;
		if (same_realm && excludes && !is_own(lock, request) &&
		    overlaps(&lock->held, request))
			return lock;
	}
	return NULL;
}

static void insert_locked(struct inode *inode, struct file_lock *lock)
{
	struct file_lock **at = &inode->locks;

	while (*at && (*at)->held.start <= lock->held.start)
		at = &(*at)->next;
	lock->next = *at;
	*at = lock;
}

/* Do they touch, so that two of one type are one? */
static bool touches(const struct lock_request *a, const struct lock_request *b)
{
	return overlaps(a, b) || a->last + 1 == b->start || b->last + 1 == a->start;
}

/* What is left of `lock` without the range; false: nothing. `rest` gets a second piece, with type
 * LOCK_NONE if there is none. */
static bool cut(struct lock_request *lock, const struct lock_request *range,
		struct lock_request *rest)
{
	bool before = lock->start<range->start, behind = lock->last> range->last;

	rest->type = LOCK_NONE;
	if (before && behind) {
		*rest = *lock;
		rest->start = range->last + 1;
	}
	if (before)
		lock->last = range->start - 1;
	else if (behind)
		lock->start = range->last + 1;
	return before || behind;
}

/* Put the lock in, instead of what the owner has there. `fresh` and `rest` are used or freed. */
static void apply_locked(struct inode *inode, const struct lock_request *request,
			 struct file_lock *fresh, struct file_lock *rest)
{
	struct file_lock **at = &inode->locks;

	fresh->held = *request;
	rest->held.type = LOCK_NONE;
	while (*at) {
		struct file_lock *lock = *at;
		bool stays = true;
		if (is_own(lock, request) && lock->held.type == request->type) {
			if (touches(&lock->held, &fresh->held)) {
				fresh->held.start = MIN(fresh->held.start, lock->held.start);
				fresh->held.last = MAX(fresh->held.last, lock->held.last);
				stays = false;
			}
		} else if (is_own(lock, request) && overlaps(&lock->held, request)) {
			struct lock_request piece;
			stays = cut(&lock->held, request, &piece);
			if (piece.type != LOCK_NONE)
				rest->held = piece;
		}
		if (stays) {
			at = &lock->next;
		} else {
			*at = lock->next;
			kfree(lock);
		}
	}
	if (rest->held.type != LOCK_NONE)
		insert_locked(inode, rest);
	else
		kfree(rest);
	if (request->type != LOCK_NONE)
		insert_locked(inode, fresh);
	else
		kfree(fresh);
}

/* Does `owner` wait, by way of others, for `whom`? */
static bool waits_for_locked(const void *owner, const void *whom)
{
	for (unsigned links = 0; links <= CIRCLE_MAX; links++) {
		const struct blocked *found = NULL;
		list_for_each (node, &waiting) {
			const struct blocked *blocked = container_of(node, struct blocked, link);
			if (blocked->request->owner == owner)
				found = blocked;
		}
		if (!found)
			return false;
		if (found->whom == whom)
			return true;
		owner = found->whom;
	}
	return false;
}

static void unblock_locked(struct blocked *blocked)
{
	if (blocked->link.next)
		list_remove(&blocked->link);
}

/* Locks of the inode have changed: who has nobody in the way now waits for nobody, though it may be
 * a while until it runs and sees that. */
static void settle_locked(const struct inode *inode)
{
	for (struct list_node *node = waiting.next, *next; node != &waiting; node = next) {
		struct blocked *blocked = container_of(node, struct blocked, link);
		next = node->next;
		if (blocked->inode == inode && !find_conflict_locked(inode, blocked->request))
			unblock_locked(blocked);
	}
}

/* Take out the locks of that kind and owner. True: there was one. */
static bool remove_locked(struct inode *inode, enum lock_kind kind, const void *owner)
{
	bool any = false;

	for (struct file_lock **at = &inode->locks; *at;) {
		struct file_lock *lock = *at;
		if (lock->held.owner != owner || lock->held.kind != kind) {
			at = &lock->next;
			continue;
		}
		*at = lock->next;
		kfree(lock);
		any = true;
	}
	return any;
}

/* The request has to wait, for `whom`; -EDEADLK: not for that one. */
static int block_locked(struct blocked *blocked, const void *whom)
{
	/* Who waits on is in no circle that it was not in before. */
	if (blocked->link.next && blocked->whom == whom)
		return -EAGAIN;
	unblock_locked(blocked);
	if (blocked->request->kind != LOCK_RECORD)
		return -EAGAIN;
	if (waits_for_locked(whom, blocked->request->owner))
		return -EDEADLK;
	blocked->whom = whom;
	list_push_back(&waiting, &blocked->link);
	return -EAGAIN;
}

/* One attempt. -EAGAIN: `blocked` says for whom to wait. */
static int try(struct inode *inode, const struct lock_request *request, struct blocked *blocked,
	       struct file_lock *fresh, struct file_lock *rest)
{
	bool lost = false;
	int error = 0;

	mutex_lock(&locks_mutex);
	const struct file_lock *conflict =
		request->type == LOCK_NONE ? NULL : find_conflict_locked(inode, request);
	if (!conflict) {
		unblock_locked(blocked);
		apply_locked(inode, request, fresh, rest);
		settle_locked(inode);
	} else {
		error = block_locked(blocked, conflict->held.owner);
		/* Converting a lock is giving it up first (flock(2)): else two that both have it
		 * shared would wait for each other. */
		if (request->kind == LOCK_WHOLE)
			lost = remove_locked(inode, LOCK_WHOLE, request->owner);
	}
	mutex_unlock(&locks_mutex);
	if (lost)
		wait_wake_all(&changes);
	return error;
}

static void give_up(struct blocked *blocked)
{
	mutex_lock(&locks_mutex);
	unblock_locked(blocked);
	mutex_unlock(&locks_mutex);
}

int lock_set(struct inode *inode, const struct lock_request *request, bool wait)
{
	struct file_lock *fresh = kzalloc(sizeof(*fresh)), *rest = kzalloc(sizeof(*rest));
	struct blocked blocked = {.inode = inode, .request = request};
	int error = fresh && rest ? 0 : -ENOMEM, result = error;

	if (!error) {
		result = try(inode, request, &blocked, fresh, rest);
		if (result == -EAGAIN && wait) {
			error = wait_until(&changes, WAIT_FOREVER,
					   (result = try(inode, request, &blocked, fresh, rest)) !=
						   -EAGAIN);
			if (error)
				result = error;
		}
	}
	if (result) {
		give_up(&blocked);
		kfree(fresh);
		kfree(rest);
		/* Without waiting there is no circle either. */
		return result == -EDEADLK && !wait ? -EAGAIN : result;
	}
	wait_wake_all(&changes);
	return 0;
}

void lock_test(struct inode *inode, struct lock_request *request)
{
	mutex_lock(&locks_mutex);
	const struct file_lock *conflict = find_conflict_locked(inode, request);
	if (conflict)
		*request = conflict->held;
	else
		request->type = LOCK_NONE;
	mutex_unlock(&locks_mutex);
}

static void forget(struct file *file, const void *owner)
{
	static const enum lock_kind kinds[] = {LOCK_WHOLE, LOCK_RECORD, LOCK_FILE};
	struct inode *inode = file->inode;
	bool any = false;

	if (!inode || !__atomic_load_n(&inode->locks, __ATOMIC_ACQUIRE))
		return;
	mutex_lock(&locks_mutex);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		any |= remove_locked(inode, kinds[i], owner);
	settle_locked(inode);
	mutex_unlock(&locks_mutex);
	if (any)
		wait_wake_all(&changes);
}

void lock_forget_records(struct file *file, const void *owner)
{
	forget(file, owner);
}

void lock_forget_file(struct file *file)
{
	forget(file, file);
}
