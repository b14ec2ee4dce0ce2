/*
 * descriptors.c: segment, task-state and interrupt descriptors. 64-bit mode needs few: flat code
 * for both rings, a task-state segment for its stack pointers, 256 gates. (SDM
 * 3A, 3.4.5, 6.14, 8.7.)
 */
#include <arch/mmu.h>

#include "sync/cpu.h"
#include "x86.h"

/* Segment descriptors' access bytes and flags, in place. */
#define SEGMENT_PRESENT   (1ull << 47)
#define SEGMENT_RING3     (3ull << 45)
#define SEGMENT_CODE_DATA (1ull << 44)
#define SEGMENT_CODE      (1ull << 43)
#define SEGMENT_WRITE     (1ull << 41) /* data: writable; code: readable */
#define SEGMENT_ACCESSED  (1ull << 40) /* set, so that the processor has nothing to write */
#define SEGMENT_LONG      (1ull << 53)
#define SEGMENT_FLAT      0x00cf00000000ffffull /* limit 4 GiB; ignored in 64-bit mode */
#define SEGMENT_FLAT_LONG 0x008f00000000ffffull /* L set wants D clear */
#define SEGMENT_TSS       (9ull << 40)          /* available 64-bit TSS */

#define CODE64                                                                                    \
	(SEGMENT_FLAT_LONG | SEGMENT_PRESENT | SEGMENT_CODE_DATA | SEGMENT_CODE | SEGMENT_WRITE | \
	 SEGMENT_ACCESSED | SEGMENT_LONG)
#define DATA (SEGMENT_FLAT | SEGMENT_PRESENT | SEGMENT_CODE_DATA | SEGMENT_WRITE | SEGMENT_ACCESSED)

#define GATE_INTERRUPT 0x8e00u /* present, 64-bit interrupt gate: interrupts off at entry */
#define GATE_RING3     0x6000u

/* What LGDT and LIDT take. */
struct table_pointer {
	uint16_t limit;
	uint64_t base;
} PACKED;

/* A gate: offset in three pieces, selector, IST in bits 2:0 of word 2, type (SDM 3A, figure 6-8).
 */
struct gate {
	uint64_t low, high;
};

/* One for all CPUs, written by the boot CPU only. */
static struct gate idt[VECTORS];

static struct gate make_gate(vaddr_t entry, unsigned ist, uint64_t type)
{
	return (struct gate){
		.low = (entry & 0xffff) | (uint64_t)KERNEL_CS << 16 | (ist | type) << 32 |
		       (entry >> 16 & 0xffff) << 48,
		.high = entry >> 32,
	};
}

static unsigned ist_of(unsigned vector)
{
	switch (vector) {
	case VECTOR_DEBUG:
		return IST_DEBUG + 1;
	case VECTOR_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT + 1;
	case VECTOR_NMI:
		return IST_NMI + 1;
	case VECTOR_MACHINE_CHECK:
		return IST_MACHINE_CHECK + 1;
	default:
		return 0;
	}
}

void descriptors_fill_idt(void)
{
	for (unsigned vector = 0; vector < VECTORS; vector++) {
		vaddr_t stub = (vaddr_t)trap_stubs + vector * TRAP_STUB_BYTES;
		/* A program may execute INT 3 and INT 4 and nothing else. */
		bool is_open = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW;
		uint64_t ring = is_open ? GATE_RING3 : 0;
		idt[vector] = make_gate(stub, ist_of(vector), GATE_INTERRUPT | ring);
	}
}

static void fill_tss(struct arch_cpu *cpu, vaddr_t stack_top)
{
	struct task_state *tss = &cpu->tss;

	*tss = (struct task_state){0};
	/* Past the limit: no port is open to ring 3. */
	tss->iomap_base = sizeof(*tss);
	tss->rsp[0] = stack_top;
	for (unsigned i = 0; i < IST_COUNT; i++) {
		cpu->ist[i].cpu = cpu->self;
		tss->ist[i] = (vaddr_t)&cpu->ist[i].cpu;
	}
}

static void fill_gdt(struct arch_cpu *cpu)
{
	vaddr_t tss = (vaddr_t)&cpu->tss;

	cpu->gdt[KERNEL_CS / 8] = CODE64;
	cpu->gdt[KERNEL_SS / 8] = DATA;
	cpu->gdt[USER_CS32 / 8] = 0;
	cpu->gdt[USER_SS / 8] = DATA | SEGMENT_RING3;
	cpu->gdt[USER_CS / 8] = CODE64 | SEGMENT_RING3;
	cpu->gdt[TSS_SELECTOR / 8] = (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 | SEGMENT_TSS |
				     SEGMENT_PRESENT | (tss >> 24 & 0xff) << 56;
	cpu->gdt[TSS_SELECTOR / 8 + 1] = tss >> 32;
}

/* CS can only be changed by a far transfer: a far return to the next instruction. */
static void load_segments(void)
{
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %1, %%ss\n\t"
			 "movl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs\n\t"
			 "lldt %w2\n\t"
			 "ltr %w3"
			 :
			 : "i"(KERNEL_CS), "r"(KERNEL_SS), "r"(0), "r"(TSS_SELECTOR)
			 : "rax", "memory");
}

void descriptors_init(struct arch_cpu *cpu, vaddr_t stack_top)
{
	const struct table_pointer gdt = {sizeof(cpu->gdt) - 1, (vaddr_t)cpu->gdt};
	const struct table_pointer idt_pointer = {sizeof(idt) - 1, (vaddr_t)idt};

	fill_tss(cpu, stack_top);
	fill_gdt(cpu);
	__asm__ volatile("lgdt %0" : : "m"(gdt));
	load_segments();
	msr_write(MSR_FS_BASE, 0);
	msr_write(MSR_GS_BASE, (vaddr_t)cpu->self); /* loading GS may have cleared it */
	msr_write(MSR_KERNEL_GS_BASE, 0);
	__asm__ volatile("lidt %0" : : "m"(idt_pointer));
}
