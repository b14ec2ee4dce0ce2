/*
 * mutex.c: see mutex.h. A mutex is small and has no queue: who waits for one stands in a queue that
 * it shares with others, and looks again whenever one of them was released.
 */
#include "sync/mutex.h"

#include <arch/cpu.h>

#include "debug/assert.h"
#include "sync/cpu.h"
#include "sync/wait_queue.h"

enum { MUTEX_FREE, MUTEX_TAKEN, MUTEX_WANTED }; /* WANTED: taken, and somebody may wait */

#define QUEUES 64u

/* Guarded as every wait queue is. */
static struct wait_queue queues[QUEUES];

void mutex_init_waiting(void)
{
	for (unsigned i = 0; i < QUEUES; i++)
		wait_queue_init(&queues[i]);
}

static struct wait_queue *queue_of(const struct mutex *mutex)
{
	return &queues[(vaddr_t)mutex / sizeof(struct mutex) % QUEUES];
}

static bool take(struct mutex *mutex, uint32_t state)
{
	return __atomic_exchange_n(&mutex->state, state, __ATOMIC_ACQUIRE) == MUTEX_FREE;
}

/* Taken as WANTED, since others may wait, too: they are woken all at once. */
static NOINLINE void wait_for(struct mutex *mutex)
{
	struct waiter waiter;

	waiter_init(&waiter);
	while (wait_prepare(queue_of(mutex), &waiter), !take(mutex, MUTEX_WANTED))
		wait_block_always();
	wait_finish(&waiter);
}

void NO_LOCK_ANALYSIS mutex_lock(struct mutex *mutex)
{
	assert(cpu_local()->held_ranks == 0);
	assert(!mutex_held(mutex));
	uint32_t expected = MUTEX_FREE;
	if (UNLIKELY(!__atomic_compare_exchange_n(&mutex->state, &expected, MUTEX_TAKEN, false,
						  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		wait_for(mutex);
	mutex->holder = cpu_local()->thread;
}

bool NO_LOCK_ANALYSIS mutex_try_lock(struct mutex *mutex)
{
	uint32_t expected = MUTEX_FREE;

	if (!__atomic_compare_exchange_n(&mutex->state, &expected, MUTEX_TAKEN, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	mutex->holder = cpu_local()->thread;
	return true;
}

void NO_LOCK_ANALYSIS mutex_unlock(struct mutex *mutex)
{
	assert(mutex_held(mutex));
	mutex->holder = NULL;
	if (UNLIKELY(__atomic_exchange_n(&mutex->state, MUTEX_FREE, __ATOMIC_RELEASE) ==
		     MUTEX_WANTED))
		wait_wake_all(queue_of(mutex));
}

bool mutex_held(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->state, __ATOMIC_RELAXED) != MUTEX_FREE &&
	       __atomic_load_n(&mutex->holder, __ATOMIC_RELAXED) == cpu_local()->thread;
}
