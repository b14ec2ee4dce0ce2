/*
 * scancode.h: what keyboards send, to keys as linux/input-event-codes.h numbers them. Pure. Set 1
 * is what the keyboard controller translates to (IBM PC AT technical reference); reports are those
 * of the USB HID specification 1.11, appendix B, with usages of page 7 of the HID usage tables.
 */
#ifndef DEV_SCANCODE_H
#define DEV_SCANCODE_H

#include "lib/types.h"

/* Between the bytes of one key. Zero at the start. */
struct scancode_state {
	bool extended;   /* e0 was seen */
	uint8_t ignored; /* bytes of a longer sequence that are still to come */
};

/* The key that `byte` completes, and whether it went down; 0: none. */
unsigned scancode_key(struct scancode_state *state, uint8_t byte, bool *pressed);

#define HID_REPORT_BYTES 8u
/* Does it report too many keys at once (rollover), or another error, instead of keys? */
bool hid_report_is_error(const uint8_t report[HID_REPORT_BYTES]);
/* Keys that differ between two boot-protocol reports, by `changed`, those that went up first. A
 * report of too many keys at once (rollover) changes only modifiers. */
void hid_report_changes(const uint8_t before[HID_REPORT_BYTES], const uint8_t now[HID_REPORT_BYTES],
			void (*changed)(void *argument, unsigned key, bool pressed),
			void *argument);

#endif
