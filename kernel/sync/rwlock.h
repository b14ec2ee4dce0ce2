/*
 * rwlock.h: a lock that many threads may hold shared, or one exclusively, and sleep under. Taken
 * before any spinlock, as a mutex is; no signal ends the waiting. Who wants it exclusively goes
 * first: while one waits, nobody takes it shared who does not have it already. So a thread never
 * takes it shared twice.
 */
#ifndef SYNC_RWLOCK_H
#define SYNC_RWLOCK_H

#include "sync/spinlock.h"

struct thread;

/* All zeros is a free one. */
struct CAPABILITY("rwlock") rwlock {
	uint32_t state;        /* atomic: RW_* of rwlock.c and the number of shared holders */
	struct thread *holder; /* the exclusive one; NULL: none */
};

/* Once, before an rwlock can be contended. */
void rw_init_waiting(void);

void rw_lock_shared(struct rwlock *lock) ACQUIRES_SHARED(lock);
void rw_unlock_shared(struct rwlock *lock) RELEASES_SHARED(lock);
void rw_lock_exclusive(struct rwlock *lock) ACQUIRES(lock);
void rw_unlock_exclusive(struct rwlock *lock) RELEASES(lock);
/* For who may not wait: false if anybody has it. Also under spinlocks. */
NODISCARD bool rw_try_lock_exclusive(struct rwlock *lock) TRY_ACQUIRES(lock);
/* Who has it shared, alone, has it exclusively from now on. False: somebody else has it or waits;
 * to sleep for that might be for ever, so the caller still has it shared. */
NODISCARD bool rw_try_upgrade(struct rwlock *lock);
/* By this thread; for assertions. */
bool rw_held_exclusive(const struct rwlock *lock);
/* By anybody; for assertions. */
bool rw_held_shared(const struct rwlock *lock);

#endif
