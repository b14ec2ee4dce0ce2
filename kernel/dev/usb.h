/*
 * usb.h: keyboards on USB, behind hubs as well, on host controllers of the kind xHCI. They may come
 * and go at any time; what is typed comes out of dev/keyboard.h.
 */
#ifndef DEV_USB_H
#define DEV_USB_H

/* Look for controllers among PCI's functions, and start them in a thread of their own; once, when
 * threads can run. With the boot option usb=off nothing is touched. */
void usb_init(void);

#endif
