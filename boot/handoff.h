/* handoff.h: the last instructions of the loader (handoff.S). */
#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

/* Offsets in struct handoff, for the assembler. */
#define HANDOFF_ROOT       0
#define HANDOFF_ROOT5      8
#define HANDOFF_ENTRY      16
#define HANDOFF_BOOT_INFO  24
#define HANDOFF_TRAMPOLINE 32

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct handoff {
	uint64_t root;       /* PML4: below 4 GiB */
	uint64_t root5;      /* PML5 over it, if the CPU is in 5-level paging; else 0 */
	uint64_t entry;      /* the kernel's, virtual */
	uint64_t boot_info;  /* physical */
	uint64_t trampoline; /* with root5: a page below 4 GiB that holds a copy of
				handoff_trampoline */
};

_Static_assert(offsetof(struct handoff, root) == HANDOFF_ROOT, "handoff.S");
_Static_assert(offsetof(struct handoff, root5) == HANDOFF_ROOT5, "handoff.S");
_Static_assert(offsetof(struct handoff, entry) == HANDOFF_ENTRY, "handoff.S");
_Static_assert(offsetof(struct handoff, boot_info) == HANDOFF_BOOT_INFO, "handoff.S");
_Static_assert(offsetof(struct handoff, trampoline) == HANDOFF_TRAMPOLINE, "handoff.S");

/*
 * Load the boot page tables and jump to the kernel. [handoff_start, handoff_end) must be executable
 * under both the firmware's tables and these, and so must the trampoline under these.
 */
_Noreturn void handoff(const struct handoff *handoff);

extern const uint8_t handoff_start[], handoff_end[];
/* What to copy to the trampoline page. */
extern const uint8_t handoff_trampoline[], handoff_trampoline_end[];
/* Slots in it, for leave_firmware() to fill in the copy. The far offset is relative to the page. */
extern const uint8_t handoff_trampoline_entry[], handoff_trampoline_boot_info[];
extern const uint8_t handoff_trampoline_far_offset[];
#endif

#endif
