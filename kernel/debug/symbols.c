/* symbols.c: binary search in the table that tools/symtab.py made. Used in a panic, so it trusts
 * nothing. */
#include "debug/symbols.h"

/* The section .symbols, from the assembly file that tools/symtab.py writes. */
extern const char symbols_start[], symbols_end[];

struct table {
	const struct symbols_entry *entries;
	const char *names;
	uint64_t base;
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
	table->base = header->base;
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

bool symbols_search(const void *start, size_t bytes, vaddr_t pc, const char **name,
		    uint64_t *offset)
{
	struct table table;

	if (!open_table(start, bytes, &table) || pc < table.base || pc - table.base > UINT32_MAX)
		return false;
	uint32_t address = (uint32_t)(pc - table.base);
	const struct symbols_entry *entry = last_not_above(&table, address);
	if (!entry || address - entry->address >= entry->bytes || entry->name >= table.name_bytes)
		return false;
	*name = table.names + entry->name;
	*offset = address - entry->address;
	return true;
}

bool symbol_find(vaddr_t pc, const char **name, uint64_t *offset)
{
	return symbols_search(symbols_start, (size_t)(symbols_end - symbols_start), pc, name,
			      offset);
}
