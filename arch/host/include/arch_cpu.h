/* arch_cpu.h: the host has one CPU. */
#ifndef ARCH_CPU_IMPL_H
#define ARCH_CPU_IMPL_H

struct cpu;

struct arch_cpu {
	bool interrupts;
};

struct cpu *cpu_local(void);

static inline void cpu_relax(void)
{
}

#endif
