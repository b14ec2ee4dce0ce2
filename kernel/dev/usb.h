/*
 * usb.h: keyboards on USB, behind hubs as well, on host controllers of the kind xHCI. They may come
 * and go at any time; what is typed comes out of dev/keyboard.h.
 */
#ifndef DEV_USB_H
#define DEV_USB_H

/* Look for controllers among PCI's functions; once, while one CPU runs (see dev/pci.h). With the
 * boot option usb=off nothing is touched. */
void usb_probe(void);

/* Start those found in a thread of their own; once, when threads can run. */
void usb_start(void);

#endif
