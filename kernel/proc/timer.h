/* timer.h: the scheduler's side of sync/timer.h. */
#ifndef PROC_TIMER_H
#define PROC_TIMER_H

#include "sync/timer.h"

/* The next deadline; UINT64_MAX: none. Under any spinlock. */
uint64_t timers_next(void);

/* Call what is due. Interrupts off, no lock held. */
void timers_run(void);

#endif
