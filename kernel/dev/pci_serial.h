/* pci_serial.h: serial cards as console, on machines whose board has no serial port. */
#ifndef DEV_PCI_SERIAL_H
#define DEV_PCI_SERIAL_H

/* If no serial port is a console, the first card's port that works becomes one. After pci_init. */
void pci_serial_init(void);

#endif
