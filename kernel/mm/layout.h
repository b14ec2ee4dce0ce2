/*
 * layout.h: the kernel's half of every address space (docs/memory-layout.md has the picture).
 * Each area starts on a 512 GiB boundary: one entry of the root table or more.
 */
#ifndef MM_LAYOUT_H
#define MM_LAYOUT_H

#include <arch/mmu.h>

#define DIRECT_MAP_BASE  ARCH_DIRECT_MAP_BASE /* all RAM, at its physical address plus this */
#define DIRECT_MAP_BYTES (64ull << 40)
/* struct frame[], by frame number; mapped where there is RAM. */
#define FRAME_DATABASE   ARCH_FRAME_DATABASE
#define KMAP_BASE        0xffffe80000000000ull /* kernel stacks with guards, device memory */
#define KMAP_BYTES       (512ull << 30)
/* The image; the lowest link address is 2 MiB above. */
#define KERNEL_BASE      0xffffffff80000000ull

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(pa + DIRECT_MAP_BASE);
}

static inline paddr_t virt_to_phys(const void *direct)
{
	return (vaddr_t)direct - DIRECT_MAP_BASE;
}

#endif
