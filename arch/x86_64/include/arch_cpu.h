/* arch_cpu.h: included by <arch/cpu.h> only. */
#ifndef ARCH_X86_64_ARCH_CPU_H
#define ARCH_X86_64_ARCH_CPU_H

#include "lib/types.h"
#include "registers.h"

struct cpu;

/* 64-bit task-state segment (SDM 3A, 8.7): stacks for entries into ring 0. */
struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap_base;
} PACKED;
_Static_assert(sizeof(struct task_state) == 104, "by the manual");

/* Exceptions that may come when the stack is unusable, each with its own: IST index minus 1. */
enum ist { IST_DEBUG, IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_COUNT };
#define IST_STACK_BYTES (8 * KIB)

/*
 * The top of the stack holds the address of struct cpu: these exceptions may come between an entry
 * from ring 3 and its SWAPGS, when the GS base is still whatever the user has put there.
 */
struct ist_stack {
	uint8_t bytes[IST_STACK_BYTES - 16];
	struct cpu *cpu;
	uint64_t reserved;
} ALIGNED(16);

struct arch_cpu {
	struct cpu *self;      /* the GS base points here */
	vaddr_t syscall_stack; /* the running thread's; SYSCALL itself leaves RSP alone */
	vaddr_t user_sp;       /* scratch of syscall_entry, interrupts off */
	uint64_t spurious;     /* interrupts that nobody asked for */
	uint64_t armed;        /* the deadline of time_arm(), interrupts off */
	uint64_t programmed;   /* what the timer is set to: that one, or an earlier one */
	uint64_t tsc_behind;   /* the first CPU's time-stamp counter less this one's */
	uint32_t apic_id;
	uint32_t start; /* atomic: how far it has come, see smp.c; done once it is online */
	struct task_state tss ALIGNED(8);
	uint64_t gdt[GDT_ENTRIES];
	struct ist_stack ist[IST_COUNT];
};
_Static_assert(offsetof(struct arch_cpu, self) == CPU_SELF, "assembly uses it");
_Static_assert(offsetof(struct arch_cpu, syscall_stack) == CPU_SYSCALL_STACK, "assembly uses it");
_Static_assert(offsetof(struct arch_cpu, user_sp) == CPU_USER_SP, "assembly uses it");

/* In the kernel the GS base is the address of this CPU's struct cpu; SWAPGS exchanges it with the
 * user's. */
/* time_ticks(), but for the order: what stands before it may not be done yet. For sums of many. */
static inline uint64_t cpu_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline struct cpu *cpu_local(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(CPU_SELF));
	return cpu;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
