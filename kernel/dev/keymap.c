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

/* ---- layouts ---- */

/* Letters are not here: they are the same in all but a few places. */
static const struct keymap_key us_keys[] = {
	{KEY_1, '1', '!', 0},
	{KEY_2, '2', '@', 0},
	{KEY_3, '3', '#', 0},
	{KEY_4, '4', '$', 0},
	{KEY_5, '5', '%', 0},
	{KEY_6, '6', '^', 0},
	{KEY_7, '7', '&', 0},
	{KEY_8, '8', '*', 0},
	{KEY_9, '9', '(', 0},
	{KEY_0, '0', ')', 0},
	{KEY_MINUS, '-', '_', 0},
	{KEY_EQUAL, '=', '+', 0},
	{KEY_LEFTBRACE, '[', '{', 0},
	{KEY_RIGHTBRACE, ']', '}', 0},
	{KEY_SEMICOLON, ';', ':', 0},
	{KEY_APOSTROPHE, '\'', '"', 0},
	{KEY_GRAVE, '`', '~', 0},
	{KEY_BACKSLASH, '\\', '|', 0},
	{KEY_COMMA, ',', '<', 0},
	{KEY_DOT, '.', '>', 0},
	{KEY_SLASH, '/', '?', 0},
	{KEY_SPACE, ' ', ' ', ' '},
	{KEY_102ND, '<', '>', '|'},
	{KEY_ESC, ESCAPE, ESCAPE, ESCAPE},
	{KEY_BACKSPACE, DELETE, DELETE, DELETE},
	{KEY_TAB, '\t', '\t', '\t'},
	{KEY_ENTER, '\r', '\r', '\r'},
	{KEY_KPENTER, '\r', '\r', '\r'},
	{KEY_KPSLASH, '/', '/', '/'},
	{KEY_KPASTERISK, '*', '*', '*'},
	{KEY_KPMINUS, '-', '-', '-'},
	{KEY_KPPLUS, '+', '+', '+'},
};

static const struct keymap_key uk_keys[] = {
	{KEY_2, '2', '"', 0},           {KEY_3, '3', 0xa3, 0},        {KEY_4, '4', '$', 0x20ac},
	{KEY_APOSTROPHE, '\'', '@', 0}, {KEY_GRAVE, '`', 0xac, 0xa6}, {KEY_BACKSLASH, '#', '~', 0},
	{KEY_102ND, '\\', '|', 0},
};

/* Without dead keys: accents type themselves. */
static const struct keymap_key de_keys[] = {
	{KEY_2, '2', '"', 0xb2},        {KEY_3, '3', 0xa7, 0xb3},
	{KEY_6, '6', '&', 0},           {KEY_7, '7', '/', '{'},
	{KEY_8, '8', '(', '['},         {KEY_9, '9', ')', ']'},
	{KEY_0, '0', '=', '}'},         {KEY_MINUS, 0xdf, '?', '\\'},
	{KEY_EQUAL, 0xb4, '`', 0},      {KEY_Q, 'q', 'Q', '@'},
	{KEY_E, 'e', 'E', 0x20ac},      {KEY_Y, 'z', 'Z', 0},
	{KEY_Z, 'y', 'Y', 0},           {KEY_M, 'm', 'M', 0xb5},
	{KEY_LEFTBRACE, 0xfc, 0xdc, 0}, {KEY_RIGHTBRACE, '+', '*', '~'},
	{KEY_SEMICOLON, 0xf6, 0xd6, 0}, {KEY_APOSTROPHE, 0xe4, 0xc4, 0},
	{KEY_GRAVE, '^', 0xb0, 0},      {KEY_BACKSLASH, '#', '\'', 0},
	{KEY_COMMA, ',', ';', 0},       {KEY_DOT, '.', ':', 0},
	{KEY_SLASH, '-', '_', 0},
};

static const struct keymap maps[] = {
	{"us", us_keys, ARRAY_SIZE(us_keys), false},
	{"uk", uk_keys, ARRAY_SIZE(uk_keys), true},
	{"de", de_keys, ARRAY_SIZE(de_keys), true},
};

const struct keymap *keymap_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (!strcmp(maps[i].name, name))
			return &maps[i];
	return NULL;
}

/* Rows of letters, whose keys have consecutive numbers. */
static bool find_letter(unsigned key, struct keymap_key *out)
{
	static const struct {
		unsigned first;
		const char *letters;
	} rows[] = {{KEY_Q, "qwertyuiop"}, {KEY_A, "asdfghjkl"}, {KEY_Z, "zxcvbnm"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (key < rows[i].first || key - rows[i].first >= strlen(rows[i].letters))
			continue;
		char letter = rows[i].letters[key - rows[i].first];
		*out = (struct keymap_key){.plain = (uint8_t)letter,
					   .shifted = (uint8_t)(letter - 'a' + 'A')};
		return true;
	}
	return false;
}

static bool find_in(const struct keymap *map, unsigned key, struct keymap_key *out)
{
	for (size_t i = 0; i < map->count; i++) {
		if (map->keys[i].key == key) {
			*out = map->keys[i];
			return true;
		}
	}
	return false;
}

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
	{KEY_F12, "\x1b[24~"},     {KEY_PAUSE, "\x1b[P"},
};

/* The keypad: a digit with the lock, a cursor key without. */
static const struct {
	uint8_t key;
	char digit;
	uint8_t cursor;
} keypad[] = {
	{KEY_KP7, '7', KEY_HOME},
	{KEY_KP8, '8', KEY_UP},
	{KEY_KP9, '9', KEY_PAGEUP},
	{KEY_KP4, '4', KEY_LEFT},
	{KEY_KP5, '5', 0},
	{KEY_KP6, '6', KEY_RIGHT},
	{KEY_KP1, '1', KEY_END},
	{KEY_KP2, '2', KEY_DOWN},
	{KEY_KP3, '3', KEY_PAGEDOWN},
	{KEY_KP0, '0', KEY_INSERT},
	{KEY_KPDOT, '.', KEY_DELETE},
};

static size_t send_sequence(unsigned key, char *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		if (sequences[i].key != key)
			continue;
		size_t bytes = strlen(sequences[i].bytes);
		memcpy(out, sequences[i].bytes, bytes);
		return bytes;
	}
	return 0;
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

static size_t send_character(const struct keymap_state *state, const struct keymap_key *key,
			     char *out)
{
	bool alt_gr = state->map->has_alt_gr && (state->down & RIGHT_ALT);
	bool alt = state->down & (alt_gr ? LEFT_ALT : ALT);
	bool shifted = state->down & SHIFT;
	size_t done = 0;

	if (state->caps_lock && is_letter(key))
		shifted = !shifted;
	uint16_t character = alt_gr ? key->alt_gr : shifted ? key->shifted : key->plain;
	if (!character)
		return 0;
	if (alt)
		out[done++] = ESCAPE;
	if (state->down & CTRL) {
		int control = with_ctrl(character);
		if (control < 0)
			return 0;
		out[done++] = (char)control;
		return done;
	}
	return done + send_utf8(character, out + done);
}

static size_t send_key(const struct keymap_state *state, unsigned key, char *out)
{
	struct keymap_key found;

	for (size_t i = 0; i < ARRAY_SIZE(keypad); i++) {
		if (keypad[i].key != key)
			continue;
		if (state->num_lock_off)
			return send_sequence(keypad[i].cursor, out);
		found = (struct keymap_key){.plain = (uint8_t)keypad[i].digit,
					    .shifted = (uint8_t)keypad[i].digit};
		return send_character(state, &found, out);
	}
	if (find_in(state->map, key, &found) || find_letter(key, &found) ||
	    find_in(&maps[0], key, &found))
		return send_character(state, &found, out);
	size_t alt = state->down & LEFT_ALT ? 1 : 0;
	size_t bytes = send_sequence(key, out + alt);
	if (alt && bytes)
		out[0] = ESCAPE;
	return bytes ? alt + bytes : 0;
}

size_t keymap_press(struct keymap_state *state, unsigned key, bool pressed, char out[KEYMAP_BYTES])
{
	uint8_t modifier = modifier_bit(key);

	if (modifier) {
		state->down = (uint8_t)(pressed ? state->down | modifier : state->down & ~modifier);
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
