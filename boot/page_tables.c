/* page_tables.c: four levels of boot page tables, from a pool of pages. */
#include "page_tables.h"

#include <cpuid.h>

#define ENTRY_PRESENT    (1ull << 0)
#define ENTRY_WRITABLE   (1ull << 1)
#define ENTRY_LARGE      (1ull << 7)
#define ENTRY_NO_EXECUTE (1ull << 63)
#define ENTRY_ADDRESS    0x000ffffffffff000ull
#define ENTRIES          512u

/* Levels by what an entry maps: 1 is a page of 4 KiB, 4 is 512 GiB (a PML4 entry). */
#define LEVEL_PAGE  1u
#define LEVEL_LARGE 2u
#define LEVEL_HUGE  3u
#define LEVEL_ROOT  4u

#define CPUID_EXTENDED_FEATURES 0x80000001u
#define CPUID_EDX_PAGE1GB       (1u << 26)

/* The kernel's direct map is no larger. RAM beyond it is of no use to it, so it needs no mapping.
 */
#define MAPPED_MAX (64ull << 40)

#define EXECUTABLE_RANGES 2u

static uint64_t level_bytes(unsigned level)
{
	return PAGE_BYTES << (9 * (level - 1));
}

static unsigned index_at(uint64_t address, unsigned level)
{
	return address / level_bytes(level) % ENTRIES;
}

static uint64_t *table_at(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & ENTRY_ADDRESS);
}

/* The pool's size is worked out beforehand by pool_bytes(); running out of it would be our mistake.
 */
static uint64_t new_table(struct page_tables *tables)
{
	const uint64_t table = tables->pool.start + tables->used;

	if (tables->used == tables->pool.bytes)
		__builtin_trap();
	tables->used += PAGE_BYTES;
	return table;
}

/* Replace a large page by a table that maps the same with pages of the next smaller size. */
static void split(struct page_tables *tables, uint64_t *entry, unsigned level)
{
	const uint64_t whole = *entry;
	const uint64_t flags = level - 1 == LEVEL_PAGE ? whole & ~ENTRY_ADDRESS & ~ENTRY_LARGE
						       : whole & ~ENTRY_ADDRESS;
	const uint64_t table = new_table(tables);

	for (unsigned i = 0; i < ENTRIES; i++)
		table_at(table)[i] = ((whole & ENTRY_ADDRESS) + i * level_bytes(level - 1)) | flags;
	*entry = table | ENTRY_PRESENT | ENTRY_WRITABLE;
}

/* The entry for `address` at `level`, with all tables above it made and large pages there split. */
static uint64_t *entry_for(struct page_tables *tables, uint64_t address, unsigned level)
{
	uint64_t *table = table_at(tables->root);

	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		uint64_t *entry = &table[index_at(address, at)];

		if (!(*entry & ENTRY_PRESENT))
			*entry = new_table(tables) | ENTRY_PRESENT | ENTRY_WRITABLE;
		else if (*entry & ENTRY_LARGE)
			split(tables, entry, at);
		table = table_at(*entry);
	}
	return &table[index_at(address, level)];
}

static uint64_t tables_for(uint64_t bytes, unsigned level)
{
	return (bytes + level_bytes(level) - 1) / level_bytes(level);
}

/* An upper bound: for the identity map, the kernel, the splits around executable pages, PML4 and
 * PML5. */
static uint64_t pool_bytes(uint64_t mapped, bool huge_pages, uint64_t kernel_bytes)
{
	const uint64_t identity =
		tables_for(mapped, LEVEL_ROOT) + (huge_pages ? 0 : tables_for(mapped, LEVEL_HUGE));
	const uint64_t kernel = 1 + tables_for(kernel_bytes, LEVEL_HUGE) +
				tables_for(kernel_bytes, LEVEL_LARGE) + 2;
	const uint64_t splits = EXECUTABLE_RANGES * 2 * (LEVEL_HUGE - LEVEL_PAGE);

	return (identity + kernel + splits + 2) * PAGE_BYTES;
}

static bool cpu_has_huge_pages(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid(CPUID_EXTENDED_FEATURES, &eax, &ebx, &ecx, &edx) &&
	       (edx & CPUID_EDX_PAGE1GB);
}

/*
 * No-execute is set in the leaves of the identity map, so that single pages can be let out of it.
 * The direct map shares its tables below the root, and has it in the root's entries, above
 * everything.
 */
EFI_STATUS page_tables_build(struct loader *loader, uint64_t ram_end, uint64_t kernel_bytes,
			     struct page_tables *out)
{
	struct page_tables tables = {.huge_pages = cpu_has_huge_pages()};
	const unsigned level = tables.huge_pages ? LEVEL_HUGE : LEVEL_LARGE;
	uint64_t end = ram_end > FOUR_GIB ? ram_end : FOUR_GIB;
	EFI_STATUS status;

	if (end > MAPPED_MAX)
		end = MAPPED_MAX;
	status = loader_allocate(loader, "the boot page tables",
				 pool_bytes(end, tables.huge_pages, kernel_bytes), PAGE_BYTES,
				 PLACE_BELOW_4G, &tables.pool);
	if (EFI_ERROR(status))
		return status;
	tables.root = new_table(&tables);
	for (uint64_t at = 0; at < end; at += level_bytes(level))
		*entry_for(&tables, at, level) =
			at | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_LARGE | ENTRY_NO_EXECUTE;
	for (uint64_t at = 0; at < end; at += level_bytes(LEVEL_ROOT)) {
		const uint64_t identity = *entry_for(&tables, at, LEVEL_ROOT);

		*entry_for(&tables, BOOT_DIRECT_MAP + at, LEVEL_ROOT) = identity | ENTRY_NO_EXECUTE;
	}
	*out = tables;
	return EFI_SUCCESS;
}

void page_tables_map_kernel(struct page_tables *tables, const struct elf_kernel *kernel,
			    uint64_t physical_start)
{
	for (unsigned i = 0; i < kernel->segment_count; i++) {
		const struct elf_segment *segment = &kernel->segments[i];
		const uint64_t start = segment->virtual_start & ~(PAGE_BYTES - 1);
		const uint64_t end = segment->virtual_start + segment->memory_bytes;
		const uint64_t flags = ENTRY_PRESENT | (segment->writable ? ENTRY_WRITABLE : 0) |
				       (segment->executable ? 0 : ENTRY_NO_EXECUTE);

		for (uint64_t at = start; at < end; at += PAGE_BYTES)
			*entry_for(tables, at, LEVEL_PAGE) =
				(physical_start + (at - kernel->link_start)) | flags;
	}
}

void page_tables_make_executable(struct page_tables *tables, uint64_t start, uint64_t bytes)
{
	for (uint64_t at = start & ~(PAGE_BYTES - 1); at < start + bytes; at += PAGE_BYTES) {
		uint64_t *entry = entry_for(tables, at, LEVEL_PAGE);

		*entry &= ~(ENTRY_NO_EXECUTE | ENTRY_WRITABLE);
	}
}

uint64_t page_tables_add_level(struct page_tables *tables)
{
	const uint64_t table = new_table(tables);

	/* A canonical 48-bit address has bits 56..48 all equal: entry 0 or the last. */
	table_at(table)[0] = tables->root | ENTRY_PRESENT | ENTRY_WRITABLE;
	table_at(table)[ENTRIES - 1] = tables->root | ENTRY_PRESENT | ENTRY_WRITABLE;
	return table;
}
