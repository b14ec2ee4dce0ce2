/*
 * run_queue.h: who waits for which CPU, and who goes first. Each CPU has a queue, in the order of
 * virtual time: the time that a thread has run, weighted by its nice value. Who has had the least
 * goes first, so that in the long run all have the same.
 *
 * Virtual time is one for all CPUs. A CPU takes from another's queue when its own is empty, or when
 * somebody there has fallen behind by more than a slice: three busy threads on two CPUs take turns.
 *
 * Who wakes and has had much less than the one that runs goes first at once, without waiting for
 * the end of its slice. A new thread begins a little behind, so that its parent is such a one.
 *
 * sched_lock guards all of it.
 */
#ifndef PROC_RUN_QUEUE_H
#define PROC_RUN_QUEUE_H

#include "lib/types.h"

struct thread;

/* Put a thread that may run into a queue; returns the CPU whose it is. */
unsigned run_queue_add_locked(struct thread *thread);

/* The same for one that gives up its CPU: it goes behind who is first there, and stays if it may.
 */
void run_queue_return_locked(struct thread *thread);

/* Take this one, which waits, out of its queue. */
void run_queue_remove_locked(struct thread *thread);

/* Take the one that `cpu` shall run now; NULL: there is none for it. */
struct thread *run_queue_take_locked(unsigned cpu);

/* Is anybody waiting, whom `cpu` might take if it asked? */
bool run_queue_has_work_locked(unsigned cpu);

/* All that wait, on all CPUs. */
unsigned run_queue_length_locked(void);

/* Shall `running`, which runs on `cpu` and is not charged yet for `nanoseconds`, make way at once
 * for one that waits there? */
bool run_queue_is_overtaken_locked(unsigned cpu, const struct thread *running,
				   uint64_t nanoseconds);

/* It is new, and begins where `parent`, which has run uncharged for `nanoseconds`, is now. */
void run_queue_begin_locked(struct thread *thread, const struct thread *parent,
			    uint64_t nanoseconds);

/* `thread` has run for so many nanoseconds. */
void run_queue_charge_locked(struct thread *thread, uint64_t nanoseconds);

/* It slept: it shall not make up for that by having the CPU to itself. */
void run_queue_wake_locked(struct thread *thread);

/* The CPU runs its idle thread from now on, or no longer. */
void run_queue_set_idle_locked(unsigned cpu, bool idle);
uint64_t run_queue_idle_cpus_locked(void);

#endif
