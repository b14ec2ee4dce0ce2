/* interrupts.h: what the files of arch/x86_64 tell each other. */
#ifndef X86_INTERRUPTS_H
#define X86_INTERRUPTS_H

#include "lib/types.h"

struct trap_frame;
struct cpu;

/* Is SMAP on, so that user copies must open and close the user's half? Set by cpu_init. */
extern bool cpu_smap;

/* Load the vectors of this CPU. */
void idt_init(void);

/* The local interrupt controller; false: there is none. */
NODISCARD bool apic_init(void);
void apic_end_of_interrupt(void);
uint32_t apic_id(void);
/* The one-shot timer: `ticks` of its own clock from now, 0: stop. */
void apic_timer_set(uint32_t ticks);
uint32_t apic_timer_left(void);
bool apic_is_x2(void);

/* A legacy interrupt arrived. */
void irq_dispatch(unsigned line);

/* Vector state of threads: find out which registers there are, once on each CPU. */
void vector_init(void);

#endif
