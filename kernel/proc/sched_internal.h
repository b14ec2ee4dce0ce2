/*
 * sched_internal.h: what the scheduler's files share: sched.c (the switch), wake.c (sleeping and
 * waking, the timer), balance.c (which CPU) and waits.c (wait queues).
 *
 * Each CPU has a lock, RANK_SCHEDULER, and nobody holds two. It guards what that CPU is at, and
 * every thread whose `cpu` it is: who runs there, waits for it, or ran there last. A thread changes
 * to another CPU in the state THREAD_MOVING, in which it belongs to who moves it and stands in no
 * queue; that takes a few tens of instructions, interrupts off.
 *
 * Lock letters: (r) the CPU's lock; (h) the same, and others look at it as a hint: changed
 * atomically.
 */
#ifndef PROC_SCHED_INTERNAL_H
#define PROC_SCHED_INTERNAL_H

#include "lib/list.h"
#include "proc/run_queue.h"
#include "proc/thread.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

#define CACHE_LINE_BYTES 64

struct sched_cpu {
	struct spinlock lock;
	struct run_queue queue;
	struct list_node sleepers; /* (r) BLOCKED threads that it wakes, by deadline */
	uint64_t slice_end;        /* (h) of the thread that runs */
	uint64_t offer_at;         /* (r) then who waits here is offered to an idle CPU */
	uint64_t balance_at;       /* (r) then it looks who has fallen behind elsewhere */
	uint64_t since;            /* (r) the one that runs is not charged for what it ran since */
	uint64_t switches;         /* (h) since boot */
	struct thread *dead;       /* (r) to be freed by the next thread that runs here */
	struct thread *leaving;    /* (r) MOVING: may not stay, goes when its registers are saved */
	bool others_wait;          /* (r) somebody did, when it looked for that last */
	bool makes_way;            /* (r) who runs gives up the CPU of itself */
} __attribute__((aligned(CACHE_LINE_BYTES)));

/* By CPU. */
extern struct sched_cpu sched_cpus[CPU_MAX];

static inline struct sched_cpu *sched_mine(void)
{
	return &sched_cpus[cpu_local()->id];
}

/* Others may look at it without the lock. */
static inline void sched_set_state(struct thread *thread, enum thread_state state)
{
	__atomic_store_n(&thread->state, state, __ATOMIC_RELAXED);
}

/* ---- sched.c ---- */

/* Give up the CPU. The caller has set its own state, and holds this CPU's lock. */
void sched_switch_locked(void);

/* After a switch, or instead of one: releases the lock of this CPU. */
void sched_finish_and_unlock(void);

/* ---- wake.c ---- */

/* Lock the CPU that `thread` belongs to. It does not move now, nor until the lock is released. */
struct sched_cpu *sched_lock_home(const struct thread *thread);

/* Set this CPU's timer: for the end of the slice if others wait, and for its next sleeper. */
void sched_arm_timer_locked(void);

/* A thread that is MOVING goes where it belongs. Interrupts off, no lock held. */
void sched_enqueue(struct thread *thread);

/* The thread may run, if it was blocked. The caller sees to it that it stays. */
void sched_wake(struct thread *thread);

/* Be woken at `deadline`, at the latest. Under this CPU's lock. */
void sched_sleep_locked(struct thread *thread, uint64_t deadline);

/* ---- balance.c ---- */

/* The CPU whose queue a thread that wakes belongs into. */
unsigned sched_best_cpu(const struct thread *thread);

/* Into the queue of `cpu`, whose lock is held, as one who is at most `behind` nanoseconds of
 * virtual time behind the others there. */
void sched_insert_locked(struct thread *thread, unsigned cpu, uint64_t behind);

/* Somebody waits for another CPU now: it shall look at its queue. */
void sched_call_to_work(unsigned cpu);

/* This CPU has nothing to run, from now on until it is called or finds something. */
void sched_set_idle(void);
void sched_set_busy(void);
uint64_t sched_idle_cpus(void);

/* Does somebody wait for another CPU? A hint. */
bool sched_waits_elsewhere(void);

/* Whoever waits here though a CPU idles is offered to that one. */
void sched_offer_locked(const struct sched_cpu *here);

/* Somebody waits here. A CPU that had nobody waiting for it has no timer set for its slice. */
void sched_nudge_others(uint64_t now);

/* Take over the one who has fallen furthest behind in another CPU's queue, if it is behind `limit`.
 * Interrupts off, no lock held. */
bool sched_pull(uint64_t limit);

/* Now and then: what virtual time have all reached? */
void sched_note_floor(void);

#endif
