/*
 * keymap.h: keys to the bytes that a terminal gets. Pure: no device, no lock. Keys are numbered as
 * in linux/input-event-codes.h; function and cursor keys send what the Linux console sends
 * (console_codes(4), keymaps(5)); what is not ASCII is sent as UTF-8.
 */
#ifndef DEV_KEYMAP_H
#define DEV_KEYMAP_H

#include "lib/types.h"

#define KEYMAP_BYTES 8u /* the most that one key sends */

/* What one key of a layout types, as Unicode. 0: nothing. */
struct keymap_key {
	uint8_t key;
	uint16_t plain, shifted, alt_gr;
};

/* A layout is how it differs from `us`. */
struct keymap {
	const char *name;
	const struct keymap_key *keys;
	size_t count;
	bool has_alt_gr; /* else the right Alt is as the left one */
};

/* The layout of that name, "us", "uk" or "de"; NULL: there is none. */
const struct keymap *keymap_find(const char *name);

/* One keyboard: which modifiers are down, which locks are on. Zero, with a map, at the start. */
struct keymap_state {
	const struct keymap *map;
	uint8_t down; /* modifiers, one bit each */
	bool caps_lock;
	uint8_t lock_down; /* the lock's key that is down: it repeats, and must not count again */
	bool num_lock_off; /* so that zero is a keypad that types digits */
};

/* A key went down (or repeats), or up. The bytes it sends, into `out`; their number. */
size_t keymap_press(struct keymap_state *state, unsigned key, bool pressed, char out[KEYMAP_BYTES]);

#endif
