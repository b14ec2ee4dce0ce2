/*
 * pvh.S: the entry of a PVH boot (Xen, "x86/HVM direct boot ABI"): how an emulator starts a kernel
 * without firmware. 32-bit protected mode, paging off, flat segments, EBX = struct hvm_start_info.
 * Makes the state that boot/boot_info.h promises, then pvh_main() in pvh.c does the rest.
 *
 * The image runs at its physical address here: symbols are used minus KERNEL_BASE.
 */
#include "registers.h"

#define KERNEL_BASE 0xffffffff80000000
#define PHYSICAL(symbol) (symbol - KERNEL_BASE)

/* Of a page-table entry; SDM 3A, 4.5. */
#define ENTRY_TABLE 0x003 /* present, writable */
#define ENTRY_2MIB  0x083 /* and a leaf */
#define PAGE	    4096
#define LEAF_BYTES  0x200000
#define BOOT_GIB    4

#define CPUID_EXTENDED_MAX 0x80000000
#define CPUID_EXTENDED	   0x80000001
#define CPUID_NX_LONG_MODE ((1 << 20) | (1 << 29)) /* in EDX */

#define COM1_DATA   0x3f8
#define COM1_LINE   0x3fb
#define COM1_STATUS 0x3fd
#define COM1_EMPTY  0x20 /* transmitter holding register */
#define LINE_8N1    0x03 /* after a reset a character has five bits */
#define DEBUG_EXIT  0xf4
#define EXIT_PANIC  0x31 /* DEBUG_EXIT_PANIC in arch/debug.h */

	.section .text.entry, "ax", @progbits
	.code32
	.globl pvh_start
	.type pvh_start, @function
pvh_start:
	cli
	cld
	movl $PHYSICAL(boot_stack_top), %esp
	movl $CPUID_EXTENDED_MAX, %eax
	pushl %ebx
	cpuid
	movl $PHYSICAL(message_long_mode), %esi
	cmpl $CPUID_EXTENDED, %eax
	jb die32
	movl $CPUID_EXTENDED, %eax
	cpuid
	andl $CPUID_NX_LONG_MODE, %edx
	cmpl $CPUID_NX_LONG_MODE, %edx
	jne die32

	call make_tables32

	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PHYSICAL(pvh_root), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $(EFER_LME | EFER_NXE), %eax
	xorl %edx, %edx
	wrmsr
	movl $(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG), %eax
	movl %eax, %cr0
	popl %ebx
	lgdt PHYSICAL(pvh_gdt_pointer)
	ljmpl $8, $PHYSICAL(pvh_start64)
	.size pvh_start, . - pvh_start

/*
 * Physical memory below 4 GiB at its own address and at BOOT_DIRECT_MAP (root entries 0 and 256),
 * its first GiB at KERNEL_BASE (root entry 511, entry 510 below), all in 2 MiB leaves.
 */
make_tables32:
	movl $PHYSICAL(pvh_root), %edi
	movl $(PHYSICAL(pvh_direct) + ENTRY_TABLE), (%edi)
	movl $(PHYSICAL(pvh_direct) + ENTRY_TABLE), 256 * 8(%edi)
	movl $(PHYSICAL(pvh_kernel) + ENTRY_TABLE), 511 * 8(%edi)
	movl $(PHYSICAL(pvh_leaves) + ENTRY_TABLE), PHYSICAL(pvh_kernel) + 510 * 8

	movl $PHYSICAL(pvh_direct), %edi
	movl $(PHYSICAL(pvh_leaves) + ENTRY_TABLE), %eax
	movl $BOOT_GIB, %ecx
1:	movl %eax, (%edi)
	addl $8, %edi
	addl $PAGE, %eax
	loop 1b

	movl $PHYSICAL(pvh_leaves), %edi
	movl $ENTRY_2MIB, %eax
	movl $(BOOT_GIB * 512), %ecx
1:	movl %eax, (%edi)
	addl $8, %edi
	addl $LEAF_BYTES, %eax
	loop 1b
	ret

/* Say what ESI points at on COM1, tell the emulator, stop. Waits for the port only so long. */
die32:
	movb $LINE_8N1, %al
	movw $COM1_LINE, %dx
	outb %al, %dx
5:	lodsb
	testb %al, %al
	jz 3f
	movb %al, %ah
	movl $100000, %ecx
	movw $COM1_STATUS, %dx
1:	inb %dx, %al
	testb $COM1_EMPTY, %al
	jnz 2f
	loop 1b
2:	movb %ah, %al
	movw $COM1_DATA, %dx
	outb %al, %dx
	jmp 5b
3:	movb $EXIT_PANIC, %al
	outb %al, $DEBUG_EXIT
4:	hlt
	jmp 4b

	.code64
	.type pvh_start64, @function
pvh_start64:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	movl %ebx, %edi
	pushq $0
	pushq $0
	movq $pvh_main, %rax
	call *%rax
	/* It returns the physical address of a struct boot_info. From here on at link addresses. */
	movq %rax, %rdi
	movq $_start, %rax
	jmp *%rax
	.size pvh_start64, . - pvh_start64

	.section .rodata.pvh, "a", @progbits
message_long_mode:
	.asciz "PANIC: this processor has no 64-bit mode with no-execute pages\r\n"
	.balign 8
pvh_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 64-bit code, ring 0 */
pvh_gdt_pointer:
	.word . - pvh_gdt - 1
	.long PHYSICAL(pvh_gdt)

	.section .bss.pvh, "aw", @nobits
	.balign PAGE
	.globl pvh_direct
pvh_root:
	.skip PAGE
pvh_kernel:
	.skip PAGE
pvh_direct:
	.skip PAGE
pvh_leaves:
	.skip BOOT_GIB * PAGE
