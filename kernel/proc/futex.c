/*
 * futex.c: see futex.h. Sleepers stand in a hash of lists; each names the futex it waits for.
 *
 * No wake-up is lost: a sleeper stands in its list before it looks at the word, and a waker changes
 * the word before it looks at the list.
 *
 * Lock letters: (u) futex_lock, RANK_FILES; (i) set before it stands in a list.
 */
#include "proc/futex.h"

#include <arch/user.h>
#include <linux/futex.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "proc/futex_core.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "vm/region.h"
#include "vm/user_copy.h"

#define BUCKETS 64u

struct bucket {
	struct list_node sleepers; /* (u) */
	/* All that began to wait here; each looks whether it was meant. A queue of its own would be
	 * on a stack that may be gone by the time it is woken. */
	struct wait_queue wakings;
};

struct sleeper {
	struct list_node link; /* (u) */
	struct futex_key key;  /* (u): a requeue changes it, and the list */
	struct bucket *home;   /* (i) whose queue it sleeps in, wherever it was requeued to */
	uint64_t number;       /* (i) */
	uint32_t bits;         /* (i) */
	bool woken;            /* (u) */
};

_Static_assert(BUCKETS <= 64, "a set of buckets is a word");

static struct spinlock futex_lock = SPINLOCK_INIT(RANK_FILES);
/* Lists: (u). */
static struct bucket buckets[BUCKETS];
/* (u) The number of the next sleeper. */
static uint64_t next_number;

void futex_init(void)
{
	futex_pi_init();
	for (unsigned i = 0; i < BUCKETS; i++) {
		list_init(&buckets[i].sleepers);
		wait_queue_init(&buckets[i].wakings);
	}
}

static struct bucket *bucket_of(const struct futex_key *key)
{
	/* Multiplying by 2^64 divided by the golden ratio carries all bits to the top. */
	uint64_t hash = ((uint64_t)key->owner ^ key->offset) * 0x9e3779b97f4a7c15ull;

	return &buckets[hash >> 32 & (BUCKETS - 1)];
}

int futex_find_key(vaddr_t address, bool private, struct futex_key *key)
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

	int error = bits ? futex_find_key(address, private, &sleeper.key) : -EINVAL;
	if (error)
		return error;
	sleeper.home = bucket_of(&sleeper.key);
	spin_lock(&futex_lock);
	sleeper.number = next_number++;
	list_push_back(&sleeper.home->sleepers, &sleeper.link);
	spin_unlock(&futex_lock);
	error = copy_from_user(&value, address, sizeof(value));
	if (!error && value != expected)
		error = -EAGAIN;
	if (!error)
		error = wait_until(&sleeper.home->wakings, deadline, was_woken(&sleeper));
	spin_lock(&futex_lock);
	if (!sleeper.woken)
		list_remove(&sleeper.link);
	else if (error != -EFAULT)
		error = 0; /* a waker has counted it */
	spin_unlock(&futex_lock);
	return error;
}

/* Take a sleeper from its list. A bit in the result says whose queue to wake. */
static uint64_t wake_locked(struct sleeper *sleeper)
{
	list_remove(&sleeper->link);
	sleeper->woken = true;
	return 1ull << (sleeper->home - buckets);
}

static void wake_homes(uint64_t homes)
{
	for (; homes; homes &= homes - 1)
		wait_wake_all(&buckets[__builtin_ctzll(homes)].wakings);
}

int futex_wake(vaddr_t address, bool private, unsigned max, uint32_t bits)
{
	struct futex_key key;
	uint64_t homes = 0;
	int woken = 0;

	int error = bits ? futex_find_key(address, private, &key) : -EINVAL;
	if (error)
		return error;
	spin_lock(&futex_lock);
	list_for_each_safe (node, &bucket_of(&key)->sleepers) {
		struct sleeper *sleeper = container_of(node, struct sleeper, link);
		if ((unsigned)woken == max)
			break;
		if (!futex_keys_equal(&sleeper->key, &key) || !(sleeper->bits & bits))
			continue;
		homes |= wake_locked(sleeper);
		woken++;
	}
	spin_unlock(&futex_lock);
	wake_homes(homes);
	return woken;
}

/* The first `wake` of those before `end` are woken, the next `move` are moved. How many in all. */
static int requeue(const struct futex_key *from, const struct futex_key *to, uint64_t end,
		   unsigned wake, unsigned move)
{
	struct bucket *source = bucket_of(from), *target = bucket_of(to);
	uint64_t homes = 0;
	unsigned count = 0;

	spin_lock(&futex_lock);
	list_for_each_safe (node, &source->sleepers) {
		struct sleeper *sleeper = container_of(node, struct sleeper, link);
		if (count == wake + move)
			break;
		if (!futex_keys_equal(&sleeper->key, from) || sleeper->number >= end)
			continue;
		if (count++ < wake) {
			homes |= wake_locked(sleeper);
			continue;
		}
		sleeper->key = *to;
		/* In the same list it stays where it is, or the loop would meet it again. */
		if (source != target) {
			list_remove(node);
			list_push_back(&target->sleepers, node);
		}
	}
	spin_unlock(&futex_lock);
	wake_homes(homes);
	return (int)count;
}

int futex_requeue(vaddr_t from, vaddr_t to, bool private, unsigned wake, unsigned move,
		  const uint32_t *expected)
{
	struct futex_key source, target;
	uint32_t value;

	int error = futex_find_key(from, private, &source);
	if (!error)
		error = futex_find_key(to, private, &target);
	if (error)
		return error;
	/* The word can't be read under the lock. Who begins to wait after this has perhaps seen a
	 * later value than the one compared here, and is not meant. */
	spin_lock(&futex_lock);
	uint64_t end = next_number;
	spin_unlock(&futex_lock);
	if (expected && copy_from_user(&value, from, sizeof(value)))
		return -EFAULT;
	if (expected && value != *expected)
		return -EAGAIN;
	return requeue(&source, &target, end, wake, move);
}

/* ---- FUTEX_WAKE_OP ---- */

#define OP_BITS(operation)      ((operation) >> 28 & 7)
#define COMPARE_BITS(operation) ((operation) >> 24 & 15)
#define IS_SHIFT(operation)     ((operation) >> 28 & FUTEX_OP_OPARG_SHIFT)

/* 12 bits with a sign. */
static int32_t extend(uint32_t bits)
{
	return (int32_t)(bits << 20) >> 20;
}

static int change(uint32_t operation, uint32_t old, uint32_t *fresh)
{
	uint32_t argument = (uint32_t)extend(operation >> 12);

	if (IS_SHIFT(operation))
		argument = 1u << (argument & 31);
	switch (OP_BITS(operation)) {
	case FUTEX_OP_SET:
		*fresh = argument;
		return 0;
	case FUTEX_OP_ADD:
		*fresh = old + argument;
		return 0;
	case FUTEX_OP_OR:
		*fresh = old | argument;
		return 0;
	case FUTEX_OP_ANDN:
		*fresh = old & ~argument;
		return 0;
	case FUTEX_OP_XOR:
		*fresh = old ^ argument;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int compare(uint32_t operation, uint32_t word)
{
	int32_t old = (int32_t)word, argument = extend(operation);

	switch (COMPARE_BITS(operation)) {
	case FUTEX_OP_CMP_EQ:
		return old == argument;
	case FUTEX_OP_CMP_NE:
		return old != argument;
	case FUTEX_OP_CMP_LT:
		return old < argument;
	case FUTEX_OP_CMP_LE:
		return old <= argument;
	case FUTEX_OP_CMP_GT:
		return old > argument;
	case FUTEX_OP_CMP_GE:
		return old >= argument;
	default:
		return -ENOSYS;
	}
}

/* As the program would do it, by an atomic instruction. *old: what the word was. */
static int change_word(vaddr_t address, uint32_t operation, uint32_t *old)
{
	uint32_t fresh, found = 0;

	if (copy_from_user(&found, address, sizeof(found)))
		return -EFAULT;
	do {
		*old = found;
		int error = change(operation, *old, &fresh);
		if (!error)
			error = user_compare_exchange_u32(address, &found, fresh);
		if (error)
			return error;
	} while (found != *old);
	return 0;
}

int futex_wake_operation(vaddr_t first, vaddr_t second, bool private, unsigned wake,
			 unsigned wake_second, uint32_t operation)
{
	struct futex_key key;
	uint32_t old;

	int error = futex_find_key(first, private, &key);
	if (!error)
		error = futex_find_key(second, private, &key);
	if (!error)
		error = change_word(second, operation, &old);
	if (error)
		return error;
	/* As on Linux the word has changed by now, even if it can't be compared so. */
	int holds = compare(operation, old);
	if (holds < 0)
		return holds;
	int woken = futex_wake(first, private, wake, FUTEX_BITSET_MATCH_ANY);
	int more = 0;
	if (woken >= 0 && holds)
		more = futex_wake(second, private, wake_second, FUTEX_BITSET_MATCH_ANY);
	return more < 0 ? more : woken + more;
}
