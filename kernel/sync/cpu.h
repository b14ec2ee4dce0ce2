/* cpu.h: what belongs to one CPU. Only that CPU touches it, with interrupts off. */
#ifndef SYNC_CPU_H
#define SYNC_CPU_H

#include <arch/cpu.h>
#include "sync/spinlock.h"

struct thread;
struct vm_space;

#define CPU_MAX 64u

struct cpu {
	struct arch_cpu arch;   /* first: the processor's code finds it at offset 0 */
	unsigned id;            /* below CPU_MAX */
	struct thread *thread;  /* running now */
	struct thread *idle;    /* runs when nothing else can */
	struct vm_space *space; /* active now; NULL: the kernel's half alone */
	uint32_t held_ranks;    /* bit r: a spinlock of rank r is held */
	bool need_resched;
	bool in_interrupt; /* a handler runs: it may find memory's lists half changed */
};

extern struct cpu boot_cpu;

#endif
