/* arch_cpu.h: included by <arch/cpu.h> and sync/cpu.h. */
#ifndef ARCH_CPU_IMPL_H
#define ARCH_CPU_IMPL_H

#include "lib/types.h"

struct cpu;

/* Task-state segment, SDM 3A, 8.7. */
struct PACKED tss {
	uint32_t reserved0;
	uint64_t rsp[3]; /* stack for entry to ring n */
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap_base; /* at or past the limit: ring 3 has no ports */
};

#define GDT_ENTRIES 7 /* null, kernel code and data, user data and code, TSS (two) */

/* The first three are known to the system-call entry by their offsets (registers.h). */
struct arch_cpu {
	struct cpu *self;
	uint64_t kernel_stack; /* top, of the running thread */
	uint64_t user_rsp;     /* scratch of the system-call entry */
	uint64_t gdt[GDT_ENTRIES];
	struct tss tss;
};

/* This CPU's struct cpu, through the GS base. */
static inline struct cpu *cpu_local(void)
{
	struct cpu *cpu;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause");
}

#endif
