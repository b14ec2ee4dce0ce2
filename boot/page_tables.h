/*
 * page_tables.h: the tables that the kernel is entered on (boot_info.h says what they map).
 * Intel SDM volume 3, chapter 4.
 */
#ifndef BOOT_PAGE_TABLES_H
#define BOOT_PAGE_TABLES_H

#include "elf.h"
#include "loader.h"

struct page_tables {
	struct block pool; /* zeroed pages below 4 GiB, handed out in order */
	uint64_t used;     /* bytes of it */
	uint64_t root;     /* physical address of the PML4 */
	bool huge_pages;   /* the CPU has pages of 1 GiB */
};

/* Allocate, and map [0, max(4 GiB, ram_end)) at 0 and at BOOT_DIRECT_MAP, writable and not
 * executable. */
NODISCARD EFI_STATUS page_tables_build(struct loader *loader, uint64_t ram_end,
				       uint64_t kernel_bytes, struct page_tables *out);
/* Map the kernel's segments at their link addresses, each with its permissions. */
void page_tables_map_kernel(struct page_tables *tables, const struct elf_kernel *kernel,
			    uint64_t physical_start);
/*
 * Let [start, start + bytes) be executed at its own address, and written no more. Two ranges of at
 * most a page's length each are provided for.
 */
void page_tables_make_executable(struct page_tables *tables, uint64_t start, uint64_t bytes);
/* A PML5 under which 4-level addresses mean the same as under the root; its physical address. */
uint64_t page_tables_add_level(struct page_tables *tables);

#endif
