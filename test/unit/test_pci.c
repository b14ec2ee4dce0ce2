/* test_pci.c: the walk through configuration space, on one in software that may lie. */
#include <string.h>

#include "debug/ktest.h"
#include "dev/pci.h"
#include "dev/pci_config.h"

#define SLOTS 8u

/* One function: its registers, and which bits of its BARs can be written. */
struct slot {
	struct pci_address at;
	uint32_t registers[PCI_CONFIG_BYTES / 4];
	uint32_t writable[PCI_BARS];
	bool sized_while_decoding;
};

static struct slot slots[SLOTS];
static unsigned slot_count;
static uint32_t all_say; /* what is read where nothing is */
static uint64_t reads;

static struct slot *find(struct pci_address at)
{
	for (unsigned i = 0; i < slot_count; i++)
		if (!memcmp(&slots[i].at, &at, sizeof(at)))
			return &slots[i];
	return NULL;
}

static uint32_t read_fake(struct pci_address at, unsigned offset)
{
	struct slot *slot = find(at);

	reads++;
	return slot ? slot->registers[offset / 4] : all_say;
}

static void write_fake(struct pci_address at, unsigned offset, uint32_t value)
{
	struct slot *slot = find(at);

	if (!slot)
		return;
	uint32_t *reg = &slot->registers[offset / 4];
	if (offset == PCI_COMMAND) {
		*reg = (*reg & 0xffff0000 & ~value) | (value & 0xffff);
		return;
	}
	if (offset < PCI_BAR(0) || offset >= PCI_BAR(PCI_BARS))
		return;
	if (slot->registers[PCI_COMMAND / 4] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))
		slot->sized_while_decoding = true;
	uint32_t writable = slot->writable[(offset - PCI_BAR(0)) / 4];
	*reg = (*reg & ~writable) | (value & writable);
}

static const struct pci_space fake = {.read = read_fake, .write = write_fake};
static const struct pci_space many_roots = {
	.read = read_fake, .write = write_fake, .last_bus = 128};

static void clear(void)
{
	memset(slots, 0, sizeof(slots));
	slot_count = 0;
	all_say = UINT32_MAX;
	reads = 0;
}

static struct slot *add(unsigned bus, unsigned device, unsigned function, uint32_t class)
{
	struct slot *slot = &slots[slot_count++];

	slot->at = (struct pci_address){(uint8_t)bus, (uint8_t)device, (uint8_t)function};
	slot->registers[PCI_ID / 4] = 0x00021b36;
	slot->registers[PCI_CLASS / 4] = class << 8;
	return slot;
}

static void add_bridge(unsigned bus, unsigned device, unsigned secondary, unsigned last)
{
	struct slot *slot = add(bus, device, 0, 0x060400);

	slot->registers[PCI_HEADER / 4] = 1u << 16;
	slot->registers[PCI_BRIDGE_BUSES / 4] = last << 16 | secondary << 8 | bus;
}

KTEST(pci_scan_functions_and_bridges)
{
	struct pci_function found[8];

	clear();
	add(0, 3, 0, 0x070002)->registers[PCI_HEADER / 4] = PCI_HEADER_MULTI;
	add(0, 3, 5, 0x0c0330);
	add(0, 4, 0, 0x020000);
	add(0, 4, 1, 0x020000); /* the first says that there is only one */
	add_bridge(0, 31, 2, 3);
	add_bridge(2, 0, 3, 3);
	add(3, 1, 0, 0x010802);
	EXPECT_EQ(pci_scan(&fake, found, ARRAY_SIZE(found)), 6);
	EXPECT_EQ(found[0].vendor, 0x1b36);
	EXPECT_EQ(found[0].id, 2);
	EXPECT_EQ(found[0].class, 7);
	EXPECT_EQ(found[0].interface, 2);
	EXPECT_EQ(found[1].at.function, 5);
	EXPECT_EQ(found[5].at.bus, 3);
	EXPECT_EQ(found[5].subclass, 8);
	EXPECT_EQ(pci_scan(&fake, found, 2), 2); /* no room for more */
}

KTEST(pci_scan_other_roots)
{
	struct pci_function found[8];

	clear();
	add_bridge(0, 1, 1, 1);
	add(1, 0, 0, 0x010802);
	add_bridge(128, 0, 129, 129);
	add(129, 0, 0, 0x0c0330);
	add(200, 0, 0, 0x0c0330); /* beyond what can be reached */
	EXPECT_EQ(pci_scan(&fake, found, ARRAY_SIZE(found)), 2);
	EXPECT_EQ(pci_scan(&many_roots, found, ARRAY_SIZE(found)), 4);
	EXPECT_EQ(found[3].at.bus, 129);
}

KTEST(pci_scan_ends)
{
	static struct pci_function found[PCI_MAX_FUNCTIONS];

	clear();
	EXPECT_EQ(pci_scan(&fake, found, PCI_MAX_FUNCTIONS), 0);
	add_bridge(0, 1, 0, 255); /* to its own bus */
	add_bridge(0, 2, 7, 7);
	add_bridge(0, 3, 7, 7); /* to one that another leads to */
	add_bridge(7, 1, 7, 7);
	add_bridge(7, 2, 0, 0); /* back */
	EXPECT_EQ(pci_scan(&fake, found, PCI_MAX_FUNCTIONS), 5);
	/* Everything is a bridge, to bus 6 and everywhere with eight functions. */
	clear();
	all_say = 0x06860681;
	EXPECT_EQ(pci_scan(&fake, found, PCI_MAX_FUNCTIONS), PCI_MAX_FUNCTIONS);
	EXPECT(reads <= 256u * 32u * 8u * 4u);
	EXPECT_EQ(pci_scan(&many_roots, found, PCI_MAX_FUNCTIONS), PCI_MAX_FUNCTIONS);
	EXPECT(reads <= 2 * 256u * 32u * 8u * 4u);
}

KTEST(pci_bars)
{
	struct pci_function function;
	struct pci_bar bar;

	clear();
	struct slot *slot = add(0, 1, 0, 0x070002);
	slot->registers[PCI_COMMAND / 4] = 0x02900007; /* decodes; with status bits */
	slot->registers[PCI_BAR(0) / 4] = 0xc001;
	slot->writable[0] = 0xfff8; /* a port of 8 bytes, upper half missing */
	slot->registers[PCI_BAR(1) / 4] = 0xfebf0000;
	slot->writable[1] = 0xffff0000;
	slot->registers[PCI_BAR(2) / 4] = 0x0000000c;
	slot->registers[PCI_BAR(3) / 4] = 0x80;
	slot->writable[2] = 0;
	slot->writable[3] = 0xfffffffc;               /* 16 GiB at 512 GiB */
	slot->writable[4] = 0xffff0000;               /* the firmware gave it no address */
	slot->registers[PCI_BAR(5) / 4] = 0xfe000004; /* the upper half would be beyond */
	slot->writable[5] = 0xffff0000;
	EXPECT_EQ(pci_scan(&fake, &function, 1), 1);
	struct slot before = *slot;

	bar = pci_bar_read(&fake, &function, 0);
	EXPECT(bar.is_io);
	EXPECT_EQ(bar.start, 0xc000);
	EXPECT_EQ(bar.bytes, 8);
	bar = pci_bar_read(&fake, &function, 1);
	EXPECT(!bar.is_io);
	EXPECT_EQ(bar.start, 0xfebf0000);
	EXPECT_EQ(bar.bytes, 0x10000);
	bar = pci_bar_read(&fake, &function, 2);
	EXPECT_EQ(bar.start, 512 * GIB);
	EXPECT_EQ(bar.bytes, 16 * GIB);
	EXPECT_EQ(pci_bar_read(&fake, &function, 4).bytes, 0);
	EXPECT_EQ(pci_bar_read(&fake, &function, 5).bytes, 0);
	EXPECT_EQ(pci_bar_read(&fake, &function, 6).bytes, 0);
	/* All is as before; the status bits, which ones would clear, too. */
	EXPECT(!memcmp(before.registers, slot->registers, sizeof(before.registers)));
	EXPECT(!memcmp(before.writable, slot->writable, sizeof(before.writable)));
	EXPECT(!slot->sized_while_decoding);
}

KTEST(pci_bars_hostile)
{
	struct pci_function function;

	clear();
	struct slot *slot = add(0, 1, 0, 0x070002);
	EXPECT_EQ(pci_scan(&fake, &function, 1), 1);
	for (unsigned i = 0; i < PCI_BARS; i++)
		EXPECT_EQ(pci_bar_read(&fake, &function, i).bytes, 0);
	slot->registers[PCI_HEADER / 4] = 1u << 16; /* a bridge has two */
	slot->registers[PCI_BAR(2) / 4] = 0xfebf0000;
	slot->writable[2] = 0xffff0000;
	EXPECT_EQ(pci_bar_read(&fake, &function, 2).bytes, 0);
	slot->registers[PCI_HEADER / 4] = 0x7fu << 16;
	EXPECT_EQ(pci_bar_read(&fake, &function, 0).bytes, 0);
	slot_count = 0; /* it was pulled out: all ones */
	EXPECT_EQ(pci_bar_read(&fake, &function, 0).bytes, 0);
	EXPECT_EQ(pci_capability_find(&fake, &function, 5), 0);
}

KTEST(pci_capabilities)
{
	struct pci_function function;

	clear();
	struct slot *slot = add(0, 1, 0, 0x0c0330);
	EXPECT_EQ(pci_scan(&fake, &function, 1), 1);
	slot->registers[PCI_CAPABILITIES / 4] = 0x41; /* the low bits mean nothing */
	slot->registers[0x40 / 4] = 0x5001;
	slot->registers[0x50 / 4] = 0x4005;                     /* back: a circle */
	EXPECT_EQ(pci_capability_find(&fake, &function, 5), 0); /* the status says: none */
	slot->registers[PCI_COMMAND / 4] = PCI_STATUS_CAPABILITIES;
	EXPECT_EQ(pci_capability_find(&fake, &function, 5), 0x50);
	EXPECT_EQ(pci_capability_find(&fake, &function, 0x11), 0);
	slot->registers[PCI_CAPABILITIES / 4] = 0x3c; /* inside the header */
	EXPECT_EQ(pci_capability_find(&fake, &function, 5), 0);
}
