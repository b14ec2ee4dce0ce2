/* thread.h: threads of the kernel's own; proc/thread.c implements this. */
#ifndef SYNC_THREAD_H
#define SYNC_THREAD_H

#include "lib/types.h"

/* A new thread calls entry(argument), interrupts on; it ends when that returns. No signal reaches
 * it. -ENOMEM. */
NODISCARD int kernel_thread_start(void (*entry)(void *), void *argument);

#endif
