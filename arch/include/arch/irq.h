/* irq.h: this CPU's interrupt flag, and the lines of the legacy devices the kernel uses. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include "lib/types.h"

bool irq_enabled(void);
void irq_enable(void);
void irq_disable(void);
bool irq_save(void); /* turns interrupts off; true if they were on */
void irq_restore(bool were_on);

/* Route the legacy (ISA) interrupt `line` to this CPU and call `handler` for each, interrupts off.
 * -ENODEV where no interrupt controller that can was found: the caller polls then. */
NODISCARD int irq_register(unsigned line, void (*handler)(void *), void *argument);

#endif
