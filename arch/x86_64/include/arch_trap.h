/* arch_trap.h: included by <arch/trap.h>. */
#ifndef ARCH_TRAP_IMPL_H
#define ARCH_TRAP_IMPL_H

#include "lib/types.h"

/* As entry.S pushes it, for every vector and for SYSCALL. The last five are the processor's (SDM
 * 3A, figure 6-9). */
struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

#endif
