/* time.h: one clock that only goes forward, and one deadline a CPU. */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include "lib/types.h"

/* Find and calibrate a clock source and a timer. After acpi_init. Logs which ones and why. */
void time_init(void);

/* Nanoseconds since time_init (before it: 0). */
uint64_t time_now(void);

/* The finest counter that there is, in no unit: for what can't be foreseen of it. */
uint64_t time_ticks(void);
/* Nanoseconds that so many of them take. */
uint64_t time_of_ticks(uint64_t ticks);

/* Call trap_timer() on this CPU at or after time_now() == deadline. One deadline; a later call
 * replaces it. UINT64_MAX: never. */
void time_arm(uint64_t deadline);

/* Seconds since 1970 by the machine's real-time clock, read once at time_init; 0 if there is none.
 */
uint64_t time_boot_epoch(void);

#endif
