/*
 * user.S: copies that may fault. An instruction named in the exception table may take a page fault
 * that cannot be served: the thread then goes on at the place the table gives.
 *
 * The copies return the bytes not copied. RCX counts down as the string instructions work, so it is
 * right where they fault. Words first; where a word faults the bytes up to the bad page follow.
 */
	.macro MAY_FAULT instruction_label, continue_label
	.pushsection exceptions, "a", @progbits
	.balign 8
	.quad \instruction_label, \continue_label
	.popsection
	.endm

	.text

/* size_t user_copy(void *to, const void *from, size_t bytes) */
	.globl user_copy
	.type user_copy, @function
user_copy:
	pushq %rbp
	movq %rsp, %rbp
	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
1:	rep movsq
2:	leaq (%rdx, %rcx, 8), %rcx
3:	rep movsb
4:	movq %rcx, %rax
	popq %rbp
	ret
	MAY_FAULT 1b, 2b
	MAY_FAULT 3b, 4b
	.size user_copy, . - user_copy

/* size_t user_clear(void *to, size_t bytes) */
	.globl user_clear
	.type user_clear, @function
user_clear:
	pushq %rbp
	movq %rsp, %rbp
	movq %rsi, %rcx
	movl %esi, %edx
	shrq $3, %rcx
	andl $7, %edx
	xorl %eax, %eax
1:	rep stosq
2:	leaq (%rdx, %rcx, 8), %rcx
3:	rep stosb
4:	movq %rcx, %rax
	popq %rbp
	ret
	MAY_FAULT 1b, 2b
	MAY_FAULT 3b, 4b
	.size user_clear, . - user_clear

/* bool user_compare_exchange(uint32_t *word, uint32_t *expected, uint32_t desired); CMPXCHG leaves
 * what it found in EAX. */
	.globl user_compare_exchange
	.type user_compare_exchange, @function
user_compare_exchange:
	pushq %rbp
	movq %rsp, %rbp
	movl (%rsi), %eax
1:	lock cmpxchgl %edx, (%rdi)
	movl %eax, (%rsi)
	movl $1, %eax
	popq %rbp
	ret
2:	xorl %eax, %eax
	popq %rbp
	ret
	MAY_FAULT 1b, 2b
	.size user_compare_exchange, . - user_compare_exchange
