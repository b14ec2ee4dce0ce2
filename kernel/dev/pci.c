/* pci.c: this machine's configuration space, and what was found in it. See pci.h. */
#include "dev/pci.h"

#include <arch/port.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "dev/pci_config.h"
#include "lib/text.h"
#include "mm/kmap.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

#define LIST_BYTES     400u /* of functions in one line of the log */
#define ADDRESS_PORT   0xcf8
#define DATA_PORT      0xcfc
#define ADDRESS_ENABLE (1u << 31)
#define BUS_ECAM_BYTES (1u << 20)

/* Address and data go through one pair of ports. */
static struct spinlock ports_lock = SPINLOCK_INIT(RANK_CONSOLE);

/* Set once at boot, then only read. */
static struct pci_function functions[PCI_MAX_FUNCTIONS];
static size_t function_count;
static uint8_t *ecam; /* of bus ecam_first */
static unsigned ecam_first, ecam_last;

static uint32_t port_address(struct pci_address at, unsigned offset)
{
	return ADDRESS_ENABLE | (uint32_t)at.bus << 16 | (uint32_t)at.device << 11 |
	       (uint32_t)at.function << 8 | offset;
}

static volatile uint32_t *ecam_register(struct pci_address at, unsigned offset)
{
	if (!ecam || at.bus < ecam_first || at.bus > ecam_last)
		return NULL;
	return (volatile uint32_t *)(ecam + (size_t)(at.bus - ecam_first) * BUS_ECAM_BYTES +
				     (size_t)(at.device * 8u + at.function) * PCI_CONFIG_ECAM +
				     offset);
}

static uint32_t read_config(struct pci_address at, unsigned offset)
{
	volatile uint32_t *in_memory = ecam_register(at, offset);

	if (in_memory)
		return *in_memory;
	if (offset >= PCI_CONFIG_BYTES)
		return UINT32_MAX;
	spin_lock(&ports_lock);
	port_out32(ADDRESS_PORT, port_address(at, offset));
	uint32_t value = port_in32(DATA_PORT);
	spin_unlock(&ports_lock);
	return value;
}

static void write_config(struct pci_address at, unsigned offset, uint32_t value)
{
	volatile uint32_t *in_memory = ecam_register(at, offset);

	assert(!(cpus_online() & (cpus_online() - 1)));
	if (in_memory) {
		*in_memory = value;
		return;
	}
	if (offset >= PCI_CONFIG_BYTES)
		return;
	spin_lock(&ports_lock);
	port_out32(ADDRESS_PORT, port_address(at, offset));
	port_out32(DATA_PORT, value);
	spin_unlock(&ports_lock);
}

/* Set once at boot, then only read. */
static struct pci_space machine_space = {.read = read_config, .write = write_config};

const struct pci_space *pci_space(void)
{
	return &machine_space;
}

static void map_ecam(void)
{
	const struct acpi_info *acpi = acpi_info();
	uint64_t first = (uint64_t)acpi->ecam_first_bus * BUS_ECAM_BYTES;
	size_t bytes = (size_t)(acpi->ecam_last_bus - acpi->ecam_first_bus + 1) * BUS_ECAM_BYTES;

	if (!acpi->ecam)
		return;
	ecam_first = acpi->ecam_first_bus;
	ecam_last = acpi->ecam_last_bus;
	ecam = kmap_device(acpi->ecam + first, bytes, 0);
	if (!ecam)
		return;
	/* Firmware may describe what it never turned on: the host bridge must look the same. */
	struct pci_address bridge = {.bus = acpi->ecam_first_bus};
	uint32_t in_memory = read_config(bridge, PCI_ID);
	void *mapped = ecam;
	ecam = NULL;
	if (read_config(bridge, PCI_ID) == in_memory)
		ecam = mapped;
	else
		log_warning("PCI: MCFG's memory at %#llx is not what the ports reach: not used",
			    (unsigned long long)acpi->ecam);
}

/* By class and subclass, those that matter when a machine does not start. */
static const char *class_name(const struct pci_function *function)
{
	static const struct {
		uint16_t class;
		const char *name;
	} names[] = {
		{0x0100, "SCSI"},   {0x0101, "IDE"},    {0x0104, "RAID"},    {0x0106, "SATA"},
		{0x0108, "NVMe"},   {0x0200, "net"},    {0x0280, "net"},     {0x0300, "VGA"},
		{0x0380, "screen"}, {0x0403, "sound"},  {0x0600, "host"},    {0x0601, "ISA"},
		{0x0604, "bridge"}, {0x0700, "serial"}, {0x0805, "SD card"}, {0x0c05, "SMBus"},
	};
	static const char *const usb[] = {"UHCI", "OHCI", "EHCI", "xHCI", "USB4"};
	unsigned class = (unsigned)function->class << 8 | function->subclass;

	if (class == 0x0c03 && function->interface >> 4 < ARRAY_SIZE(usb))
		return usb[function->interface >> 4];
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].class == class)
			return names[i].name;
	return "other";
}

static void log_functions(void)
{
	char list[LIST_BYTES];
	struct text_buffer text;

	text_buffer_init(&text, list, sizeof(list));
	for (size_t i = 0; i < function_count; i++)
		text_print(&text.sink, "%s %s %04x:%04x", i ? "," : "", class_name(&functions[i]),
			   functions[i].vendor, functions[i].id);
	log_fact("PCI: %zu functions, by %s:%s", function_count, ecam ? "memory" : "ports", list);
}

void pci_init(void)
{
	map_ecam();
	/* By ports other buses are not looked for: there are chipsets that answer for all of them.
	 */
	machine_space.last_bus = ecam ? (uint8_t)ecam_last : 0;
	function_count = pci_scan(&machine_space, functions, PCI_MAX_FUNCTIONS);
	log_functions();
	for (size_t i = 0; i < function_count; i++)
		log_debug("PCI %02x:%02x.%x: %04x:%04x, class %02x%02x%02x", functions[i].at.bus,
			  functions[i].at.device, functions[i].at.function, functions[i].vendor,
			  functions[i].id, functions[i].class, functions[i].subclass,
			  functions[i].interface);
}

const struct pci_function *pci_next(const struct pci_function *previous, uint8_t class,
				    uint8_t subclass)
{
	size_t start = previous ? (size_t)(previous - functions) + 1 : 0;

	for (size_t i = start; i < function_count; i++)
		if (functions[i].class == class && functions[i].subclass == subclass)
			return &functions[i];
	return NULL;
}

void pci_enable(const struct pci_function *function, bool master)
{
	uint32_t command = read_config(function->at, PCI_COMMAND) & ~PCI_STATUS_WRITE_1_CLEAR;

	command |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY | (master ? PCI_COMMAND_MASTER : 0);
	write_config(function->at, PCI_COMMAND, command);
}
