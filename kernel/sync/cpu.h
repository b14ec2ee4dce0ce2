/*
 * cpu.h: what belongs to one CPU. Only that CPU touches it, with interrupts off, but for the fields
 * marked (c): changed atomically; (i): set before it runs.
 */
#ifndef SYNC_CPU_H
#define SYNC_CPU_H

#include <arch/cpu.h>
#include "sync/spinlock.h"

struct thread;
struct vm_space;

#define CPU_MAX 64u /* a set of CPUs is a uint64_t */

/* What one CPU asks of others: see cross_call.h. */
struct cross_call {
	void (*function)(void *argument);
	void *argument;
	uint64_t pending; /* (c) CPUs that have not done it yet */
};

/* What is kept under a tag of the processor's translation cache; see vm/tlb.c. */
#define CPU_TAGS 6u
struct cpu_tag {
	uint64_t space;      /* the serial number of the space whose translations; 0: nobody's */
	uint64_t generation; /* of the space, that they are as new as */
	uint64_t used;       /* when last, in `activations` */
};

struct cpu {
	struct arch_cpu arch;   /* first: the processor's code finds it at offset 0 */
	unsigned id;            /* (i) below CPU_MAX */
	vaddr_t stack_top;      /* (i) that it starts on; 0 for the first one */
	struct thread *thread;  /* running now */
	struct thread *idle;    /* (i) runs when nothing else can */
	struct vm_space *space; /* active now; NULL: the kernel's half alone */
	uint32_t held_ranks;    /* bit r: a spinlock of rank r is held */
	bool need_resched;
	uint64_t kernel_since;  /* cpu_ticks() when `thread` came into the kernel, or came here */
	struct cross_call call; /* its own, while it waits for others */
	uint64_t callers;       /* (c) CPUs whose call it shall serve */
	struct cpu_tag tags[CPU_TAGS];
	uint64_t activations; /* of spaces, where there are tags */
	unsigned slot;        /* in `tags`, of the active space */
	bool in_interrupt;    /* a handler runs: it may find memory's lists half changed */
};

extern struct cpu boot_cpu;

/* By id; set before the CPU runs, never changed after. The first cpu_count() are there. */
extern struct cpu *cpus[CPU_MAX];
unsigned cpu_count(void);
/* The set of those that run. */
uint64_t cpus_online(void);

/* ---- for who starts them (arch/smp.h) ---- */

/* It counts from now on and has a number, or no more; false: CPU_MAX are there. Boot only. */
NODISCARD bool cpu_add(struct cpu *cpu);
void cpu_remove(struct cpu *cpu);
/* The calling CPU takes interrupts from now on, for ever. */
void cpu_set_online(void);

/* A CPU more, added, with a stack and an idle thread; NULL: no memory, or CPU_MAX are there. If it
 * does not start it is given back. (proc/cpus.c) */
struct cpu *cpu_prepare(void);
void cpu_discard(struct cpu *cpu);

/* What a further CPU does from now on. Interrupts off, on its own stack. */
NORETURN void cpu_run(void);

#endif
