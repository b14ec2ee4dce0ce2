/*
 * call.S: system calls with odd registers, and what they must keep. SYSCALL may change RAX, RCX and
 * R11 alone. See fuzz.h for the arguments.
 */
#define REGS_BAD   56
#define REGS_FLAGS 64
#define REGS_SP    72
#define REGS_SAVED 80
#define SYS_RT_SIGRETURN 15
#define SYS_GETPID 39
#define SYS_SCHED_YIELD 24
#define SYS_EXIT 60

	.macro LOAD_ARGUMENTS
	movq 8(%rbx), %rdi
	movq 16(%rbx), %rsi
	movq 24(%rbx), %rdx
	movq 32(%rbx), %r10
	movq 40(%rbx), %r8
	movq 48(%rbx), %r9
	.endm

	.macro SAVE
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rdi, %rbx
	.endm

	.macro RESTORE
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	.endm

	.text
	.globl fuzz_call
	.type fuzz_call, @function
fuzz_call:
	SAVE
	leaq 1(%rbx), %rbp
	leaq 2(%rbx), %r12
	leaq 3(%rbx), %r13
	leaq 4(%rbx), %r14
	movq %rsp, REGS_SAVED(%rbx)
	LOAD_ARGUMENTS
	pushfq
	popq %rax
	orq REGS_FLAGS(%rbx), %rax
	movq REGS_SP(%rbx), %rcx
	testq %rcx, %rcx
	jnz 1f
	movq %rsp, %rcx
1:	pushq %rax
	movq (%rbx), %rax
	movq %rbx, %r15
	popfq
	movq %rcx, %rsp
	syscall
	movq REGS_SAVED(%r15), %rsp
	pushq $0x202
	popfq
	cmpq %r15, %rbx
	jne 2f
	decq %rbp
	cmpq %r15, %rbp
	jne 2f
	subq $2, %r12
	cmpq %r15, %r12
	jne 2f
	subq $3, %r13
	cmpq %r15, %r13
	jne 2f
	subq $4, %r14
	cmpq %r15, %r14
	jne 2f
	cmpq 8(%r15), %rdi
	jne 2f
	cmpq 16(%r15), %rsi
	jne 2f
	cmpq 24(%r15), %rdx
	jne 2f
	cmpq 32(%r15), %r10
	jne 2f
	cmpq 40(%r15), %r8
	jne 2f
	cmpq 48(%r15), %r9
	je 3f
2:	movq $1, REGS_BAD(%r15)
3:	RESTORE
	ret
	.size fuzz_call, . - fuzz_call

	.globl fuzz_clone
	.type fuzz_clone, @function
fuzz_clone:
	SAVE
	LOAD_ARGUMENTS
	movq (%rbx), %rax
	syscall
	testq %rax, %rax
	jz 1f
	RESTORE
	ret
1:	movl $SYS_GETPID, %eax
	syscall
	movl $SYS_SCHED_YIELD, %eax
	syscall
	xorl %edi, %edi
	movl $SYS_EXIT, %eax
	syscall
	jmp 1b
	.size fuzz_clone, . - fuzz_clone

/* What a signal's handler returns to. */
	.globl fuzz_restorer
	.type fuzz_restorer, @function
fuzz_restorer:
	movl $SYS_RT_SIGRETURN, %eax
	syscall
	ud2
	.size fuzz_restorer, . - fuzz_restorer

	.globl fuzz_handler
	.type fuzz_handler, @function
fuzz_handler:
	ret
	.size fuzz_handler, . - fuzz_handler

	.section .note.GNU-stack, "", @progbits
