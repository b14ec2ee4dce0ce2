/* arch_mmu.h: included by <arch/mmu.h> only. */
#ifndef ARCH_MMU_IMPL_H
#define ARCH_MMU_IMPL_H

#include "x86_entry.h"

/* Does this CPU have leaves at `level`? 2 MiB pages always in 64-bit mode, 1 GiB pages by CPUID. */
bool mmu_leaf_level_ok(unsigned level);

#endif
