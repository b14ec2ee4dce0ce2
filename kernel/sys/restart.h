/*
 * restart.h: system calls that a signal interrupts. They return -EINTR; which of them are made
 * again, and when, is a table (signal(7), "Interruption of system calls").
 *
 * A call that waits for some time is made again as restart_syscall(2), with the same arguments, and
 * must end when it would have:
 *
 *	if (!restart_deadline(&deadline))
 *		deadline = time_now() + what the arguments say;
 *	error = wait ... deadline;
 *	if (error == -EINTR)
 *		restart_later(call's number, deadline);
 */
#ifndef SYS_RESTART_H
#define SYS_RESTART_H

#include "lib/types.h"
#include "proc/signal.h"

/* What becomes of call `number`, which has returned -EINTR. */
enum signal_restart restart_kind(uint64_t number);

/* Is the running call one that is made again? Then *deadline is its first one's. */
bool restart_deadline(uint64_t *deadline);
/* The running call returns -EINTR, and is to be made again even if a handler is called. */
void restart_always(void);
/* Call `number` was interrupted, and waits until `deadline`. */
void restart_later(unsigned number, uint64_t deadline);

#endif
