/*
 * fuzz_usb.c: libFuzzer target of what USB controllers and devices write. The first byte chooses:
 * a descriptor, or events, of 18 bytes each, for a controller with a keyboard or a hub.
 */
#include <stdlib.h>
#include <string.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "fake_clock.h"
#include "fake_usb.h"

#define EVENT_BYTES 18u /* what to do, a report's first byte, the event */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

void log_line(enum log_level level, const char *format, ...)
{
}

void panic(const char *format, ...)
{
	abort();
}

static void descriptors(const uint8_t *data, size_t bytes)
{
	struct usb_function found;
	struct usb_hub hub;

	if (usb_parse_configuration(data, bytes, &found)) {
		assert(found.is_keyboard != found.is_hub);
		assert(found.endpoint >= 1 && found.endpoint <= 15);
		assert(found.packet >= 1 && found.packet <= 1024);
		assert(usb_interval(found.interval, true) <= 15);
		assert(usb_interval(found.interval, false) <= 10);
	}
	if (usb_parse_hub(data, bytes, &hub))
		assert(hub.ports && hub.think_time <= 3 && hub.power_good_ms <= 510);
	assert(usb_parse_packet(data, bytes, false) <= 64);
}

static void check(const struct usb_device *device)
{
	unsigned waiting = (device->pipe.next + XHCI_PIPE_TRBS - 1 - device->pipe_oldest) %
			   (XHCI_PIPE_TRBS - 1);

	/* As many places for reports as at the start, but for one that is not given again. */
	assert(device->pipe.next < XHCI_PIPE_TRBS - 1 && device->pipe_oldest < XHCI_PIPE_TRBS - 1);
	assert(waiting == XHCI_PIPE_WAITING);
	assert(device->keyboard.count <= USB_KEYS && device->keyboard.first < USB_KEYS);
}

static void one_event(struct usb_device *device, const uint8_t *data)
{
	uint64_t parameter;
	uint32_t status, control;
	unsigned key;
	bool pressed;

	memcpy(&parameter, data + 2, 8);
	memcpy(&status, data + 10, 4);
	memcpy(&control, data + 14, 4);
	if (data[0] & 1) { /* one that fits */
		parameter = fake_usb_next_report();
		if (data[0] & 64) /* but not in its turn */
			parameter = device->pipe.physical +
				    data[1] % XHCI_PIPE_TRBS * sizeof(struct xhci_trb);
		control = TRB_TYPE(TRB_TRANSFER_EVENT) | TRB_ENDPOINT(FAKE_ENDPOINT) |
			  TRB_SLOT(FAKE_SLOT);
		fake_usb_fill_report(data + 1, HID_REPORT_BYTES);
	}
	if (data[0] & 2)
		status = COMPLETION_SUCCESS << 24 | (status & 0xf);
	if (data[0] & 4)
		device->status_at = device->control.physical + 32;
	fake_usb_event(parameter, status, control);
	check(device);
	if (data[0] & 8)
		while (device->keyboard.count && fake_usb_key(&key, &pressed))
			assert(key && key < 256);
	if (data[0] & 16)
		usb_keyboard_let_go(device);
	fake_now += data[0] & 32 ? 100000000 : 0;
	(void)usb_keyboard_waits(device, fake_now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (!bytes)
		return 0;
	if (data[0] < 128) {
		/* Of exactly that size, so that the sanitizer sees a read beyond it. */
		uint8_t *copy = malloc(bytes);
		memcpy(copy + 1, data + 1, bytes - 1);
		descriptors(copy + 1, bytes - 1);
		free(copy);
		return 0;
	}
	struct usb_device *device = fake_usb_start(data[0] & 1 ? USB_HUB : USB_KEYBOARD);
	for (size_t at = 1; at + EVENT_BYTES <= bytes; at += EVENT_BYTES)
		one_event(device, data + at);
	fake_usb_stop();
	return 0;
}
