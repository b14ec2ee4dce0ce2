/* fake_usb.h: a host controller's memory without one, for what takes in its events. */
#ifndef TEST_UNIT_FAKE_USB_H
#define TEST_UNIT_FAKE_USB_H

#include "dev/xhci.h"

#define FAKE_SLOT     3u
#define FAKE_ENDPOINT 3u

/* A running controller with one device of that kind, whose pipe waits for reports. */
struct usb_device *fake_usb_start(enum usb_kind kind);
void fake_usb_stop(void);
/* The controller writes an event, and the kernel takes it in. */
void fake_usb_event(uint64_t parameter, uint32_t status, uint32_t control);
/* What the device writes into the place for the report that comes next. */
void fake_usb_fill_report(const void *data, size_t bytes);
/* Where that place's TRB is. */
uint64_t fake_usb_next_report(void);
/* The next key of all keyboards; false: none. */
bool fake_usb_key(unsigned *key, bool *pressed);
#endif
