/*
 * kmap.h: the kernel's half of the address space: direct map, image, stacks with guards, device
 * memory. Lock: kmap_lock (RANK_KMAP), inside.
 */
#ifndef MM_KMAP_H
#define MM_KMAP_H

#include "lib/types.h"

/* A kernel stack of KERNEL_STACK_BYTES with an unmapped page below; -ENOMEM. *top is its end. */
NODISCARD int kmap_stack_alloc(vaddr_t *top);
void kmap_stack_free(vaddr_t top);

/* Is va in the guard page below a kernel stack? Then the stack overflowed. */
bool kmap_is_stack_guard(vaddr_t va);

/* Map device memory, uncached or as `flags` (VM_WRITE_COMBINING) say, read-write, no-execute, for
 * ever. NULL if there is no memory or no room. Any alignment. */
NODISCARD void *kmap_device(paddr_t start, size_t bytes, unsigned flags);

/* Firmware tables and other RAM that may or may not be in the direct map: readable memory. NULL as
 * above. */
NODISCARD const void *kmap_firmware(paddr_t start, size_t bytes);

/* Is any of it RAM that is the kernel's to use, or holds tables of the firmware? */
bool kmap_is_memory(paddr_t start, size_t bytes);

/* RAM below 1 MiB, which the direct map leaves out: readable and writable memory. NULL as above. */
NODISCARD void *kmap_low_memory(paddr_t start, size_t bytes);

/* The root table that holds only the kernel's half: what a CPU runs on when it has no process. */
paddr_t kmap_root(void);

/* Is [va, va+bytes) mapped in the kernel's half? For backtraces. */
bool kmap_is_mapped(vaddr_t va, size_t bytes);

#endif
