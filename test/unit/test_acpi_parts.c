/* test_acpi_parts.c: processors, the way to turn off, and serial ports, as the parts of ACPI's
 * tables that tell of them. */
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "dev/acpi_tables.h"

static struct acpi_info info;

KTEST(acpi_madt_entries)
{
	static const uint8_t entries[] = {
		9,    16, 0, 0,   0, 1, 0,    0,    1,  0, 0, 0,
		0,    0,  0, 0, /* x2APIC 256, enabled */
		9,    16, 0, 0,   7, 0, 0,    0,    2,  0, 0, 0,
		0,    0,  0, 0,                                  /* x2APIC 7, online-capable */
		0,    8,  0, 7,   0, 0, 0,    0,                 /* 7 again, not enabled */
		0,    8,  0, 8,   0, 0, 0,    0,                 /* 8 is not enabled */
		0,    8,  0, 255, 0, 0, 0,    0,                 /* none */
		0x7f, 3,  0,                                     /* unknown */
		5,    12, 0, 0,   0, 0, 0,    0,    1,  0, 0, 0, /* the local APIC is at 4 GiB */
		1,    12, 1, 0,   0, 0, 0xc1, 0xfe, 24, 0, 0, 0, /* I/O APIC from 24 */
		1,    12, 0, 0,   0, 0, 0xc0, 0xfe, 0,  0, 0, 0, /* I/O APIC from 0 */
		1,    12, 1, 0,   0, 0, 0xc2, 0xfe, 48, 0, 0, 0, /* I/O APIC from 48 */
		0,    8,  0, 9,   1, 0, 0,                       /* broken: one byte is missing */
	};

	memset(&info, 0, sizeof(info));
	acpi_parse_madt(entries, sizeof(entries), &info);
	EXPECT_EQ(info.cpu_count, 3);
	EXPECT_EQ(info.cpus[0].apic_id, 256);
	EXPECT(info.cpus[0].enabled && info.cpus[1].enabled && !info.cpus[2].enabled);
	EXPECT_EQ(info.cpus[2].apic_id, 8);
	EXPECT_EQ(info.lapic, 1ull << 32);
	EXPECT_EQ(info.ioapic, 0xfec00000);
	EXPECT_EQ(info.ioapic_gsi_base, 0);
}

KTEST(acpi_madt_too_many)
{
	static uint8_t entries[600 * 16 + 40 * 10];
	size_t at = 0;

	for (unsigned i = 0; i < 600; i++, at += 16) {
		const uint8_t entry[16] = {9, 16, 0, 0, (uint8_t)i, (uint8_t)(i >> 8), 0, 0, 1};
		memcpy(entries + at, entry, sizeof(entry));
	}
	for (unsigned i = 0; i < 40; i++, at += 10) {
		const uint8_t entry[10] = {2, 10, 0, (uint8_t)i};
		memcpy(entries + at, entry, sizeof(entry));
	}
	memset(&info, 0, sizeof(info));
	acpi_parse_madt(entries, sizeof(entries), &info);
	EXPECT_EQ(info.cpu_count, ACPI_MAX_CPUS);
	EXPECT_EQ(info.cpus[ACPI_MAX_CPUS - 1].apic_id, ACPI_MAX_CPUS - 1);
	EXPECT_EQ(info.override_count, ACPI_MAX_OVERRIDES);
}

static bool finds_s5(const void *aml, size_t bytes, unsigned a, unsigned b)
{
	uint8_t found_a = 0xee, found_b = 0xee;
	uint8_t *copy = malloc(bytes);

	memcpy(copy, aml, bytes);
	bool found = acpi_find_s5(copy, bytes, &found_a, &found_b);
	free(copy);
	return found && found_a == a && found_b == b;
}

KTEST(acpi_s5_forms)
{
	EXPECT(finds_s5("\x08_S5_\x12\x06\x04\x0a\x05\x0a\x06\x00\x00", 14, 5, 6));
	EXPECT(finds_s5("junk\x08\\_S5_\x12\x06\x02\x01\x00", 15, 1, 0));
	EXPECT(finds_s5("\x08_S5_\x12\x47\x00\x02\x0b\x07\x00\x0c\x03\x00\x00\x00", 17, 7, 3));
	/* A use of the name, and a method, come before the definition. */
	EXPECT(finds_s5(
		"p_S5_\x12\x06\x02\x01\x01\x14_S5_\x12\x06\x02\x01\x01\x08_S5_\x12\x06\x02\x00\x01",
		30, 0, 1));
}

KTEST(acpi_s5_refused)
{
	static const char *const wrong[] = {
		"\x08_S5_",
		"\x08_S5_\x12",
		"\x08_S5_\x12\xc6",
		"\x08_S5_\x12\x06\x01\x01\x01",     /* one element */
		"\x08_S5_\x12\x06\x02\x0a\x09\x01", /* does not fit three bits */
		"\x08_S5_\x12\x06\x02\x0dS",        /* a string */
		"\x08_S5_\x12\x06\x04\x0a\x05\x0a", /* cut */
		"\x08_S5_\x14\x06\x04\x0a\x05\x0a\x06",
		"_S5_",
		"",
	};
	uint8_t a, b;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(!acpi_find_s5((const uint8_t *)wrong[i], strlen(wrong[i]), &a, &b));
}

/* ---- serial ports ---- */

#define SPCR_BYTES 80u
#define DBG2_BYTES 120u

typedef void parse_function(const uint8_t *table, size_t bytes, struct acpi_info *info);

/* Of exactly that size, so that the sanitizer sees a read beyond it. */
static unsigned ports_in(parse_function *parse, const uint8_t *table, size_t bytes)
{
	uint8_t *copy = malloc(bytes + !bytes);
	unsigned count = 0;

	memcpy(copy, table, bytes);
	memset(&info, 0, sizeof(info));
	parse(copy, bytes, &info);
	free(copy);
	while (count < ACPI_MAX_SERIALS && info.serial[count].address)
		count++;
	return count;
}

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
	memcpy(at, &value, bytes);
}

static void put_address(uint8_t *at, const uint8_t start[4], uint64_t address)
{
	memcpy(at, start, 4);
	put(at + 4, address, 8);
}

static unsigned spcr(unsigned kind, const uint8_t start[4], uint64_t address, unsigned baud)
{
	uint8_t table[SPCR_BYTES] = {0};

	table[36] = (uint8_t)kind;
	put_address(table + 40, start, address);
	table[58] = (uint8_t)baud;
	return ports_in(acpi_parse_spcr, table, sizeof(table));
}

KTEST(acpi_spcr_registers)
{
	static const struct {
		uint8_t start[4]; /* space, bits of a register, their offset, size of an access */
		uint8_t stride, width;
	} cases[] = {
		{{0, 8, 0, 1}, 1, 1},  {{0, 8, 0, 0}, 1, 1},  {{0, 32, 0, 3}, 4, 4},
		{{0, 32, 0, 1}, 4, 1}, {{0, 16, 0, 2}, 2, 2}, {{0, 8, 0, 3}, 4, 4},
		{{0, 0, 0, 0}, 1, 1},  {{0, 8, 0, 99}, 1, 1}, {{0, 255, 0, 1}, 1, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!EXPECT_EQ(spcr(0, cases[i].start, 0xfe030000, 0), 1))
			continue;
		EXPECT(info.serial[0].in_memory);
		EXPECT_EQ(info.serial[0].stride, cases[i].stride);
		EXPECT_EQ(info.serial[0].width, cases[i].width);
		EXPECT_EQ(info.serial[0].baud, 0);
	}
}

KTEST(acpi_spcr_kinds_and_rates)
{
	static const uint8_t io[4] = {1, 8, 0, 1};

	for (unsigned kind = 0; kind < 256; kind++)
		EXPECT_EQ(spcr(kind, io, 0x3f8, 3), kind == 0 || kind == 1 || kind == 0x12);
	EXPECT_EQ(spcr(0, io, 0x3f8, 3), 1);
	EXPECT_EQ(info.serial[0].baud, 9600);
	EXPECT_EQ(spcr(0, io, 0x3f8, 200), 1);
	EXPECT_EQ(info.serial[0].baud, 0);
}

KTEST(acpi_spcr_addresses_that_are_none)
{
	static const uint8_t io[4] = {1, 8, 0, 1}, memory[4] = {0, 32, 0, 3},
			     other[4] = {2, 8, 0, 1};
	static const uint64_t ports[] = {0,     0x60,   0xf4,   0xcf1,   0xcf8,
					 0xcff, 0xfff9, 0xffff, 0x10000, UINT64_MAX};
	static const uint64_t places[] = {0, 0x3f8, 0xfffff, 0xfe030001, 1ull << 52, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		EXPECT_EQ(spcr(0, io, ports[i], 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		EXPECT_EQ(spcr(0, memory, places[i], 0), 0);
	EXPECT_EQ(spcr(0, other, 0x3f8, 0), 0);
	EXPECT_EQ(spcr(0, io, 0x100, 0), 1);
	EXPECT_EQ(spcr(0, io, 0xfff8, 0), 1);
}

/* Two devices: a debugger's network card, and a port. */
static void make_dbg2(uint8_t table[DBG2_BYTES])
{
	static const uint8_t io[4] = {1, 8, 0, 1};

	memset(table, 0, DBG2_BYTES);
	put(table + 36, 44, 4);
	put(table + 40, 2, 4);
	put(table + 44 + 1, 34, 2);
	table[44 + 3] = 1;
	put(table + 44 + 12, 0x8003, 2);
	put(table + 44 + 18, 22, 2);
	put_address(table + 44 + 22, io, 0x2e8);
	put(table + 78 + 1, 42, 2);
	table[78 + 3] = 1;
	put(table + 78 + 12, 0x8000, 2);
	put(table + 78 + 18, 30, 2);
	put_address(table + 78 + 30, io, 0x3e8);
}

KTEST(acpi_dbg2)
{
	uint8_t table[DBG2_BYTES];

	make_dbg2(table);
	if (EXPECT_EQ(ports_in(acpi_parse_dbg2, table, sizeof(table)), 1))
		EXPECT_EQ(info.serial[0].address, 0x3e8);
	for (size_t bytes = 0; bytes < sizeof(table); bytes++)
		EXPECT_EQ(ports_in(acpi_parse_dbg2, table, bytes), 0);
}

/* Each byte as each value; nothing is read beyond the end. */
KTEST(acpi_dbg2_wrong)
{
	uint8_t table[DBG2_BYTES];

	for (size_t at = 36; at < sizeof(table); at++) {
		make_dbg2(table);
		for (unsigned value = 0; value < 256; value++) {
			table[at] = (uint8_t)value;
			EXPECT(ports_in(acpi_parse_dbg2, table, sizeof(table)) <= 2);
		}
	}
}
