/* memmap.h: making sense of the firmware's memory map. Pure: ranges in, ranges out. */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "boot_info.h"
#include "lib/types.h"

#define MEMMAP_MAX 2048

/* Types as of boot_range; page-aligned, ascending, disjoint, neighbours of one type merged. */
struct memmap {
	unsigned count;
	unsigned dropped; /* input ranges that made no sense, or that did not fit */
	struct boot_range ranges[MEMMAP_MAX];
};

/*
 * Sort, align, merge and resolve overlaps of `count` ranges in any order, empty, unaligned or
 * wrapping ones among them. Where ranges overlap the most restrictive type wins: RAM that may be
 * used grows inwards to pages, everything else outwards. Free RAM (USABLE, BOOT, LOADER) below
 * `floor` (1 MiB) becomes RESERVED. Ranges past `limit` (the CPU's physical address width) are
 * dropped, one across it is cut.
 */
void memmap_build(struct memmap *out, const struct boot_range *in, unsigned count, paddr_t floor,
		  paddr_t limit);

#endif
