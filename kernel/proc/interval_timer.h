/*
 * interval_timer.h: timers that send signals: the three of setitimer(2), and those that
 * timer_create(2) makes. A process has struct process_timers from its first timer on.
 *
 * An interval is not begun again before the signal of the last end was taken
 * (signal_dequeue_locked() says so): then the ends that have passed meanwhile are counted. So a
 * short interval whose signal is blocked costs one interrupt. The exception is a clock that counts
 * CPU time, which is looked at once in a TIMER_TICK_NS.
 *
 * Lock letters: (p) process_lock; (i) set at creation.
 */
#ifndef PROC_INTERVAL_TIMER_H
#define PROC_INTERVAL_TIMER_H

#include "lib/list.h"
#include "lib/types.h"
#include "sync/timer.h"

struct process;
struct queued_signal;
struct signal_info;

/* How late an end on a clock of CPU time can be, as with Linux's HZ of 250. */
#define TIMER_TICK_NS 4000000ull

struct interval_timer {
	struct timer timer;
	struct process *process; /* (i) */
	bool counts_cpu;         /* (i) its clock is CPU time, else time_now() */
	int thread;              /* (i) with counts_cpu: of this thread; 0: of the process */
	uint64_t end;            /* (p) on its clock; 0: it is not set */
	uint64_t interval;       /* (p) 0: once */
	/* (i) The end has come; under process_lock. It begins the next interval, or does not. */
	void (*ended)(struct interval_timer *timer);
};

/* A time and an interval, in nanoseconds. Where it is set: 0 is never. Where it is read: of what is
 * left. */
struct timer_setting {
	uint64_t value, interval;
};

/* A timer that is not set; the rest of it is zero. */
void interval_timer_init(struct interval_timer *timer, struct process *process, bool counts_cpu,
			 int thread, void (*ended)(struct interval_timer *timer));
/* Its clock. Under process_lock. */
uint64_t interval_timer_now(const struct interval_timer *timer);
/* End at `end` of its clock; 0: never. Under process_lock. */
void interval_timer_set_locked(struct interval_timer *timer, uint64_t end);
/* Begin the next interval, the first whose end is yet to come; `end` is the last one's. How many
 * ends have passed on the way. Under process_lock. */
uint64_t interval_timer_next_locked(struct interval_timer *timer, uint64_t end);

/* ---- setitimer(2) ---- */

/* `which`: ITIMER_*. *old: how it was set. -ENOMEM. */
NODISCARD int process_set_itimer(unsigned which, const struct timer_setting *fresh,
				 struct timer_setting *old);
void process_get_itimer(unsigned which, struct timer_setting *out);

/* ---- RLIMIT_CPU ---- */

/* The limit of `process` was set, or inherited: the calling process, or one that did not begin yet.
 * From now on it is sent SIGXCPU each second beyond the soft limit, and killed at the hard one.
 * -ENOMEM: nothing watches it. */
NODISCARD int process_watch_cpu(struct process *process);
/* The same of any process that has timers. Under process_lock. */
void process_watch_cpu_locked(struct process *process);

/* ---- timer_create(2): posix_timer.c ---- */

struct timer_request {
	int clock;  /* CLOCK_* */
	int notify; /* SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID */
	int signal;
	bool has_value; /* else it is the timer's number */
	uint64_t value; /* union sigval */
	int thread;     /* with SIGEV_THREAD_ID: of the calling process; else 0 */
};

/* -ENOMEM, -EAGAIN: too many. */
NODISCARD int posix_timer_create(const struct timer_request *request, int *id);
/* The others: -EINVAL: there is no such timer. `end`: on the timer's clock as time_now() or CPU
 * time counts it, or, `relative`, from now on. */
NODISCARD int posix_timer_delete(int id);
NODISCARD int posix_timer_set(int id, bool relative, const struct timer_setting *fresh,
			      struct timer_setting *old);
NODISCARD int posix_timer_get(int id, struct timer_setting *out);
/* Ends that the last signal stands for beyond the first. */
NODISCARD int posix_timer_overrun(int id);
/* The clock that a timer was made with. -EINVAL. */
NODISCARD int posix_timer_clock(int id, int *clock);

/* ---- to signals and processes ---- */

/* A signal was taken that one of the process's timers may have sent: begin its next interval, and
 * note in `info` how many ends it stands for. owned: its entry, if that is a timer's own. What
 * `info` says of a timer proves nothing: rt_sigqueueinfo(2) may say the same. Under process_lock.
 */
void timers_taken_locked(struct process *process, struct queued_signal *owned,
			 struct signal_info *info);
/* Signals of `set` were forgotten. Under process_lock. */
void timers_discarded_locked(struct process *process, uint64_t set);
/* One of its threads ends, and with it the signals that are pending for it alone. Under
 * process_lock. */
void timers_thread_ends_locked(struct process *process, int thread);
/* exec: those of timer_create(2) are gone. The calling process; no spinlock. */
void timers_exec(struct process *process);
/* The end of the process, or it never began; no spinlock. */
void timers_destroy(struct process *process);

/* ---- between the two files ---- */

struct process_timers {
	struct interval_timer of_process[4]; /* by ITIMER_*, and CPU_LIMIT_TIMER */
	struct list_node created;            /* (p) of struct posix_timer */
	int next_id;                         /* (p) */
	unsigned count;                      /* (p) of `created` */
};

/* The calling process's, made if need be; NULL: no memory. */
struct process_timers *timers_get(void);
void posix_timer_taken_locked(struct queued_signal *entry, struct signal_info *info);
void posix_timers_discarded_locked(struct process_timers *timers, uint64_t set);
void posix_timers_thread_ends_locked(struct process_timers *timers, int thread);
void posix_timers_destroy(struct process_timers *timers);

#endif
