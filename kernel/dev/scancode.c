/* scancode.c: see scancode.h. */
#include "dev/scancode.h"

#include <linux/input-event-codes.h>

#define EXTENDED 0xe0
#define PAUSE    0xe1 /* e1 1d 45 e1 9d c5, when it goes down; nothing when it goes up */
#define RELEASED 0x80
#define CODE     0x7f

/* Which keys follow e0; the rest are shifts that the keyboard makes up itself. */
static unsigned extended_key(uint8_t code)
{
	switch (code) {
	case 0x1c:
		return KEY_KPENTER;
	case 0x1d:
		return KEY_RIGHTCTRL;
	case 0x35:
		return KEY_KPSLASH;
	case 0x37:
		return KEY_SYSRQ;
	case 0x38:
		return KEY_RIGHTALT;
	case 0x47:
		return KEY_HOME;
	case 0x48:
		return KEY_UP;
	case 0x49:
		return KEY_PAGEUP;
	case 0x4b:
		return KEY_LEFT;
	case 0x4d:
		return KEY_RIGHT;
	case 0x4f:
		return KEY_END;
	case 0x50:
		return KEY_DOWN;
	case 0x51:
		return KEY_PAGEDOWN;
	case 0x52:
		return KEY_INSERT;
	case 0x53:
		return KEY_DELETE;
	case 0x5d:
		return KEY_COMPOSE;
	default:
		return 0;
	}
}

unsigned scancode_key(struct scancode_state *state, uint8_t byte, bool *pressed)
{
	uint8_t code = byte & CODE;

	if (byte == PAUSE) {
		state->extended = false;
		state->ignored = 2;
		return 0;
	}
	if (byte == EXTENDED) {
		state->extended = true;
		return 0;
	}
	if (state->ignored) {
		*pressed = !(byte & RELEASED);
		return --state->ignored == 0 && *pressed ? KEY_PAUSE : 0;
	}
	bool extended = state->extended;
	state->extended = false;
	*pressed = !(byte & RELEASED);
	if (extended)
		return extended_key(code);
	/* The numbers of the keys were made from these codes: up to here they are the same. */
	return code <= KEY_F12 ? code : 0;
}

/* ---- USB ---- */

#define HID_ERROR_MAX 3u /* usages 1 to 3 report errors */
#define HID_FIRST_KEY 2u /* byte of the report */

/* By usage, from 4 ("a") on. (HID usage tables 1.3, chapter 10.) */
static const uint8_t usages[] = {
	0,
	0,
	0,
	0,
	KEY_A,
	KEY_B,
	KEY_C,
	KEY_D,
	KEY_E,
	KEY_F,
	KEY_G,
	KEY_H,
	KEY_I,
	KEY_J,
	KEY_K,
	KEY_L,
	KEY_M,
	KEY_N,
	KEY_O,
	KEY_P,
	KEY_Q,
	KEY_R,
	KEY_S,
	KEY_T,
	KEY_U,
	KEY_V,
	KEY_W,
	KEY_X,
	KEY_Y,
	KEY_Z,
	KEY_1,
	KEY_2,
	KEY_3,
	KEY_4,
	KEY_5,
	KEY_6,
	KEY_7,
	KEY_8,
	KEY_9,
	KEY_0,
	KEY_ENTER,
	KEY_ESC,
	KEY_BACKSPACE,
	KEY_TAB,
	KEY_SPACE,
	KEY_MINUS,
	KEY_EQUAL,
	KEY_LEFTBRACE,
	KEY_RIGHTBRACE,
	KEY_BACKSLASH,
	KEY_BACKSLASH,
	KEY_SEMICOLON,
	KEY_APOSTROPHE,
	KEY_GRAVE,
	KEY_COMMA,
	KEY_DOT,
	KEY_SLASH,
	KEY_CAPSLOCK,
	KEY_F1,
	KEY_F2,
	KEY_F3,
	KEY_F4,
	KEY_F5,
	KEY_F6,
	KEY_F7,
	KEY_F8,
	KEY_F9,
	KEY_F10,
	KEY_F11,
	KEY_F12,
	KEY_SYSRQ,
	KEY_SCROLLLOCK,
	KEY_PAUSE,
	KEY_INSERT,
	KEY_HOME,
	KEY_PAGEUP,
	KEY_DELETE,
	KEY_END,
	KEY_PAGEDOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_DOWN,
	KEY_UP,
	KEY_NUMLOCK,
	KEY_KPSLASH,
	KEY_KPASTERISK,
	KEY_KPMINUS,
	KEY_KPPLUS,
	KEY_KPENTER,
	KEY_KP1,
	KEY_KP2,
	KEY_KP3,
	KEY_KP4,
	KEY_KP5,
	KEY_KP6,
	KEY_KP7,
	KEY_KP8,
	KEY_KP9,
	KEY_KP0,
	KEY_KPDOT,
	KEY_102ND,
	KEY_COMPOSE,
};
/* By bit of the report's first byte. */
static const uint8_t modifiers[] = {KEY_LEFTCTRL,  KEY_LEFTSHIFT,  KEY_LEFTALT,  KEY_LEFTMETA,
				    KEY_RIGHTCTRL, KEY_RIGHTSHIFT, KEY_RIGHTALT, KEY_RIGHTMETA};

static bool has(const uint8_t report[HID_REPORT_BYTES], uint8_t usage)
{
	for (unsigned i = HID_FIRST_KEY; i < HID_REPORT_BYTES; i++)
		if (report[i] == usage)
			return true;
	return false;
}

/* Report the keys that are in `these` and not in `others`. */
static void differences(const uint8_t these[HID_REPORT_BYTES],
			const uint8_t others[HID_REPORT_BYTES], bool pressed,
			void (*changed)(void *argument, unsigned key, bool pressed), void *argument)
{
	for (unsigned i = HID_FIRST_KEY; i < HID_REPORT_BYTES; i++) {
		uint8_t usage = these[i];
		if (usage < ARRAY_SIZE(usages) && usages[usage] && !has(others, usage))
			changed(argument, usages[usage], pressed);
	}
}

bool hid_report_is_error(const uint8_t report[HID_REPORT_BYTES])
{
	return has(report, 1) || has(report, 2) || has(report, HID_ERROR_MAX);
}

void hid_report_changes(const uint8_t before[HID_REPORT_BYTES], const uint8_t now[HID_REPORT_BYTES],
			void (*changed)(void *argument, unsigned key, bool pressed), void *argument)
{
	bool error = hid_report_is_error(now);

	if (!error)
		differences(before, now, false, changed, argument);
	for (unsigned bit = 0; bit < ARRAY_SIZE(modifiers); bit++)
		if ((before[0] ^ now[0]) >> bit & 1)
			changed(argument, modifiers[bit], now[0] >> bit & 1);
	if (!error)
		differences(now, before, true, changed, argument);
}
