/*
 * thread.h: a thread's processor state: kernel stack, floating-point and vector registers, TLS
 * bases.
 *
 * struct thread (proc/thread.h) embeds struct arch_thread by value. The kernel itself uses general
 * registers only, so a user's vector registers stay in place until another thread is switched to.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include "lib/types.h"
#include <arch_thread.h> /* struct arch_thread, KERNEL_STACK_BYTES */

struct trap_frame;

/* A kernel thread: starts in entry(argument) on the stack that ends at stack_top, with interrupts
 * off, by the first arch_thread_switch to it. -ENOMEM if its register area can't be had. */
NODISCARD int arch_thread_init(struct arch_thread *thread, vaddr_t stack_top, void (*entry)(void *),
			       void *argument);

/* A copy of the calling user thread: `child` leaves the kernel as `frame` says but with result 0,
 * and calls first(argument) before that, on its own stack. Copies vector registers and TLS bases.
 */
NODISCARD int arch_thread_fork(struct arch_thread *child, vaddr_t stack_top,
			       const struct trap_frame *frame, void (*first)(void *),
			       void *argument);

/* The TLS base (FS) of a thread that has not run yet: clone(2) with CLONE_SETTLS. -EPERM: outside
 * of the user's half. */
NODISCARD int arch_thread_set_tls(struct arch_thread *child, vaddr_t base);

/* Free what init or fork allocated. The thread is not running. */
void arch_thread_destroy(struct arch_thread *thread);

/* Save `from`, continue `to`. Interrupts off. Returns when somebody switches back. */
void arch_thread_switch(struct arch_thread *from, struct arch_thread *to);

/* Leave for ring 3 with pc and sp, all other registers zero, vector registers in their initial
 * state. Called on the current thread's kernel stack, which is empty afterwards. */
NORETURN void arch_enter_user(struct arch_thread *current, vaddr_t pc, vaddr_t sp);

/* exec: initial vector registers, TLS bases zero, for the current thread. */
void arch_thread_reset(struct arch_thread *current);

/* arch_prctl(2): code ARCH_SET_FS, ARCH_GET_FS, ARCH_SET_GS, ARCH_GET_GS for the current thread.
 * For GET the value is stored in *value. -EPERM for a base outside the user's half, -EINVAL for
 * other codes. */
NODISCARD int arch_prctl(struct arch_thread *current, int code, uint64_t address, uint64_t *value);

/* The trap frame with which the current thread entered the kernel from user mode. */
struct trap_frame *arch_thread_user_frame(struct arch_thread *thread);

#endif
