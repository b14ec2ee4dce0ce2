/* arch_cpu.h: a CPU of the host is a thread; there is one, unless a test makes more: see host.h. */
#ifndef ARCH_CPU_IMPL_H
#define ARCH_CPU_IMPL_H

struct cpu;

struct arch_cpu {
	bool interrupts;
};

struct cpu *cpu_local(void);
void cpu_relax(void);

#endif
