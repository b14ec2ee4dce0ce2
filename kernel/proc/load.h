/* load.h: how busy the machine was: the load averages (proc(5), loadavg). */
#ifndef PROC_LOAD_H
#define PROC_LOAD_H

#include "lib/types.h"

#define LOAD_FRACTION_BITS 16u /* as sysinfo(2) gives them */

/* Begin to count. Once, at boot. */
void load_init(void);

/* Threads that run or could, averaged over 1, 5 and 15 minutes. */
void load_averages(uint64_t averages[3]);

#endif
