/* test_keymap.c: scan codes and USB reports to keys, keys to a terminal's bytes. */
#include <linux/input-event-codes.h>
#include <string.h>

#include "debug/ktest.h"
#include "dev/keymap.h"
#include "dev/scancode.h"

/* What a layout sends for a row of scan codes of set 1. */
static bool types_on(const char *map, const char *codes, size_t count, const char *expected)
{
	struct keymap_state keys = {.map = keymap_find(map)};
	struct scancode_state scan = {.extended = false};
	char sent[256];
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		bool pressed;
		unsigned key = scancode_key(&scan, (uint8_t)codes[i], &pressed);
		if (key)
			done += keymap_press(&keys, key, pressed, sent + done);
	}
	return done == strlen(expected) && memcmp(sent, expected, done) == 0;
}
#define TYPES(map, codes, expected) EXPECT(types_on(map, codes, sizeof(codes) - 1, expected))

KTEST(keymap_letters_and_shifts)
{
	TYPES("us", "\x26\xa6\x1f\x9f\x1c\x9c", "ls\r");
	TYPES("us", "\x2a\x1e\xaa\x1e", "Aa");               /* left shift */
	TYPES("us", "\x36\x2b\xb6\xab", "|");                /* right shift */
	TYPES("us", "\x2a\x36\xaa\x1e\xb6\x1e", "Aa");       /* both, one let go */
	TYPES("us", "\x3a\xba\x1e\x02\x2a\x1e\x02", "A1a!"); /* caps lock: letters only */
	TYPES("us", "\x3a\xba\x1e\x3a\xba\x1e", "Aa");       /* and off again */
	TYPES("us", "\x3a\x3a\xba\x1e", "A");                /* once, however long it is held */
	TYPES("us", "\x1e\x1e\x1e\x9e", "aaa");              /* the keyboard repeats */
	TYPES("us", "\x0e\x0f\x01", "\x7f\t\x1b");
}

KTEST(keymap_control_and_alt)
{
	TYPES("us", "\x1d\x2e\xae\x9d\x2e",
	      "\x03"
	      "c");
	TYPES("us", "\xe0\x1d\x2c\xac\xe0\x9d\x2c",
	      "\x1a"
	      "z");                           /* right control */
	TYPES("us", "\x1d\x1b", "\x1d");      /* Ctrl-] */
	TYPES("us", "\x1d\x02\x9d\x02", "1"); /* Ctrl-1 is nothing */
	TYPES("us", "\x38\x21\xb8\x21",
	      "\x1b"
	      "ff"); /* Alt is ESC */
	TYPES("us", "\xe0\x38\x21",
	      "\x1b"
	      "f"); /* right Alt, on this layout */
	TYPES("us", "\x38\x1d\x2e", "\x1b\x03");
}

KTEST(keymap_other_keys)
{
	TYPES("us", "\xe0\x48\xe0\xc8\xe0\x50\xe0\x4d\xe0\x4b", "\x1b[A\x1b[B\x1b[C\x1b[D");
	TYPES("us", "\xe0\x47\xe0\x4f\xe0\x53", "\x1b[1~\x1b[4~\x1b[3~");
	TYPES("us", "\x3b\x3f\x40\x44\x57\x58", "\x1b[[A\x1b[[E\x1b[17~\x1b[21~\x1b[23~\x1b[24~");
	TYPES("us", "\x47\x53\x4e\xe0\x1c\xe0\x35", "7.+\r/");         /* the keypad, num lock on */
	TYPES("us", "\x45\xc5\x47\x4c\x45\xc5\x47", "\x1b[1~\x1b[G7"); /* and off */
	/* Shifts that the keyboard makes up around its cursor keys are none. */
	TYPES("us", "\xe0\x2a\xe0\x4b\xe0\xcb\xe0\xaa\x1e", "\x1b[Da");
	TYPES("us", "\xe1\x1d\x45\xe1\x9d\xc5\x47",
	      "\x1b[P7"); /* pause is neither Ctrl nor a lock */
	TYPES("us", "\x38\xe0\x4b", "\x1b\x1b[D");
	TYPES("us", "\x2a\x0f\x3b\x42\x43\xaa\x0f",
	      "\x1b\t\x1b[25~\x1b[34~\x1b[20~\t"); /* shifted */
}

KTEST(keymap_layouts)
{
	EXPECT(!keymap_find("xx"));
	TYPES("de", "\x15\x2c\x0c", "zy\xc3\x9f");
	TYPES("de", "\x2a\x08\xaa\xe0\x38\x10\x12\x56\xe0\xb8", "/@\xe2\x82\xac|");
	TYPES("de", "\x3a\xba\x28\x0c", "\xc3\x84\xc3\x9f"); /* caps lock: umlauts, not sharp s */
	TYPES("de", "\x1d\x2c", "\x19");                     /* Ctrl-Y, where Y is */
	TYPES("de", "\x38\x10", "\x1bq");                    /* the left Alt is ESC */
	TYPES("de", "\xe0\x38\x10\xe0\xb8\x10", "@q");
	TYPES("uk", "\x2a\x03\x04\xaa\x2b\x56", "\"\xc2\xa3#\\");
	TYPES("uk", "\xe0\x38\x05", "\xe2\x82\xac");
}

/* What programmers need of each: @ { [ ] } \ | ~, and # ` ^ $. */
KTEST(keymap_behind_alt_gr)
{
	TYPES("de-nodeadkeys", "\xe0\x38\x10\x08\x09\x0a\x0b\x0c\x56\x1b\xe0\xb8\x2b\x29\x05",
	      "@{[]}\\|~#^4");
	TYPES("fr", "\xe0\x38\x0b\x05\x06\x0d\x09\x07\x03\x04\x08\x0a\xe0\xb8\x1b", "@{[}\\|~#`^$");
	TYPES("fr", "\xe0\x38\x0c\x12", "]\xe2\x82\xac");
	TYPES("uk", "\x2b\x2a\x2b\x28\xaa\x56\x2a\x56", "#~@\\|");
	TYPES("us-intl", "\xe0\x38\x29\x28\x07\x10\x2a\x10", "`'^\xc3\xa4\xc3\x84");
}

KTEST(keymap_french)
{
	TYPES("fr", "\x10\x11\x1e\x2c\x27\x32", "azqwm,");
	TYPES("fr", "\x02\x03\x04\x2a\x02\x03\xaa\x0b", "&\xc3\xa9\"12\xc3\xa0");
	TYPES("fr", "\x3a\xba\x10\x03", "A\xc3\xa9");            /* caps lock: letters only */
	TYPES("fr", "\x1d\x10\x2c\x2e\x20", "\x01\x17\x03\x04"); /* Ctrl, where the letter is */
}

KTEST(keymap_dead_keys)
{
	TYPES("fr", "\x1a\x12\x12",
	      "\xc3\xaa"
	      "e");                                  /* ^e e */
	TYPES("fr", "\x2a\x1a\x12\xaa", "\xc3\x8b"); /* diaeresis, E */
	TYPES("de", "\x0d\x12\x2a\x0d\xaa\x1e\x29\x18", "\xc3\xa9\xc3\xa0\xc3\xb4");
	TYPES("de", "\x29\x39\x29\x29\x0d\x39\x0d\x0d", "^^'\xc2\xb4"); /* alone; twice */
	TYPES("de", "\x29\x26\x1e", "^la");                             /* they don't go together */
	TYPES("de", "\x29\x1c\x0d\x29\x1e", "^\r'\xc3\xa2"); /* one dead key after another */
	TYPES("de", "\x1d\x29\x9d\x1e",
	      "\x1e"
	      "a"); /* Ctrl-^ is a character */
	TYPES("de", "\x29\x1d\x2e\x9d\x1e",
	      "\x03"
	      "a"); /* and Ctrl-C forgets the accent */
	TYPES("de-nodeadkeys", "\x29\x12\x0d", "^e\xc2\xb4");
	TYPES("us-intl", "\x28\x12\x28\x39\x28\x14\x2a\x07\xaa\x18\x2a\x28\x16",
	      "\xc3\xa9''t\xc3\xb4\xc3\x9c");
}

KTEST(keymap_compose_key)
{
	TYPES("us", "\xe0\x5d\xe0\xdd\x1f\x1f", "\xc3\x9f"); /* s s */
	TYPES("us", "\xe0\x5d\x28\x12\x12",
	      "\xc3\xa9"
	      "e");                                            /* ' e, and then an e */
	TYPES("us", "\xe0\x5d\x12\x28", "\xc3\xa9");           /* in the other order */
	TYPES("us", "\xe0\x5d\x33\x2a\x2e\xaa", "\xc3\x87");   /* , C */
	TYPES("us", "\xe0\x5d\x2a\x28\xaa\x16", "\xc3\xbc");   /* " u */
	TYPES("us", "\xe0\x5d\x12\x0d", "\xe2\x82\xac");       /* e = */
	TYPES("us", "\xe0\x5d\x1e\x26\x1e", "a");              /* a l is nothing */
	TYPES("us", "\xe0\x5d\x01\x1e", "a");                  /* Esc: never mind */
	TYPES("us", "\xe0\x5d\x1d\x2e\x9d\x1f\x1f", "\x03ss"); /* Ctrl-C, too */
	EXPECT_EQ(keymap_accent(KEYMAP_DIAERESIS, 'Y'), 0x178);
	EXPECT_EQ(keymap_accent(KEYMAP_ACUTE, 'C'), 0x106);
	EXPECT_EQ(keymap_accent(KEYMAP_ACUTE, 0x161), 0);
}

KTEST(keymap_application_cursor)
{
	struct keymap_state keys = {.map = keymap_find("us"), .application_cursor = true};
	char sent[KEYMAP_BYTES];

	EXPECT_EQ(keymap_press(&keys, KEY_UP, true, sent), 3);
	EXPECT(memcmp(sent, "\x1bOA", 3) == 0);
	EXPECT_EQ(keymap_press(&keys, KEY_HOME, true, sent), 4); /* as on Linux's console */
	EXPECT(memcmp(sent, "\x1b[1~", 4) == 0);
	(void)keymap_press(&keys, KEY_LEFTALT, true, sent);
	EXPECT_EQ(keymap_press(&keys, KEY_LEFT, true, sent), 4);
	EXPECT(memcmp(sent, "\x1b\x1bOD", 4) == 0);
	keys.num_lock_off = true;
	(void)keymap_press(&keys, KEY_LEFTALT, false, sent);
	EXPECT_EQ(keymap_press(&keys, KEY_KP2, true, sent), 3);
	EXPECT(memcmp(sent, "\x1bOB", 3) == 0);
}

KTEST(keymap_looking_back)
{
	struct keymap_state keys = {.map = keymap_find("us")};
	char sent[KEYMAP_BYTES];

	EXPECT_EQ(keymap_press(&keys, KEY_PAGEUP, true, sent), 4);
	EXPECT_EQ(keys.pages, 0);
	(void)keymap_press(&keys, KEY_LEFTSHIFT, true, sent);
	EXPECT_EQ(keymap_press(&keys, KEY_PAGEUP, true, sent), 0);
	EXPECT_EQ(keymap_press(&keys, KEY_PAGEUP, true, sent), 0); /* it repeats */
	EXPECT_EQ(keys.pages, 2);
	EXPECT_EQ(keymap_press(&keys, KEY_PAGEDOWN, true, sent), 0);
	EXPECT_EQ(keys.pages, 1);
	(void)keymap_press(&keys, KEY_LEFTALT, true, sent);
	EXPECT_EQ(keymap_press(&keys, KEY_DELETE, true, sent), 5);
	EXPECT(!keys.restart);
	(void)keymap_press(&keys, KEY_LEFTCTRL, true, sent);
	EXPECT_EQ(keymap_press(&keys, KEY_DELETE, true, sent), 0);
	EXPECT(keys.restart);
	(void)keymap_press(&keys, KEY_LEFTALT, false, sent);
	EXPECT_EQ(keymap_press(&keys, KEY_PAGEUP, true, sent), 4);
	EXPECT_EQ(keys.pages, 1);
}

/* No byte that a keyboard may send makes more than there is room for. */
KTEST(keymap_any_bytes)
{
	static const char *const names[] = {"us", "us-intl", "uk", "de", "de-nodeadkeys", "fr"};
	uint32_t random = 1;

	for (size_t map = 0; map < ARRAY_SIZE(names); map++) {
		struct keymap_state keys = {.map = keymap_find(names[map])};
		struct scancode_state scan = {.extended = false};
		for (unsigned i = 0; i < 200000; i++) {
			char sent[KEYMAP_BYTES + 1];
			bool pressed = false;
			random = random * 1664525u + 1013904223u;
			unsigned key = scancode_key(&scan, (uint8_t)(random >> 24), &pressed);
			sent[KEYMAP_BYTES] = 0x55;
			if (!EXPECT(keymap_press(&keys, key, pressed, sent) <= KEYMAP_BYTES) ||
			    !EXPECT_EQ(sent[KEYMAP_BYTES], 0x55))
				return;
		}
	}
}

static char heard[64];

static void hear(void *argument, unsigned key, bool pressed)
{
	char sent[KEYMAP_BYTES];
	size_t count = keymap_press(argument, key, pressed, sent);

	strncat(heard, sent, count);
}

KTEST(keymap_usb_reports)
{
	static const uint8_t reports[][HID_REPORT_BYTES] = {
		{0, 0, 0x0f},                /* l */
		{0, 0, 0x0f, 0x16},          /* and s */
		{0, 0, 0x16},                /* s is still down: not typed again */
		{0x02, 0, 0x31},             /* left shift and backslash at once: | */
		{0x02, 0, 1, 1, 1, 1, 1, 1}, /* too many keys: nothing changes */
		{0, 0, 0x31},                /* the bar is still down */
		{0x10, 0, 0x06},             /* right Ctrl, c */
		{0, 0, 0xff, 0xa5},          /* no such keys */
		{0, 0, 0x28},                /* enter */
	};
	struct keymap_state keys = {.map = keymap_find("us")};
	uint8_t before[HID_REPORT_BYTES] = {0};

	heard[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		hid_report_changes(before, reports[i], hear, &keys);
		if (i != 4)
			memcpy(before, reports[i], sizeof(before));
		else
			before[0] = reports[i][0];
	}
	EXPECT(strcmp(heard, "ls|\x03\r") == 0);
}
