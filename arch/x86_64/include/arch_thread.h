/* arch_thread.h: included by <arch/thread.h>. */
#ifndef ARCH_THREAD_IMPL_H
#define ARCH_THREAD_IMPL_H

#include "lib/types.h"

#define KERNEL_STACK_BYTES 16384u

struct arch_thread {
	uint64_t sp;           /* while it does not run: its switch frame */
	vaddr_t stack_top;     /* the user's trap frame stands just below */
	uint64_t fs_base;      /* while it does not run */
	uint64_t user_gs_base; /* while it does not run */
	void *vector_memory;   /* from kmalloc */
	void *vector_state;    /* aligned, inside it: XSAVE or FXSAVE area; NULL: a thread without a
				  user side */
};

#endif
