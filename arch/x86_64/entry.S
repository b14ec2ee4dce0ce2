/*
 * entry.S: the first instructions of the kernel, in 64-bit mode on the boot tables, as
 * boot/boot_info.h says. RDI: physical address of struct boot_info.
 */
#include "registers.h"

#define BOOT_STACK_BYTES 16384 /* KERNEL_STACK_BYTES: the idle thread keeps this stack */

	.section .text.entry, "ax", @progbits
	.globl _start
	.type _start, @function
_start:
	cli
	cld
	leaq boot_stack_top(%rip), %rsp
	xorl %ebp, %ebp			/* backtraces end here */
	pushq $0
	pushq $0
	call kernel_main
	ud2
	.size _start, . - _start

/* What lies below the stack is never mapped by the kernel's own tables. */
	.section .bss.boot_stack, "aw", @nobits
	.balign 4096
	.globl boot_stack_guard, boot_stack_bottom, boot_stack_top
boot_stack_guard:
	.skip 4096
boot_stack_bottom:
	.skip BOOT_STACK_BYTES
boot_stack_top:
