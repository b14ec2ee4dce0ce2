/*
 * test_acpi.c: tables as firmware makes them, as it should not, and as nobody ever would. Each
 * piece of memory is handed to the parser in a block of exactly the size it asked for, so that the
 * sanitizer sees a read beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "dev/acpi_tables.h"

#define MEMORY_BYTES 0x4000u
#define RSDP_AT      0x100u
#define XSDT_AT      0x1001u /* unaligned, as some are */
#define RSDT_AT      0x1200u
#define FADT_AT      0x1400u
#define MADT_AT      0x1600u
#define HPET_AT      0x2000u
#define DSDT_AT      0x2200u
#define SSDT_AT      0x2400u
#define MCFG_AT      0x2600u
#define SPCR_AT      0x2700u
#define DBG2_AT      0x2800u

static uint8_t memory[MEMORY_BYTES];
static struct acpi_info info;
static void *blocks[64];
static unsigned block_count;

static const void *map(paddr_t start, size_t bytes)
{
	if (start > MEMORY_BYTES || bytes > MEMORY_BYTES - start)
		return NULL;
	void *block = malloc(bytes);
	memcpy(block, memory + start, bytes);
	blocks[block_count++ % ARRAY_SIZE(blocks)] = block;
	return block;
}

static void parse(void)
{
	acpi_parse(RSDP_AT, map, &info);
	EXPECT(block_count <= ARRAY_SIZE(blocks));
	while (block_count > 0)
		free(blocks[--block_count]);
}

/* ---- making tables ---- */

static void put(paddr_t at, uint64_t value, size_t bytes)
{
	memcpy(memory + at, &value, bytes);
}

static void fix_checksum(paddr_t start, size_t bytes, paddr_t at)
{
	uint8_t sum = 0;

	memory[at] = 0;
	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + memory[start + i]);
	memory[at] = (uint8_t)-sum;
}

static void finish_table(paddr_t at, const char *name, size_t bytes)
{
	memcpy(memory + at, name, 4);
	put(at + 4, bytes, 4);
	fix_checksum(at, bytes, at + 9);
}

static void make_rsdp(unsigned revision, uint64_t xsdt)
{
	memcpy(memory + RSDP_AT, "RSD PTR ", 8);
	put(RSDP_AT + 15, revision, 1);
	put(RSDP_AT + 16, RSDT_AT, 4);
	fix_checksum(RSDP_AT, 20, RSDP_AT + 8);
	put(RSDP_AT + 20, 36, 4);
	put(RSDP_AT + 24, xsdt, 8);
	fix_checksum(RSDP_AT, 36, RSDP_AT + 32);
}

static void make_root(const uint32_t *tables, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put(XSDT_AT + 36 + 8 * i, tables[i], 8);
		put(RSDT_AT + 36 + 4 * i, tables[i], 4);
	}
	finish_table(XSDT_AT, "XSDT", 36 + 8 * count);
	finish_table(RSDT_AT, "RSDT", 36 + 4 * count);
}

static void make_fadt(unsigned revision, size_t bytes)
{
	memset(memory + FADT_AT, 0xaf, 256); /* what lies behind a short table is not zero */
	memset(memory + FADT_AT, 0, bytes);
	put(FADT_AT + 8, revision, 1);
	put(FADT_AT + 40, DSDT_AT, 4);
	put(FADT_AT + 48, 0xb2, 4);
	put(FADT_AT + 52, 0xf1, 1);
	put(FADT_AT + 64, 0x604, 4);
	put(FADT_AT + 76, 0x608, 4);
	put(FADT_AT + 91, 4, 1);
	put(FADT_AT + 108, 0x32, 1);
	finish_table(FADT_AT, "FACP", bytes);
}

static const uint8_t s5[] = {0x08, '_',  'S',  '5',  '_',  0x12, 0x06,
			     0x04, 0x0a, 0x05, 0x01, 0x00, 0x00};

static void make_dsdt(const uint8_t *aml, size_t bytes)
{
	memcpy(memory + DSDT_AT + 36, aml, bytes);
	finish_table(DSDT_AT, "DSDT", 36 + bytes);
}

static void make_madt(const uint8_t *entries, size_t bytes)
{
	put(MADT_AT + 36, 0xfee00000, 4);
	memcpy(memory + MADT_AT + 44, entries, bytes);
	finish_table(MADT_AT, "APIC", 44 + bytes);
}

static void make_hpet(void)
{
	put(HPET_AT + 40, 0, 1);
	put(HPET_AT + 44, 0xfed00000, 8);
	finish_table(HPET_AT, "HPET", 56);
}

static const uint8_t two_cpus[] = {
	0, 8,  0, 0, 1, 0, 0,    0,                   /* processor 0 */
	0, 8,  1, 1, 1, 0, 0,    0,                   /* processor 1 */
	1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0,    0, 0, 0, /* I/O APIC at fec00000, from 0 */
	2, 10, 0, 0, 2, 0, 0,    0,    0,    0,       /* interrupt 0 is at 2 */
	2, 10, 0, 9, 9, 0, 0,    0,    0x0f, 0,       /* interrupt 9: active low, level */
};

/* What QEMU's q35 machine has, in small. */
static void make_machine(void)
{
	static const uint32_t tables[] = {FADT_AT, MADT_AT, HPET_AT};

	memset(memory, 0, sizeof(memory));
	make_rsdp(2, XSDT_AT);
	make_root(tables, ARRAY_SIZE(tables));
	make_fadt(3, 244);
	put(FADT_AT + 109, 2, 2);
	finish_table(FADT_AT, "FACP", 244);
	make_dsdt(s5, sizeof(s5));
	make_madt(two_cpus, sizeof(two_cpus));
	make_hpet();
}

static void expect_machine(void)
{
	EXPECT_EQ(info.lapic, 0xfee00000);
	EXPECT_EQ(info.ioapic, 0xfec00000);
	EXPECT_EQ(info.cpu_count, 2);
	EXPECT_EQ(info.cpus[1].apic_id, 1);
	EXPECT(info.cpus[0].enabled && info.cpus[1].enabled);
	EXPECT_EQ(info.override_count, 2);
	EXPECT_EQ(info.overrides[0].gsi, 2);
	EXPECT(!info.overrides[0].active_low && !info.overrides[0].level);
	EXPECT_EQ(info.overrides[1].source, 9);
	EXPECT(info.overrides[1].active_low && info.overrides[1].level);
	EXPECT_EQ(info.hpet, 0xfed00000);
	EXPECT(info.has_pm1a);
	EXPECT_EQ(info.pm1a_control, 0x604);
	EXPECT_EQ(info.pm1b_control, 0);
	EXPECT_EQ(info.pm_timer_port, 0x608);
	EXPECT_EQ(info.smi_command, 0xb2);
	EXPECT_EQ(info.acpi_enable, 0xf1);
	EXPECT_EQ(info.century_register, 0x32);
	EXPECT(info.s5_found);
	EXPECT_EQ(info.s5_a, 5);
	EXPECT_EQ(info.s5_b, 1);
}

/* ---- good tables ---- */

KTEST(acpi_xsdt)
{
	make_machine();
	parse();
	expect_machine();
	EXPECT(info.has_i8042);
	put(RSDT_AT, 0, 4); /* not used, where there is an XSDT */
	parse();
	expect_machine();
}

KTEST(acpi_rsdt)
{
	make_machine();
	make_rsdp(0, XSDT_AT); /* before version 2 the field means nothing */
	put(XSDT_AT, 0, 4);
	parse();
	expect_machine();
	make_rsdp(2, 0);
	parse();
	expect_machine();
	make_rsdp(2, 1ull << 40); /* not in memory */
	parse();
	expect_machine();
}

KTEST(acpi_none)
{
	acpi_parse(0, map, &info);
	EXPECT_EQ(info.cpu_count, 0);
	EXPECT(!info.has_pm1a && !info.s5_found);
	EXPECT(info.has_i8042);
	EXPECT_EQ(block_count, 0);
}

KTEST(acpi_fadt_revision_1)
{
	make_machine();
	make_fadt(1, 116);
	put(FADT_AT + 109, 0xafaf, 2); /* reserved then, and garbage */
	finish_table(FADT_AT, "FACP", 116);
	parse();
	expect_machine();
	EXPECT(info.has_i8042);
	EXPECT(!info.pm_timer_32bit);
}

KTEST(acpi_fadt_without_8042)
{
	make_machine();
	put(FADT_AT + 109, 0, 2);
	finish_table(FADT_AT, "FACP", 244);
	parse();
	EXPECT(!info.has_i8042);
}

KTEST(acpi_fadt_extended_fields)
{
	make_machine();
	put(FADT_AT + 40, 0, 4);
	put(FADT_AT + 64, 0, 4);
	put(FADT_AT + 76, 0, 4);
	put(FADT_AT + 112, 1u << 8, 4);
	put(FADT_AT + 140, DSDT_AT, 8);
	put(FADT_AT + 172, 1, 1); /* I/O space */
	put(FADT_AT + 176, 0x604, 8);
	put(FADT_AT + 184, 0, 1); /* memory: no port */
	put(FADT_AT + 188, 0x1234, 8);
	put(FADT_AT + 208, 1, 1);
	put(FADT_AT + 212, 0x608, 8);
	finish_table(FADT_AT, "FACP", 244);
	parse();
	expect_machine();
	EXPECT(info.pm_timer_32bit);
	put(FADT_AT + 176, 0x10000, 8); /* is no port */
	parse();
	EXPECT(!info.has_pm1a);
}

KTEST(acpi_reset_register)
{
	make_machine();
	put(FADT_AT + 116, 1, 1); /* I/O space */
	put(FADT_AT + 120, 0xcf9, 8);
	put(FADT_AT + 128, 0x0f, 1);
	parse();
	EXPECT_EQ(info.reset_port, 0); /* the flag says that it is none */
	put(FADT_AT + 112, 1u << 10, 4);
	parse();
	EXPECT(info.reset_port == 0xcf9 && info.reset_value == 0x0f);
	put(FADT_AT + 122, 1, 1); /* no port */
	parse();
	EXPECT_EQ(info.reset_port, 0);
	put(FADT_AT + 122, 0, 1);
	put(FADT_AT + 116, 0, 1); /* memory */
	parse();
	EXPECT_EQ(info.reset_port, 0);
}

static void make_mcfg(unsigned index, uint64_t address, unsigned segment, unsigned buses)
{
	paddr_t at = MCFG_AT + 44 + 16 * index;

	put(at, address, 8);
	put(at + 8, segment, 2);
	put(at + 10, buses, 2); /* first and last */
	finish_table(MCFG_AT, "MCFG", 44 + 16 * (index + 1));
}

KTEST(acpi_mcfg)
{
	static const uint32_t tables[] = {FADT_AT, MCFG_AT};

	make_machine();
	make_root(tables, ARRAY_SIZE(tables));
	make_mcfg(0, 0xd0000000, 1, 0xff00); /* another segment */
	parse();
	EXPECT_EQ(info.ecam, 0);
	make_mcfg(1, 0xb0000000, 0, 0x0f10); /* ends before it starts */
	parse();
	EXPECT_EQ(info.ecam, 0);
	make_mcfg(2, 0xb0000000, 0, 0xff00);
	parse();
	EXPECT_EQ(info.ecam, 0xb0000000);
	EXPECT(info.ecam_first_bus == 0 && info.ecam_last_bus == 0xff);
	finish_table(MCFG_AT, "MCFG", 44 + 16 * 3 - 1); /* the last entry is cut */
	parse();
	EXPECT_EQ(info.ecam, 0);
	make_mcfg(2, UINT64_MAX - 0xfffff, 0, 0xff00);
	parse();
	EXPECT_EQ(info.ecam, 0);
}

KTEST(acpi_hardware_reduced)
{
	make_machine();
	put(FADT_AT + 112, 1u << 20, 4);
	finish_table(FADT_AT, "FACP", 244);
	parse();
	EXPECT(!info.has_pm1a);
	EXPECT_EQ(info.pm_timer_port, 0);
}

KTEST(acpi_s5_in_ssdt)
{
	static const uint32_t tables[] = {FADT_AT, SSDT_AT};

	make_machine();
	make_dsdt((const uint8_t *)"", 0);
	memcpy(memory + SSDT_AT + 36, s5, sizeof(s5));
	finish_table(SSDT_AT, "SSDT", 36 + sizeof(s5));
	make_root(tables, ARRAY_SIZE(tables));
	parse();
	EXPECT(info.s5_found);
	EXPECT_EQ(info.s5_a, 5);
}

/* ---- tables with mistakes ---- */

KTEST(acpi_wrong_checksums_are_used)
{
	static const paddr_t checksums[] = {RSDP_AT + 8, RSDP_AT + 32, XSDT_AT + 9, FADT_AT + 9,
					    MADT_AT + 9, HPET_AT + 9,  DSDT_AT + 9};

	make_machine();
	for (size_t i = 0; i < ARRAY_SIZE(checksums); i++)
		memory[checksums[i]]++;
	parse();
	expect_machine();
}

KTEST(acpi_impossible_lengths)
{
	static const uint32_t lengths[] = {0, 35, MEMORY_BYTES, 5 << 20, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		make_machine();
		put(MADT_AT + 4, lengths[i], 4);
		parse();
		EXPECT_EQ(info.cpu_count, 0);
		EXPECT_EQ(info.hpet, 0xfed00000); /* the others are read */
		put(XSDT_AT + 4, lengths[i], 4);
		put(RSDT_AT + 4, lengths[i], 4);
		parse();
		EXPECT_EQ(info.hpet, 0);
	}
}

/* Every length that a table can be cut to: no read beyond it, and no field from beyond it. */
KTEST(acpi_cut_tables)
{
	static const paddr_t tables[] = {FADT_AT, MADT_AT, HPET_AT, DSDT_AT, XSDT_AT};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		make_machine();
		for (uint32_t bytes = 36; bytes < 120; bytes++) {
			put(tables[i] + 4, bytes, 4);
			parse();
		}
	}
	make_machine();
	put(MADT_AT + 4, 44 + 8 + 7, 4);
	parse();
	EXPECT_EQ(info.cpu_count, 1);
	put(HPET_AT + 4, 51, 4);
	parse();
	EXPECT_EQ(info.hpet, 0);
}

KTEST(acpi_bad_root_pointers)
{
	static const paddr_t starts[] = {1, MEMORY_BYTES - 19, MEMORY_BYTES, UINT64_MAX,
					 UINT64_MAX - 10};

	make_machine();
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		acpi_parse(starts[i], map, &info);
		EXPECT_EQ(info.cpu_count, 0);
		while (block_count > 0)
			free(blocks[--block_count]);
	}
	/* The first version's twenty bytes end with the memory. */
	memcpy(memory + MEMORY_BYTES - 20, memory + RSDP_AT, 20);
	acpi_parse(MEMORY_BYTES - 20, map, &info);
	EXPECT_EQ(info.cpu_count, 2);
	while (block_count > 0)
		free(blocks[--block_count]);
}

/* ---- serial ports ---- */

/* A Generic Address Structure. */
static void put_address(paddr_t at, unsigned space, unsigned access, uint64_t address)
{
	put(at, space, 1);
	put(at + 1, 8, 1);
	put(at + 3, access, 1);
	put(at + 4, address, 8);
}

static void make_serial_tables(void)
{
	static const uint32_t tables[] = {DBG2_AT, SPCR_AT};

	memset(memory + SPCR_AT, 0, 0x300);
	put_address(SPCR_AT + 40, 1, 1, 0x2f8);
	put(SPCR_AT + 58, 7, 1);
	finish_table(SPCR_AT, "SPCR", 80);
	put(DBG2_AT + 36, 44, 4);
	put(DBG2_AT + 40, 1, 4);
	put(DBG2_AT + 44 + 1, 34, 2);
	put(DBG2_AT + 44 + 3, 1, 1);
	put(DBG2_AT + 44 + 12, 0x8000, 2);
	put(DBG2_AT + 44 + 18, 22, 2);
	put_address(DBG2_AT + 44 + 22, 0, 3, 0xfe000000);
	finish_table(DBG2_AT, "DBG2", 78);
	make_rsdp(2, XSDT_AT);
	make_root(tables, ARRAY_SIZE(tables));
}

KTEST(acpi_serial_ports)
{
	make_serial_tables();
	parse();
	/* The console is before the debugger, however the tables stand. */
	EXPECT_EQ(info.serial[0].address, 0x2f8);
	EXPECT(!info.serial[0].in_memory);
	EXPECT_EQ(info.serial[0].baud, 115200);
	EXPECT_EQ(info.serial[1].address, 0xfe000000);
	EXPECT(info.serial[1].in_memory);
	EXPECT_EQ(info.serial[1].width, 4);
	EXPECT_EQ(info.serial[2].address, 0);
}

/* To look for a port is to write to where it might be. */
KTEST(acpi_serial_ports_of_wrong_checksums)
{
	make_serial_tables();
	memory[SPCR_AT + 9]++;
	parse();
	EXPECT_EQ(info.serial[0].address, 0xfe000000);
	memory[DBG2_AT + 9]++;
	parse();
	EXPECT_EQ(info.serial[0].address, 0);
}

/* Of a machine of reduced hardware, with the register at `address` in that space. */
static void parse_reduced(uint8_t space, uint64_t address, size_t bytes)
{
	make_machine();
	make_fadt(5, bytes);
	put(FADT_AT + 112, 1u << 20, 4);
	if (bytes >= 256) {
		put(FADT_AT + 244, space, 1);
		put(FADT_AT + 248, address, 8);
	}
	finish_table(FADT_AT, "FACP", bytes);
	parse();
	EXPECT(!info.has_pm1a);
}

KTEST(acpi_sleep_control)
{
	parse_reduced(0, 0xfea00200, 268);
	EXPECT_EQ(info.sleep_control, 0xfea00200);
	EXPECT(info.sleep_in_memory);
	parse_reduced(1, 0x604, 268);
	EXPECT_EQ(info.sleep_control, 0x604);
	EXPECT(!info.sleep_in_memory);
	parse_reduced(1, 0x10000, 268); /* no port */
	EXPECT_EQ(info.sleep_control, 0);
	parse_reduced(2, 0x604, 268); /* PCI's configuration space */
	EXPECT_EQ(info.sleep_control, 0);
	parse_reduced(0, 0, 244); /* a table of before there was one */
	EXPECT_EQ(info.sleep_control, 0);
}
