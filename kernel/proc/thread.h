/*
 * thread.h: a thread: a kernel stack, a processor state, and a place in the scheduler.
 *
 * Lock letters: (r) the scheduler's lock of the CPU that it belongs to, RANK_SCHEDULER (see
 * sched_internal.h); (p) process_lock; (i) set at creation; (t) only the thread itself, or who
 * creates it before it runs.
 */
#ifndef PROC_THREAD_H
#define PROC_THREAD_H

#include <arch/cpu.h>
#include <arch/thread.h>
#include "lib/list.h"
#include "lib/tree.h"
#include "proc/signal.h"
#include "sync/cpu.h"

struct process;
struct trap_frame;

#define NICE_MIN   (-20)
#define NICE_MAX   19
#define NICE_COUNT (NICE_MAX - NICE_MIN + 1)

#define THREAD_NAME_BYTES 16 /* TASK_COMM_LEN */

enum thread_state {
	THREAD_NEW,      /* nothing wakes it before sched_start_thread() */
	THREAD_MOVING,   /* from CPU to CPU, in nobody's hands but the mover's */
	THREAD_RUNNABLE, /* in the run queue */
	THREAD_RUNNING,
	THREAD_BLOCKED, /* or, while on_cpu, about to be */
	THREAD_DEAD     /* its stack waits for the next thread to free it */
};

struct thread {
	struct arch_thread arch;     /* (t) */
	struct process *process;     /* (p) to write; kernel_process for a kernel thread, and at the
					end of any */
	struct list_node link;       /* (p) in its process's threads */
	int id;                      /* (p) to write: gettid(2). The leader's is the process's */
	bool parked;                 /* (p) its process is stopped, and it waits to go on */
	vaddr_t stack_top;           /* (i) 0: the boot stack, never freed */
	enum thread_state state;     /* (r) but that it is about to block, or is not: (t) */
	bool on_cpu;                 /* (r) a CPU's thread points here */
	bool is_idle;                /* (i) never stands in the run queue */
	uint16_t cpu;                /* (r) that it runs on, waits for, or ran on last */
	int8_t nice;                 /* (r) NICE_MIN to NICE_MAX */
	uint8_t boost;               /* (r) by so much better is it for who waits for it */
	uint8_t policy;              /* (p) SCHED_* */
	bool reset_on_fork;          /* (p) a child does not inherit a negative nice value */
	uint64_t affinity;           /* (r) the set of CPUs that it may run on */
	uint64_t virtual_time;       /* (r) see run_queue.h; nanoseconds */
	struct tree_node run_node;   /* (r) in a run queue */
	struct list_node sleep_link; /* (r) by deadline; next is NULL while there is none */
	uint64_t deadline;           /* (r) time_now() nanoseconds */
	uint64_t cpu_time;           /* (r) nanoseconds that it ran, up to the last switch */
	uint64_t system_ticks;       /* (t) of them, cpu_ticks() in the kernel */
	struct thread_signals signals;
	bool only_killable;  /* (t) no signal but one that kills ends its sleep */
	bool unbreakable;    /* (t) nor does that one: it waits for a lock of the kernel's */
	vaddr_t clear_id;    /* (t) set_tid_address(2): where its end is told; 0: nowhere */
	vaddr_t robust_list; /* (t) to write: set_robust_list(2) */
	char name[THREAD_NAME_BYTES]; /* (t) others may read it torn */
	void (*entry)(void *);        /* (i) */
	void *argument;               /* (i) */
};

/* What it runs as. */
static inline int thread_effective_nice(const struct thread *thread)
{
	return MAX(thread->nice - thread->boost, NICE_MIN);
}

static inline struct thread *current_thread(void)
{
	return cpu_local()->thread;
}

/* The calling thread goes to its program, interrupts off: what it did here is system time. */
static inline void thread_leaves_kernel(void)
{
	struct cpu *cpu = cpu_local();

	cpu->thread->system_ticks += cpu_ticks() - cpu->kernel_since;
}

static inline struct process *current_process(void)
{
	return cpu_local()->thread->process;
}

/* A thread of `process` that will run entry(argument), interrupts on, in its space. -ENOMEM. It
 * waits for sched_start_thread(). */
NODISCARD int thread_create(struct process *process, void (*entry)(void *), void *argument,
			    struct thread **out);

/* A thread of `process`, in no list yet, that will return to the user from `frame` with result 0:
 * fork's, clone's. */
NODISCARD int thread_fork(struct process *process, const struct trap_frame *frame,
			  struct thread **out);

/* A CPU's idle thread: the context that it was started in. */
void thread_init_idle(struct thread *thread);

/* Of a thread that does not run: it never did, or it is dead. */
void thread_free(struct thread *thread);

/* The end of the calling thread. Its process no longer counts on it. */
NORETURN void thread_exit(void);

#endif
