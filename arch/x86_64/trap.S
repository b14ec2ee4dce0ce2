/*
 * trap.S: the ways into the kernel and back. All of them make a struct trap_frame (arch_trap.h) and
 * call C with its address. In ring 3 the GS base is the user's, in the kernel it is struct cpu.
 */
#include "registers.h"

	.macro SAVE_REGISTERS
	pushq %r9
	pushq %r8
	pushq %r10
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rax
	pushq %rcx
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

/* Leaves RSP at rip. */
	.macro RESTORE_REGISTERS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %rcx
	popq %rax
	popq %rdi
	popq %rsi
	popq %rdx
	popq %r10
	popq %r8
	popq %r9
	addq $16, %rsp
	.endm

	.text
	.globl trap_stubs
	.balign 16
/* One stub a vector, TRAP_STUB_BYTES apart. The processor pushes an error code for some. */
trap_stubs:
	.set vector, 0
	.rept VECTORS
	.balign 16
	.if vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_ALIGNMENT || \
	    vector == VECTOR_CONTROL || vector == VECTOR_VMM || vector == VECTOR_SECURITY || \
	    (vector >= VECTOR_INVALID_TSS && vector <= VECTOR_PAGE_FAULT)
	.else
	pushq $0
	.endif
	pushq $vector
	.if vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_NMI || vector == VECTOR_MACHINE_CHECK
	jmp trap_ist_entry
	.elseif vector == VECTOR_DEBUG
	jmp trap_debug_entry
	.else
	jmp trap_entry
	.endif
	.set vector, vector + 1
	.endr
	.balign 16

	.type trap_entry, @function
trap_entry:
	SAVE_REGISTERS
	cld
	movq %rsp, %rdi
	testb $SELECTOR_RPL, TRAP_FRAME_CS(%rsp)
	jz 1f
	swapgs
trap_user_saved:
	xorl %ebp, %ebp			/* backtraces end here */
	call trap_dispatch_user
	jmp trap_user_return
1:	call trap_dispatch
	RESTORE_REGISTERS
	iretq
	.size trap_entry, . - trap_entry

/*
 * These exceptions may come anywhere, between SYSCALL and SWAPGS too, and are never returned from.
 * So this CPU is found by the stack, which is its own: struct ist_stack in arch_cpu.h.
 */
	.type trap_ist_entry, @function
trap_ist_entry:
	SAVE_REGISTERS
	cld
	movq TRAP_FRAME_BYTES(%rsp), %rdx
	movl %edx, %eax
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	movq %rsp, %rdi
	call trap_fatal
	ud2
	.size trap_ist_entry, . - trap_ist_entry

/*
 * #DB has a stack of its own too, as it may come on syscall_entry's first instruction, with the
 * user's RSP and GS: a single step that the processor took note of before SFMASK cleared TF (none
 * of Intel's or AMD's does so; emulators do), or a breakpoint there. The system call then goes on;
 * RF lets that instruction by. A program's own is moved to its thread's stack, since it may sleep
 * and this stack is the CPU's. Any other is the kernel's end. (SDM 3B, 17.3.1)
 */
	.type trap_debug_entry, @function
trap_debug_entry:
	testb $SELECTOR_RPL, TRAP_STUB_CS(%rsp)
	jz 1f
	swapgs
	pushq %rax
	movq %gs:CPU_SYSCALL_STACK, %rax
	xchgq %rsp, %rax
	pushq 56(%rax)			/* ss, rsp, rflags, cs, rip, error, vector */
	pushq 48(%rax)
	pushq 40(%rax)
	pushq 32(%rax)
	pushq 24(%rax)
	pushq 16(%rax)
	pushq 8(%rax)
	movq (%rax), %rax
	SAVE_REGISTERS
	cld
	movq %rsp, %rdi
	jmp trap_user_saved
1:	pushq %rax
	leaq syscall_entry(%rip), %rax
	cmpq %rax, 24(%rsp)
	popq %rax
	jne trap_ist_entry
	pushq %rax
	movl $DR6_NONE, %eax
	movq %rax, %dr6
	popq %rax
	orl $RFLAGS_RF, TRAP_STUB_RFLAGS(%rsp)
	addq $16, %rsp
	iretq
	.size trap_debug_entry, . - trap_debug_entry

/*
 * SYSCALL put rip into RCX and rflags into R11, masked rflags by SFMASK (interrupts off) and
 * changed neither RSP nor GS. (SDM 2B, SYSCALL.)
 */
	.globl syscall_entry
	.type syscall_entry, @function
syscall_entry:
	swapgs
	movq %rsp, %gs:CPU_USER_SP
	movq %gs:CPU_SYSCALL_STACK, %rsp
	pushq $USER_SS
	pushq %gs:CPU_USER_SP
	pushq %r11
	pushq $USER_CS
	pushq %rcx
	pushq $0
	pushq $VECTOR_SYSCALL
	SAVE_REGISTERS
	movq %rsp, %rdi
	xorl %ebp, %ebp
	call trap_dispatch_syscall
	/* fall through */
	.size syscall_entry, . - syscall_entry

/* The one way out to ring 3. RSP: the frame, at the top of the thread's stack. AL: what
 * trap_leave() said. */
	.type trap_user_return, @function
trap_user_return:
	testb %al, %al
	jnz 1f
	RESTORE_REGISTERS
	swapgs
	iretq
	/* SYSRET takes rip from RCX and rflags from R11, where trap_leave() saw them. */
1:	RESTORE_REGISTERS
	movq 24(%rsp), %rsp
	swapgs
	sysretq
	.size trap_user_return, . - trap_user_return

/* void trap_user_return_to(struct trap_frame *frame): leave by `frame`, which ends at stack_top. */
	.globl trap_user_return_to
	.type trap_user_return_to, @function
trap_user_return_to:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	call trap_leave
	jmp trap_user_return
	.size trap_user_return_to, . - trap_user_return_to
