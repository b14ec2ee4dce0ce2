/* arch_thread.h: included by <arch/thread.h> only. */
#ifndef ARCH_X86_64_ARCH_THREAD_H
#define ARCH_X86_64_ARCH_THREAD_H

#include "lib/types.h"

#define KERNEL_STACK_BYTES (16 * KIB)

/* All zeros is right for the boot thread, which runs on the boot stack and never leaves for ring
 * 3. */
struct arch_thread {
	vaddr_t sp;        /* while it is not running */
	vaddr_t stack_top; /* the user's trap frame ends here */
	void *registers;   /* XSAVE area, aligned to 64; while it is not running */
	void *allocation;  /* what kmalloc gave for it */
	uint64_t fs_base;  /* the user's; while it is not running */
	uint64_t gs_base;
	uint64_t saves; /* how often `registers` was written by a switch */
	struct {
		uint64_t vector, error, address;
	} fault; /* the last exception of the program's that became a signal */
};

#endif
