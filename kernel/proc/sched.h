/*
 * sched.h: which thread runs on which CPU, and for how long: a time slice each, then whoever has
 * had the least (run_queue.h). The kernel itself is not preempted, only a thread on its way back to
 * the user is.
 *
 * The switch. Whoever gives up the CPU takes the scheduler's lock (interrupts are off from then
 * on), changes its own state, and switches; the lock stays taken, and the thread that comes out of
 * its own switch on the other side releases it. So no other CPU can pick a thread up before its
 * registers are saved. A thread that runs for the first time releases it by sched_finish_switch().
 * The same moment frees a thread that has died: its stack is in use until then.
 */
#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "lib/types.h"

struct thread;

#define SCHED_SLICE_NS 10000000ull

/* The calling context, on the boot stack, becomes the idle thread of this CPU. After process_init.
 */
void sched_init(void);

/* Run threads, and idle when there are none. */
NORETURN void sched_start(void);

/* Let another thread run, if one waits. */
void thread_yield(void);

/* Let another run if it is that one's turn: what need_resched asks for. */
void sched_preempt(void);

/* A new thread may run from now on. */
void sched_start_thread(struct thread *thread);

/* Wake `thread` from whatever it blocks on, so that it looks at its signals. */
void sched_interrupt(struct thread *thread);

/* A timer's deadline came nearer: see to it. */
void sched_arm_timer(void);

/* trap_call's part: another CPU interrupted this one. Interrupts off. */
void sched_kick(void);

/* trap_timer's part: wake who slept long enough, end the slice. Interrupts off. */
void sched_timer(void);

/* The calling thread goes for ever; `thread_exit` is the one caller. */
NORETURN void sched_exit(void);

/* The calling thread is about to exit: before anybody is told. */
void sched_expect_death(void);

/* Until every thread that is known to die is freed, on whatever CPU: for who counts. */
void sched_wait_for_dead(void);

/* First thing of a new thread: see above. */
void sched_finish_switch(void);

/* How much time it gets beside others: NICE_MIN to NICE_MAX. */
void sched_set_nice(struct thread *thread, int nice);

/* It runs as if it had this nice value, where that is better than its own: NICE_MAX ends that. */
void sched_inherit_nice(struct thread *thread, int nice);

/* The set of CPUs that it may run on, not empty. One that runs elsewhere moves at once, or as soon
 * as it leaves the kernel. */
void sched_set_affinity(struct thread *thread, uint64_t allowed);
uint64_t sched_affinity(struct thread *thread);

/* What a thread, or several together, have run, in nanoseconds; `system` of that in the kernel, the
 * serving of page faults and of interrupts included. */
struct cpu_times {
	uint64_t all, system;
};
struct cpu_times sched_cpu_times(struct thread *thread);

/* Nanoseconds that `thread` has run. */
uint64_t sched_cpu_time(struct thread *thread);

/* Threads that could run now, for the load. */
unsigned sched_runnable(void);

/* Nanoseconds since boot in which there was nothing to run, and switches from thread to thread. */
uint64_t sched_idle_time(void);
uint64_t sched_switches(void);
/* Does an interrupt, which asks, interrupt nothing? */
bool sched_is_idle(void);

#endif
