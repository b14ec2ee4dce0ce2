/*
 * mutex.h: a lock that a thread may sleep under, and so may allocate under. A mutex is taken before
 * any spinlock.
 *
 * The kernel is not preempted, so on one CPU a mutex is contended only when its holder slept.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include "sync/spinlock.h"

struct thread;

struct CAPABILITY("mutex") mutex {
	uint32_t locked;
	struct thread *holder;
};

void mutex_lock(struct mutex *mutex) ACQUIRES(mutex);
/* For who may not wait: false if anybody has it, the caller included. Also under spinlocks. */
NODISCARD bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRES(mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(mutex);
bool mutex_held(const struct mutex *mutex); /* by this thread; for assertions */

/* The scheduler's: let another thread run. */
void thread_yield(void);

#endif
