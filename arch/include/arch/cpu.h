/*
 * cpu.h: processors.
 *
 * struct cpu (sync/cpu.h) is portable and embeds struct arch_cpu by value. Each CPU finds its own
 * through a segment base, so cpu_local() is one load and is right as long as the caller can't be
 * moved.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "lib/types.h"
#include <arch_cpu.h> /* struct arch_cpu, and inline cpu_local(), cpu_relax(), cpu_ticks() */

struct cpu;
struct text_sink;

/* Make `cpu` this CPU's own. The first thing the kernel does on a CPU. */
void cpu_set_local(struct cpu *cpu);

/* Wait for an interrupt: turns interrupts on, halts, and returns with them off. */
void cpu_idle(void);

/* Stop for ever, interrupts off. */
NORETURN void cpu_halt(void);

/* Detect features, turn on what this CPU has of NX WP SMEP SMAP UMIP FSGSBASE, set the memory-type
 * table, load the descriptor tables with their IST stacks. Needs no allocation. Once on each CPU.
 */
void cpu_init(void);

/* Log what cpu_init found and turned on. */
void cpu_log_features(void);

/* What /proc/cpuinfo says of a CPU like this one, by that number. */
void cpu_print_info(unsigned number, struct text_sink *sink);

/* Fill with hardware random numbers; false if the CPU has no generator or it failed. */
NODISCARD bool cpu_random(uint64_t *value);

/* One past the highest physical address the CPU can form (CPUID 80000008h). Callable before
 * cpu_init. */
paddr_t cpu_physical_limit(void);

/* AT_HWCAP as Linux gives it, and AT_PLATFORM. */
uint64_t cpu_hwcap(void);
#define CPU_PLATFORM "x86_64"

#endif
