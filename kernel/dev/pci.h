/*
 * pci.h: PCI functions and their configuration space (PCI Local Bus Specification 3.0, chapter 6;
 * PCI Express Base Specification, 7.2). Found once, at boot, by one CPU; afterwards the list is
 * only read. Hardware is not believed: every walk is bounded.
 *
 * Configuration space is written while one CPU runs only: what is written moves registers in the
 * address space that all CPUs share. An emulator may even die of it: QEMU's TCG before 8.2 gives
 * all CPUs the new map at once, and one that is just reading a register by the old one gets lost.
 */
#ifndef DEV_PCI_H
#define DEV_PCI_H

#include "lib/types.h"

#define PCI_MAX_FUNCTIONS 256u
#define PCI_BARS          6u

struct pci_address {
	uint8_t bus, device, function;
};

struct pci_bar {
	uint64_t start; /* as the processor sees it, or a port */
	uint64_t bytes; /* 0: not there, or not usable */
	bool is_io;
};

struct pci_function {
	struct pci_address at;
	uint16_t vendor, id;
	uint8_t class, subclass, interface;
};

/* How configuration space is reached; offsets are multiples of 4. What is not there reads as all
 * ones. */
struct pci_space {
	uint32_t (*read)(struct pci_address at, unsigned offset);
	void (*write)(struct pci_address at, unsigned offset, uint32_t value);
	/* Machines with several host bridges have buses that no bridge leads to. They are looked
	 * for up to this one; 0: not at all. */
	uint8_t last_bus;
};

/* All functions on bus 0 and other root buses, and behind bridges that the firmware gave bus
 * numbers, at most `room` of them into `found`; how many. Pure, but for `space`. */
size_t pci_scan(const struct pci_space *space, struct pci_function *found, size_t room);
/* BAR `index`. Sized with the function's decoding turned off, and put back as it was. */
struct pci_bar pci_bar_read(const struct pci_space *space, const struct pci_function *function,
			    unsigned index);
/* Offset of the first capability `id`; 0: it has none. */
unsigned pci_capability_find(const struct pci_space *space, const struct pci_function *function,
			     uint8_t id);

/* Find this machine's functions; after ACPI's tables. By memory where a table says how, otherwise
 * by ports. */
void pci_init(void);
/* The function after `previous` (NULL: the first) of that class and subclass; NULL: no more. */
const struct pci_function *pci_next(const struct pci_function *previous, uint8_t class,
				    uint8_t subclass);
/* How this machine's functions are reached. */
const struct pci_space *pci_space(void);
/* Let it decode its BARs, and with `master` reach memory on its own. */
void pci_enable(const struct pci_function *function, bool master);

#endif
