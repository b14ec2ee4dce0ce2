/* acpi_madt_aml.c: the two tables whose contents have a structure of their own: the MADT's list,
 * and AML. */
#include "debug/log.h"
#include "dev/acpi_tables.h"
#include "lib/string.h"

/* ACPI 6.5, 5.2.12: Multiple APIC Description Table. */
enum madt_type {
	MADT_LOCAL_APIC = 0,
	MADT_IO_APIC = 1,
	MADT_SOURCE_OVERRIDE = 2,
	MADT_LAPIC_ADDRESS = 5,
	MADT_LOCAL_X2APIC = 9,
};
enum { LOCAL_APIC_ID = 3, LOCAL_APIC_FLAGS = 4, LOCAL_APIC_BYTES = 8 };
enum { IO_APIC_ADDRESS = 4, IO_APIC_GSI_BASE = 8, IO_APIC_BYTES = 12 };
enum { OVERRIDE_SOURCE = 3, OVERRIDE_GSI = 4, OVERRIDE_FLAGS = 8, OVERRIDE_BYTES = 10 };
enum { LAPIC_ADDRESS = 4, LAPIC_ADDRESS_BYTES = 12 };
enum { X2APIC_ID = 4, X2APIC_FLAGS = 8, X2APIC_BYTES = 16 };
#define CPU_ENABLED        (1u << 0)
#define CPU_ONLINE_CAPABLE (1u << 1)
#define LOCAL_APIC_NONE    0xffu /* what firmware puts into the slots of absent processors */
#define X2APIC_NONE        0xffffffffu
/* Table 5.25: MPS INTI flags. */
#define INTI_POLARITY      0x3u
#define INTI_ACTIVE_LOW    0x3u
#define INTI_TRIGGER       0xcu
#define INTI_LEVEL         0xcu

static uint16_t load16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* A processor may be listed both as a local APIC and as a local x2APIC. These return false when
 * there is no room. */
static bool add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t flags)
{
	bool enabled = flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE);

	for (unsigned i = 0; i < info->cpu_count; i++) {
		if (info->cpus[i].apic_id == apic_id) {
			info->cpus[i].enabled |= enabled;
			return true;
		}
	}
	if (info->cpu_count == ACPI_MAX_CPUS)
		return false;
	info->cpus[info->cpu_count++] = (struct acpi_cpu){apic_id, enabled};
	return true;
}

static bool add_override(struct acpi_info *info, const uint8_t *entry)
{
	uint16_t flags = load16(entry + OVERRIDE_FLAGS);

	if (info->override_count == ACPI_MAX_OVERRIDES)
		return false;
	info->overrides[info->override_count++] = (struct acpi_override){
		.source = entry[OVERRIDE_SOURCE],
		.gsi = load32(entry + OVERRIDE_GSI),
		.active_low = (flags & INTI_POLARITY) == INTI_ACTIVE_LOW,
		.level = (flags & INTI_TRIGGER) == INTI_LEVEL,
	};
	return true;
}

/* The legacy interrupts are on the I/O APIC that starts at 0; others have nothing for this kernel.
 */
static void add_io_apic(struct acpi_info *info, paddr_t address, uint32_t gsi_base)
{
	if (info->ioapic != 0 && gsi_base >= info->ioapic_gsi_base)
		return;
	info->ioapic = address;
	info->ioapic_gsi_base = gsi_base;
}

static bool parse_entry(const uint8_t *entry, size_t bytes, struct acpi_info *info)
{
	enum madt_type type = entry[0];

	if (type == MADT_LOCAL_APIC && bytes >= LOCAL_APIC_BYTES &&
	    entry[LOCAL_APIC_ID] != LOCAL_APIC_NONE)
		return add_cpu(info, entry[LOCAL_APIC_ID], load32(entry + LOCAL_APIC_FLAGS));
	if (type == MADT_LOCAL_X2APIC && bytes >= X2APIC_BYTES &&
	    load32(entry + X2APIC_ID) != X2APIC_NONE)
		return add_cpu(info, load32(entry + X2APIC_ID), load32(entry + X2APIC_FLAGS));
	if (type == MADT_SOURCE_OVERRIDE && bytes >= OVERRIDE_BYTES)
		return add_override(info, entry);
	if (type == MADT_IO_APIC && bytes >= IO_APIC_BYTES)
		add_io_apic(info, load32(entry + IO_APIC_ADDRESS),
			    load32(entry + IO_APIC_GSI_BASE));
	if (type == MADT_LAPIC_ADDRESS && bytes >= LAPIC_ADDRESS_BYTES)
		info->lapic = load64(entry + LAPIC_ADDRESS);
	return true;
}

void acpi_parse_madt(const uint8_t *entries, size_t bytes, struct acpi_info *info)
{
	unsigned dropped = 0;

	while (bytes >= 2) {
		size_t entry_bytes = entries[1];
		if (entry_bytes < 2 || entry_bytes > bytes) {
			log_warning("acpi: table APIC ends in a broken entry");
			break;
		}
		dropped += !parse_entry(entries, entry_bytes, info);
		entries += entry_bytes;
		bytes -= entry_bytes;
	}
	if (dropped > 0)
		log_warning("acpi: %u processors or interrupt overrides left out: no room",
			    dropped);
}

/* ---- AML, ACPI 6.5, chapter 20 ---- */

#define AML_ZERO      0x00
#define AML_ONE       0x01
#define AML_NAME      0x08
#define AML_BYTE      0x0a
#define AML_WORD      0x0b
#define AML_DWORD     0x0c
#define AML_QWORD     0x0e
#define AML_PACKAGE   0x12
#define AML_ROOT_CHAR '\\'
#define AML_ONES      0xff
#define S5_NAME       "_S5_"
#define S5_NAME_BYTES 4u
#define SLP_TYP_MAX   7u

struct aml {
	const uint8_t *at, *end;
};

/* A constant integer; false if the next thing is none. Its low byte is enough. */
static bool aml_integer(struct aml *in, uint8_t *value)
{
	size_t bytes;

	if (in->at == in->end)
		return false;
	uint8_t opcode = *in->at++;
	switch (opcode) {
	case AML_ZERO:
	case AML_ONE:
	case AML_ONES:
		*value = opcode;
		return true;
	case AML_BYTE:
		bytes = 1;
		break;
	case AML_WORD:
		bytes = 2;
		break;
	case AML_DWORD:
		bytes = 4;
		break;
	case AML_QWORD:
		bytes = 8;
		break;
	default:
		return false;
	}
	if ((size_t)(in->end - in->at) < bytes)
		return false;
	*value = *in->at;
	in->at += bytes;
	return true;
}

/* PackageOp PkgLength NumElements element element...; the length's bits 7:6 say how many more bytes
 * it has. */
static bool aml_s5_package(struct aml in, uint8_t *s5_a, uint8_t *s5_b)
{
	if (in.end - in.at < 2 || *in.at++ != AML_PACKAGE)
		return false;
	size_t length_bytes = 1 + (*in.at >> 6);
	if ((size_t)(in.end - in.at) < length_bytes + 1)
		return false;
	in.at += length_bytes;
	if (*in.at++ < 2)
		return false;
	if (!aml_integer(&in, s5_a) || !aml_integer(&in, s5_b))
		return false;
	return *s5_a <= SLP_TYP_MAX && *s5_b <= SLP_TYP_MAX;
}

/* Is the name at `at` being defined, as Name(_S5_, ...) or Name(\_S5_, ...)? */
static bool is_definition(const uint8_t *start, const uint8_t *at)
{
	if (at - start >= 1 && at[-1] == AML_NAME)
		return true;
	return at - start >= 2 && at[-1] == AML_ROOT_CHAR && at[-2] == AML_NAME;
}

bool acpi_find_s5(const uint8_t *aml, size_t bytes, uint8_t *s5_a, uint8_t *s5_b)
{
	uint8_t a, b;

	for (size_t i = 0; i + S5_NAME_BYTES <= bytes; i++) {
		if (memcmp(aml + i, S5_NAME, S5_NAME_BYTES) != 0 || !is_definition(aml, aml + i))
			continue;
		struct aml after = {aml + i + S5_NAME_BYTES, aml + bytes};
		if (aml_s5_package(after, &a, &b)) {
			*s5_a = a;
			*s5_b = b;
			return true;
		}
	}
	return false;
}
