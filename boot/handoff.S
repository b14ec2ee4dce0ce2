/*
 * handoff.S: from the firmware's page tables to the kernel.
 *
 * CR3 is loaded by code that both sets of tables map at the same address. The kernel is always
 * entered with 4-level paging. Firmware may run with 5 (CR4.LA57), which can't be changed in long
 * mode: then paging has to go off for a moment, in 32-bit code that lies below 4 GiB (Intel SDM
 * volume 3, 4.1.1 and 9.8.5). The loader's image may lie above, so that code is copied to a page of
 * its own. It only runs under our own tables, because firmware may map data pages no-execute.
 */
#include "handoff.h"

#define MSR_EFER	0xc0000080
#define EFER_NXE_BIT	11
#define CR0_WP_BIT	16
#define CR0_PG_BIT	31
#define CR4_PAE		(1 << 5)
#define CR4_MCE		(1 << 6)
#define CR4_LA57	(1 << 12)

/* Selectors in the trampoline's descriptor table. */
#define CODE32		0x08
#define CODE64		0x10

	.section .handoff, "xr"
	.balign	4096
	.globl	handoff_start, handoff_end, handoff
	.globl	handoff_trampoline, handoff_trampoline_end
	.globl	handoff_trampoline_entry, handoff_trampoline_boot_info

handoff_start:
	.code64
handoff:				/* Win64: rcx = struct handoff */
	cli
	cld
	mov	HANDOFF_ROOT(%rcx), %rsi
	mov	HANDOFF_ROOT5(%rcx), %r8
	mov	HANDOFF_ENTRY(%rcx), %r9
	mov	HANDOFF_BOOT_INFO(%rcx), %rdi
	mov	HANDOFF_TRAMPOLINE(%rcx), %rbx

	/* The tables have no-execute bits, which are reserved (a fault) until this is set. */
	mov	$MSR_EFER, %ecx
	rdmsr
	bts	$EFER_NXE_BIT, %eax
	wrmsr

	mov	%rsi, %rax
	test	%r8, %r8
	cmovnz	%r8, %rax
	mov	%rax, %cr3

	/* Keep only what paging stands on. Clearing PGE and PCIDE flushes all translations. */
	mov	%cr4, %rax
	and	$(CR4_PAE | CR4_MCE | CR4_LA57), %eax
	mov	%rax, %cr4
	mov	%cr0, %rax
	bts	$CR0_WP_BIT, %rax
	mov	%rax, %cr0

	test	%r8, %r8
	jnz	.Lleave_5_levels
	jmp	*%r9

.Lleave_5_levels:
	/* 64-bit mode far-jumps through memory only; the firmware's stack is mapped here too. */
	lea	(.Ldescriptors - handoff_trampoline)(%rbx), %rax
	sub	$16, %rsp
	movw	$(.Ldescriptors_end - .Ldescriptors - 1), (%rsp)
	mov	%rax, 2(%rsp)
	lgdt	(%rsp)
	mov	%ebx, (%rsp)
	movl	$CODE32, 4(%rsp)
	ljmpl	*(%rsp)

	/* ---- copied below 4 GiB. ebx = its address, esi = the PML4's ---- */
	.balign	16
handoff_trampoline:
	.code32
	mov	%cr0, %eax
	btr	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	mov	%cr4, %eax
	and	$~CR4_LA57, %eax
	mov	%eax, %cr4
	mov	%esi, %cr3
	/* EFER.LME is still set, so this is long mode again, in a 32-bit segment. */
	mov	%cr0, %eax
	bts	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	/* The far pointer lies beside the code; DS may be unusable, CS is readable. */
	ljmpl	*%cs:(.Lfar_pointer - handoff_trampoline)(%ebx)

	.code64
.Lcode64:
	/* The upper halves of the registers did not survive: take the values from memory. */
	mov	handoff_trampoline_entry(%rip), %rax
	mov	handoff_trampoline_boot_info(%rip), %rdi
	jmp	*%rax

	.balign	8
handoff_trampoline_entry:
	.quad	0
handoff_trampoline_boot_info:
	.quad	0
	.globl	handoff_trampoline_far_offset
.Lfar_pointer:
handoff_trampoline_far_offset:
	.long	.Lcode64 - handoff_trampoline	/* the page's address is added in the copy */
	.word	CODE64
	.balign	8
.Ldescriptors:
	.quad	0
	/* Marked accessed already: the page is read-only. */
	.quad	0x00cf9b000000ffff	/* 32-bit code, flat */
	.quad	0x00af9b000000ffff	/* 64-bit code */
.Ldescriptors_end:
handoff_trampoline_end:
handoff_end:
