/*
 * boot.S: the first sector of a disk that an emulator with a BIOS of the old kind boots from. Loads
 * the rest of this program, asks the BIOS for the memory map while it can, and enters 32-bit
 * protected mode for boot.c. What goes wrong is said on COM1.
 */
#include "boot.h"

#define CODE32 0x08
#define DATA32 0x10

#define CR0_PE	     1
#define A20_PORT     0x92 /* "fast A20": bit 1 */
#define A20_ON	     2
#define E820_SMAP    0x534d4150
#define COM1_DATA    0x3f8
#define COM1_LINE    0x3fb
#define LINE_8N1     0x03
#define BIOS_READ    0x42 /* INT 13h: extended read, by a disk address packet */
#define PACKET_BYTES 16

	.section .text.first, "ax", @progbits
	.code16
	.globl start
start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $BOOT_START, %sp
	sti

	/* DL is still the drive that the BIOS has booted from. */
	movw $packet, %si
	movb $BIOS_READ, %ah
	int $0x13
	movw $message_disk, %si
	jc die16

	movw $memory_map, %di
	xorl %ebx, %ebx
1:	movl $0xe820, %eax
	movl $E820_BYTES, %ecx
	movl $E820_SMAP, %edx
	int $0x15
	movw $message_map, %si
	jc die16
	addw $E820_BYTES, %di
	incl memory_map_count
	cmpl $E820_MAX, memory_map_count
	je die16
	testl %ebx, %ebx
	jnz 1b

	cli
	inb $A20_PORT, %al
	orb $A20_ON, %al
	outb %al, $A20_PORT
	lgdt gdt_pointer
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmp $CODE32, $start32

die16:
	movb $LINE_8N1, %al
	movw $COM1_LINE, %dx
	outb %al, %dx
2:	lodsb
	testb %al, %al
	jz 1f
	movw $COM1_DATA, %dx
	outb %al, %dx
	jmp 2b
1:	cli
	hlt
	jmp 1b

	.balign 4
packet:
	.byte PACKET_BYTES, 0
	.word BOOT_SECTORS - 1
	.word BOOT_START + SECTOR_BYTES, 0
	.quad 1
message_disk:
	.asciz "PANIC: test boot: the disk can't be read\r\n"
message_map:
	.asciz "PANIC: test boot: the BIOS has no memory map, or a long one\r\n"
	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff /* 32-bit code, flat */
	.quad 0x00cf93000000ffff /* data, flat */
gdt_pointer:
	.word . - gdt - 1
	.long gdt

	.code32
start32:
	movw $DATA32, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $BOOT_START, %esp
	call boot
	ud2

	/* enter(entry, start_info): as PVH wants it. */
	.globl enter
enter:
	movl 4(%esp), %eax
	movl 8(%esp), %ebx
	jmp *%eax

	.org SECTOR_BYTES - 2
	.word 0xaa55 /* what the BIOS takes for a disk to boot from */
