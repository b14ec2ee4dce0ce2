/*
 * boot_alloc.h: frames before there are frames: pages from the end of one usable range, never given
 * back. What kmap_init() builds comes from here: its tables and the frame database.
 */
#ifndef MM_BOOT_ALLOC_H
#define MM_BOOT_ALLOC_H

#include "mm/memmap.h"

/* Choose the largest usable range below 4 GiB, which the boot tables certainly map. Panics if there
 * is none. */
void boot_alloc_init(const struct memmap *map);

/* A zeroed page's address; panics when the range is used up. */
paddr_t boot_alloc_page(void);

bool boot_alloc_active(void);

/* No more. [*start, *end) is what was given out. */
void boot_alloc_finish(paddr_t *start, paddr_t *end);

#endif
