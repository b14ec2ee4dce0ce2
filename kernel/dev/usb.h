/*
 * usb.h: keyboards on USB, behind hubs as well, on host controllers of the kind xHCI. They may come
 * and go at any time; what is typed comes out of dev/keyboard.h.
 */
#ifndef DEV_USB_H
#define DEV_USB_H

#include "lib/types.h"

/* Look for controllers among PCI's functions; once, while one CPU runs (see dev/pci.h). With the
 * boot option usb=off nothing is touched. */
void usb_probe(void);

/* Start those found in a thread of their own; once, when threads can run. */
void usb_start(void);

/* Wait until what was plugged in at boot has been looked at, for `limit_ns` at most. A thread's. */
void usb_settle(uint64_t limit_ns);

#endif
