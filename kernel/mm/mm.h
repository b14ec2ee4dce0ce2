/* mm.h: memory at boot, in one call. */
#ifndef MM_MM_H
#define MM_MM_H

#include "boot_info.h"

/*
 * Take over the machine's memory: make sense of the map, build the kernel's own page tables and run
 * on them, set up the frame database over all RAM, and free what the firmware and the loader no
 * longer need. `info` must be a copy: its original is in memory that is free afterwards. Panics, in
 * words, if memory does not do.
 */
void mm_init(const struct boot_info *info);

/* Usable RAM, bytes. */
uint64_t mm_total_bytes(void);

#endif
