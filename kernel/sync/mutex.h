/*
 * mutex.h: a lock that a thread may sleep under, and so may allocate under. A mutex is taken before
 * any spinlock. Who finds it taken sleeps until it is free; no signal ends that, since the holder
 * goes on without the waiter's help.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include "sync/spinlock.h"

struct thread;

/* All zeros is a free one. */
struct CAPABILITY("mutex") mutex {
	uint32_t state; /* atomic: MUTEX_* of mutex.c */
	struct thread *holder;
};

/* Once, before a mutex can be contended. */
void mutex_init_waiting(void);

void mutex_lock(struct mutex *mutex) ACQUIRES(mutex);
/* For who may not wait: false if anybody has it, the caller included. Also under spinlocks. */
NODISCARD bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRES(mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(mutex);
bool mutex_held(const struct mutex *mutex); /* by this thread; for assertions */

#endif
