/*
 * shim_la57.S: turn 5-level paging on under a running firmware, as firmware for large machines does
 * early on. CR4.LA57 can't be changed in long mode, so paging goes off for a moment in 32-bit code
 * (Intel SDM volume 3, 4.1.1 and 9.8.5). The firmware's descriptor table and code segment are put
 * back afterwards.
 */
#define CR0_PG_BIT	31
#define CR4_LA57_BIT	12
#define CODE32		0x08
#define CODE64		0x10

	.text
	.globl	shim_enable_5_levels
	.code64
shim_enable_5_levels:			/* Win64: rcx = PML5 */
	push	%rbx
	push	%rbp
	push	%rdi
	push	%rsi
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushfq
	cli
	sgdt	firmware_descriptors(%rip)
	mov	%cs, firmware_code(%rip)
	mov	%rsp, saved_stack(%rip)
	lea	descriptors(%rip), %rax
	mov	%rax, descriptors_pointer+2(%rip)
	lgdt	descriptors_pointer(%rip)
	lea	.Lcode32(%rip), %rax
	mov	%eax, to_code32(%rip)
	lea	.Lcode64(%rip), %rax
	mov	%eax, to_code64(%rip)
	lea	to_code64(%rip), %rbx
	ljmpl	*to_code32(%rip)

	.code32
.Lcode32:
	mov	%cr0, %eax
	btr	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	mov	%cr4, %eax
	bts	$CR4_LA57_BIT, %eax
	mov	%eax, %cr4
	mov	%ecx, %cr3
	mov	%cr0, %eax
	bts	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	ljmpl	*%cs:(%ebx)

	.code64
.Lcode64:
	mov	saved_stack(%rip), %rsp
	lgdt	firmware_descriptors(%rip)
	movzwl	firmware_code(%rip), %eax
	push	%rax
	lea	.Lback(%rip), %rax
	push	%rax
	lretq
.Lback:
	popfq
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rsi
	pop	%rdi
	pop	%rbp
	pop	%rbx
	ret

	.data
	.balign	8
saved_stack:
	.quad	0
firmware_descriptors:
	.quad	0, 0
descriptors_pointer:
	.word	23
	.quad	0
	.balign	8
descriptors:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 32-bit code, flat */
	.quad	0x00af9b000000ffff	/* 64-bit code */
to_code32:
	.long	0
	.word	CODE32
	.balign	8
to_code64:
	.long	0
	.word	CODE64
firmware_code:
	.word	0
