/* arch_mmu.h: the host's page tables: the same bits as the machine's, walked by software. */
#ifndef ARCH_MMU_IMPL_H
#define ARCH_MMU_IMPL_H

#include "../../x86_64/include/x86_entry.h"

struct frame;

/* Where host_memory_init() puts the memory that plays RAM: where the sanitizer leaves room. */
#if __has_feature(thread_sanitizer)
#define ARCH_DIRECT_MAP_BASE 0x004000000000ull
#else
#define ARCH_DIRECT_MAP_BASE 0x200000000000ull
#endif
#define ARCH_FRAME_DATABASE host_frames

extern struct frame *host_frames; /* entry n describes frame n */

/* Have the processors tags? Set before any runs. */
extern bool host_tags;

static inline bool mmu_has_tags(void)
{
	return host_tags;
}

static inline bool mmu_leaf_level_ok(unsigned level)
{
	return level <= 3;
}

#endif
