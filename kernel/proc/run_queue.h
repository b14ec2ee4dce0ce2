/*
 * run_queue.h: who waits for a CPU, and who goes first. A queue is in the order of virtual time:
 * the time that a thread has run, weighted by its nice value. Who has had the least goes first, so
 * that in the long run all have the same. Which queue a thread stands in is balance.c's business.
 *
 * Who wakes and has had much less than the one that runs goes first at once, without waiting for
 * the end of its slice. A new thread begins a little behind, so that its parent is such a one.
 *
 * Lock letters: (r) the lock of the CPU whose queue it is; (h) that, and others look at it as a
 * hint: changed atomically.
 */
#ifndef PROC_RUN_QUEUE_H
#define PROC_RUN_QUEUE_H

#include "lib/tree.h"
#include "lib/types.h"

struct thread;

struct run_queue {
	struct tree threads; /* (r) by virtual_time */
	unsigned count;      /* (h) */
	uint64_t floor;      /* (h) virtual time of who was taken last: never goes back */
};

static inline unsigned run_queue_count(const struct run_queue *queue)
{
	return __atomic_load_n(&queue->count, __ATOMIC_RELAXED);
}

static inline uint64_t run_queue_floor(const struct run_queue *queue)
{
	return __atomic_load_n(&queue->floor, __ATOMIC_RELAXED);
}

/* Behind those with the same virtual time: first come, first served. */
void run_queue_insert_locked(struct run_queue *queue, struct thread *thread);
void run_queue_remove_locked(struct run_queue *queue, struct thread *thread);

/* The first one that is behind `limit` and may run on one of the CPUs `allowed`; NULL: nobody. */
struct thread *run_queue_find_locked(const struct run_queue *queue, uint64_t allowed,
				     uint64_t limit);

/* The first one, taken out; NULL: nobody waits. */
struct thread *run_queue_take_locked(struct run_queue *queue);

/* One that gives up its CPU of itself goes behind who is first, though it may have had less. */
void run_queue_make_way_locked(const struct run_queue *queue, struct thread *thread);

/* Shall `running`, which is not charged yet for `nanoseconds`, make way at once for one that waits?
 */
bool run_queue_is_overtaken_locked(const struct run_queue *queue, const struct thread *running,
				   uint64_t nanoseconds);

/* It is new, and begins where `parent`, which has run uncharged for `nanoseconds`, is now. */
void run_queue_begin(struct thread *thread, const struct thread *parent, uint64_t nanoseconds);

/* What `thread`, which has run for so many nanoseconds, has had then. */
uint64_t run_queue_charged(const struct thread *thread, uint64_t nanoseconds);

#endif
