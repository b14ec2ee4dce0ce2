/*
 * futex_pi.c: see futex.h: locks that inherit priorities (futex(2), "Priority-inheritance
 * futexes"). The word of such a lock names its owner: 0, or the number of a thread, with
 * FUTEX_WAITERS where somebody waits, and FUTEX_OWNER_DIED.
 *
 * Whoever waits stands in a list and says for whom. The owner hands the lock to one of them: it
 * chooses, writes the word, which may fail, and then grants. When the owner ends, those who wait
 * are told, and the first of them takes it over.
 *
 * Lock letters: (l) pi_lock, RANK_FILES, inside process_lock; (i) set before it stands in the list.
 */
#include <arch/user.h>
#include <linux/futex.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "proc/futex.h"
#include "proc/futex_core.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "vm/user_copy.h"

/* Owners that wait for owners. */
#define CHAIN_MAX 64u

enum sleeper_state {
	PI_WAITS,
	PI_CHOSEN, /* the owner is about to hand the lock over: see how it goes */
	PI_GRANTED,
	PI_OWNER_DIED, /* look again */
};

struct pi_sleeper {
	struct list_node link;    /* (l) */
	struct futex_key key;     /* (i) */
	struct thread *thread;    /* (i) the caller */
	int owner;                /* (l) the number of the thread that has it */
	enum sleeper_state state; /* (l) */
};

static struct spinlock pi_lock = SPINLOCK_INIT(RANK_FILES);
/* (l) All that wait, first come first. */
static struct list_node sleepers;
/* All that began to wait; each looks whether it was meant. It has its own lock. */
static struct wait_queue wakings;

void futex_pi_init(void)
{
	list_init(&sleepers);
	wait_queue_init(&wakings);
}

static struct pi_sleeper *of(struct list_node *node)
{
	return container_of(node, struct pi_sleeper, link);
}

static int owner_of(uint32_t word)
{
	return (int)(word & FUTEX_TID_MASK);
}

static bool is_at(const struct pi_sleeper *sleeper, const struct futex_key *key)
{
	return futex_keys_equal(&sleeper->key, key);
}

/* ---- inheritance ---- */

static struct pi_sleeper *find_sleeper_locked(int thread)
{
	list_for_each (node, &sleepers)
		if (of(node)->thread->id == thread)
			return of(node);
	return NULL;
}

/* The thread runs as the best of those that wait for it, and so does whom it waits for in turn. */
static void inherit(int id)
{
	spin_lock(&process_lock);
	for (unsigned depth = 0; id && depth < CHAIN_MAX; depth++) {
		struct thread *thread = thread_find_locked(id);
		if (!thread)
			break;
		int best = NICE_MAX;
		spin_lock(&pi_lock);
		list_for_each (node, &sleepers)
			if (of(node)->owner == id)
				best = MIN(best, thread_effective_nice(of(node)->thread));
		const struct pi_sleeper *next = find_sleeper_locked(id);
		id = next ? next->owner : 0;
		spin_unlock(&pi_lock);
		sched_inherit_nice(thread, best);
	}
	spin_unlock(&process_lock);
}

/* ---- taking ---- */

/* Who waits there waits for this thread from now on; 0: for whom they did. Are there any? */
static bool adopt(const struct futex_key *key, int owner)
{
	bool any = false;

	spin_lock(&pi_lock);
	list_for_each (node, &sleepers) {
		if (!is_at(of(node), key))
			continue;
		of(node)->owner = owner ? owner : of(node)->owner;
		any = true;
	}
	spin_unlock(&pi_lock);
	return any;
}

/*
 * Take the lock if nobody has it. died: an owner that counts as nobody. 0; 1: it has the owner
 * *owner, and the word says that somebody waits; -EDEADLK: the caller has it; -EFAULT.
 */
static int attempt(vaddr_t address, const struct futex_key *key, int died, int *owner)
{
	const int me = current_thread()->id;
	uint32_t word, found;

	if (copy_from_user(&word, address, sizeof(word)))
		return -EFAULT;
	for (;; word = found) {
		uint32_t fresh = word | FUTEX_WAITERS;
		bool is_free = !owner_of(word) || owner_of(word) == died;
		*owner = owner_of(word);
		if (*owner == me)
			return -EDEADLK;
		if (is_free) {
			fresh = (uint32_t)me | (word & FUTEX_OWNER_DIED);
			fresh |= *owner ? FUTEX_OWNER_DIED : 0;
			fresh |= adopt(key, 0) ? FUTEX_WAITERS : 0;
		}
		found = word;
		int error = user_compare_exchange_u32(address, &found, fresh);
		if (error)
			return error;
		if (found == word) {
			if (is_free && adopt(key, me))
				inherit(me);
			return !is_free;
		}
	}
}

/* Would the caller wait for itself, by others? */
static bool is_circle_locked(int owner)
{
	const int me = current_thread()->id;

	for (unsigned depth = 0; depth < CHAIN_MAX; depth++) {
		const struct pi_sleeper *sleeper = find_sleeper_locked(owner);
		if (!sleeper)
			return false;
		owner = sleeper->owner;
		if (owner == me)
			return true;
	}
	return true;
}

/* Stand in the list for an owner who is there. -ESRCH, -EDEADLK. */
static int enter(struct pi_sleeper *sleeper, int owner)
{
	int error = 0;

	spin_lock(&process_lock);
	if (!thread_find_locked(owner))
		error = -ESRCH;
	spin_lock(&pi_lock);
	if (!error && is_circle_locked(owner))
		error = -EDEADLK;
	if (!error) {
		sleeper->owner = owner;
		sleeper->state = PI_WAITS;
		list_push_back(&sleepers, &sleeper->link);
	}
	spin_unlock(&pi_lock);
	spin_unlock(&process_lock);
	return error;
}

static enum sleeper_state state_of(const struct pi_sleeper *sleeper)
{
	spin_lock(&pi_lock);
	enum sleeper_state state = sleeper->state;
	spin_unlock(&pi_lock);
	return state;
}

/* Wait no more. PI_WAITS: nothing had happened. */
static enum sleeper_state leave(struct pi_sleeper *sleeper)
{
	for (;;) {
		spin_lock(&pi_lock);
		enum sleeper_state state = sleeper->state;
		if (state == PI_WAITS)
			list_remove(&sleeper->link);
		spin_unlock(&pi_lock);
		if (state != PI_CHOSEN)
			return state;
		/* Whoever chose is in the middle of it. */
		thread_yield();
	}
}

/* Is the word still what it was, after the sleeper stood in the list? */
static int look_again(vaddr_t address, int owner)
{
	uint32_t word;

	if (copy_from_user(&word, address, sizeof(word)))
		return -EFAULT;
	return owner_of(word) == owner && (word & FUTEX_WAITERS) ? 0 : -EAGAIN;
}

/* For `owner`: 0: the lock is the caller's; -EAGAIN: look again, *died if the owner has ended; or
 * as futex_lock_pi(). */
static int wait_for(vaddr_t address, const struct futex_key *key, int owner, uint64_t deadline,
		    bool *died)
{
	struct pi_sleeper sleeper = {.key = *key, .thread = current_thread()};
	int error = enter(&sleeper, owner);

	*died = false;
	if (error)
		return error == -ESRCH && look_again(address, owner) ? -EAGAIN : error;
	error = look_again(address, owner);
	if (!error) {
		inherit(owner);
		error = wait_until(&wakings, deadline, state_of(&sleeper) > PI_CHOSEN);
	}
	enum sleeper_state state = leave(&sleeper);
	inherit(owner);
	if (state == PI_GRANTED)
		return 0;
	*died = state == PI_OWNER_DIED;
	return *died ? -EAGAIN : error;
}

int futex_lock_pi(vaddr_t address, bool private, bool wait, uint64_t deadline)
{
	struct futex_key key;
	int died = 0, owner;

	int error = futex_find_key(address, private, &key);
	while (!error) {
		bool has_died;
		int result = attempt(address, &key, died, &owner);
		if (result != 1)
			return result;
		if (!wait)
			return process_has_thread(owner) ? -EAGAIN : -ESRCH;
		error = wait_for(address, &key, owner, deadline, &has_died);
		if (!error)
			return 0;
		died = has_died ? owner : 0;
		if (error == -EAGAIN)
			error = signal_wants(current_thread()) ? -EINTR : 0;
	}
	return error;
}

/* ---- giving ---- */

/* The best that waits there is chosen, and stands in the list no more; NULL: nobody waits. */
static struct pi_sleeper *choose(const struct futex_key *key, int *id)
{
	struct pi_sleeper *best = NULL;

	spin_lock(&pi_lock);
	list_for_each (node, &sleepers)
		if (is_at(of(node), key) && (!best || thread_effective_nice(of(node)->thread) <
							      thread_effective_nice(best->thread)))
			best = of(node);
	if (best) {
		best->state = PI_CHOSEN;
		list_remove(&best->link);
		*id = best->thread->id;
	}
	spin_unlock(&pi_lock);
	return best;
}

/* It has the lock, or (`granted` false) waits again. */
static void settle(struct pi_sleeper *sleeper, bool granted)
{
	spin_lock(&pi_lock);
	sleeper->state = granted ? PI_GRANTED : PI_WAITS;
	if (!granted)
		list_push_front(&sleepers, &sleeper->link);
	spin_unlock(&pi_lock);
	if (granted)
		wait_wake_all(&wakings);
}

/* From `word`, which names the caller, to `fresh`. -EPERM: it names another by now; -EFAULT. */
static int hand_over(vaddr_t address, uint32_t word, uint32_t fresh)
{
	for (uint32_t found = word;; word = found) {
		if (owner_of(word) != current_thread()->id)
			return -EPERM;
		int error = user_compare_exchange_u32(address, &found, fresh);
		if (error || found == word)
			return error;
	}
}

int futex_unlock_pi(vaddr_t address, bool private)
{
	const int me = current_thread()->id;
	struct futex_key key;
	uint32_t word, found;
	int next = 0;

	if (copy_from_user(&word, address, sizeof(word)))
		return -EFAULT;
	if (owner_of(word) != me)
		return -EPERM;
	int error = futex_find_key(address, private, &key);
	while (!error) {
		struct pi_sleeper *sleeper = choose(&key, &next);
		if (sleeper) {
			error = hand_over(address, word, (uint32_t)next | FUTEX_WAITERS);
			if (!error)
				adopt(&key, next);
			settle(sleeper, !error);
			inherit(me);
			inherit(next);
			return error;
		}
		found = word;
		error = user_compare_exchange_u32(address, &found, 0);
		if (!error && found == word)
			return 0;
		word = found;
		if (!error && owner_of(word) != me)
			error = -EPERM;
	}
	return error;
}

void futex_owner_ends(int id)
{
	bool any = false;

	spin_lock(&pi_lock);
	list_for_each_safe (node, &sleepers) {
		if (of(node)->owner != id)
			continue;
		of(node)->state = PI_OWNER_DIED;
		list_remove(node);
		any = true;
	}
	spin_unlock(&pi_lock);
	if (any)
		wait_wake_all(&wakings);
}
