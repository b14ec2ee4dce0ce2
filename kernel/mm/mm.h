/* mm.h: memory at boot, in one call. */
#ifndef MM_MM_H
#define MM_MM_H

#include "boot_info.h"
#include "lib/types.h"

/*
 * Take over the machine's memory: make sense of the map, build the kernel's own page tables and run
 * on them, set up the frame database over all RAM, and free what the firmware and the loader no
 * longer need. `info` must be a copy: its original is in memory that is free afterwards. Panics, in
 * words, if memory does not do.
 */
void mm_init(const struct boot_info *info);

/* SMP_TRAMPOLINE_PAGES of RAM below 1 MiB that nobody else has: their physical address. 0: there
 * are none. */
paddr_t mm_low_pages(void);

/* Usable RAM, bytes. */
uint64_t mm_total_bytes(void);

#endif
