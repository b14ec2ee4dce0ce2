/*
 * signal.h: signals (signal(7)). Each goes through these files:
 *
 *	kill.c           who gets it: one process, a group, all
 *	signal_send.c    is it ignored; else it is queued, and its thread woken
 *	signal_deliver.c on the way back to the program: it stops, ends, or calls a handler
 *	signal.c         actions, masks, names
 *
 * A signal is sent to a process or to one thread of it; each has a set of pending signals with a
 * queue of what is known about them. Signals below SIGNAL_REAL_TIME are pending once at most.
 *
 * Of the threads that do not block a process's signal one is told to `attend` to it, the leader if
 * it may. If that one blocks it, or ends, before it has taken it, another one is told. Whatever
 * else a thread has to act upon before it goes on, a stop or a signal of its own, it is told to
 * attend to as well: one that is not told finds nothing, and looks no further.
 *
 * SIGKILL is sent to processes alone. Among a thread's own it means that this thread shall end,
 * without a word to anybody: signal_kill_thread_locked().
 *
 * Lock letters: (p) process_lock; (c) written under process_lock, read atomically without; (t) the
 * thread itself.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include <linux/signal.h>
#include "lib/list.h"
#include "lib/types.h"

struct process;
struct thread;
struct trap_frame;

#define SIGNAL_MAX         64 /* _NSIG */
#define SIGNAL_REAL_TIME   32 /* Linux's SIGRTMIN */
#define SIGNAL_BIT(signal) (1ull << ((signal)-1))
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* signal(7): caused by the thread itself, and taken before all others. */
#define SIGNAL_SYNCHRONOUS                                                                     \
	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

/* The part of siginfo_t that is used, as Linux lays it out; the rest of its 128 bytes is zero. */
struct signal_info {
	__SIGINFO;
};
_Static_assert(sizeof(struct signal_info) == 48, "Linux's SI_EXPANSION_SIZE begins there");

/* The structure that rt_sigaction(2) speaks. Handler: SIG_DFL 0, SIG_IGN 1, or an address. */
struct signal_action {
	uint64_t handler;
	uint64_t flags; /* SA_* */
	uint64_t restorer;
	uint64_t mask;
};
#define HANDLER_DEFAULT 0u
#define HANDLER_IGNORE  1u

/* What is known about one that is pending. */
struct queued_signal {
	struct list_node link; /* (p) in a signal_pending's queue */
	struct signal_info info;
	enum { QUEUED_ALLOCATED, QUEUED_SPARE, QUEUED_OWNED } origin; /* (i) */
};

struct signal_pending {
	uint64_t set;           /* (c) SIGNAL_BITs */
	struct list_node queue; /* (p) of struct queued_signal, first sent first */
};

/* Processes may share them (CLONE_SIGHAND). */
struct signal_actions {
	uint32_t users;                      /* (c) processes that have them */
	struct signal_action of[SIGNAL_MAX]; /* (p) by number - 1 */
};

struct signals {
	/* (p) NULL: all are the default. Allocated at the first change, or to be shared; its own
	 * threads may read one number without the lock. */
	struct signal_actions *actions;
	struct signal_pending pending; /* for whichever thread */
};

/* A thread's part. */
struct thread_signals {
	struct signal_pending pending;          /* for this thread alone */
	bool attend;                            /* (c) it may have something to act upon */
	uint64_t blocked;                       /* (c) its mask */
	uint64_t waited;                        /* (c) for which it sleeps in rt_sigtimedwait */
	uint64_t saved_mask;                    /* (t) the one to go back to, if restore_mask */
	bool restore_mask;                      /* (t) */
	uint64_t alternate_sp, alternate_bytes; /* (t) sigaltstack(2) */
	int alternate_flags;                    /* (t) SS_*, as the program has set them */
	/* (t) See sys/restart.h. */
	uint64_t restart_deadline;
	unsigned restart_number; /* 0: none */
	bool restarting;
	bool restart_always;
};

/* What becomes of a system call that a signal interrupts; -EINTR wherever a handler is called that
 * does not have it restarted. */
enum signal_restart {
	RESTART_NEVER,
	RESTART_ALWAYS,     /* made again, whatever is called */
	RESTART_BY_FLAG,    /* made again after a handler with SA_RESTART, or if none is called */
	RESTART_NO_HANDLER, /* made again if none is called */
	RESTART_DEADLINE    /* the same, by restart_syscall(2): it ends when it would have */
};

/* ---- signal.c ---- */

/* All zeros but for these. */
void signals_init(struct signals *signals);
void thread_signals_init(struct thread_signals *signals);
/* fork: what the child has of its parent; share: the very same actions. -ENOMEM. */
NODISCARD int signals_inherit(struct signals *child, struct signals *parent, bool share);
/* A copy of the actions in place of shared ones. The process has one thread, the caller. -ENOMEM.
 */
NODISCARD int signals_unshare(struct signals *signals);
void thread_signals_inherit(struct thread_signals *child, const struct thread_signals *parent);
void signals_destroy(struct signals *signals);
/* Handlers become the default action, what is ignored stays so. */
void signals_drop_handlers(struct signals *signals);
/* exec: the same. The process has one thread, the caller, or none. */
void signals_reset_handlers(struct process *process);
/* No alternate stack. The calling thread's, or of one that has not run yet. */
void signal_drop_alternate(struct thread_signals *signals);

/* What `signals` says of a signal. */
const struct signal_action *signal_action(const struct signals *signals, int signal);
/* Of the calling process; *old is what it was. What is ignored from now on is pending no longer.
 * fresh NULL: only tell. -ENOMEM. */
NODISCARD int signal_set_action(int signal, const struct signal_action *fresh,
				struct signal_action *old);

/* sigaltstack(2) of the calling thread, whose stack pointer is `sp`. -EPERM, -EINVAL, -ENOMEM. */
NODISCARD int signal_set_alternate(vaddr_t start, size_t bytes, int flags, vaddr_t sp);
/* SS_* of its alternate stack, as sigaltstack(2) tells them. */
int signal_alternate_flags(vaddr_t sp);

/* The calling thread's mask, but for what can't be blocked. */
void signal_set_blocked(uint64_t mask);
/*
 * ppoll and its like: another mask while the call waits. After it, signal_mask_pop(interrupted): if
 * the call returns -EINTR the old mask comes back once a handler was called, else at once.
 */
void signal_mask_push(uint64_t mask);
void signal_mask_pop(bool interrupted);

/* "SIGSEGV"; "a real-time signal". */
const char *signal_name(int signal);
bool signal_is_ignored_by_default(int signal);
bool signal_stops_by_default(int signal);
/* At once, as SIGKILL does; those that would dump core do not. */
bool signal_kills_by_default(int signal);

/* ---- signal_send.c ---- */

/* Once, at boot. */
void signal_send_init(void);

/* SI_KERNEL: nobody in particular has sent it. */
struct signal_info signal_info_kernel(int signal);
/* From the calling process; code: SI_USER, SI_TKILL. */
struct signal_info signal_info_user(int signal, int code);

/* Make info->si_signo pending for the process, and wake it if it wants to know. Under
 * process_lock. */
void signal_send_locked(struct process *process, const struct signal_info *info);
/* The same, for the thread if `thread` is not NULL; -EAGAIN if there are too many of a queued
 * signal. Under process_lock. */
NODISCARD int signal_queue_locked(struct process *process, struct thread *thread,
				  const struct signal_info *info);
/* The same with an entry that is the caller's, QUEUED_OWNED, and in no queue: it always has room.
 * It is in none any more once the signal is taken or discarded, which timers are told. */
void signal_queue_owned_locked(struct process *process, struct thread *thread,
			       struct queued_signal *entry);
/* From the calling process to itself, as kill(2) does it. */
void signal_send_self(int signal);

/* The thread shall end, whatever it does. Under process_lock. */
void signal_kill_thread_locked(struct thread *thread);
/* Tell a thread of each of the process's pending signals that are in `set`: who was told before
 * will not take them. Under process_lock. */
void signal_retarget_locked(struct process *process, uint64_t set);
/* The calling thread is about to leave its process: its own pending signals are forgotten, and
 * nobody waits for it to park. Under process_lock. */
void signal_thread_ends_locked(struct thread *thread);

/* Take one of the signals in `set` that are pending for `thread`; 0: there is none. Under
 * process_lock. */
int signal_dequeue_locked(struct thread *thread, uint64_t set, struct signal_info *info);
/* Forget those of `set`. Under process_lock. */
void signal_discard_locked(struct process *process, uint64_t set);
void signal_pending_clear_locked(struct signal_pending *pending, uint64_t set);
/* Free the memory of what an interrupt's handler has discarded. Under process_lock. */
void signal_free_spent_locked(void);
/* Take an entry of signal_queue_owned_locked() out of its queue, if it is in one. Under
 * process_lock. */
void signal_discard_owned_locked(struct process *process, struct queued_signal *entry);
/* Would the process ignore it if it came now, for `thread` (NULL: for any)? Under process_lock. */
bool signal_is_ignored_locked(const struct process *process, const struct thread *thread,
			      int signal);
/* All that are pending for the thread or its process. Under process_lock. */
uint64_t signals_pending_locked(const struct thread *thread);

/* Queued signals there are, of all processes. Under process_lock. */
unsigned signals_queued_locked(void);

/* `thread` shall look whether there is something for it to act upon. Under process_lock. */
void signal_attend_locked(struct thread *thread);
/* The calling thread has looked, and there was nothing: it attends only if there is by now. */
void signal_settle(struct thread *thread);
/* Is there a signal that `thread` must act upon before it goes on? Any context. */
bool signal_wants(const struct thread *thread);
/* Has it been sent SIGKILL? Under process_lock. */
bool signal_is_killed(const struct process *process);

/* ---- signal_stop.c ---- */

/* All threads of the process are to park, since the calling one has taken `signal`. */
void signal_stop_locked(struct process *process, int signal);
/* The calling thread of a stopped process: sleep until it may go on. Releases process_lock. */
void signal_park_and_unlock(struct thread *thread);
/* It will not park any more: it ends. Under process_lock. */
void signal_unpark_locked(struct thread *thread);
/* It goes on, if it is stopped; `tell`: and its parent hears of it. Under process_lock. */
void signal_resume_locked(struct process *process, bool tell);

/* ---- kill.c ---- */

/* kill(2). -ESRCH, -EINVAL. */
NODISCARD int signal_kill(int pid, int signal);
/* `info` to one process; si_signo 0 only looks. thread_group 0: any. -ESRCH, -EINVAL, -EAGAIN. */
NODISCARD int signal_send_pid(int pid, const struct signal_info *info);
/* The same to a process that is known, or to its thread if `thread` is not NULL. -EINVAL, -EAGAIN.
 * Under process_lock. */
NODISCARD int signal_send_checked_locked(struct process *process, struct thread *thread,
					 const struct signal_info *info);
/* The same to one thread of a process; process 0: of any. */
NODISCARD int signal_send_thread(int process, int thread, const struct signal_info *info);
/* A terminal's signal to all of a process group; info NULL: signal_info_kernel(). From any context
 * without spinlocks. -ESRCH. */
int signal_send_group(int group, int signal, const struct signal_info *info);
/* The same under process_lock. */
int signal_send_group_locked(int group, int signal, const struct signal_info *info);

/* ---- signal_deliver.c ---- */

/*
 * Act on all signals that are pending for the calling thread, which is about to leave the kernel by
 * `frame`; may not return. If that is the frame of system call `number`, interrupted, `restart`
 * says what becomes of it. Interrupts on.
 */
void signal_deliver(struct trap_frame *frame, enum signal_restart restart, unsigned number);

/* The calling thread did what the processor refuses: a signal that can't be ignored or blocked. */
void signal_force(const struct signal_info *info);
/* Would signal_force() end the process? */
bool signal_is_fatal(int signal);

/* rt_sigreturn(2): `frame` becomes what the signal's frame on the stack says. */
void signal_return(struct trap_frame *frame);

#endif
