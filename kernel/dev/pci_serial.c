/*
 * pci_serial.c: see pci_serial.h. Cards are class 07/00 (PCI Code and ID Assignment Specification,
 * 1.8): 16550s in the first BAR, which must be ports. Registers in memory are not supported.
 */
#include "dev/pci_serial.h"

#include "debug/log.h"
#include "dev/pci.h"
#include "dev/uart.h"

#define CLASS_COMMUNICATION 0x07
#define SUBCLASS_SERIAL     0x00
#define REGISTERS           8u
#define LAST_PORT           0xffffu

static void try_card(const struct pci_function *card)
{
	struct pci_bar bar = pci_bar_read(pci_space(), card, 0);

	if (!bar.is_io || bar.bytes < REGISTERS || bar.start > LAST_PORT - REGISTERS) {
		log_fact("PCI serial card %04x:%04x: its registers are in no ports: not used",
			 card->vendor, card->id);
		return;
	}
	pci_enable(card, false);
	if (uart_console_use((uint16_t)bar.start))
		log_fact("console: PCI serial card %04x:%04x at port %#llx", card->vendor, card->id,
			 (unsigned long long)bar.start);
}

void pci_serial_init(void)
{
	const struct pci_function *card = NULL;

	while (!uart_console_port() &&
	       (card = pci_next(card, CLASS_COMMUNICATION, SUBCLASS_SERIAL)))
		try_card(card);
}
