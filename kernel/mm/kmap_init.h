/* kmap_init.h: what boot calls to build the kernel's half; nobody else needs it. */
#ifndef MM_KMAP_INIT_H
#define MM_KMAP_INIT_H

#include "mm/memmap.h"

/* Build the kernel's half from the boot allocator, and run on it. Panics if memory does not do. */
void kmap_init(const struct memmap *map, const struct boot_info *info);

/* Do frames of this kind of range have entries in the frame database? */
bool kmap_range_has_frames(uint32_t type);

/* What the finished tables grant. */
struct kmap_audit {
	uint64_t leaves;
	uint64_t writable_executable;
	uint64_t user;
	uint64_t large; /* leaves above 4 KiB */
	uint64_t tables;
};
void kmap_audit(struct kmap_audit *out);
/* Log it; panics if anything is writable and executable, or open to ring 3. */
void kmap_self_check(void);

#endif
