/*
 * pvh_entry.S: the way in for `qemu -kernel`: the PVH boot protocol (Xen, docs/misc/pvh.pandoc).
 * 32-bit protected mode without paging, flat segments, interrupts off; EBX: physical address of
 * struct hvm_start_info. Leaves in the state that boot_info.h asks for.
 *
 * Tables, all in .bss: 4 GiB by 2 MiB pages, at their own address and at BOOT_DIRECT_MAP; the first
 * GiB again where the image is linked. The loader put the image at its link address less
 * KERNEL_BASE.
 */
#include "registers.h"

#define KERNEL_BASE	  0xffffffff80000000
#define PHYS(symbol)	  ((symbol) - KERNEL_BASE)
#define TABLE_BYTES	  4096
#define ENTRY_TABLE	  0x3  /* present, writable */
#define ENTRY_LARGE	  0x83 /* present, writable, 2 MiB */
#define DIRECT_MAP_INDEX  256  /* of BOOT_DIRECT_MAP in the root */
#define IMAGE_ROOT_INDEX  511
#define IMAGE_GIB_INDEX	  510
#define IDENTITY_GIB	  4
#define CPUID_EXTENDED	  0x80000001
#define CPUID_MAX_EXTENDED 0x80000000
#define CPUID_EDX_NX_LM	  ((1 << 20) | (1 << 29))
#define PVH_STACK_BYTES	  8192
#define SERIAL_PORT	  0x3f8

	.section .note.Xen, "a", @note
	.balign 4
	.long	2f - 1f, 4f - 3f, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
1:	.asciz "Xen"
2:	.balign 4
3:	.quad	PHYS(pvh_start)
4:

	.section .text.entry, "ax"
	.code32
	.globl pvh_start
pvh_start:
	cli
	cld
	movl	$PHYS(pvh_stack_top), %esp
	movl	%ebx, %esi

	movl	$CPUID_MAX_EXTENDED, %eax
	cpuid
	cmpl	$CPUID_EXTENDED, %eax
	jb	no_features
	movl	$CPUID_EXTENDED, %eax
	cpuid
	andl	$CPUID_EDX_NX_LM, %edx
	cmpl	$CPUID_EDX_NX_LM, %edx
	jne	no_features

	/* .bss is zero: the loader cleared it. Level 2: 4 tables of 512 large pages. */
	movl	$PHYS(pvh_level2), %edi
	movl	$ENTRY_LARGE, %eax
	movl	$(IDENTITY_GIB * 512), %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	1b
	/* Level 3. */
	movl	$PHYS(pvh_level3), %edi
	movl	$(PHYS(pvh_level2) + ENTRY_TABLE), %eax
	movl	$IDENTITY_GIB, %ecx
2:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$TABLE_BYTES, %eax
	loop	2b
	movl	$(PHYS(pvh_level2) + ENTRY_TABLE), PHYS(pvh_level3_image) + IMAGE_GIB_INDEX * 8
	/* The root. */
	movl	$(PHYS(pvh_level3) + ENTRY_TABLE), PHYS(pvh_root)
	movl	$(PHYS(pvh_level3) + ENTRY_TABLE), PHYS(pvh_root) + DIRECT_MAP_INDEX * 8
	movl	$(PHYS(pvh_level3_image) + ENTRY_TABLE), PHYS(pvh_root) + IMAGE_ROOT_INDEX * 8

	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYS(pvh_root), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	$(EFER_LME | EFER_NXE), %eax
	xorl	%edx, %edx
	wrmsr
	movl	$(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	movl	%eax, %cr0
	lgdt	PHYS(pvh_gdt_pointer)
	ljmp	$KERNEL_CS, $PHYS(pvh_start64)

/* No log yet: say it on the first serial port, and stop. */
no_features:
	movl	$PHYS(no_features_text), %esi
	movw	$SERIAL_PORT, %dx
3:	lodsb
	testb	%al, %al
	jz	4f
	outb	%al, %dx
	jmp	3b
4:	hlt
	jmp	4b

	.code64
pvh_start64:
	movabsq	$pvh_start_high, %rax
	jmpq	*%rax
pvh_start_high:
	leaq	pvh_stack_top(%rip), %rsp
	movl	%esi, %edi
	xorl	%ebp, %ebp
	call	pvh_make_boot_info
	movq	%rax, %rdi
	jmp	_start

	.section .rodata.pvh, "a"
no_features_text:
	.asciz "PANIC: this CPU has no 64-bit mode or no no-execute pages; Quire needs both\r\n"
	.balign 8
pvh_gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* 64-bit code */
	.quad	0x00cf93000000ffff /* data */
pvh_gdt_pointer:
	.word	. - pvh_gdt - 1
	.long	PHYS(pvh_gdt)

	.section .bss, "aw", @nobits
	.balign TABLE_BYTES
pvh_root:	  .skip TABLE_BYTES
pvh_level3:	  .skip TABLE_BYTES
pvh_level3_image: .skip TABLE_BYTES
pvh_level2:	  .skip TABLE_BYTES * IDENTITY_GIB
	.skip	PVH_STACK_BYTES
pvh_stack_top:
