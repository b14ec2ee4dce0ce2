/*
 * smp.h: further processors: starting them, interrupting them, stopping them.
 *
 * Down: smp_start() and the rest. Up: cpu_prepare() and cpu_run() (sync/cpu.h).
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "lib/types.h"

struct cpu;

/*
 * Start every processor that the firmware's tables list, but the one that calls, and at most `most`
 * in all. One that does not come up, or has not what the first one has, is logged and left out.
 * After time_init(). `trampoline`: physical address of SMP_TRAMPOLINE_PAGES below 1 MiB, nobody's;
 * 0: there are none, so none is started.
 */
#define SMP_TRAMPOLINE_PAGES 4
void smp_start(paddr_t trampoline, unsigned most);

/* Have trap_call() called on `cpu`, soon. Any context; it may be this CPU. */
void smp_interrupt(struct cpu *cpu);

/* Stop all other processors for ever, whatever they do. For a panic. */
void smp_stop_others(void);

#endif
