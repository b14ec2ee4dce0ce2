/*
 * keymap_compose.c: an accent and a letter, or any two characters after the Compose key, to one
 * character. What a pair gives is what X's table of compositions says (Compose(5)).
 */
#include "dev/keymap.h"
#include "lib/types.h"

#define Y_DIAERESIS       0xffu /* the one letter of Latin-1 whose capital is elsewhere */
#define CAPITAL_DIAERESIS 0x178u
#define LATIN_1_END       0x100u

/* Of capitals the result is worked out. */
static const struct {
	uint16_t mark, result;
	char letter;
} accented[] = {
	{KEYMAP_GRAVE, 0xe0, 'a'},      {KEYMAP_GRAVE, 0xe8, 'e'},
	{KEYMAP_GRAVE, 0xec, 'i'},      {KEYMAP_GRAVE, 0xf2, 'o'},
	{KEYMAP_GRAVE, 0xf9, 'u'},      {KEYMAP_ACUTE, 0xe1, 'a'},
	{KEYMAP_ACUTE, 0xe9, 'e'},      {KEYMAP_ACUTE, 0xed, 'i'},
	{KEYMAP_ACUTE, 0xf3, 'o'},      {KEYMAP_ACUTE, 0xfa, 'u'},
	{KEYMAP_ACUTE, 0xfd, 'y'},      {KEYMAP_ACUTE, 0x107, 'c'},
	{KEYMAP_ACUTE, 0x144, 'n'},     {KEYMAP_ACUTE, 0x15b, 's'},
	{KEYMAP_ACUTE, 0x17a, 'z'},     {KEYMAP_CIRCUMFLEX, 0xe2, 'a'},
	{KEYMAP_CIRCUMFLEX, 0xea, 'e'}, {KEYMAP_CIRCUMFLEX, 0xee, 'i'},
	{KEYMAP_CIRCUMFLEX, 0xf4, 'o'}, {KEYMAP_CIRCUMFLEX, 0xfb, 'u'},
	{KEYMAP_TILDE, 0xe3, 'a'},      {KEYMAP_TILDE, 0xf1, 'n'},
	{KEYMAP_TILDE, 0xf5, 'o'},      {KEYMAP_DIAERESIS, 0xe4, 'a'},
	{KEYMAP_DIAERESIS, 0xeb, 'e'},  {KEYMAP_DIAERESIS, 0xef, 'i'},
	{KEYMAP_DIAERESIS, 0xf6, 'o'},  {KEYMAP_DIAERESIS, 0xfc, 'u'},
	{KEYMAP_DIAERESIS, 0xff, 'y'},  {KEYMAP_RING, 0xe5, 'a'},
	{KEYMAP_CEDILLA, 0xe7, 'c'},
};

/* What a mark is called by after Compose, and what it types alone: before a space, and twice. */
static const struct {
	uint16_t mark, twice;
	char with_space, name;
} marks[] = {
	{KEYMAP_GRAVE, '`', '`', '`'},      {KEYMAP_ACUTE, 0xb4, '\'', '\''},
	{KEYMAP_CIRCUMFLEX, '^', '^', '^'}, {KEYMAP_TILDE, '~', '~', '~'},
	{KEYMAP_DIAERESIS, 0xa8, '"', '"'}, {KEYMAP_RING, 0xb0, '*', '*'},
	{KEYMAP_CEDILLA, 0xb8, ',', ','},
};

/* In either order. */
static const struct {
	char first, second;
	uint16_t result;
} pairs[] = {
	{'s', 's', 0xdf},  {'a', 'e', 0xe6},   {'A', 'E', 0xc6},   {'o', '/', 0xf8},
	{'O', '/', 0xd8},  {'a', 'a', 0xe5},   {'A', 'A', 0xc5},   {'o', 'e', 0x153},
	{'O', 'E', 0x152}, {'e', '=', 0x20ac}, {'c', '=', 0x20ac}, {'o', 'c', 0xa9},
	{'o', 'r', 0xae},  {'o', 'o', 0xb0},   {'!', '!', 0xa1},   {'?', '?', 0xbf},
	{'<', '<', 0xab},  {'>', '>', 0xbb},   {'m', 'u', 0xb5},   {'L', '-', 0xa3},
	{'Y', '=', 0xa5},  {'s', 'o', 0xa7},   {'+', '-', 0xb1},   {'1', '2', 0xbd},
	{'1', '4', 0xbc},  {'3', '4', 0xbe},   {'x', 'x', 0xd7},   {':', '-', 0xf7},
};

static uint16_t capital_of(uint16_t letter)
{
	if (letter == Y_DIAERESIS)
		return CAPITAL_DIAERESIS;
	return (uint16_t)(letter < LATIN_1_END ? letter - ('a' - 'A') : letter - 1);
}

uint16_t keymap_accent(uint16_t mark, uint16_t letter)
{
	bool capital = letter >= 'A' && letter <= 'Z';
	uint16_t small = (uint16_t)(capital ? letter - 'A' + 'a' : letter);

	for (size_t i = 0; i < ARRAY_SIZE(accented); i++)
		if (accented[i].mark == mark && accented[i].letter == (char)small && small < 0x80)
			return capital ? capital_of(accented[i].result) : accented[i].result;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].mark == mark && letter == mark)
			return marks[i].twice;
		else if (marks[i].mark == mark && letter == ' ')
			return (uint8_t)marks[i].with_space;
	return 0;
}

static uint16_t mark_named(uint16_t name)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (name == (uint8_t)marks[i].name || name == marks[i].mark)
			return marks[i].mark;
	return 0;
}

uint16_t keymap_compose(uint16_t first, uint16_t second)
{
	uint16_t result = keymap_accent(mark_named(first), second);

	for (size_t i = 0; i < ARRAY_SIZE(pairs) && !result; i++)
		if ((first == (uint8_t)pairs[i].first && second == (uint8_t)pairs[i].second) ||
		    (second == (uint8_t)pairs[i].first && first == (uint8_t)pairs[i].second))
			result = pairs[i].result;
	return result ? result : keymap_accent(mark_named(second), first);
}
