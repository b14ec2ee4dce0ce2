/*
 * acpi_tables.c: from the root pointer to the tables, and what each says. (ACPI 6.5, chapter 5.)
 *
 * Firmware is believed as little as possible: a field beyond a table's length reads as zero (the
 * first FADTs were less than half as long as today's), a table with an impossible length is
 * skipped. A wrong checksum is only reported: such tables are common and are mostly right.
 */
#include "dev/acpi_tables.h"
#include "debug/log.h"
#include "lib/string.h"

#define RSDP_SIGNATURE     "RSD PTR "
#define RSDP_V1_BYTES      20u
#define RSDP_V2_BYTES      36u
#define TABLE_HEADER_BYTES 36u
#define TABLE_MAX_BYTES    (4 * MIB) /* the largest DSDTs have less than one */
#define TABLE_MAX_COUNT    256u

/* Offsets, ACPI 6.5 tables 5.3 (RSDP) and 5.4 (header). */
enum { RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_LENGTH = 20, RSDP_XSDT = 24 };
enum { TABLE_LENGTH = 4, TABLE_REVISION = 8 };

/* Table 5.9: FADT. */
enum {
	FADT_DSDT = 40,
	FADT_SMI_CMD = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_CNT = 64,
	FADT_PM1B_CNT = 68,
	FADT_PM_TMR = 76,
	FADT_PM_TMR_LEN = 91,
	FADT_CENTURY = 108,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_RESET_REG = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_CNT = 172,
	FADT_X_PM1B_CNT = 184,
	FADT_X_PM_TMR = 208,
	FADT_SLEEP_CONTROL = 244,
};
#define BOOT_ARCH_8042       (1u << 1)
#define BOOT_ARCH_REVISION   3u /* below it firmware leaves the field unset */
#define FADT_TMR_VAL_EXT     (1u << 8)
#define FADT_RESET_REG_SUP   (1u << 10)
#define FADT_HW_REDUCED_ACPI (1u << 20)
#define PM_TIMER_BYTES       4u

/* Table 5.1: Generic Address Structure. */
enum { GAS_SPACE = 0, GAS_ADDRESS = 4 };
enum { SPACE_MEMORY = 0, SPACE_IO = 1 };
#define IO_PORT_MAX 0xffffu

/* The IA-PC HPET specification, 3.2.4. */
enum { HPET_ADDRESS = 40 };

enum { MADT_LAPIC = 36, MADT_ENTRIES = 44 };

/* PCI Firmware Specification 3.2, 4.1.2: MCFG; offsets in an entry are relative to it. */
enum { MCFG_ENTRIES = 44, MCFG_ENTRY_BYTES = 16 };
enum { MCFG_ADDRESS = 0, MCFG_SEGMENT = 8, MCFG_FIRST_BUS = 10, MCFG_LAST_BUS = 11 };
#define ECAM_MAX_BYTES (256 * MIB)

struct table {
	const uint8_t *data;
	size_t bytes;
	char name[5];
};

static uint64_t get(const struct table *table, size_t offset, size_t bytes)
{
	uint64_t value = 0;

	if (offset + bytes <= table->bytes)
		memcpy(&value, table->data + offset, bytes);
	return value;
}

static uint8_t get8(const struct table *table, size_t offset)
{
	return (uint8_t)get(table, offset, 1);
}

static uint16_t get16(const struct table *table, size_t offset)
{
	return (uint16_t)get(table, offset, 2);
}

static uint32_t get32(const struct table *table, size_t offset)
{
	return (uint32_t)get(table, offset, 4);
}

static uint64_t get64(const struct table *table, size_t offset)
{
	return get(table, offset, 8);
}

static bool checksum_ok(const uint8_t *data, size_t bytes)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + data[i]);
	return sum == 0;
}

/* Map a whole table; false, and a warning, if it can't be one. */
static bool open_table(paddr_t start, acpi_map_function *map, struct table *table)
{
	uint32_t length;

	if (start == 0 || start + TABLE_MAX_BYTES < start)
		return false;
	const uint8_t *header = map(start, TABLE_HEADER_BYTES);
	if (!header) {
		log_warning("acpi: no memory at %#llx", (unsigned long long)start);
		return false;
	}
	memcpy(table->name, header, 4);
	table->name[4] = '\0';
	memcpy(&length, header + TABLE_LENGTH, sizeof(length));
	if (length < TABLE_HEADER_BYTES || length > TABLE_MAX_BYTES) {
		log_warning("acpi: table %s at %#llx has %u bytes: skipped", table->name,
			    (unsigned long long)start, length);
		return false;
	}
	table->bytes = length;
	table->data = map(start, length);
	if (!table->data) {
		log_warning("acpi: table %s is not all in memory: skipped", table->name);
		return false;
	}
	if (!checksum_ok(table->data, table->bytes))
		log_warning("acpi: table %s has a wrong checksum", table->name);
	return true;
}

static bool is_named(const struct table *table, const char *name)
{
	return strcmp(table->name, name) == 0;
}

/* ---- FADT ---- */

/* An I/O port given twice: as a 32-bit port, and by later versions as an address structure. */
static uint32_t io_port(const struct table *fadt, size_t offset, size_t extended)
{
	uint64_t port = get32(fadt, offset);

	if (port == 0 && get8(fadt, extended + GAS_SPACE) == SPACE_IO)
		port = get64(fadt, extended + GAS_ADDRESS);
	return port <= IO_PORT_MAX ? (uint32_t)port : 0;
}

/* What machines without PM1 registers have in their place. (4.8.3.7) */
static void parse_sleep_control(const struct table *fadt, struct acpi_info *info)
{
	uint8_t space = get8(fadt, FADT_SLEEP_CONTROL + GAS_SPACE);
	uint64_t address = get64(fadt, FADT_SLEEP_CONTROL + GAS_ADDRESS);

	if (space == SPACE_MEMORY || (space == SPACE_IO && address <= IO_PORT_MAX)) {
		info->sleep_control = address;
		info->sleep_in_memory = space == SPACE_MEMORY;
	}
}

static void parse_fadt(const struct table *fadt, struct acpi_info *info)
{
	uint32_t flags = get32(fadt, FADT_FLAGS);

	/* The field is trusted only where it must be there; before, every PC had the controller. */
	info->has_i8042 = get8(fadt, TABLE_REVISION) < BOOT_ARCH_REVISION ||
			  fadt->bytes < FADT_BOOT_ARCH + sizeof(uint16_t) ||
			  (get16(fadt, FADT_BOOT_ARCH) & BOOT_ARCH_8042);
	info->century_register = get8(fadt, FADT_CENTURY);
	uint64_t reset = get64(fadt, FADT_RESET_REG + GAS_ADDRESS);
	if ((flags & FADT_RESET_REG_SUP) && reset <= IO_PORT_MAX &&
	    get8(fadt, FADT_RESET_REG + GAS_SPACE) == SPACE_IO) {
		info->reset_port = (uint32_t)reset;
		info->reset_value = get8(fadt, FADT_RESET_VALUE);
	}
	if (flags & FADT_HW_REDUCED_ACPI) {
		parse_sleep_control(fadt, info);
		return;
	}
	info->pm1a_control = io_port(fadt, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	info->pm1b_control = io_port(fadt, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	info->has_pm1a = info->pm1a_control != 0;
	uint32_t smi_command = get32(fadt, FADT_SMI_CMD);
	info->smi_command = smi_command <= IO_PORT_MAX ? smi_command : 0;
	info->acpi_enable = get8(fadt, FADT_ACPI_ENABLE);
	if (get8(fadt, FADT_PM_TMR_LEN) == PM_TIMER_BYTES) {
		info->pm_timer_port = io_port(fadt, FADT_PM_TMR, FADT_X_PM_TMR);
		info->pm_timer_32bit = flags & FADT_TMR_VAL_EXT;
	}
}

static void parse_definition_block(const struct table *table, struct acpi_info *info)
{
	if (!info->s5_found)
		info->s5_found =
			acpi_find_s5(table->data + TABLE_HEADER_BYTES,
				     table->bytes - TABLE_HEADER_BYTES, &info->s5_a, &info->s5_b);
}

/* The DSDT is not in the root table: the FADT names it. */
static void parse_dsdt(const struct table *fadt, acpi_map_function *map, struct acpi_info *info)
{
	uint64_t address = get64(fadt, FADT_X_DSDT);
	struct table dsdt;

	if (address == 0)
		address = get32(fadt, FADT_DSDT);
	if (open_table(address, map, &dsdt) && is_named(&dsdt, "DSDT"))
		parse_definition_block(&dsdt, info);
}

/* ---- the others ---- */

static void parse_hpet(const struct table *hpet, struct acpi_info *info)
{
	if (get8(hpet, HPET_ADDRESS + GAS_SPACE) == SPACE_MEMORY)
		info->hpet = get64(hpet, HPET_ADDRESS + GAS_ADDRESS);
}

static void parse_madt(const struct table *madt, struct acpi_info *info)
{
	if (madt->bytes < MADT_ENTRIES) {
		log_warning("acpi: table APIC has only %zu bytes", madt->bytes);
		return;
	}
	info->lapic = get32(madt, MADT_LAPIC);
	acpi_parse_madt(madt->data + MADT_ENTRIES, madt->bytes - MADT_ENTRIES, info);
}

/* The first entry for segment 0, which is the one that legacy ports reach. */
static void parse_mcfg(const struct table *mcfg, struct acpi_info *info)
{
	for (size_t at = MCFG_ENTRIES; at + MCFG_ENTRY_BYTES <= mcfg->bytes;
	     at += MCFG_ENTRY_BYTES) {
		uint64_t address = get64(mcfg, at + MCFG_ADDRESS);
		uint8_t first = get8(mcfg, at + MCFG_FIRST_BUS);
		uint8_t last = get8(mcfg, at + MCFG_LAST_BUS);
		if (get16(mcfg, at + MCFG_SEGMENT) || first > last || !address ||
		    !IS_ALIGNED(address, MIB) || address + ECAM_MAX_BYTES < address)
			continue;
		info->ecam = address;
		info->ecam_first_bus = first;
		info->ecam_last_bus = last;
		return;
	}
}

/* ---- the way there ---- */

/* Which tables were seen: of those that may stand only once the first counts. */
struct seen {
	bool fadt, madt, hpet, mcfg;
	struct table spcr, dbg2;
};

/* What is looked for by writing to where they say: a wrong checksum is one mistake too many. */
static void keep(struct table *kept, const struct table *table)
{
	if (!kept->data && checksum_ok(table->data, table->bytes))
		*kept = *table;
}

static void parse_table(const struct table *table, acpi_map_function *map, struct acpi_info *info,
			struct seen *seen)
{
	if (is_named(table, "FACP") && !seen->fadt) {
		seen->fadt = true;
		parse_fadt(table, info);
		parse_dsdt(table, map, info);
	} else if (is_named(table, "APIC") && !seen->madt) {
		seen->madt = true;
		parse_madt(table, info);
	} else if (is_named(table, "HPET") && !seen->hpet) {
		seen->hpet = true;
		parse_hpet(table, info);
	} else if (is_named(table, "MCFG") && !seen->mcfg) {
		seen->mcfg = true;
		parse_mcfg(table, info);
	} else if (is_named(table, "SPCR")) {
		keep(&seen->spcr, table);
	} else if (is_named(table, "DBG2")) {
		keep(&seen->dbg2, table);
	} else if (is_named(table, "SSDT")) {
		parse_definition_block(table, info);
	}
}

static void parse_root(const struct table *root, acpi_map_function *map, struct acpi_info *info)
{
	size_t entry_bytes = is_named(root, "XSDT") ? sizeof(uint64_t) : sizeof(uint32_t);
	size_t count = (root->bytes - TABLE_HEADER_BYTES) / entry_bytes;
	struct seen seen = {0};
	struct table table;

	if (count > TABLE_MAX_COUNT) {
		log_warning("acpi: %zu tables: only the first %u are read", count, TABLE_MAX_COUNT);
		count = TABLE_MAX_COUNT;
	}
	for (size_t i = 0; i < count; i++) {
		paddr_t start = get(root, TABLE_HEADER_BYTES + i * entry_bytes, entry_bytes);
		if (open_table(start, map, &table))
			parse_table(&table, map, info, &seen);
	}
	if (seen.spcr.data)
		acpi_parse_spcr(seen.spcr.data, seen.spcr.bytes, info);
	if (seen.dbg2.data)
		acpi_parse_dbg2(seen.dbg2.data, seen.dbg2.bytes, info);
}

/* The XSDT where there is one that is one, otherwise the RSDT. */
static bool open_root(const struct table *rsdp, acpi_map_function *map, struct table *root)
{
	uint64_t xsdt = get64(rsdp, RSDP_XSDT);

	if (xsdt != 0 && open_table(xsdt, map, root) && is_named(root, "XSDT"))
		return true;
	return open_table(get32(rsdp, RSDP_RSDT), map, root) && is_named(root, "RSDT");
}

static bool open_rsdp(paddr_t start, acpi_map_function *map, struct table *rsdp)
{
	const uint8_t *data = map(start, RSDP_V1_BYTES);

	if (!data || memcmp(data, RSDP_SIGNATURE, strlen(RSDP_SIGNATURE)) != 0)
		return false;
	*rsdp = (struct table){.data = data, .bytes = RSDP_V1_BYTES};
	if (!checksum_ok(data, RSDP_V1_BYTES))
		log_warning("acpi: the root pointer has a wrong checksum");
	if (data[RSDP_REVISION] < 2)
		return true;
	data = map(start, RSDP_V2_BYTES);
	if (!data)
		return true;
	*rsdp = (struct table){.data = data, .bytes = RSDP_V2_BYTES};
	if (get32(rsdp, RSDP_LENGTH) != RSDP_V2_BYTES || !checksum_ok(data, RSDP_V2_BYTES))
		log_warning("acpi: the extended root pointer has a wrong length or checksum");
	return true;
}

void acpi_parse(paddr_t start, acpi_map_function *map, struct acpi_info *info)
{
	struct table rsdp, root;

	memset(info, 0, sizeof(*info));
	info->has_i8042 = true; /* what a PC has when nobody says otherwise */
	if (start == 0)
		return;
	if (!open_rsdp(start, map, &rsdp)) {
		log_warning("acpi: no root pointer at %#llx", (unsigned long long)start);
		return;
	}
	if (!open_root(&rsdp, map, &root)) {
		log_warning("acpi: neither XSDT nor RSDT can be read");
		return;
	}
	parse_root(&root, map, info);
}
