/*
 * trap.h: what the processor saved when it left what it was doing.
 *
 * Down: accessors. Up: the portable side's entry points, called by the processor's code with
 * interrupts off; trap_syscall and trap_page_fault may turn them on.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "lib/types.h"
#include <arch_trap.h> /* struct trap_frame */

vaddr_t trap_pc(const struct trap_frame *frame);
vaddr_t trap_sp(const struct trap_frame *frame);
vaddr_t trap_fp(const struct trap_frame *frame); /* frame pointer, for backtraces */
bool trap_is_user(const struct trap_frame *frame);
bool trap_is_syscall(const struct trap_frame *frame); /* a system call made it */

uint64_t trap_syscall_number(const struct trap_frame *frame);
const uint64_t *trap_syscall_arguments(const struct trap_frame *frame); /* six of them */
void trap_set_result(struct trap_frame *frame, int64_t result);
int64_t trap_result(const struct trap_frame *frame);

/* Make the frame one that makes the system call it came from once more, as call `number`. */
void trap_restart(struct trap_frame *frame, unsigned number);

/* Make the frame go on with another stack: clone's. */
void trap_set_sp(struct trap_frame *frame, vaddr_t sp);

/* Make the frame one that starts a program: pc, sp, every other register zero. */
void trap_set_start(struct trap_frame *frame, vaddr_t pc, vaddr_t sp);

/* Make the frame continue at pc when it is returned to: the exception table's way out. */
void trap_set_pc(struct trap_frame *frame, vaddr_t pc);

/* Write the registers, several to a line, through `line`. */
void trap_dump(const struct trap_frame *frame, void (*line)(const char *text));

/* ---- up: the portable side ---- */

/* access: VM_WRITE, VM_EXEC, VM_USER as the fault reports them; VM_READ when it is neither write
 * nor exec. Called for faults of the user and for those that the kernel's guarded copies take. A
 * fault of the kernel's anywhere else is the processor code's to panic about, and never gets here.
 */
void trap_page_fault(struct trap_frame *frame, vaddr_t va, unsigned access);

void trap_syscall(struct trap_frame *frame);

/* The user did something else that the processor refuses. signal, code: Linux's SIGFPE and
 * FPE_INTDIV, ... */
void trap_user_exception(struct trap_frame *frame, int signal, int code, vaddr_t address,
			 const char *name);

/* The timer that time_arm set has expired. */
void trap_timer(void);

/* Another CPU interrupted this one, by smp_interrupt(). */
void trap_call(void);

/* Last thing before the way back to the user, from any trap; interrupts off. May switch threads. */
void trap_return_to_user(struct trap_frame *frame);

#endif
