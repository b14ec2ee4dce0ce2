/*
 * cross_call.h: have a function run on other CPUs.
 *
 * Each CPU has one call of its own, and a set of CPUs whose calls it shall serve. Who waits for its
 * own call serves others meanwhile, so two that call each other both come through, interrupts on or
 * off. A CPU that waits for a spinlock serves nobody: so who calls holds none.
 */
#ifndef SYNC_CROSS_CALL_H
#define SYNC_CROSS_CALL_H

#include "lib/types.h"

/* Run function(argument) on each of the set `targets` that is online, this one excluded, interrupts
 * off, and return once all have. Under no spinlock. */
void cross_call(uint64_t targets, void (*function)(void *argument), void *argument);

/* Serve who waits for this CPU. Interrupts off. */
void cross_call_serve(void);

#endif
