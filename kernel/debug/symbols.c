/* symbols.c: binary search in the table that tools/symtab.py made. Used in a panic, so it trusts
 * nothing. */
#include "debug/symbols.h"
#include "lib/string.h"
#include "mm/layout.h"

/* The section .symbols, from the assembly file that tools/symtab.py writes. */
extern const char symbols_start[], symbols_end[];

struct table {
	const struct symbols_entry *entries;
	const char *names;
	uint32_t count, name_bytes;
};

static bool open_table(const void *start, size_t bytes, struct table *table)
{
	const struct symbols_header *header = start;

	if (bytes < sizeof(*header) || header->magic != SYMBOLS_MAGIC)
		return false;
	uint64_t entry_bytes = (uint64_t)header->count * sizeof(struct symbols_entry);
	if (entry_bytes + header->name_bytes > bytes - sizeof(*header))
		return false;
	table->entries = (const void *)(header + 1);
	table->names = (const char *)(header + 1) + entry_bytes;
	table->count = header->count;
	table->name_bytes = header->name_bytes;
	return header->name_bytes > 0 && table->names[header->name_bytes - 1] == '\0';
}

/* The last entry whose address is not above `address`. */
static const struct symbols_entry *last_not_above(const struct table *table, uint32_t address)
{
	uint32_t low = 0, high = table->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (table->entries[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &table->entries[low - 1] : NULL;
}

bool symbols_search(const void *start, size_t bytes, uint32_t address, const char **name,
		    uint32_t *offset)
{
	struct table table;

	if (!open_table(start, bytes, &table))
		return false;
	const struct symbols_entry *entry = last_not_above(&table, address);
	if (!entry || address - entry->address >= entry->bytes || entry->name >= table.name_bytes)
		return false;
	*name = table.names + entry->name;
	*offset = address - entry->address;
	return true;
}

bool symbol_find(vaddr_t pc, const char **name, uint64_t *offset)
{
	uint32_t low_offset;

	if (pc < KERNEL_BASE || pc - KERNEL_BASE > UINT32_MAX)
		return false;
	if (!symbols_search(symbols_start, (size_t)(symbols_end - symbols_start),
			    (uint32_t)(pc - KERNEL_BASE), name, &low_offset))
		return false;
	*offset = low_offset;
	return true;
}
