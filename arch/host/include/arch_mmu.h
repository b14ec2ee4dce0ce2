/* arch_mmu.h: the host's page tables: the same bits as the machine's, walked by software. */
#ifndef ARCH_MMU_IMPL_H
#define ARCH_MMU_IMPL_H

#include "../../x86_64/include/x86_entry.h"

/* Where host_memory_init() puts the memory that plays RAM. */
#define ARCH_DIRECT_MAP_BASE 0x200000000000ull

static inline bool mmu_leaf_level_ok(unsigned level)
{
	return level <= 3;
}

#endif
