/* arch_mmu.h: included by <arch/mmu.h> only. */
#ifndef ARCH_MMU_IMPL_H
#define ARCH_MMU_IMPL_H

#include "boot_info.h"
#include "x86_entry.h"

struct frame;

/* The boot tables have the direct map at the same place, so physical memory is reached alike from
 * the start. */
#define ARCH_DIRECT_MAP_BASE BOOT_DIRECT_MAP
#define ARCH_FRAME_DATABASE  ((struct frame *)0xffffe00000000000ull)

/* Does this CPU have leaves at `level`? 2 MiB pages always in 64-bit mode, 1 GiB pages by CPUID. */
bool mmu_leaf_level_ok(unsigned level);

/* Tags are PCIDs (SDM 3A, 4.10.1). Set by cpu_init(), constant after it. */
extern bool mmu_pcids;

static inline bool mmu_has_tags(void)
{
	return mmu_pcids;
}

#endif
