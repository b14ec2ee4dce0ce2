/* pci_scan.c: what is there, and where: the pure part of pci.h. */
#include "dev/pci.h"
#include "dev/pci_config.h"

#define BUSES            256u
#define DEVICES          32u
#define FUNCTIONS        8u
#define HEADER_NORMAL    0u
#define HEADER_BRIDGE    1u
#define CLASS_BRIDGE     0x06u
#define BARS_OF_BRIDGE   2u
#define CAPABILITIES_MAX 48u /* there is no room for more */
#define FIRST_CAPABILITY 0x40u
#define NO_VENDOR        0xffffu
#define PORT_BYTES_MASK  0xffffu

/* Buses that were seen, and those that wait. Each waits at most once, so bridges that name a bus
 * twice, or their own, end nowhere. */
struct walk {
	const struct pci_space *space;
	struct pci_function *found;
	size_t count, room;
	bool seen[BUSES];
	uint8_t waiting[BUSES];
	unsigned waiting_count;
};

static void add_bus(struct walk *walk, uint8_t bus)
{
	if (walk->seen[bus])
		return;
	walk->seen[bus] = true;
	walk->waiting[walk->waiting_count++] = bus;
}

/* False: nothing is there. *header: the register with its type. */
static bool look_at(struct walk *walk, struct pci_address at, uint32_t *header)
{
	uint32_t id = walk->space->read(at, PCI_ID);

	if ((id & 0xffff) == NO_VENDOR || (id & 0xffff) == 0)
		return false;
	uint32_t class = walk->space->read(at, PCI_CLASS);
	*header = walk->space->read(at, PCI_HEADER);
	if (walk->count < walk->room)
		walk->found[walk->count++] = (struct pci_function){
			.at = at,
			.vendor = (uint16_t)id,
			.id = (uint16_t)(id >> 16),
			.class = (uint8_t)(class >> 24),
			.subclass = (uint8_t)(class >> 16),
			.interface = (uint8_t)(class >> 8),
		};
	if (class >> 24 == CLASS_BRIDGE && PCI_HEADER_TYPE(*header) == HEADER_BRIDGE) {
		uint32_t buses = walk->space->read(at, PCI_BRIDGE_BUSES);
		uint8_t secondary = (uint8_t)(buses >> 8);
		/* Behind a bridge numbers grow; 0 was never given. */
		if (secondary > at.bus)
			add_bus(walk, secondary);
	}
	return true;
}

static void scan_bus(struct walk *walk, uint8_t bus)
{
	uint32_t header;

	for (uint8_t device = 0; device < DEVICES; device++) {
		struct pci_address at = {.bus = bus, .device = device};
		if (!look_at(walk, at, &header) || !(header & PCI_HEADER_MULTI))
			continue;
		for (at.function = 1; at.function < FUNCTIONS; at.function++)
			(void)look_at(walk, at, &header);
	}
}

size_t pci_scan(const struct pci_space *space, struct pci_function *found, size_t room)
{
	struct walk walk = {.space = space, .found = found, .room = room};
	unsigned done = 0;

	for (unsigned bus = 0; bus <= space->last_bus; bus++) {
		add_bus(&walk, (uint8_t)bus);
		while (done < walk.waiting_count)
			scan_bus(&walk, walk.waiting[done++]);
	}
	return walk.count;
}

/* ---- BARs ---- */

static unsigned bar_count(const struct pci_space *space, struct pci_address at)
{
	switch (PCI_HEADER_TYPE(space->read(at, PCI_HEADER))) {
	case HEADER_NORMAL:
		return PCI_BARS;
	case HEADER_BRIDGE:
		return BARS_OF_BRIDGE;
	default:
		return 0;
	}
}

/* Write all ones, see which bits stay, and put the address back. */
static uint32_t probe(const struct pci_space *space, struct pci_address at, unsigned index)
{
	uint32_t was = space->read(at, PCI_BAR(index));

	space->write(at, PCI_BAR(index), UINT32_MAX);
	uint32_t mask = space->read(at, PCI_BAR(index));
	space->write(at, PCI_BAR(index), was);
	return mask;
}

static struct pci_bar io_bar(uint32_t low, uint32_t mask)
{
	/* The upper half of a port's address may not be there. */
	uint32_t bits = mask & PCI_BAR_IO_MASK & PORT_BYTES_MASK;
	struct pci_bar bar = {.start = low & PCI_BAR_IO_MASK, .is_io = true};

	if (bits)
		bar.bytes = bits & -bits;
	return bar;
}

static struct pci_bar memory_bar(uint64_t address, uint64_t mask)
{
	uint64_t bits = mask & ~(uint64_t)~PCI_BAR_MEM_MASK;
	struct pci_bar bar = {.start = address & ~(uint64_t)~PCI_BAR_MEM_MASK};

	if (bits)
		bar.bytes = bits & -bits;
	return bar;
}

struct pci_bar pci_bar_read(const struct pci_space *space, const struct pci_function *function,
			    unsigned index)
{
	struct pci_address at = function->at;
	struct pci_bar bar = {.bytes = 0};
	unsigned count = bar_count(space, at);

	if (index >= count)
		return bar;
	uint32_t low = space->read(at, PCI_BAR(index));
	bool is_64bit = !(low & PCI_BAR_IO) && (low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64;
	if (is_64bit && index + 1 >= count)
		return bar;
	/* Ones in the status half would clear what it reports. */
	uint32_t command = space->read(at, PCI_COMMAND) & ~PCI_STATUS_WRITE_1_CLEAR;
	space->write(at, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	uint32_t mask = probe(space, at, index);
	uint64_t upper = is_64bit ? space->read(at, PCI_BAR(index + 1)) : 0;
	uint64_t upper_mask = is_64bit ? probe(space, at, index + 1) : 0;
	space->write(at, PCI_COMMAND, command);
	if (low & PCI_BAR_IO)
		bar = io_bar(low, mask);
	else
		bar = memory_bar(upper << 32 | low, upper_mask << 32 | mask);
	/* Without an address, or with one that its size does not divide or that wraps. */
	if (!bar.start || (bar.start & (bar.bytes - 1)) || bar.start + bar.bytes < bar.start)
		bar.bytes = 0;
	return bar;
}

unsigned pci_capability_find(const struct pci_space *space, const struct pci_function *function,
			     uint8_t id)
{
	if (!(space->read(function->at, PCI_COMMAND) & PCI_STATUS_CAPABILITIES))
		return 0;
	unsigned at = space->read(function->at, PCI_CAPABILITIES) & 0xfc;
	for (unsigned i = 0; i < CAPABILITIES_MAX && at >= FIRST_CAPABILITY; i++) {
		uint32_t capability = space->read(function->at, at);
		if ((capability & 0xff) == id)
			return at;
		at = capability >> 8 & 0xfc;
	}
	return 0;
}
