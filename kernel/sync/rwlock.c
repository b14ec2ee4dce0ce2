/*
 * rwlock.c: see rwlock.h. One word:
 *
 *     31         30       29                          0
 *     EXCLUSIVE  WANTED   SLEEPERS and the number of shared holders
 *
 *   free, or shared and not WANTED   taken shared: one more holder
 *   no holder                        taken exclusively: EXCLUSIVE, and WANTED falls
 *   else                             SLEEPERS, and WANTED by who wants it exclusively; then sleep
 *
 * Who leaves a lock with SLEEPERS that nobody holds then wakes all, and each looks again. WANTED
 * stays until somebody has it exclusively, and nobody who wants that gives up; so those who come
 * for sharing can't keep it from them.
 */
#include "sync/rwlock.h"

#include <arch/cpu.h>

#include "debug/assert.h"
#include "sync/cpu.h"
#include "sync/wait_queue.h"

#define RW_EXCLUSIVE 0x80000000u
#define RW_WANTED    0x40000000u
#define RW_SLEEPERS  0x20000000u
#define RW_HOLDERS   0x1fffffffu /* a mask: that many hold it shared */

#define QUEUES 64u

/* Looks before sleeping. Most holders are gone in that time: they do not sleep, and the kernel is
 * not preempted, so they run. */
#define SPIN_LOOKS 200u

/* Guarded as every wait queue is. */
static struct wait_queue queues[QUEUES];

void rw_init_waiting(void)
{
	for (unsigned i = 0; i < QUEUES; i++)
		wait_queue_init(&queues[i]);
}

static struct wait_queue *queue_of(const struct rwlock *lock)
{
	return &queues[(vaddr_t)lock / sizeof(struct rwlock) % QUEUES];
}

static uint32_t load(const struct rwlock *lock)
{
	return __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
}

/* *state is what was seen, and is what is there now if that has changed. */
static bool replace(struct rwlock *lock, uint32_t *state, uint32_t to)
{
	return __atomic_compare_exchange_n(&lock->state, state, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static bool take_shared(struct rwlock *lock)
{
	uint32_t state = load(lock);

	/* There are never as many threads as RW_HOLDERS counts. */
	while (!(state & (RW_EXCLUSIVE | RW_WANTED)))
		if (replace(lock, &state, state + 1))
			return true;
	return false;
}

static bool take_exclusive(struct rwlock *lock)
{
	uint32_t state = load(lock);

	while (!(state & (RW_EXCLUSIVE | RW_HOLDERS)))
		if (replace(lock, &state, RW_EXCLUSIVE | (state & RW_SLEEPERS)))
			return true;
	return false;
}

static bool take(struct rwlock *lock, bool exclusive)
{
	return exclusive ? take_exclusive(lock) : take_shared(lock);
}

/* Take the lock, or else leave a mark in it in the same moment as it is seen to be held: who
 * releases it sees the mark. */
static bool take_or_mark(struct rwlock *lock, bool exclusive)
{
	uint32_t blocks = RW_EXCLUSIVE | (exclusive ? RW_HOLDERS : RW_WANTED);
	uint32_t mark = RW_SLEEPERS | (exclusive ? RW_WANTED : 0);

	while (!take(lock, exclusive)) {
		uint32_t state = load(lock);
		if ((state & blocks) && replace(lock, &state, state | mark))
			return false;
	}
	return true;
}

static NOINLINE void wait_for(struct rwlock *lock, bool exclusive)
{
	struct waiter waiter;
	uint64_t online = cpus_online();

	for (unsigned i = 0; i < SPIN_LOOKS && (online & (online - 1)); i++) {
		if (take(lock, exclusive))
			return;
		cpu_relax();
	}
	waiter_init(&waiter);
	while (wait_prepare(queue_of(lock), &waiter), !take_or_mark(lock, exclusive))
		wait_block_always();
	wait_finish(&waiter);
}

void NO_LOCK_ANALYSIS rw_lock_shared(struct rwlock *lock)
{
	assert(cpu_local()->held_ranks == 0);
	assert(!rw_held_exclusive(lock));
	if (UNLIKELY(!take_shared(lock)))
		wait_for(lock, false);
}

void NO_LOCK_ANALYSIS rw_unlock_shared(struct rwlock *lock)
{
	uint32_t before = __atomic_fetch_sub(&lock->state, 1, __ATOMIC_RELEASE);

	assert((before & RW_HOLDERS) && !(before & RW_EXCLUSIVE));
	if (UNLIKELY((before & RW_SLEEPERS) && (before & RW_HOLDERS) == 1))
		wait_wake_all(queue_of(lock));
}

void NO_LOCK_ANALYSIS rw_lock_exclusive(struct rwlock *lock)
{
	assert(cpu_local()->held_ranks == 0);
	assert(!rw_held_exclusive(lock));
	if (UNLIKELY(!take_exclusive(lock)))
		wait_for(lock, true);
	__atomic_store_n(&lock->holder, cpu_local()->thread, __ATOMIC_RELAXED);
}

bool NO_LOCK_ANALYSIS rw_try_lock_exclusive(struct rwlock *lock)
{
	if (!take_exclusive(lock))
		return false;
	__atomic_store_n(&lock->holder, cpu_local()->thread, __ATOMIC_RELAXED);
	return true;
}

bool NO_LOCK_ANALYSIS rw_try_upgrade(struct rwlock *lock)
{
	uint32_t alone = 1;

	assert(rw_held_shared(lock));
	if (!replace(lock, &alone, RW_EXCLUSIVE))
		return false;
	__atomic_store_n(&lock->holder, cpu_local()->thread, __ATOMIC_RELAXED);
	return true;
}

void NO_LOCK_ANALYSIS rw_unlock_exclusive(struct rwlock *lock)
{
	assert(rw_held_exclusive(lock));
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	/* All that sleep are woken, and say anew what they want. */
	uint32_t before = __atomic_exchange_n(&lock->state, 0, __ATOMIC_RELEASE);
	if (UNLIKELY(before & RW_SLEEPERS))
		wait_wake_all(queue_of(lock));
}

bool rw_held_exclusive(const struct rwlock *lock)
{
	return (load(lock) & RW_EXCLUSIVE) &&
	       __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == cpu_local()->thread;
}

bool rw_held_shared(const struct rwlock *lock)
{
	return load(lock) & RW_HOLDERS;
}
