/*
 * test_string.c: the functions of lib/string.h. This file and string.c are compiled with
 * -Dmemcpy=quire_memcpy and so on, so that the rest of the program keeps the C library's functions;
 * those are reached here as __builtin_memcpy.
 */
#include "lib/string.h"

#include "debug/ktest.h"
#include "random.h"

#define AREA 160

static void fill_random(char *area, uint64_t *seed)
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = (char)random_next(seed);
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

/* Every alignment of both sides within a word, every length up to three blocks: the result, and
 * nothing around it. */
KTEST(string_memcpy)
{
	uint64_t seed = 1;
	char from[AREA], to[AREA], expected[AREA];

	for (unsigned shift = 0; shift < 64; shift++) {
		for (unsigned bytes = 0; bytes <= 100; bytes++) {
			unsigned to_shift = shift % 8, from_shift = shift / 8;
			fill_random(from, &seed);
			fill_random(to, &seed);
			__builtin_memcpy(expected, to, AREA);
			__builtin_memcpy(expected + to_shift, from + from_shift, bytes);
			EXPECT(memcpy(to + to_shift, from + from_shift, bytes) == to + to_shift);
			if (!EXPECT(__builtin_memcmp(to, expected, AREA) == 0))
				return;
		}
	}
}

KTEST(string_memmove_overlapping)
{
	uint64_t seed = 2;
	char area[AREA], expected[AREA];

	for (unsigned from = 0; from < 48; from++) {
		for (unsigned to = 0; to < 48; to++) {
			for (unsigned bytes = 0; bytes <= 100; bytes += 1 + bytes / 9) {
				fill_random(area, &seed);
				__builtin_memcpy(expected, area, AREA);
				__builtin_memmove(expected + to, expected + from, bytes);
				EXPECT(memmove(area + to, area + from, bytes) == area + to);
				if (!EXPECT(__builtin_memcmp(area, expected, AREA) == 0))
					return;
			}
		}
	}
}

KTEST(string_memset)
{
	uint64_t seed = 3;
	char area[AREA], expected[AREA];

	for (unsigned shift = 0; shift < 16; shift++) {
		for (unsigned bytes = 0; bytes <= 100; bytes++) {
			int value = (int)random_next(&seed); /* only its low byte counts */
			fill_random(area, &seed);
			__builtin_memcpy(expected, area, AREA);
			__builtin_memset(expected + shift, value, bytes);
			EXPECT(memset(area + shift, value, bytes) == area + shift);
			if (!EXPECT(__builtin_memcmp(area, expected, AREA) == 0))
				return;
		}
	}
}

KTEST(string_memcmp)
{
	uint64_t seed = 4;
	char a[AREA], b[AREA];

	for (unsigned round = 0; round < 20000; round++) {
		unsigned shift = (unsigned)random_below(&seed, 16);
		unsigned bytes = (unsigned)random_below(&seed, 100);
		fill_random(a, &seed);
		__builtin_memcpy(b, a, AREA);
		for (unsigned changes = (unsigned)random_below(&seed, 3); changes > 0; changes--)
			b[random_below(&seed, AREA)] = (char)random_next(&seed);
		EXPECT_EQ(sign(memcmp(a + shift, b + shift, bytes)),
			  sign(__builtin_memcmp(a + shift, b + shift, bytes)));
	}
	EXPECT(memcmp("\x80", "\x7f", 1) > 0);
}

KTEST(string_lengths)
{
	static const char unterminated[3] = {'a', 'b', 'c'};

	EXPECT_EQ(strlen(""), 0);
	EXPECT_EQ(strlen("quire"), 5);
	EXPECT_EQ(strnlen("quire", 100), 5);
	EXPECT_EQ(strnlen("quire", 5), 5);
	EXPECT_EQ(strnlen("quire", 2), 2);
	EXPECT_EQ(strnlen(unterminated, 3), 3);
	EXPECT_EQ(strnlen(NULL, 0), 0);
}

KTEST(string_comparisons)
{
	static const char *const samples[] = {"",  "a",    "ab",   "abc",  "abd",
					      "b", "\x7f", "\x80", "\xff", "a\xff"};

	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(samples); j++) {
			const char *a = samples[i], *b = samples[j];
			EXPECT_EQ(sign(strcmp(a, b)), sign(__builtin_strcmp(a, b)));
			for (unsigned max = 0; max < 5; max++)
				EXPECT_EQ(sign(strncmp(a, b, max)),
					  sign(__builtin_strncmp(a, b, max)));
		}
	}
}

KTEST(string_searches)
{
	const char *text = "/initrd/bin/sh";

	EXPECT(strchr(text, '/') == text);
	EXPECT(strchr(text, 'b') == text + 8);
	EXPECT(strchr(text, 'z') == NULL);
	EXPECT(strchr(text, '\0') == text + 14);
	EXPECT(strrchr(text, '/') == text + 11);
	EXPECT(strrchr(text, 'z') == NULL);
	EXPECT(strrchr(text, '\0') == text + 14);
	EXPECT(strchr("\xff", 0xff) != NULL);
	EXPECT(strrchr("", 'a') == NULL);
}

KTEST(string_copy_truncates)
{
	char to[8] = "*******";

	EXPECT_EQ(string_copy(to, "quire", sizeof(to)), 5);
	EXPECT_STREQ(to, "quire");
	EXPECT_EQ(to[6], '*');
	EXPECT_EQ(string_copy(to, "quiremaker", 6), 10);
	EXPECT_STREQ(to, "quire");
	EXPECT_EQ(to[6], '*');
	EXPECT_EQ(string_copy(to, "quire", 1), 5);
	EXPECT_STREQ(to, "");
	EXPECT_EQ(string_copy(to, "1234567", 8), 7);
	EXPECT_STREQ(to, "1234567");
}

KTEST(string_numbers)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} cases[] = {
		{"0", true, 0},
		{"7", true, 7},
		{"007", true, 7},
		{"18446744073709551615", true, UINT64_MAX},
		{"0x0", true, 0},
		{"0xff", true, 255},
		{"0XFf", true, 255},
		{"0xffffffffffffffff", true, UINT64_MAX},
		{"0x00000000000000000001", true, 1},
		{"", false, 0},
		{"0x", false, 0},
		{"x1", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"1a", false, 0},
		{"0xg", false, 0},
		{"0x0x1", false, 0},
		{"18446744073709551616", false, 0},
		{"99999999999999999999", false, 0},
		{"0x10000000000000000", false, 0},
		{"0:", false, 0},
		{"0/", false, 0},
		{"0x@", false, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 42;
		bool ok = string_to_u64(cases[i].text, strlen(cases[i].text), &value);
		if (ok != cases[i].ok || value != (cases[i].ok ? cases[i].value : 42))
			ktest_fail(__FILE__, __LINE__, "\"%s\" gives %d, %llu", cases[i].text, ok,
				   (unsigned long long)value);
	}
	uint64_t value;
	EXPECT(string_to_u64("1234", 2, &value));
	EXPECT_EQ(value, 12);
}
