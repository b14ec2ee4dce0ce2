/* usb_parse.c: see usb_parse.h. */
#include "dev/usb_parse.h"

#include <linux/usb/ch9.h>

#define PROTOCOL_KEYBOARD 1u
#define SUBCLASS_BOOT     1u
#define HUB_BYTES         7u /* up to what is used */
#define HUB_DESCRIPTOR    0x29u
#define PACKET_BYTES      0x7ffu
#define PACKET_MAX        1024u
#define INTERVAL_MAX      15u

/* Offsets (tables 9-8 to 9-13, 11-13). */
enum { LENGTH = 0, TYPE = 1, DEVICE_PACKET = 7 };
enum { CONFIGURATION_BYTES = 9, CONFIGURATION_VALUE = 5 };
enum { INTERFACE_BYTES = 9, INTERFACE_NUMBER = 2, INTERFACE_ALTERNATE = 3, INTERFACE_CLASS = 5 };
enum { ENDPOINT_BYTES = 7, ENDPOINT_ADDRESS = 2, ENDPOINT_KIND = 3, ENDPOINT_SIZE = 4 };
enum { ENDPOINT_EVERY = 6 };
enum { HUB_PORTS = 2, HUB_CHARACTERISTICS = 3, HUB_POWER_GOOD = 5 };

static void start_interface(const uint8_t *interface, struct usb_function *out)
{
	const uint8_t *class = interface + INTERFACE_CLASS;

	out->interface = interface[INTERFACE_NUMBER];
	/* Other settings than the first would have to be chosen. */
	bool first = interface[INTERFACE_ALTERNATE] == 0;
	out->is_hub = first && class[0] == USB_CLASS_HUB;
	out->is_keyboard = first && class[0] == USB_CLASS_HID && class[1] == SUBCLASS_BOOT &&
			   class[2] == PROTOCOL_KEYBOARD;
}

/* Is it the one that is looked for? */
static bool take_endpoint(const uint8_t *endpoint, struct usb_function *out)
{
	uint8_t address = endpoint[ENDPOINT_ADDRESS];
	unsigned packet =
		(endpoint[ENDPOINT_SIZE] | endpoint[ENDPOINT_SIZE + 1] << 8) & PACKET_BYTES;

	if (!(address & USB_DIR_IN) || !(address & USB_ENDPOINT_NUMBER_MASK) ||
	    (endpoint[ENDPOINT_KIND] & USB_ENDPOINT_XFERTYPE_MASK) != USB_ENDPOINT_XFER_INT ||
	    !packet || packet > PACKET_MAX)
		return false;
	out->endpoint = address & USB_ENDPOINT_NUMBER_MASK;
	out->packet = (uint16_t)packet;
	out->interval = endpoint[ENDPOINT_EVERY];
	return true;
}

bool usb_parse_configuration(const uint8_t *data, size_t bytes, struct usb_function *out)
{
	*out = (struct usb_function){.endpoint = 0};
	if (bytes < CONFIGURATION_BYTES || data[LENGTH] < CONFIGURATION_BYTES ||
	    data[TYPE] != USB_DT_CONFIG)
		return false;
	out->configuration = data[CONFIGURATION_VALUE];
	for (size_t at = 0; bytes - at > TYPE;) {
		const uint8_t *one = data + at;
		size_t length = one[LENGTH];
		/* One of no length would be looked at for ever. */
		if (length <= TYPE || length > bytes - at)
			return false;
		if (one[TYPE] == USB_DT_INTERFACE && length >= INTERFACE_BYTES)
			start_interface(one, out);
		else if (one[TYPE] == USB_DT_ENDPOINT && length >= ENDPOINT_BYTES &&
			 (out->is_keyboard || out->is_hub) && take_endpoint(one, out))
			return true;
		at += length;
	}
	return false;
}

bool usb_parse_hub(const uint8_t *data, size_t bytes, struct usb_hub *out)
{
	if (bytes < HUB_BYTES || data[LENGTH] < HUB_BYTES || data[TYPE] != HUB_DESCRIPTOR)
		return false;
	out->ports = data[HUB_PORTS];
	out->think_time = data[HUB_CHARACTERISTICS] >> 5 & 3;
	out->power_good_ms = 2u * data[HUB_POWER_GOOD];
	return out->ports != 0;
}

unsigned usb_parse_packet(const uint8_t *data, size_t bytes, bool high_speed)
{
	if (bytes <= DEVICE_PACKET || data[TYPE] != USB_DT_DEVICE)
		return 0;
	unsigned packet = data[DEVICE_PACKET];
	if (high_speed)
		return packet == 64 ? packet : 0;
	return packet == 8 || packet == 16 || packet == 32 || packet == 64 ? packet : 0;
}

unsigned usb_interval(uint8_t interval, bool high_speed)
{
	unsigned exponent = 3; /* a frame, 1 ms */

	if (high_speed)
		return interval ? MIN(interval - 1u, INTERVAL_MAX) : 0;
	while (interval > 1) {
		interval >>= 1;
		exponent++;
	}
	return exponent;
}
