/*
 * switch.S: from one kernel stack to another. The caller of a C function expects only RBX, RBP and
 * R12 to R15 back (System V ABI, AMD64 supplement, 3.2.1); they are all a waiting thread has here.
 */
	.text

/* void switch_stacks(vaddr_t *save_sp, vaddr_t sp): struct switch_frame in thread.c is what it
 * pushes. */
	.globl switch_stacks
	.type switch_stacks, @function
switch_stacks:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size switch_stacks, . - switch_stacks

/* Where a new thread starts: calls thread_begin(entry, argument, frame), from R12 to R14. */
	.globl thread_trampoline
	.type thread_trampoline, @function
thread_trampoline:
	movq %r12, %rdi
	movq %r13, %rsi
	movq %r14, %rdx
	xorl %ebp, %ebp
	call thread_begin
	ud2
	.size thread_trampoline, . - thread_trampoline
