/*
 * serial.c: see serial.h. Cards are class 07/00 (PCI Code and ID Assignment Specification, 1.8):
 * 16550s in the first BAR, ports or memory.
 */
#include "dev/serial.h"

#include "debug/log.h"
#include "dev/acpi.h"
#include "dev/pci.h"
#include "dev/uart.h"
#include "lib/options.h"
#include "lib/string.h"
#include "mm/kmap.h"

#define CLASS_COMMUNICATION 0x07
#define SUBCLASS_SERIAL     0x00
#define REGISTERS           8u
#define LAST_PORT           0xffffu
#define BAUD_BASE           115200u
#define PAGE                4096u

struct named_port {
	const char *name;
	uint16_t base;
};

/* What the option serial= may say; or "off", "io:NUMBER", "memory:NUMBER", "memory32:NUMBER". */
static const struct named_port named_ports[] = {
	{"com1", UART_COM1},
	{"com2", UART_COM2},
	{"com3", 0x3e8},
	{"com4", 0x2e8},
};

/* The number after `prefix`; false: it is another word. */
static bool number_after(const char *word, const char *prefix, uint64_t *number)
{
	size_t length = strlen(prefix);

	return strlen(word) > length && !memcmp(word, prefix, length) &&
	       string_to_u64(word + length, strlen(word + length), number);
}

/* A port that the option names; its registers are not mapped yet. False: it names none. */
static bool read_option(const char *word, struct acpi_serial *out)
{
	*out = (struct acpi_serial){.stride = 1, .width = 1, .baud = BAUD_BASE};
	for (size_t i = 0; i < ARRAY_SIZE(named_ports); i++)
		if (!strcmp(word, named_ports[i].name))
			out->address = named_ports[i].base;
	if (out->address)
		return true;
	if (number_after(word, "io:", &out->address))
		return out->address && out->address <= LAST_PORT - REGISTERS;
	out->in_memory = true;
	if (number_after(word, "memory32:", &out->address))
		out->stride = out->width = sizeof(uint32_t);
	else if (!number_after(word, "memory:", &out->address))
		return false;
	return out->address > LAST_PORT && IS_ALIGNED(out->address, out->width);
}

/* Tables lie: what is written to look for a port must reach neither memory nor another device. */
static bool may_be_port(uint64_t start, size_t bytes)
{
	const struct acpi_info *acpi = acpi_info();
	const paddr_t others[] = {acpi->lapic, acpi->ioapic, acpi->hpet};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i] && start < others[i] + PAGE && others[i] < start + bytes)
			return false;
	return !kmap_is_memory(start, bytes);
}

/* Make it the console, if it is there. */
static bool use(const struct acpi_serial *serial)
{
	struct uart_place place = {
		.base = serial->address, .stride = serial->stride, .width = serial->width};
	size_t bytes = (size_t)REGISTERS * serial->stride;

	if (serial->baud)
		place.divisor = (uint16_t)(BAUD_BASE / serial->baud);
	if (serial->in_memory && uart_console_port() != serial->address) {
		if (!may_be_port(serial->address, bytes))
			return false;
		place.registers = kmap_device(serial->address, bytes, 0);
		if (!place.registers)
			return false;
	}
	return uart_console_use(&place);
}

static void log_choice(const char *why)
{
	uint64_t base = uart_console_port();

	log_info("console: serial port at %s %#llx, %s", base > LAST_PORT ? "address" : "port",
		 (unsigned long long)base, why);
}

void serial_early_init(void)
{
	const char *wanted = option("serial");
	struct acpi_serial serial;

	if (!wanted)
		wanted = "com1";
	if (read_option(wanted, &serial) && !serial.in_memory)
		(void)use(&serial);
}

/* The option's word is the last one, also where nothing is. */
static void choose_by_option(const char *wanted)
{
	struct acpi_serial serial;

	if (!strcmp(wanted, "off"))
		return;
	if (!read_option(wanted, &serial))
		log_warning("serial=%s is not off, com1 to com4, io:, memory: or memory32:PLACE",
			    wanted);
	else if (use(&serial))
		log_choice("by the option");
	else
		log_warning("serial=%s: no port is there", wanted);
}

static bool choose_by_tables(void)
{
	const struct acpi_info *acpi = acpi_info();

	for (unsigned i = 0; i < ACPI_MAX_SERIALS && acpi->serial[i].address; i++) {
		if (use(&acpi->serial[i])) {
			log_choice("by ACPI's tables");
			return true;
		}
		log_info("console: ACPI's tables name a serial port at %#llx, and none is there",
			 (unsigned long long)acpi->serial[i].address);
	}
	return false;
}

static bool use_card(const struct pci_function *card)
{
	struct pci_bar bar = pci_bar_read(pci_space(), card, 0);
	const struct acpi_serial serial = {.address = bar.start,
					   .in_memory = !bar.is_io,
					   .stride = 1,
					   .width = 1,
					   .baud = BAUD_BASE};

	if (bar.bytes < REGISTERS || (bar.is_io && bar.start > LAST_PORT - REGISTERS)) {
		log_info("PCI serial card %04x:%04x: its registers have no place: not used",
			 card->vendor, card->id);
		return false;
	}
	pci_enable(card, false);
	if (!use(&serial))
		return false;
	log_info("console: PCI serial card %04x:%04x at %s %#llx", card->vendor, card->id,
		 bar.is_io ? "port" : "address", (unsigned long long)bar.start);
	return true;
}

void serial_init(void)
{
	const struct pci_function *card = NULL;

	if (option("serial")) {
		choose_by_option(option("serial"));
		return;
	}
	if (choose_by_tables() || uart_console_port())
		return;
	while ((card = pci_next(card, CLASS_COMMUNICATION, SUBCLASS_SERIAL)))
		if (use_card(card))
			return;
}
