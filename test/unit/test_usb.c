/* test_usb.c: descriptors, rings, and events of USB host controllers, right ones and wrong ones. */
#include <linux/input-event-codes.h>
#include <linux/usb/ch9.h>
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "fake_clock.h"
#include "fake_usb.h"

/* What the emulated keyboard says of itself. */
static const uint8_t keyboard_descriptor[] = {
	9, 2, 34, 0, 1, 1, 8, 0xa0, 50, 9, 4, 0, 0,    1, 3, 1, 1,
	7, 9, 33, 1, 1, 0, 1, 34,   63, 0, 7, 5, 0x81, 3, 8, 0, 7,
};

/* A copy of exactly that size, so that the sanitizer sees a read beyond it. */
static bool parses(const uint8_t *data, size_t bytes, struct usb_function *found)
{
	uint8_t *copy = malloc(bytes + !bytes);

	memcpy(copy, data, bytes);
	bool result = usb_parse_configuration(copy, bytes, found);
	free(copy);
	return result;
}

KTEST(usb_keyboard_descriptor)
{
	struct usb_function found;

	if (!EXPECT(parses(keyboard_descriptor, sizeof(keyboard_descriptor), &found)))
		return;
	EXPECT(found.is_keyboard && !found.is_hub);
	EXPECT_EQ(found.configuration, 1);
	EXPECT_EQ(found.interface, 0);
	EXPECT_EQ(found.endpoint, 1);
	EXPECT_EQ(found.packet, 8);
	EXPECT_EQ(found.interval, 7);
}

/* Each length that it can be cut to. */
KTEST(usb_cut_descriptors)
{
	struct usb_function found;

	for (size_t bytes = 0; bytes < sizeof(keyboard_descriptor); bytes++)
		EXPECT(!parses(keyboard_descriptor, bytes, &found));
}

/* Each byte as each value: nothing is read beyond the end, and what is found can be used. */
KTEST(usb_wrong_descriptors)
{
	uint8_t data[sizeof(keyboard_descriptor)];
	struct usb_function found;

	for (size_t at = 0; at < sizeof(data); at++) {
		memcpy(data, keyboard_descriptor, sizeof(data));
		for (unsigned value = 0; value < 256; value++) {
			data[at] = (uint8_t)value;
			if (!parses(data, sizeof(data), &found))
				continue;
			EXPECT(found.endpoint >= 1 && found.endpoint <= 15);
			EXPECT(found.packet >= 1 && found.packet <= 1024);
			EXPECT(found.is_keyboard != found.is_hub);
		}
	}
}

/* A mouse first, then a keyboard whose first endpoint is the wrong way. */
KTEST(usb_descriptor_of_several_interfaces)
{
	static const uint8_t data[] = {
		9, 2,    57,   0, 2, 2, 0,  0xa0, 50, /* the configuration */
		9, 4,    0,    0, 1, 3, 1,  2,    0,  /* a mouse */
		7, 5,    0x81, 3, 4, 0, 10,           /* and its endpoint */
		9, 4,    1,    0, 2, 3, 1,  1,    0,  /* a keyboard */
		7, 5,    0x02, 3, 1, 0, 10,           /* out */
		7, 5,    0x83, 2, 8, 0, 10,           /* bulk */
		7, 5,    0x84, 3, 8, 0, 10,           /* the one */
		2, 0xff,                              /* unknown */
	};
	struct usb_function found;

	if (!EXPECT(parses(data, sizeof(data), &found)))
		return;
	EXPECT(found.is_keyboard);
	EXPECT_EQ(found.configuration, 2);
	EXPECT_EQ(found.interface, 1);
	EXPECT_EQ(found.endpoint, 4);
}

KTEST(usb_hub_descriptor)
{
	uint8_t data[] = {9, 0x29, 8, 0x60, 0, 50, 0, 0, 0xff};
	struct usb_hub hub;

	if (!EXPECT(usb_parse_hub(data, sizeof(data), &hub)))
		return;
	EXPECT_EQ(hub.ports, 8);
	EXPECT_EQ(hub.think_time, 3);
	EXPECT_EQ(hub.power_good_ms, 100);
	EXPECT(!usb_parse_hub(data, 6, &hub));
	data[2] = 0;
	EXPECT(!usb_parse_hub(data, sizeof(data), &hub));
}

KTEST(usb_sizes_of_packets)
{
	uint8_t data[8] = {18, USB_DT_DEVICE, 0, 2, 0, 0, 0, 8};

	EXPECT_EQ(usb_parse_packet(data, sizeof(data), false), 8);
	EXPECT_EQ(usb_parse_packet(data, sizeof(data), true), 0);
	data[7] = 64;
	EXPECT_EQ(usb_parse_packet(data, sizeof(data), true), 64);
	data[7] = 255;
	EXPECT_EQ(usb_parse_packet(data, sizeof(data), false), 0);
	EXPECT_EQ(usb_parse_packet(data, 7, false), 0);
}

KTEST(usb_intervals)
{
	EXPECT_EQ(usb_interval(0, false), 3);
	EXPECT_EQ(usb_interval(1, false), 3);
	EXPECT_EQ(usb_interval(8, false), 6);
	EXPECT_EQ(usb_interval(10, false), 6); /* not longer than it asked for */
	EXPECT_EQ(usb_interval(255, false), 10);
	EXPECT_EQ(usb_interval(0, true), 0);
	EXPECT_EQ(usb_interval(7, true), 6);
	EXPECT_EQ(usb_interval(255, true), 15);
}

/* ---- rings ---- */

KTEST(usb_ring_wraps)
{
	struct xhci_trb trbs[4];
	struct xhci_ring ring;
	unsigned index;

	xhci_ring_init(&ring, trbs, 0x1000, ARRAY_SIZE(trbs));
	for (unsigned i = 0; i < 9; i++) {
		bool cycle = i / 3 % 2 == 0;
		EXPECT_EQ(xhci_ring_put(&ring, i, 0, TRB_TYPE(TRB_NORMAL)), 0x1000 + i % 3 * 16);
		EXPECT_EQ(trbs[i % 3].parameter, i);
		EXPECT_EQ(trbs[i % 3].control & TRB_CYCLE, cycle);
		if (i % 3 == 2) { /* the link went to the controller with the last of the round */
			EXPECT_EQ(trbs[3].control & TRB_CYCLE, cycle);
			EXPECT_EQ(trbs[3].parameter, 0x1000);
		}
	}
	EXPECT(xhci_ring_index(&ring, 0x1020, &index) && index == 2);
	EXPECT(!xhci_ring_index(&ring, 0x1030, &index)); /* the link */
	EXPECT(!xhci_ring_index(&ring, 0x1008, &index));
	EXPECT(!xhci_ring_index(&ring, 0xff0, &index));
	EXPECT(!xhci_ring_index(&ring, UINT64_MAX, &index));
}

KTEST(usb_event_ring_wraps)
{
	struct xhci_trb trbs[2], event;
	struct xhci_events events;

	xhci_events_init(&events, trbs, 0x1000, ARRAY_SIZE(trbs));
	for (unsigned i = 0; i < 6; i++) {
		EXPECT(!xhci_events_take(&events, &event));
		trbs[i % 2] = (struct xhci_trb){i, 0, i / 2 % 2 == 0 ? TRB_CYCLE : 0};
		EXPECT(xhci_events_take(&events, &event));
		EXPECT_EQ(event.parameter, i);
	}
}

/* ---- events ---- */

#define REPORT_EVENT \
	(TRB_TYPE(TRB_TRANSFER_EVENT) | TRB_ENDPOINT(FAKE_ENDPOINT) | TRB_SLOT(FAKE_SLOT))

static void report(uint8_t modifiers, uint8_t usage)
{
	const uint8_t data[HID_REPORT_BYTES] = {modifiers, 0, usage};

	fake_usb_fill_report(data, sizeof(data));
	fake_usb_event(fake_usb_next_report(), COMPLETION_SUCCESS << 24, REPORT_EVENT);
}

static bool next_is(unsigned expected, bool pressed)
{
	unsigned key = 0;
	bool down = false;

	return EXPECT(fake_usb_key(&key, &down)) && EXPECT_EQ(key, expected) &&
	       EXPECT_EQ(down, pressed);
}

KTEST(usb_keys)
{
	unsigned key;
	bool pressed;

	struct usb_device *device = fake_usb_start(USB_KEYBOARD);
	for (unsigned i = 0; i < 3 * XHCI_PIPE_TRBS; i++) { /* more than the ring has places */
		report(2, 4);
		report(0, 0);
		next_is(KEY_LEFTSHIFT, true);
		next_is(KEY_A, true);
		next_is(KEY_A, false);
		next_is(KEY_LEFTSHIFT, false);
	}
	EXPECT(!fake_usb_key(&key, &pressed));
	EXPECT(!device->failed);
	fake_usb_stop();
}

KTEST(usb_repetition)
{
	unsigned key;
	bool pressed;

	fake_now = 1000000000;
	(void)fake_usb_start(USB_KEYBOARD);
	report(0, 4);
	report(2, 4); /* shift repeats nothing, and ends nothing */
	next_is(KEY_A, true);
	next_is(KEY_LEFTSHIFT, true);
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_now += 250000000;
	next_is(KEY_A, true);
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_now += 5000000000; /* nobody looked for long: once, all the same */
	next_is(KEY_A, true);
	EXPECT(!fake_usb_key(&key, &pressed));
	report(2, 0);
	next_is(KEY_A, false);
	fake_now += 5000000000;
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_usb_stop();
}

KTEST(usb_keys_go_up_with_their_keyboard)
{
	unsigned key;
	bool pressed;

	struct usb_device *device = fake_usb_start(USB_KEYBOARD);
	report(1, 4);
	next_is(KEY_LEFTCTRL, true);
	next_is(KEY_A, true);
	usb_keyboard_let_go(device);
	next_is(KEY_A, false);
	next_is(KEY_LEFTCTRL, false);
	fake_now += 5000000000;
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_usb_stop();
}

/* Too many keys at once: those that were down stay down, and modifiers count. */
KTEST(usb_rollover)
{
	static const uint8_t too_many[HID_REPORT_BYTES] = {2, 0, 1, 1, 1, 1, 1, 1};
	unsigned key;
	bool pressed;

	(void)fake_usb_start(USB_KEYBOARD);
	report(0, 4);
	next_is(KEY_A, true);
	fake_usb_fill_report(too_many, sizeof(too_many));
	fake_usb_event(fake_usb_next_report(), COMPLETION_SUCCESS << 24, REPORT_EVENT);
	next_is(KEY_LEFTSHIFT, true);
	EXPECT(!fake_usb_key(&key, &pressed));
	report(0, 0);
	next_is(KEY_A, false);
	next_is(KEY_LEFTSHIFT, false);
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_usb_stop();
}

/* A controller that names what there is not, or tells the same twice, changes nothing. */
KTEST(usb_wrong_events)
{
	unsigned key;
	bool pressed;

	struct usb_device *device = fake_usb_start(USB_KEYBOARD);
	uint64_t next = fake_usb_next_report();
	fake_usb_event(next, COMPLETION_SUCCESS << 24, REPORT_EVENT | TRB_SLOT(0xff));
	fake_usb_event(next, COMPLETION_SUCCESS << 24, (REPORT_EVENT & 0xffffff) | TRB_SLOT(4));
	fake_usb_event(next, COMPLETION_SUCCESS << 24, REPORT_EVENT | TRB_ENDPOINT(31));
	fake_usb_event(next + 16, COMPLETION_SUCCESS << 24, REPORT_EVENT);
	fake_usb_event(next + 1, COMPLETION_SUCCESS << 24, REPORT_EVENT);
	fake_usb_event(UINT64_MAX, COMPLETION_STALL << 24, REPORT_EVENT);
	fake_usb_event(0, COMPLETION_SUCCESS << 24, TRB_TYPE(TRB_COMMAND_COMPLETION));
	fake_usb_event(0, COMPLETION_SUCCESS << 24, TRB_TYPE(63));
	fake_usb_event(device->control.physical, COMPLETION_STALL << 24,
		       TRB_TYPE(TRB_TRANSFER_EVENT) | TRB_ENDPOINT(1) | TRB_SLOT(FAKE_SLOT));
	EXPECT_EQ(fake_usb_next_report(), next);
	EXPECT_EQ(device->pipe.next, XHCI_PIPE_WAITING);
	EXPECT(!device->failed && !device->control_code && !device->hub_changed);
	EXPECT(!fake_usb_key(&key, &pressed));
	report(0, 4);
	EXPECT(fake_usb_next_report() != next);
	fake_usb_event(next, COMPLETION_SUCCESS << 24, REPORT_EVENT);
	next_is(KEY_A, true);
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_usb_stop();
}

/* More bytes left than were asked for: none came. */
KTEST(usb_impossible_lengths)
{
	const uint8_t data[HID_REPORT_BYTES] = {0, 0, 4};
	unsigned key;
	bool pressed;

	(void)fake_usb_start(USB_KEYBOARD);
	fake_usb_fill_report(data, sizeof(data));
	fake_usb_event(fake_usb_next_report(), COMPLETION_SHORT_PACKET << 24 | 0xffffff,
		       REPORT_EVENT);
	EXPECT(!fake_usb_key(&key, &pressed));
	fake_usb_fill_report(data, sizeof(data));
	fake_usb_event(fake_usb_next_report(), COMPLETION_SHORT_PACKET << 24 | 5, REPORT_EVENT);
	next_is(KEY_A, true);
	fake_usb_stop();
}

KTEST(usb_pipe_that_stands_still)
{
	struct usb_device *device = fake_usb_start(USB_KEYBOARD);

	fake_usb_event(fake_usb_next_report(), COMPLETION_STALL << 24, REPORT_EVENT);
	EXPECT(device->failed);
	fake_usb_stop();
}

KTEST(usb_hub_reports)
{
	struct usb_device *device = fake_usb_start(USB_HUB);

	EXPECT(!device->hub_changed);
	fake_usb_event(fake_usb_next_report(), COMPLETION_SHORT_PACKET << 24 | 7, REPORT_EVENT);
	EXPECT(device->hub_changed);
	fake_usb_event(0, COMPLETION_SUCCESS << 24, TRB_TYPE(TRB_PORT_STATUS_CHANGE));
	EXPECT(usb_controllers[0].ports_changed);
	fake_usb_stop();
}

KTEST(usb_answers_of_control_transfers)
{
	struct usb_device *device = fake_usb_start(USB_HUB);
	uint32_t from = TRB_TYPE(TRB_TRANSFER_EVENT) | TRB_ENDPOINT(1) | TRB_SLOT(FAKE_SLOT);

	device->data_at = device->control.physical + 16;
	device->status_at = device->control.physical + 32;
	fake_usb_event(device->data_at, COMPLETION_SHORT_PACKET << 24 | 10, from);
	EXPECT_EQ(device->control_left, 10);
	EXPECT_EQ(device->control_code, 0);
	fake_usb_event(device->status_at, COMPLETION_SUCCESS << 24, from);
	EXPECT_EQ(device->control_code, COMPLETION_SUCCESS);
	device->control_code = 0;
	fake_usb_event(device->data_at, COMPLETION_STALL << 24, from);
	EXPECT_EQ(device->control_code, COMPLETION_STALL);
	fake_usb_stop();
}
