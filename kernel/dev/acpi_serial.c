/*
 * acpi_serial.c: which serial ports the firmware uses as its console, and for debugging (Microsoft,
 * "Serial Port Console Redirection Table", revision 4, and "Debug Port Table 2", revision 1). Only
 * 16550s count.
 */
#include "dev/acpi_tables.h"
#include "lib/string.h"

/* Offsets in the tables, and in a device of the debug ports' table. */
enum { SPCR_INTERFACE = 36, SPCR_ADDRESS = 40, SPCR_BAUD = 58, SPCR_BYTES = 59 };
enum { DBG2_FIRST = 36, DBG2_COUNT = 40, DBG2_BYTES = 44 };
enum { DEVICE_LENGTH = 1, DEVICE_ADDRESSES = 3, DEVICE_TYPE = 12, DEVICE_SUBTYPE = 14 };
enum { DEVICE_ADDRESS = 18, DEVICE_BYTES = 22 };
#define DEVICE_SERIAL 0x8000u
#define DEVICES_MAX   16u

/* Kinds of ports, in both tables. */
#define KIND_16550        0x00u
#define KIND_16550_SUBSET 0x01u
#define KIND_16550_GAS    0x12u

/* ACPI 6.5, table 5.1: Generic Address Structure. */
enum { GAS_SPACE = 0, GAS_BITS = 1, GAS_ACCESS = 3, GAS_ADDRESS = 4, GAS_BYTES = 12 };
enum { SPACE_MEMORY = 0, SPACE_IO = 1 };
#define REGISTERS    8u
#define PORTS_BOARD  0x100u /* below it the board's own devices are */
#define PORTS        0x10000u
#define PCI_PORTS    0xcf8u /* and the seven after it */
#define MEMORY_LIMIT (1ull << 52)
#define MEMORY_FIRST 0x100000u

static uint64_t get(const uint8_t *data, size_t offset, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, data + offset, bytes);
	return value;
}

/* Bytes of an access; many tables say nothing, or what makes no sense: then one. */
static uint8_t access_width(uint8_t access)
{
	return access == 3 ? 4 : access == 2 ? 2 : 1;
}

/* False: there can't be a port. */
static bool parse_address(const uint8_t *gas, struct acpi_serial *out)
{
	uint8_t bits = gas[GAS_BITS], space = gas[GAS_SPACE];
	uint64_t address = get(gas, GAS_ADDRESS, 8);

	*out = (struct acpi_serial){.address = address, .stride = 1, .width = 1};
	if (space == SPACE_IO)
		return address >= PORTS_BOARD && address <= PORTS - REGISTERS &&
		       (address + REGISTERS <= PCI_PORTS || address >= PCI_PORTS + REGISTERS);
	out->in_memory = true;
	out->width = access_width(gas[GAS_ACCESS]);
	out->stride = (bits == 16 || bits == 32) ? MAX(out->width, bits / 8) : out->width;
	return space == SPACE_MEMORY && address >= MEMORY_FIRST && address < MEMORY_LIMIT &&
	       IS_ALIGNED(address, out->width);
}

static void add(struct acpi_info *info, const uint8_t *gas, uint32_t baud)
{
	struct acpi_serial serial;

	if (!parse_address(gas, &serial))
		return;
	serial.baud = baud;
	for (unsigned i = 0; i < ACPI_MAX_SERIALS; i++) {
		if (info->serial[i].address == serial.address)
			return;
		if (!info->serial[i].address) {
			info->serial[i] = serial;
			return;
		}
	}
}

static bool is_16550(uint64_t kind)
{
	return kind == KIND_16550 || kind == KIND_16550_SUBSET || kind == KIND_16550_GAS;
}

static uint32_t baud_of(uint8_t code)
{
	switch (code) {
	case 3:
		return 9600;
	case 4:
		return 19200;
	case 6:
		return 57600;
	case 7:
		return 115200;
	default:
		return 0;
	}
}

void acpi_parse_spcr(const uint8_t *table, size_t bytes, struct acpi_info *info)
{
	if (bytes >= SPCR_BYTES && is_16550(table[SPCR_INTERFACE]))
		add(info, table + SPCR_ADDRESS, baud_of(table[SPCR_BAUD]));
}

static void parse_device(const uint8_t *device, size_t bytes, struct acpi_info *info)
{
	size_t address = get(device, DEVICE_ADDRESS, 2);

	if (get(device, DEVICE_TYPE, 2) == DEVICE_SERIAL &&
	    is_16550(get(device, DEVICE_SUBTYPE, 2)) && device[DEVICE_ADDRESSES] &&
	    address <= bytes && bytes - address >= GAS_BYTES)
		add(info, device + address, 0);
}

void acpi_parse_dbg2(const uint8_t *table, size_t bytes, struct acpi_info *info)
{
	if (bytes < DBG2_BYTES)
		return;
	uint64_t at = get(table, DBG2_FIRST, 4), count = get(table, DBG2_COUNT, 4);
	for (unsigned i = 0; i < MIN(count, DEVICES_MAX); i++) {
		if (at > bytes || bytes - at < DEVICE_BYTES)
			return;
		uint64_t length = get(table, at + DEVICE_LENGTH, 2);
		if (length < DEVICE_BYTES || length > bytes - at)
			return;
		parse_device(table + at, length, info);
		at += length;
	}
}
