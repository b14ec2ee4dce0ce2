/*
 * usb_parse.h: descriptors of USB devices (Universal Serial Bus Specification 2.0, 9.6 and 11.23;
 * HID specification 1.11, appendices B and E). Pure. A device may say anything.
 */
#ifndef DEV_USB_PARSE_H
#define DEV_USB_PARSE_H

#include "lib/types.h"

struct usb_request {
	uint8_t type, request;
	uint16_t value, index, length;
};

/* The first interface that the kernel can use, and its interrupt endpoint. */
struct usb_function {
	bool is_keyboard, is_hub;
	uint8_t configuration, interface;
	uint8_t endpoint; /* number, 1 to 15, IN */
	uint8_t interval; /* bInterval */
	uint16_t packet;  /* bytes, 1 to 1024 */
};

struct usb_hub {
	uint8_t ports;
	uint8_t think_time;     /* of its transaction translator: 0 to 3 */
	unsigned power_good_ms; /* after a port's power was turned on */
};

/* A configuration descriptor with all that follows it. False: neither a keyboard of the boot
 * protocol nor a hub. */
NODISCARD bool usb_parse_configuration(const uint8_t *data, size_t bytes, struct usb_function *out);
NODISCARD bool usb_parse_hub(const uint8_t *data, size_t bytes, struct usb_hub *out);
/* The size of packets of the first endpoint, by the first 8 bytes of the device descriptor; 0: it
 * is none. */
unsigned usb_parse_packet(const uint8_t *data, size_t bytes, bool high_speed);
/* The exponent of a context's interval: 125 us times two to its power. (xHCI 1.2, 6.2.3.6.) */
unsigned usb_interval(uint8_t interval, bool high_speed);

#endif
