/*
 * keymap.h: keys to the bytes that a terminal gets. Pure: no device, no lock. Keys are numbered as
 * in linux/input-event-codes.h; function and cursor keys send what the Linux console sends
 * (console_codes(4), keymaps(5)); what is not ASCII is sent as UTF-8. keymap.c translates,
 * keymap_layouts.c has the layouts, keymap_compose.c what accents and letters make together.
 */
#ifndef DEV_KEYMAP_H
#define DEV_KEYMAP_H

#include "lib/types.h"

#define KEYMAP_BYTES 8u /* the most that one key sends */

/* Dead keys type nothing but wait for a letter. They stand for Unicode's combining marks. */
#define KEYMAP_GRAVE      0x300u
#define KEYMAP_ACUTE      0x301u
#define KEYMAP_CIRCUMFLEX 0x302u
#define KEYMAP_TILDE      0x303u
#define KEYMAP_DIAERESIS  0x308u
#define KEYMAP_RING       0x30au
#define KEYMAP_CEDILLA    0x327u
#define KEYMAP_IS_DEAD(c) ((c) >= 0x300u && (c) <= 0x36fu)

/* What one key of a layout types, as Unicode. 0: nothing. */
struct keymap_key {
	uint8_t key;
	uint16_t plain, shifted, alt_gr;
};

/* A layout is how it differs from another one. */
struct keymap {
	const char *name;
	const struct keymap_key *keys;
	size_t count;
	bool has_alt_gr;            /* else the right Alt is as the left one */
	const struct keymap *other; /* NULL: this is `us` */
};

/* All layouts. */
#define KEYMAP_NAMES "us, us-intl, uk, de, de-nodeadkeys, fr"

/* The layout of that name, one of KEYMAP_NAMES; NULL: there is none. */
const struct keymap *keymap_find(const char *name);
/* What a key types. False: no character. */
bool keymap_key_of(const struct keymap *map, unsigned key, struct keymap_key *out);

/* The letter with the mark on it; of a space, or the mark again, the mark alone. 0: there is no
 * such character. */
uint16_t keymap_accent(uint16_t mark, uint16_t letter);
/* What the Compose key makes of two characters, in either order; 0: nothing. */
uint16_t keymap_compose(uint16_t first, uint16_t second);

/* One keyboard: which modifiers are down, which locks are on. Zero, with a map, at the start. */
struct keymap_state {
	const struct keymap *map;
	uint8_t down; /* modifiers, one bit each */
	bool caps_lock;
	uint8_t lock_down; /* the lock's key that is down: it repeats, and must not count again */
	bool num_lock_off; /* so that zero is a keypad that types digits */
	bool application_cursor; /* DECCKM: cursor keys send ESC O instead of ESC [ */
	uint16_t dead;           /* a mark that waits for its letter; 0: none */
	bool composing;          /* Compose was pressed */
	uint16_t composed;       /* the character that came since; 0: none */
	/* Who acts on these clears them. */
	bool restart; /* Ctrl-Alt-Del */
	int pages;    /* to look back at, by Shift and the keys of pages */
};

/* A key went down (or repeats), or up. The bytes it sends, into `out`; their number. */
size_t keymap_press(struct keymap_state *state, unsigned key, bool pressed, char out[KEYMAP_BYTES]);

#endif
