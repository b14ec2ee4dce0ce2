/*
 * boot_info.h: what the boot loader hands to the kernel.
 *
 * Shared between a PE32+ image (Win64 ABI) and an ELF image (System V ABI), so there are only
 * fixed-width integers here: no pointers, no long, no enum members, no bit-fields.
 *
 * The state of the machine at the kernel's entry point, whoever started it (boot/ under UEFI, or
 * arch/x86_64/pvh.S under a PVH boot):
 *   - one CPU, 64-bit mode, 4-level paging (CR4.LA57 = 0), EFER.NXE = 1, CR0.WP = 1, interrupts
 * off, direction flag clear; RDI = physical address of struct boot_info;
 *   - the boot page tables map physical memory from 0 to the greater of 4 GiB and the end of RAM
 *     twice, writable: at its own address and at BOOT_DIRECT_MAP; and the kernel's segments at
 *     their link addresses (W^X under UEFI, where the loader's last instructions are read-only);
 *   - the stack is anything: the kernel switches to its own at once;
 *   - the kernel image lies in one physically contiguous range, kernel_start, whose offset in
 * memory equals its offset from the image's lowest link address. It is 2 MiB aligned.
 */
#ifndef QUIRE_BOOT_INFO_H
#define QUIRE_BOOT_INFO_H

#include <stdint.h>

#define BOOT_INFO_MAGIC   0x4f464e4945524951ull /* "QIREINFO", little endian */
#define BOOT_INFO_VERSION 1u

#define BOOT_DIRECT_MAP 0xffff800000000000ull

/* The kernel ELF names the version it wants in a note: owner "Quire", type 1, one uint32_t. */
#define BOOT_NOTE_NAME         "Quire"
#define BOOT_NOTE_INFO_VERSION 1u

/* boot_range.type. An unknown value means BOOT_RANGE_RESERVED. */
#define BOOT_RANGE_RESERVED 0u
#define BOOT_RANGE_USABLE   1u /* free RAM */
#define BOOT_RANGE_BOOT     2u /* RAM of the firmware's boot services: free once the kernel runs */
#define BOOT_RANGE_LOADER \
	3u /* RAM holding boot_info and all it points at, boot tables: free later */
#define BOOT_RANGE_KERNEL       4u /* RAM holding the kernel image */
#define BOOT_RANGE_INITRD       5u /* RAM holding the initial RAM disk */
#define BOOT_RANGE_ACPI_RECLAIM 6u /* RAM holding ACPI tables */
#define BOOT_RANGE_ACPI_NVS     7u
#define BOOT_RANGE_RUNTIME      8u /* UEFI runtime services' code and data */
#define BOOT_RANGE_MMIO         9u

/* Physical memory, in bytes, in any order. Ranges may overlap, be empty or be unaligned. */
struct boot_range {
	uint64_t start;
	uint64_t bytes;
	uint32_t type;
	uint32_t reserved;
};

/* bytes == 0: there is no framebuffer. Masks are of one little-endian pixel. */
struct boot_framebuffer {
	uint64_t start;
	uint64_t bytes;
	uint32_t width, height; /* pixels */
	uint32_t pitch;         /* bytes a line */
	uint32_t bits_per_pixel;
	uint32_t red_mask, green_mask, blue_mask;
	uint16_t width_mm, height_mm; /* of what it shows on, as that says itself; 0: not known */
};

/* boot_info.source */
#define BOOT_SOURCE_UEFI 1u
#define BOOT_SOURCE_PVH  2u

/* All addresses are physical; 0 with a size of 0 means absent. */
struct boot_info {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of this structure */
	uint32_t source;
	uint32_t map_key_tries;          /* UEFI: calls of ExitBootServices that it took */
	uint32_t firmware_paging_levels; /* at the loader's entry: 4 or 5 */
	uint32_t range_count;
	uint64_t ranges; /* struct boot_range[range_count] */
	uint64_t kernel_start, kernel_bytes;
	uint64_t initrd_start, initrd_bytes;
	uint64_t cmdline, cmdline_bytes; /* not NUL-terminated; one line of options, UTF-8 */
	uint64_t acpi_rsdp;
	uint64_t smbios;
	uint64_t efi_system_table;
	uint64_t firmware_vendor, firmware_vendor_bytes; /* ASCII, for the log */
	struct boot_framebuffer framebuffer;
};

_Static_assert(sizeof(struct boot_range) == 24, "boot_range is an ABI");
_Static_assert(sizeof(struct boot_framebuffer) == 48, "boot_framebuffer is an ABI");
_Static_assert(sizeof(struct boot_info) == 176, "boot_info is an ABI");

#endif
