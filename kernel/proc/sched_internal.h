/* sched_internal.h: what sched.c and waits.c share. */
#ifndef PROC_SCHED_INTERNAL_H
#define PROC_SCHED_INTERNAL_H

#include "sync/spinlock.h"

struct thread;

/* (r), RANK_SCHEDULER. */
extern struct spinlock sched_lock;

/* The thread may run, if it was blocked. */
void sched_wake_locked(struct thread *thread);

/* Be woken at `deadline`, at the latest. */
void sched_sleep_locked(struct thread *thread, uint64_t deadline);

/* Give up the CPU. The caller has set its own state, and put itself where it belongs. */
void sched_switch_locked(void);

/* After a switch, or instead of one: releases the lock. */
void sched_finish_and_unlock(void);

#endif
