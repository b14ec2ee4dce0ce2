/* keymap_layouts.c: which key types what, by layout. See keymap.h. */
#include <linux/input-event-codes.h>

#include "dev/keymap.h"
#include "lib/string.h"

#define ESCAPE 0x1b
#define DELETE 0x7f

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

/* Accents type themselves. */
static const struct keymap_key de_nodeadkeys_keys[] = {
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

/* What differs from that: accents wait for a letter. */
static const struct keymap_key de_keys[] = {
	{KEY_EQUAL, KEYMAP_ACUTE, KEYMAP_GRAVE, 0},
	{KEY_GRAVE, KEYMAP_CIRCUMFLEX, 0xb0, 0},
};

static const struct keymap_key fr_keys[] = {
	{KEY_GRAVE, 0xb2, '~', 0},
	{KEY_1, '&', '1', 0},
	{KEY_2, 0xe9, '2', '~'},
	{KEY_3, '"', '3', '#'},
	{KEY_4, '\'', '4', '{'},
	{KEY_5, '(', '5', '['},
	{KEY_6, '-', '6', '|'},
	{KEY_7, 0xe8, '7', '`'},
	{KEY_8, '_', '8', '\\'},
	{KEY_9, 0xe7, '9', '^'},
	{KEY_0, 0xe0, '0', '@'},
	{KEY_MINUS, ')', 0xb0, ']'},
	{KEY_EQUAL, '=', '+', '}'},
	{KEY_Q, 'a', 'A', 0},
	{KEY_W, 'z', 'Z', 0},
	{KEY_E, 'e', 'E', 0x20ac},
	{KEY_LEFTBRACE, KEYMAP_CIRCUMFLEX, KEYMAP_DIAERESIS, 0},
	{KEY_RIGHTBRACE, '$', 0xa3, 0xa4},
	{KEY_A, 'q', 'Q', 0},
	{KEY_SEMICOLON, 'm', 'M', 0},
	{KEY_APOSTROPHE, 0xf9, '%', 0},
	{KEY_BACKSLASH, '*', 0xb5, 0},
	{KEY_102ND, '<', '>', 0},
	{KEY_Z, 'w', 'W', 0},
	{KEY_M, ',', '?', 0},
	{KEY_COMMA, ';', '.', 0},
	{KEY_DOT, ':', '/', 0},
	{KEY_SLASH, '!', 0xa7, 0},
};

static const struct keymap_key us_intl_keys[] = {
	{KEY_GRAVE, KEYMAP_GRAVE, KEYMAP_TILDE, '`'},
	{KEY_1, '1', '!', 0xa1},
	{KEY_2, '2', '@', 0xb2},
	{KEY_3, '3', '#', 0xb3},
	{KEY_4, '4', '$', 0xa4},
	{KEY_5, '5', '%', 0x20ac},
	{KEY_6, '6', KEYMAP_CIRCUMFLEX, '^'},
	{KEY_Q, 'q', 'Q', 0xe4},
	{KEY_W, 'w', 'W', 0xe5},
	{KEY_E, 'e', 'E', 0xe9},
	{KEY_R, 'r', 'R', 0xae},
	{KEY_Y, 'y', 'Y', 0xfc},
	{KEY_U, 'u', 'U', 0xfa},
	{KEY_I, 'i', 'I', 0xed},
	{KEY_O, 'o', 'O', 0xf3},
	{KEY_P, 'p', 'P', 0xf6},
	{KEY_LEFTBRACE, '[', '{', 0xab},
	{KEY_RIGHTBRACE, ']', '}', 0xbb},
	{KEY_A, 'a', 'A', 0xe1},
	{KEY_S, 's', 'S', 0xdf},
	{KEY_D, 'd', 'D', 0xf0},
	{KEY_L, 'l', 'L', 0xf8},
	{KEY_SEMICOLON, ';', ':', 0xb6},
	{KEY_APOSTROPHE, KEYMAP_ACUTE, KEYMAP_DIAERESIS, '\''},
	{KEY_BACKSLASH, '\\', '|', 0xac},
	{KEY_Z, 'z', 'Z', 0xe6},
	{KEY_C, 'c', 'C', 0xa9},
	{KEY_N, 'n', 'N', 0xf1},
	{KEY_M, 'm', 'M', 0xb5},
	{KEY_COMMA, ',', '<', 0xe7},
	{KEY_SLASH, '/', '?', 0xbf},
};

#define KEYS(table) table, ARRAY_SIZE(table)

/* Named as the Linux console's. `us` is the one that all others differ from in the end. */
static const struct keymap us = {"us", KEYS(us_keys), false, NULL};
static const struct keymap de_nodeadkeys = {"de-nodeadkeys", KEYS(de_nodeadkeys_keys), true, &us};
static const struct keymap maps[] = {
	{"us-intl", KEYS(us_intl_keys), true, &us},
	{"uk", KEYS(uk_keys), true, &us},
	{"de", KEYS(de_keys), true, &de_nodeadkeys},
	{"fr", KEYS(fr_keys), true, &us},
};

const struct keymap *keymap_find(const char *name)
{
	if (!strcmp(name, us.name))
		return &us;
	if (!strcmp(name, de_nodeadkeys.name))
		return &de_nodeadkeys;
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

bool keymap_key_of(const struct keymap *map, unsigned key, struct keymap_key *out)
{
	for (const struct keymap *each = map; each; each = each->other) {
		/* Letters are where they are on `us`, unless a layout puts them elsewhere. */
		if (!each->other && find_letter(key, out))
			return true;
		for (size_t i = 0; i < each->count; i++) {
			if (each->keys[i].key == key) {
				*out = each->keys[i];
				return true;
			}
		}
	}
	return false;
}
