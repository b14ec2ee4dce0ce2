/*
 * signal.h: the frame on a program's stack that calls a handler, and the way back from it. Its
 * layout is Linux's, which programs know: they read and change the registers in it.
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include "lib/types.h"

struct arch_thread;
struct trap_frame;

/* stack_t (sigaltstack(2)), as the program has set it. */
struct arch_signal_stack {
	vaddr_t sp;
	size_t bytes; /* 0: there is none */
	int flags;    /* SS_* */
};

struct arch_signal {
	int number;
	const void *info; /* the part of siginfo_t that is not zero; NULL: the program wants none */
	size_t info_bytes;
	vaddr_t handler;
	vaddr_t restorer; /* what the handler returns to; 0: the program has named none */
	uint64_t mask;    /* that the way back restores */
	bool use_alternate;
	struct arch_signal_stack alternate;
};

/* Is a thread with this stack pointer on the alternate stack? Never, if it disarms itself. */
bool arch_signal_on_stack(const struct arch_signal_stack *stack, vaddr_t sp);

/* The most that a frame can take of an alternate stack (AT_MINSIGSTKSZ). */
size_t arch_signal_bytes(void);

/* Push a frame, and make `frame` one that calls the handler. -EFAULT: nothing has changed but what
 * is on the program's stack. Interrupts on, no spinlock. */
NODISCARD int arch_signal_push(struct arch_thread *current, struct trap_frame *frame,
			       const struct arch_signal *signal);

/*
 * The way back: take registers, mask and alternate stack from the frame at the stack pointer, which
 * may hold anything. -EFAULT: it can't be read, and nothing has changed; -EINVAL: no program can
 * have these registers. Then the mask is set, and registers are in part.
 */
NODISCARD int arch_signal_pop(struct arch_thread *current, struct trap_frame *frame,
			      struct arch_signal *signal);

/* Remember the exception that `frame` was made by, for the frames of signals to tell. `address`: of
 * a page fault. */
void arch_signal_note_fault(struct arch_thread *current, const struct trap_frame *frame,
			    vaddr_t address);

#endif
