/*
 * usb_keyboard.c: keyboards of the boot protocol (HID specification 1.11, 7.2 and appendix B).
 * They report which keys are down; what a key repeats is the kernel's affair. See xhci.h.
 */
#include <arch/time.h>
#include <linux/input-event-codes.h>
#include <linux/usb/ch9.h>

#include "debug/log.h"
#include "dev/keyboard.h"
#include "dev/usb.h"
#include "dev/xhci.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HID_SET_REPORT    0x09u
#define HID_SET_IDLE      0x0au
#define HID_SET_PROTOCOL  0x0bu
#define HID_TO_INTERFACE  (USB_DIR_OUT | USB_TYPE_CLASS | USB_RECIP_INTERFACE)
#define HID_OUTPUT_REPORT 0x0200u
#define HID_REPORT_EVENTS 20u /* at most: 8 modifiers, 6 keys that go up, 6 that go down */
#define LEDS_UNKNOWN      0xffu

/* As the Linux console does without being told otherwise. */
#define REPEAT_DELAY_NS  (250 * NS_PER_MS)
#define REPEAT_PERIOD_NS (33 * NS_PER_MS)

static bool repeats(unsigned key)
{
	switch (key) {
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL:
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT:
	case KEY_LEFTALT:
	case KEY_RIGHTALT:
	case KEY_LEFTMETA:
	case KEY_RIGHTMETA:
	case KEY_CAPSLOCK:
	case KEY_NUMLOCK:
	case KEY_SCROLLLOCK:
		return false;
	default:
		return true;
	}
}

static void add_key(void *argument, unsigned key, bool pressed)
{
	struct usb_keyboard *keyboard = argument;
	unsigned at = (keyboard->first + keyboard->count) % USB_KEYS;

	keyboard->keys[at] = (struct usb_key){(uint8_t)key, pressed};
	keyboard->count++;
	if (pressed && repeats(key)) {
		keyboard->repeats = key;
		keyboard->repeat_at = time_now() + REPEAT_DELAY_NS;
	} else if (!pressed && keyboard->repeats == key) {
		keyboard->repeats = 0;
	}
}

void usb_keyboard_report(struct usb_device *device, const uint8_t *report, size_t bytes)
{
	struct usb_keyboard *keyboard = &device->keyboard;
	uint8_t now[HID_REPORT_BYTES] = {0};

	/* A report that finds no room is forgotten as a whole: the next one tells the rest. */
	if (USB_KEYS - keyboard->count < HID_REPORT_EVENTS || !bytes)
		return;
	memcpy(now, report, MIN(bytes, sizeof(now)));
	hid_report_changes(keyboard->report, now, add_key, keyboard);
	/* One that says only that there are too many keys leaves those that were down. */
	if (hid_report_is_error(now))
		keyboard->report[0] = now[0];
	else
		memcpy(keyboard->report, now, sizeof(now));
}

void usb_keyboard_let_go(struct usb_device *device)
{
	const uint8_t none[HID_REPORT_BYTES] = {0};

	usb_keyboard_report(device, none, sizeof(none));
	device->keyboard.repeats = 0;
}

bool usb_keyboard_waits(const struct usb_device *device, uint64_t now)
{
	const struct usb_keyboard *keyboard = &device->keyboard;

	return keyboard->count || (keyboard->repeats && now >= keyboard->repeat_at);
}

static bool take_key(struct usb_keyboard *keyboard, uint64_t now, unsigned *key, bool *pressed)
{
	if (keyboard->count) {
		*key = keyboard->keys[keyboard->first].key;
		*pressed = keyboard->keys[keyboard->first].pressed;
		keyboard->first = (keyboard->first + 1) % USB_KEYS;
		keyboard->count--;
		return true;
	}
	if (!keyboard->repeats || now < keyboard->repeat_at)
		return false;
	*key = keyboard->repeats;
	*pressed = true;
	/* Once a look, however long nobody looked. */
	keyboard->repeat_at = now + REPEAT_PERIOD_NS;
	return true;
}

/* Of all keyboards. What is left of one that is gone, its keys going up, comes out, too. */
static bool next_key(struct keyboard_source *source, unsigned *key, bool *pressed)
{
	bool locked = usb_lock_take(), found = false;
	uint64_t now = time_now();

	for (unsigned i = 0; i < usb_controller_count; i++)
		xhci_process(&usb_controllers[i]);
	for (unsigned i = 0; i < USB_MAX_DEVICES && !found; i++)
		found = take_key(&usb_devices[i].keyboard, now, key, pressed);
	usb_lock_release(locked);
	return found;
}

/* In the list of sources once there is a keyboard; the thread puts it there. */
static struct keyboard_source usb_source = {.next = next_key, .has_interrupt = true};
static bool source_added;

static int tell(struct usb_device *device, uint8_t request, uint16_t value, void *data,
		uint16_t length)
{
	const struct usb_request to = {HID_TO_INTERFACE, request, value, device->found.interface,
				       length};

	return usb_control(device, &to, data, NULL);
}

int usb_keyboard_start(struct usb_device *device)
{
	int error = tell(device, HID_SET_PROTOCOL, 0, NULL, 0);

	if (error && error != -EPIPE)
		return error;
	/* Report only what changes. Not all can. */
	error = tell(device, HID_SET_IDLE, 0, NULL, 0);
	if (error && error != -EPIPE)
		return error;
	bool locked = usb_lock_take();
	device->keyboard.leds = LEDS_UNKNOWN;
	device->kind = USB_KEYBOARD;
	usb_lock_release(locked);
	error = xhci_configure(device, NULL);
	if (error)
		return error;
	if (!source_added)
		keyboard_add(&usb_source);
	source_added = true;
	return 0;
}

bool usb_keyboard_leds_differ(void)
{
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
		const struct usb_device *device = &usb_devices[i];
		if (device->xhci && device->kind == USB_KEYBOARD && device->slot &&
		    device->keyboard.leds != keyboard_leds())
			return true;
	}
	return false;
}

void usb_keyboard_show_leds(void)
{
	uint8_t leds = keyboard_leds();

	for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
		struct usb_device *device = &usb_devices[i];
		if (!device->xhci || device->kind != USB_KEYBOARD || !device->slot ||
		    device->keyboard.leds == leds)
			continue;
		/* One that refuses has none; it is not asked again for the same. */
		device->keyboard.leds = leds;
		if (tell(device, HID_SET_REPORT, HID_OUTPUT_REPORT, &leds, sizeof(leds)))
			log_debug("USB: a keyboard does not show its LEDs");
	}
}
