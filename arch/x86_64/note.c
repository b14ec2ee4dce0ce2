/*
 * note.c: what loaders read in the kernel's file before they start it. A note is the lengths of
 * its name and contents, its type, and both, padded to 4 bytes. (Tool Interface Standard, ELF
 * Specification 1.2, "Note Section".)
 */
#include "boot_info.h"
#include "mm/layout.h"
#include "x86.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18 /* Xen, public/elfnote.h */

/* For boot/: the version of struct boot_info that this kernel understands. */
static const struct {
	uint32_t name_bytes, contents_bytes, type;
	char name[ALIGN_UP(sizeof(BOOT_NOTE_NAME), 4)];
	uint32_t version;
} version_note SECTION(".note.quire") = {
	.name_bytes = sizeof(BOOT_NOTE_NAME),
	.contents_bytes = sizeof(uint32_t),
	.type = BOOT_NOTE_INFO_VERSION,
	.name = BOOT_NOTE_NAME,
	.version = BOOT_INFO_VERSION,
};

/* For a PVH loader: where to start. It reads as many bytes as an address of the file's class has.
 */
static const struct PACKED ALIGNED(4) {
	uint32_t name_bytes, contents_bytes, type;
	char name[4];
	uint64_t entry;
} pvh_note SECTION(".note.xen") = {
	.name_bytes = sizeof("Xen"),
	.contents_bytes = sizeof(uint64_t),
	.type = XEN_ELFNOTE_PHYS32_ENTRY,
	.name = "Xen",
	.entry = (uint64_t)pvh_start - KERNEL_BASE,
};
