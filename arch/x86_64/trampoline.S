/*
 * trampoline.S: where a further processor starts: in real mode, at the start of a page below 1 MiB
 * (SDM 3A, 8.4.3), to which smp.c has copied this. It runs wherever that is: addresses come from CS
 * or from struct trampoline, which lies behind the code and is filled in by smp.c.
 */
#include "registers.h"
#include "trampoline.h"

	.section .rodata.trampoline, "a", @progbits
	.globl trampoline_code, trampoline_code_end, trampoline32, trampoline64
	.balign 16
	.code16
trampoline_code:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	xorl %ebx, %ebx
	movw %ax, %bx
	shll $4, %ebx			/* where we are */
	lgdtl TRAMPOLINE_GDT_POINTER
	/* After INIT the caches are off; ours are to be as the first processor's. */
	movl $(CR0_PE | CR0_ET), %eax
	movl %eax, %cr0
	ljmpl *TRAMPOLINE_JUMP32

	.code32
trampoline32:
	movw $TRAMPOLINE_DS, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl TRAMPOLINE_ROOT(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $(EFER_LME | EFER_NXE), %eax
	xorl %edx, %edx
	wrmsr
	movl $(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG), %eax
	movl %eax, %cr0
	ljmpl *TRAMPOLINE_JUMP64(%ebx)

	.code64
trampoline64:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl %ebx, %ebx
	/* Only one may take the stack: who comes late finds nothing, and stops. */
	xorl %edi, %edi
	xchgq %rdi, TRAMPOLINE_CPU(%rbx)
	testq %rdi, %rdi
	jz 1f
	movq TRAMPOLINE_STACK(%rbx), %rsp
	xorl %ebp, %ebp
	pushq $0
	movq TRAMPOLINE_ENTRY(%rbx), %rax
	jmp *%rax			/* as if called: RSP is 8 off a multiple of 16 */
1:	cli
	hlt
	jmp 1b
trampoline_code_end:
