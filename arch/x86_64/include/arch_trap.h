/*
 * arch_trap.h: included by <arch/trap.h> only. Every way into the kernel makes this one frame.
 *
 *	stack top ->  ss rsp rflags cs rip	the processor; for SYSCALL, syscall_entry
 *		      error			the processor, for some exceptions; 0 for the others
 *		      vector			the stub; VECTOR_SYSCALL for a system call
 *		      r9 ... r15		the common entry code
 *
 * Its size keeps the stack aligned to 16: the processor aligns before it pushes.
 */
#ifndef ARCH_X86_64_ARCH_TRAP_H
#define ARCH_X86_64_ARCH_TRAP_H

#include "lib/types.h"
#include "registers.h"

struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, rcx, rax;
	/* In the order of a system call's arguments, so that they can be read as an array. */
	uint64_t rdi, rsi, rdx, r10, r8, r9;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_BYTES, "assembly uses it");
_Static_assert(offsetof(struct trap_frame, r9) == offsetof(struct trap_frame, rdi) + 5 * 8,
	       "six arguments (System V ABI, AMD64 supplement, A.2.1)");
_Static_assert(offsetof(struct trap_frame, vector) == TRAP_FRAME_VECTOR, "assembly uses it");
_Static_assert(offsetof(struct trap_frame, cs) == TRAP_FRAME_CS, "assembly uses it");
_Static_assert(TRAP_STUB_CS == TRAP_FRAME_CS - TRAP_FRAME_VECTOR, "assembly uses it");
_Static_assert(offsetof(struct trap_frame, rflags) == TRAP_FRAME_VECTOR + TRAP_STUB_RFLAGS,
	       "assembly uses it");

#endif
