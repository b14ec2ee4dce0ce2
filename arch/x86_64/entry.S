/*
 * entry.S: the ways into the kernel: its start, system calls, interrupts and exceptions; and the
 * ways out.
 *
 * GS: in user mode the GS base is the program's, and ours waits in IA32_KERNEL_GS_BASE; SWAPGS
 * exchanges them once on each way in from user mode and once on each way out.
 */
#include "registers.h"
#include "vectors.h"

#define BOOT_STACK_BYTES 16384

/* ---- start: boot_info.h says in which state. RDI: struct boot_info, physical. ---- */

	.section .text.entry, "ax"
	.globl _start
_start:
	cli
	cld
	leaq	boot_stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	call	kernel_main
	ud2

	/* The guard page is left unmapped, so that an overflow is seen. */
	.section .bss.stack, "aw", @nobits
	.balign 4096
	.globl boot_stack_guard, boot_stack_bottom, boot_stack_top
boot_stack_guard:
	.skip 4096
boot_stack_bottom:
	.skip BOOT_STACK_BYTES
boot_stack_top:

/* ---- frames ---- */

	.macro PUSH_REGISTERS
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.endm

	/* Up to and including rdi; the stack pointer is then at `vector`. */
	.macro POP_REGISTERS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	.endm

#define FRAME_VECTOR (15 * 8)
#define FRAME_RIP    (17 * 8)
#define FRAME_CS     (18 * 8)
#define FRAME_RSP    (20 * 8)

/* ---- SYSCALL (SDM 2B): rip in rcx, rflags in r11, rsp the program's. SFMASK cleared IF ---- */

	.text
	.balign 16
	.globl syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, %gs:ARCH_CPU_USER_RSP
	movq	%gs:ARCH_CPU_KERNEL_STACK, %rsp
	pushq	$USER_SS
	pushq	%gs:ARCH_CPU_USER_RSP
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
	pushq	$0
	pushq	$VECTOR_SYSCALL
	PUSH_REGISTERS
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	call	trap_enter_syscall
	/* al: may SYSRET be used? Its target must be canonical, or it faults in ring 0 on the
	 * program's stack. */
	testb	%al, %al
	jz	return_to_user_iret
	POP_REGISTERS
	movq	FRAME_RSP - FRAME_VECTOR(%rsp), %rsp
	swapgs
	sysretq

/* RDI: a frame of user mode on this thread's stack, interrupts off. */
	.globl return_to_user
return_to_user:
	movq	%rdi, %rsp
	call	trap_leave_to_user
return_to_user_iret:
	POP_REGISTERS
	addq	$16, %rsp
	swapgs
	iretq

/* The first switch to a new thread ends here (thread.c): r12 = function, r13 = its argument. */
	.globl thread_start
thread_start:
	xorl	%ebp, %ebp
	movq	%r13, %rdi
	call	*%r12
	ud2

/* The same for a copy of a user thread, whose frame is on top of the stack. */
	.globl thread_start_fork
thread_start_fork:
	xorl	%ebp, %ebp
	movq	%r13, %rdi
	call	*%r12
	movq	%rsp, %rdi
	jmp	return_to_user

/* void thread_switch_stack(uint64_t *save_sp, uint64_t load_sp) */
	.globl thread_switch_stack
thread_switch_stack:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	retq

/* ---- the 256 vectors ---- */

	/* Those that push an error code: SDM 3A, table 6-1. */
	.macro STUB number
	.balign 16
	.if \number == 8 || (\number >= 10 && \number <= 14) || \number == 17 || \number == 21 || \
		\number == 29 || \number == 30
	.else
	pushq	$0
	.endif
	pushq	$\number
	.if \number == VECTOR_NMI || \number == VECTOR_DOUBLE_FAULT || \
		\number == VECTOR_MACHINE_CHECK
	jmp	trap_fatal
	.else
	jmp	trap_common
	.endif
	.endm

	.balign 16
	.globl vector_stubs
vector_stubs:
	.altmacro
	.set number, 0
	.rept VECTOR_COUNT
	STUB %number
	.set number, number + 1
	.endr
	.noaltmacro

trap_common:
	PUSH_REGISTERS
	/* AC would let the kernel reach the program's memory unguarded: SMAP looks at it, and
	 * interrupts keep it. */
	pushfq
	andl	$~RFLAGS_AC, (%rsp)
	popfq
	cld
	movq	%rsp, %rdi
	testb	$3, FRAME_CS(%rsp)
	jz	1f
	swapgs
	xorl	%ebp, %ebp
	call	trap_enter
	movq	%rsp, %rdi
	jmp	return_to_user
1:	call	trap_enter
	POP_REGISTERS
	addq	$16, %rsp
	iretq

/* On a stack of their own, at any point, even between two SWAPGS: the GS base itself says whose it
 * is. No way back. */
trap_fatal:
	PUSH_REGISTERS
	pushfq
	andl	$~RFLAGS_AC, (%rsp)
	popfq
	cld
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	testl	%edx, %edx
	js	1f
	swapgs
1:	movq	%rsp, %rdi
	call	trap_enter
	ud2

/* ---- guarded copies: rdi to, rsi from, rdx bytes; rax = bytes not copied. Called with the user's
 * half open. ---- */

	.macro GUARDED at, to
	.pushsection .exceptions, "a"
	.quad	\at, \to
	.popsection
	.endm

	.globl user_copy_bytes
user_copy_bytes:
	movq	%rdx, %rcx
	shrq	$3, %rcx
	andl	$7, %edx
1:	rep movsq
	movl	%edx, %ecx
2:	rep movsb
3:	movq	%rcx, %rax
	retq
4:	leaq	(%rdx, %rcx, 8), %rax
	retq
	GUARDED 1b, 4b
	GUARDED 2b, 3b

/* rdi to, rsi bytes */
	.globl user_clear_bytes
user_clear_bytes:
	xorl	%eax, %eax
	movq	%rsi, %rcx
	shrq	$3, %rcx
	andl	$7, %esi
1:	rep stosq
	movl	%esi, %ecx
2:	rep stosb
3:	movq	%rcx, %rax
	retq
4:	leaq	(%rsi, %rcx, 8), %rax
	retq
	GUARDED 1b, 4b
	GUARDED 2b, 3b
