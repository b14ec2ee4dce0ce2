/*
 * signal.h: signals, as far as they end a process. Dispositions and masks are kept and reported as
 * Linux does (signal(7)); SIG_IGN and the default actions are honoured. Calling a handler is not
 * implemented: a signal that has one is named in the log, and does what it would do by default.
 *
 * A stop signal's default action, too, is not implemented; it is named in the log and does nothing.
 *
 * Lock letters: (p) process_lock; (c) changed atomically; (o) the process's own thread.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include <linux/signal.h>
#include "lib/types.h"

struct process;
struct thread;

#define SIGNAL_MAX         64 /* _NSIG */
#define SIGNAL_BIT(signal) (1ull << ((signal)-1))

/* The structure that rt_sigaction(2) speaks. Handler: SIG_DFL 0, SIG_IGN 1, or an address. */
struct signal_action {
	uint64_t handler;
	uint64_t flags; /* SA_* */
	uint64_t restorer;
	uint64_t mask;
};
#define HANDLER_DEFAULT 0u
#define HANDLER_IGNORE  1u

struct signals {
	/* (c) SIGNAL_MAX of them, by number - 1; NULL: all are the default. Set once; what they
	 * hold is (o), and others may read a handler. */
	struct signal_action *actions;
	uint64_t pending;                       /* (c) SIGNAL_BITs */
	bool reported;                          /* (c) one log line a process */
	uint64_t alternate_sp, alternate_bytes; /* (o) sigaltstack(2) */
	int alternate_flags;                    /* (o) SS_* */
};

/* What `signals` says of a signal. */
const struct signal_action *signal_action(const struct signals *signals, int signal);
/* -ENOMEM. Only the process's own thread. */
NODISCARD int signal_set_action(struct signals *signals, int signal,
				const struct signal_action *action);

/* -ENOMEM; `child` is all zeros. */
NODISCARD int signals_inherit(struct signals *child, const struct signals *parent);
void signals_destroy(struct signals *signals);
/* exec: handlers become the default action, what is ignored stays so. */
void signals_reset_handlers(struct signals *signals);

/* Make `signal` pending, unless it would be ignored, and wake its thread. Under process_lock. */
void signal_send_locked(struct process *process, int signal);
/* To the calling process. */
void signal_send_self(int signal);

/* Is there a signal that `thread` must act upon before it goes on? Any context. */
bool signal_wants(const struct thread *thread);

/* Act on all signals that are pending for the calling thread; may not return. Interrupts on. */
void signal_deliver(void);

/* The program did what the processor refuses: a signal that can't be ignored or blocked. */
NORETURN void signal_force(int signal);

/*
 * ppoll and its like: another mask while the call waits. After it, signal_mask_pop(interrupted): if
 * the call returns -EINTR the old mask comes back once the signals were acted on, else at once.
 */
void signal_mask_push(uint64_t mask);
void signal_mask_pop(bool interrupted);

/* "SIGSEGV"; "signal 35" has no name. */
const char *signal_name(int signal);

#endif
