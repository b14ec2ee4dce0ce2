/*
 * spinlock.h: spinlocks with ranks. A CPU may take a lock only if its rank is greater than that of
 * every spinlock it holds; the order is drawn in docs/locking.md. Interrupts are off while one is
 * held.
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "lib/types.h"

/* Outermost first. */
enum lock_rank {
	RANK_PROCESS,   /* process table, parent and child links */
	RANK_SYSV,      /* shared memory, semaphores and message queues of System V */
	RANK_WATCHES,   /* watches of files, and their events */
	RANK_LISTENERS, /* who listens to wait queues */
	RANK_WAITERS,   /* one wait queue's threads */
	RANK_SCHEDULER, /* one CPU's run queue, its threads' states */
	RANK_TIMER,     /* timers' deadlines */
	RANK_EVENTS,    /* files that an epoll found ready */
	RANK_FILES,     /* fd table */
	RANK_SESSION,   /* which session a terminal controls */
	RANK_TTY,       /* a terminal's line discipline */
	RANK_SPACE,     /* vm_space */
	RANK_OBJECT,    /* vm_object */
	RANK_TABLE,     /* a page table of leaves that spaces share */
	RANK_KMAP,      /* kernel virtual address space */
	RANK_SLAB,
	RANK_FRAME,    /* buddy free lists */
	RANK_CHANNEL,  /* what the host has sent */
	RANK_KEYBOARD, /* what was typed */
	RANK_USB,      /* what host controllers share with the kernel */
	RANK_CONSOLE,  /* serial port, framebuffer, log */
	RANK_COUNT
};

#if defined(__clang__)
#define CAPABILITY(x)        __attribute__((capability(x)))
#define GUARDED_BY(x)        __attribute__((guarded_by(x)))
#define ACQUIRES(...)        __attribute__((acquire_capability(__VA_ARGS__)))
#define ACQUIRES_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define RELEASES_SHARED(...) __attribute__((release_shared_capability(__VA_ARGS__)))
#define TRY_ACQUIRES(...)    __attribute__((try_acquire_capability(true, __VA_ARGS__)))
#define RELEASES(...)        __attribute__((release_capability(__VA_ARGS__)))
#define REQUIRES(...)        __attribute__((requires_capability(__VA_ARGS__)))
#define NO_LOCK_ANALYSIS     __attribute__((no_thread_safety_analysis))
#endif

struct CAPABILITY("spinlock") spinlock {
	uint32_t locked;
	uint8_t rank;            /* enum lock_rank */
	bool interrupts_were_on; /* of the holder, before it took the lock */
	void *holder_pc;         /* who took it, for reports */
};

#define SPINLOCK_INIT(r)    \
	{                   \
		.rank = (r) \
	}

void spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock) RELEASES(lock);
bool spin_held(const struct spinlock *lock); /* by this CPU; for assertions */

#endif
