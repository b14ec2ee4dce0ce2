/*
 * arch_trap.h: included by <arch/trap.h> only. Every way into the kernel makes this one frame.
 *
 *	stack top ->  ss rsp rflags cs rip	the processor; for SYSCALL, syscall_entry
 *		      error			the processor, for some exceptions; 0 for the others
 *		      vector			the stub; VECTOR_SYSCALL for a system call
 *		      rdi ... r15		the common entry code
 *
 * Its size keeps the stack aligned to 16: the processor aligns before it pushes.
 */
#ifndef ARCH_X86_64_ARCH_TRAP_H
#define ARCH_X86_64_ARCH_TRAP_H

#include "lib/types.h"
#include "registers.h"

struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_BYTES, "assembly uses it");
_Static_assert(offsetof(struct trap_frame, vector) == TRAP_FRAME_VECTOR, "assembly uses it");
_Static_assert(offsetof(struct trap_frame, cs) == TRAP_FRAME_CS, "assembly uses it");

#endif
