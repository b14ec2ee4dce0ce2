/* test_symbols.c: names for addresses, from good tables and from damaged ones. */
#include <string.h>

#include "debug/ktest.h"
#include "debug/symbols.h"

/* What symbol_find() searches; the tests below search their own. */
const char symbols_start[1], symbols_end[1];

#define BASE 0xffffffff80000000ull

struct test_table {
	struct symbols_header header;
	struct symbols_entry entries[3];
	char names[sizeof("first\0second\0third")];
};

static struct test_table good(void)
{
	return (struct test_table){
		.header = {SYMBOLS_MAGIC, 3, BASE, sizeof("first\0second\0third"), 0},
		.entries = {{0x1000, 0x10, 0}, {0x1010, 0x20, 6}, {0x2000, 1, 13}},
		.names = "first\0second\0third",
	};
}

static bool find(const struct test_table *table, vaddr_t pc, const char *name, uint64_t offset)
{
	const char *found;
	uint64_t at;

	return symbols_search(table, sizeof(*table), pc, &found, &at) && strcmp(found, name) == 0 &&
	       at == offset;
}

static bool finds_nothing(const struct test_table *table, size_t bytes, vaddr_t pc)
{
	const char *found;
	uint64_t at;

	return !symbols_search(table, bytes, pc, &found, &at);
}

KTEST(symbols_found)
{
	struct test_table table = good();

	EXPECT(find(&table, BASE + 0x1000, "first", 0));
	EXPECT(find(&table, BASE + 0x100f, "first", 0xf));
	EXPECT(find(&table, BASE + 0x1010, "second", 0));
	EXPECT(find(&table, BASE + 0x102f, "second", 0x1f));
	EXPECT(find(&table, BASE + 0x2000, "third", 0));
}

KTEST(symbols_not_found)
{
	struct test_table table = good();
	static const vaddr_t nowhere[] = {0,
					  BASE - 1,
					  BASE,
					  BASE + 0xfff,
					  BASE + 0x1030,
					  BASE + 0x1fff,
					  BASE + 0x2001,
					  BASE + (1ull << 32) + 0x1000,
					  UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++)
		EXPECT(finds_nothing(&table, sizeof(table), nowhere[i]));
}

KTEST(symbols_empty_table)
{
	struct test_table table = good();

	table.header.count = 0;
	table.header.name_bytes = 0;
	EXPECT(finds_nothing(&table, sizeof(table.header), BASE + 0x1000));
}

KTEST(symbols_damaged_table)
{
	struct test_table table = good();

	EXPECT(finds_nothing(&table, sizeof(table) - 8, BASE + 0x1000));
	EXPECT(finds_nothing(&table, sizeof(table.header) - 1, BASE + 0x1000));
	table.header.magic ^= 1;
	EXPECT(finds_nothing(&table, sizeof(table), BASE + 0x1000));
	table = good();
	table.header.count = UINT32_MAX;
	EXPECT(finds_nothing(&table, sizeof(table), BASE + 0x1000));
	table = good();
	table.entries[0].name = sizeof(table.names);
	EXPECT(finds_nothing(&table, sizeof(table), BASE + 0x1000));
	table = good();
	table.names[sizeof(table.names) - 1] = 'x';
	EXPECT(finds_nothing(&table, sizeof(table), BASE + 0x1000));
}
