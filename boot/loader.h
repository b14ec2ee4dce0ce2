/*
 * loader.h: what the parts of the UEFI loader share.
 *
 * The loader runs on one CPU at TPL_APPLICATION. All that it knows is in one struct loader, which
 * lives on efi_main()'s stack. A function that can fail returns an EFI_STATUS; the first failure
 * leaves its sentence in loader.failure, and only efi_main() shows it. All memory comes from
 * loader_allocate(), so a failed start gives all of it back to the firmware.
 */
#ifndef BOOT_LOADER_H
#define BOOT_LOADER_H

#include <efi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "boot_info.h"

/* efi.h makes __attribute__ vanish for compilers that claim to be Microsoft's. This one must not.
 */
struct boot_attribute_check {
	uint8_t byte;
	uint32_t word;
} __attribute__((packed));
_Static_assert(sizeof(struct boot_attribute_check) == 5, "compile with -fno-ms-extensions");

#define NODISCARD __attribute__((warn_unused_result))

#define PAGE_BYTES       4096ull
#define LARGE_PAGE_BYTES (2ull << 20)
#define HUGE_PAGE_BYTES  (1ull << 30)
#define FOUR_GIB         (4ull << 30)
#define KIB              1024ull
#define MIB              (1024ull * 1024)

#define KERNEL_PATH  "\\quire\\kernel.elf"
#define INITRD_PATH  "\\quire\\initrd.cpio"
#define CMDLINE_PATH "\\quire\\cmdline.txt"

#define LOADER_ALLOCATIONS_MAX 16
#define LOADER_FAILURE_BYTES   256

struct allocation {
	EFI_PHYSICAL_ADDRESS start;
	UINTN pages;
};

struct loader {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *services;
	EFI_FILE_HANDLE volume; /* root folder of the volume that has the kernel */
	struct allocation allocations[LOADER_ALLOCATIONS_MAX];
	unsigned allocation_count;
	char failure[LOADER_FAILURE_BYTES];
};

/* Memory from the firmware: physical and, the firmware's map being the identity, a pointer too. */
struct block {
	uint64_t start;
	uint64_t bytes; /* that the user asked for; the allocation is of whole pages */
};

static inline void *block_pointer(const struct block *block)
{
	return (void *)(uintptr_t)block->start;
}

/* ---- memory.c ---- */

enum placement { PLACE_PREFER_LOW, PLACE_BELOW_4G };

/* Zeroed EfiLoaderData, aligned to `align` (a power of two, at least a page). `what` is for the
 * sentence. */
NODISCARD EFI_STATUS loader_allocate(struct loader *loader, const char *what, uint64_t bytes,
				     uint64_t align, enum placement placement, struct block *out);
/* Give one block back before its time. */
void loader_release(struct loader *loader, const struct block *block);
void loader_release_all(struct loader *loader);

/* ---- file.c ---- */

/* Find the volume: the loader's own, else the first one that has the kernel. */
NODISCARD EFI_STATUS file_find_volume(struct loader *loader);
/* Read a whole file; an empty one gives an empty block. Refused: folders, more than `limit` bytes,
 * a file that ends early. */
NODISCARD EFI_STATUS file_read(struct loader *loader, const char *path, uint64_t limit,
			       struct block *out);
/* The same, but a file that isn't there gives an empty block. */
NODISCARD EFI_STATUS file_read_optional(struct loader *loader, const char *path, uint64_t limit,
					struct block *out);
void file_close_volume(struct loader *loader);

/* ---- verify.c ---- */

/* What a signed loader knows the hash of; the order is the one of its section .hashes. */
enum hashed_file { HASHED_KERNEL, HASHED_INITRD, HASHED_CMDLINE, HASHED_FILES };

/* Refused: a loader without hashes while Secure Boot is on. */
NODISCARD EFI_STATUS verify_begin(struct loader *loader);
/* Refused: contents with another hash than the loader was signed with. They must be in memory for
 * good: a file may change between two readings. An absent file counts as empty. */
NODISCARD EFI_STATUS verify_file(struct loader *loader, enum hashed_file which, const char *path,
				 const struct block *contents);

/* ---- memory_map.c ---- */

/* Room for the memory map and for what boot_info says of it. */
struct memory_map {
	struct block descriptors; /* the firmware's, descriptor_bytes each */
	struct block ranges;      /* struct boot_range[] */
	UINTN bytes;              /* of descriptors, in the last map taken */
	UINTN descriptor_bytes;
	UINTN key;
};

/* Allocate both, with room for the map to grow until boot services end. */
NODISCARD EFI_STATUS memory_map_prepare(struct loader *loader, struct memory_map *map);
/* Take the map now. Calls nothing but GetMemoryMap. */
NODISCARD EFI_STATUS memory_map_take(struct loader *loader, struct memory_map *map);
/* The end of RAM, in bytes, by the map last taken. */
uint64_t memory_map_ram_end(const struct memory_map *map);
/* Fill info->ranges from the map last taken, and add the kernel's and the initrd's. Calls no
 * firmware. */
void memory_map_convert(const struct memory_map *map, struct boot_info *info);

/* ---- tables.c, graphics.c ---- */

/* ACPI, SMBIOS, system table, firmware vendor. `vendor` has room for `vendor_bytes`. */
void tables_find(struct loader *loader, struct boot_info *info, char *vendor, size_t vendor_bytes);
/* The framebuffer of the console's graphics device; none (bytes == 0) is no error. */
void graphics_find(struct loader *loader, struct boot_framebuffer *out);

/* ---- report.c ---- */

/* Note the sentence of a failure, unless there is one already, and return `status`. */
NODISCARD EFI_STATUS fail(struct loader *loader, EFI_STATUS status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One line of progress. */
void report_line(struct loader *loader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Show the sentence and wait for a key. */
void report_failure(struct loader *loader);
/* The firmware may no longer be called: say so and halt. */
_Noreturn void report_dead(struct loader *loader);
const char *status_name(EFI_STATUS status);

/* ---- format.c: snprintf with %s %u %llu %llx ---- */

void format_text(char *out, size_t bytes, const char *format, va_list arguments);

#endif
