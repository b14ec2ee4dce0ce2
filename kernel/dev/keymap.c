/* keymap.c: see keymap.h. */
#include "dev/keymap.h"

#include <linux/input-event-codes.h>

#include "lib/string.h"

#define ESCAPE 0x1b
#define DELETE 0x7f

enum {
	LEFT_SHIFT = 1 << 0,
	RIGHT_SHIFT = 1 << 1,
	LEFT_CTRL = 1 << 2,
	RIGHT_CTRL = 1 << 3,
	LEFT_ALT = 1 << 4,
	RIGHT_ALT = 1 << 5,
};
#define SHIFT (LEFT_SHIFT | RIGHT_SHIFT)
#define CTRL  (LEFT_CTRL | RIGHT_CTRL)
#define ALT   (LEFT_ALT | RIGHT_ALT)

/* ---- keys that type no character ---- */

struct sequence {
	uint8_t key;
	const char *bytes;
};

static const struct sequence sequences[] = {
	{KEY_UP, "\x1b[A"},        {KEY_DOWN, "\x1b[B"},  {KEY_RIGHT, "\x1b[C"},
	{KEY_LEFT, "\x1b[D"},      {KEY_HOME, "\x1b[1~"}, {KEY_INSERT, "\x1b[2~"},
	{KEY_DELETE, "\x1b[3~"},   {KEY_END, "\x1b[4~"},  {KEY_PAGEUP, "\x1b[5~"},
	{KEY_PAGEDOWN, "\x1b[6~"}, {KEY_F1, "\x1b[[A"},   {KEY_F2, "\x1b[[B"},
	{KEY_F3, "\x1b[[C"},       {KEY_F4, "\x1b[[D"},   {KEY_F5, "\x1b[[E"},
	{KEY_F6, "\x1b[17~"},      {KEY_F7, "\x1b[18~"},  {KEY_F8, "\x1b[19~"},
	{KEY_F9, "\x1b[20~"},      {KEY_F10, "\x1b[21~"}, {KEY_F11, "\x1b[23~"},
	{KEY_F12, "\x1b[24~"},     {KEY_PAUSE, "\x1b[P"}, {KEY_KP5, "\x1b[G"},
};

/* With Shift, F1 to F8 are F13 to F20. */
static const struct sequence shifted_functions[] = {
	{KEY_F1, "\x1b[25~"}, {KEY_F2, "\x1b[26~"}, {KEY_F3, "\x1b[28~"}, {KEY_F4, "\x1b[29~"},
	{KEY_F5, "\x1b[31~"}, {KEY_F6, "\x1b[32~"}, {KEY_F7, "\x1b[33~"}, {KEY_F8, "\x1b[34~"},
};

/* The keypad: a digit with the lock, a cursor key without. */
static const struct {
	uint8_t key;
	char digit;
	uint8_t cursor;
} keypad[] = {
	{KEY_KP7, '7', KEY_HOME},     {KEY_KP8, '8', KEY_UP},     {KEY_KP9, '9', KEY_PAGEUP},
	{KEY_KP4, '4', KEY_LEFT},     {KEY_KP5, '5', KEY_KP5}, /* its own key, the middle one */
	{KEY_KP6, '6', KEY_RIGHT},    {KEY_KP1, '1', KEY_END},    {KEY_KP2, '2', KEY_DOWN},
	{KEY_KP3, '3', KEY_PAGEDOWN}, {KEY_KP0, '0', KEY_INSERT}, {KEY_KPDOT, '.', KEY_DELETE},
};

static size_t send_from(const struct sequence *table, size_t count, unsigned key, char *out)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].key != key)
			continue;
		size_t bytes = strlen(table[i].bytes);
		memcpy(out, table[i].bytes, bytes);
		return bytes;
	}
	return 0;
}

static size_t send_sequence(unsigned key, bool shifted, char *out)
{
	size_t bytes = 0;

	if (shifted)
		bytes = send_from(shifted_functions, ARRAY_SIZE(shifted_functions), key, out);
	return bytes ? bytes : send_from(sequences, ARRAY_SIZE(sequences), key, out);
}

static uint8_t modifier_bit(unsigned key)
{
	switch (key) {
	case KEY_LEFTSHIFT:
		return LEFT_SHIFT;
	case KEY_RIGHTSHIFT:
		return RIGHT_SHIFT;
	case KEY_LEFTCTRL:
		return LEFT_CTRL;
	case KEY_RIGHTCTRL:
		return RIGHT_CTRL;
	case KEY_LEFTALT:
		return LEFT_ALT;
	case KEY_RIGHTALT:
		return RIGHT_ALT;
	default:
		return 0;
	}
}

/* ---- characters ---- */

/* Has it a lower and an upper case? Those of Latin-1 that the layouts use are 0x20 apart, too. */
static bool is_letter(const struct keymap_key *key)
{
	return key->plain != key->shifted && key->plain - key->shifted == 'a' - 'A' &&
	       ((key->plain >= 'a' && key->plain <= 'z') || key->plain >= 0xe0);
}

/* What Ctrl makes of a character, or -1 where it makes nothing of it: then nothing is typed. */
static int with_ctrl(uint16_t character)
{
	if (character == ' ')
		return 0;
	if (character == '?')
		return DELETE;
	if (character >= '@' && character < DELETE)
		return character & 0x1f;
	if (character == '/') /* as on the Linux console */
		return 0x1f;
	return character < ' ' || character == DELETE ? (int)character : -1;
}

static size_t send_utf8(uint16_t character, char *out)
{
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char)(0xc0 | character >> 6);
		out[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | character >> 12);
	out[1] = (char)(0x80 | (character >> 6 & 0x3f));
	out[2] = (char)(0x80 | (character & 0x3f));
	return 3;
}

/* A character that is typed after a dead key, which it may be itself. */
static size_t send_accented(struct keymap_state *state, uint16_t character, char *out)
{
	uint16_t mark = state->dead, both = mark ? keymap_accent(mark, character) : 0;
	size_t done = 0;

	state->dead = 0;
	if (both)
		return send_utf8(both, out);
	if (mark) /* they don't go together: one after the other */
		done = send_utf8(keymap_accent(mark, ' '), out);
	if (KEYMAP_IS_DEAD(character))
		state->dead = character;
	else
		done += send_utf8(character, out + done);
	return done;
}

/* One of two characters after Compose. A pair that makes nothing types nothing. */
static size_t send_composed(struct keymap_state *state, uint16_t character, char *out)
{
	uint16_t first = state->composed;

	state->composed = first ? 0 : character;
	state->composing = !first && character >= ' ';
	uint16_t both = first ? keymap_compose(first, character) : 0;
	return both ? send_utf8(both, out) : 0;
}

/* Capitals of the letters behind AltGr, where these are Latin-1's. */
static uint16_t behind_alt_gr(const struct keymap_key *key, bool shifted)
{
	uint16_t character = key->alt_gr;
	bool letter = character >= 0xe0 && character < 0xff && character != 0xf7;

	return letter && shifted ? (uint16_t)(character - ('a' - 'A')) : character;
}

static size_t send_character(struct keymap_state *state, const struct keymap_key *key, char *out)
{
	bool alt_gr = state->map->has_alt_gr && (state->down & RIGHT_ALT);
	bool alt = state->down & (alt_gr ? LEFT_ALT : ALT);
	bool shifted = state->down & SHIFT;

	if (state->caps_lock && is_letter(key))
		shifted = !shifted;
	uint16_t character = alt_gr    ? behind_alt_gr(key, shifted)
			     : shifted ? key->shifted
				       : key->plain;
	if (!character)
		return 0;
	bool ctrl = state->down & CTRL;
	if (!ctrl && !alt)
		return state->composing ? send_composed(state, character, out)
					: send_accented(state, character, out);
	state->dead = 0;
	state->composing = false;
	size_t done = 0;
	if (KEYMAP_IS_DEAD(character))
		character = keymap_accent(character, ' ');
	if (alt)
		out[done++] = ESCAPE;
	if (!ctrl)
		return done + send_utf8(character, out + done);
	int control = with_ctrl(character);
	if (control < 0)
		return 0;
	out[done++] = (char)control;
	return done;
}

/* Shift and a key of pages look back at what has left the screen. */
static bool looks_back(struct keymap_state *state, unsigned key)
{
	if (!(state->down & SHIFT) || state->down & (CTRL | ALT) ||
	    (key != KEY_PAGEUP && key != KEY_PAGEDOWN))
		return false;
	state->pages += key == KEY_PAGEUP ? 1 : -1;
	return true;
}

static size_t send_function(struct keymap_state *state, unsigned key, char *out)
{
	if (looks_back(state, key))
		return 0;
	if (key == KEY_DELETE && state->down & CTRL && state->down & ALT) {
		state->restart = true;
		return 0;
	}
	size_t alt = state->down & LEFT_ALT ? 1 : 0;
	size_t bytes = send_sequence(key, state->down & SHIFT, out + alt);
	if (alt && bytes)
		out[0] = ESCAPE;
	bool is_cursor = key == KEY_UP || key == KEY_DOWN || key == KEY_LEFT || key == KEY_RIGHT;
	if (bytes && is_cursor && state->application_cursor)
		out[alt + 1] = 'O';
	return bytes ? alt + bytes : 0;
}

static size_t send_key(struct keymap_state *state, unsigned key, char *out)
{
	struct keymap_key found;

	for (size_t i = 0; i < ARRAY_SIZE(keypad); i++) {
		if (keypad[i].key != key)
			continue;
		if (state->num_lock_off)
			return send_function(state, keypad[i].cursor, out);
		found = (struct keymap_key){.plain = (uint8_t)keypad[i].digit,
					    .shifted = (uint8_t)keypad[i].digit};
		return send_character(state, &found, out);
	}
	/* Programs know it from Tab by that. */
	if (key == KEY_TAB && state->down & SHIFT && !(state->down & (CTRL | ALT))) {
		memcpy(out, "\x1b\t", 2);
		return 2;
	}
	if (keymap_key_of(state->map, key, &found))
		return send_character(state, &found, out);
	return send_function(state, key, out);
}

size_t keymap_press(struct keymap_state *state, unsigned key, bool pressed, char out[KEYMAP_BYTES])
{
	uint8_t modifier = modifier_bit(key);

	if (modifier) {
		state->down = (uint8_t)(pressed ? state->down | modifier : state->down & ~modifier);
		return 0;
	}
	if (key == KEY_COMPOSE && pressed) {
		state->composing = true;
		state->composed = state->dead = 0;
		return 0;
	}
	if (key != KEY_CAPSLOCK && key != KEY_NUMLOCK)
		return pressed ? send_key(state, key, out) : 0;
	if (pressed && state->lock_down != key) {
		if (key == KEY_CAPSLOCK)
			state->caps_lock = !state->caps_lock;
		else
			state->num_lock_off = !state->num_lock_off;
	}
	state->lock_down = pressed ? (uint8_t)key : 0;
	return 0;
}
