/* test_format.c: format() against the C library's snprintf(). */
#include <stdio.h>
#include <string.h>

#include "debug/ktest.h"
#include "lib/format.h"
#include "random.h"

#define OUTPUT_BYTES 256

static const uint64_t numbers[] = {
	0,
	1,
	7,
	8,
	9,
	10,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0x12345678,
	INT32_MAX,
	0x80000000,
	UINT32_MAX,
	0x123456789abcdef0,
	INT64_MAX,
	0x8000000000000000,
	UINT64_MAX - 1,
	UINT64_MAX,
};

/* Compares both results, at a buffer size that fits all and at `cut` bytes. */
#define EXPECT_SAME(cut, specification, ...)                                                  \
	do {                                                                                  \
		char ours[OUTPUT_BYTES], theirs[OUTPUT_BYTES];                                \
		size_t length = format(ours, sizeof(ours), specification, __VA_ARGS__);       \
		int reference = snprintf(theirs, sizeof(theirs), specification, __VA_ARGS__); \
		report_difference(specification, ours, length, theirs, reference);            \
		length = format(ours, cut, specification, __VA_ARGS__);                       \
		reference = snprintf(theirs, cut, specification, __VA_ARGS__);                \
		if ((cut) > 0)                                                                \
			report_difference(specification, ours, length, theirs, reference);    \
		else                                                                          \
			EXPECT_EQ(length, reference);                                         \
	} while (0)

static void report_difference(const char *specification, const char *ours, size_t length,
			      const char *theirs, int reference)
{
	if (length != (size_t)reference || strcmp(ours, theirs) != 0)
		ktest_fail(__FILE__, __LINE__, "%s: \"%s\" (%zu), snprintf: \"%s\" (%d)",
			   specification, ours, length, theirs, reference);
}

/* "%", the flags of a bit mask, a width, a precision, a length, a conversion. */
static void make_specification(char *to, size_t size, unsigned flags, const char *width,
			       const char *precision, const char *length, char conversion)
{
	snprintf(to, size, "<%%%s%s%s%s%s%s%s%s%c>", flags & 1 ? "-" : "", flags & 2 ? "0" : "",
		 flags & 4 ? "+" : "", flags & 8 ? " " : "", flags & 16 ? "#" : "", width,
		 precision, length, conversion);
}

static void compare_numbers(const char *specification, bool is_long)
{
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		size_t cut = i % 12;
		if (is_long)
			EXPECT_SAME(cut, specification, numbers[i]);
		else
			EXPECT_SAME(cut, specification, (int)numbers[i]);
	}
}

KTEST(format_numbers)
{
	static const char *const widths[] = {"", "1", "6", "25"};
	static const char *const precisions[] = {"", ".", ".0", ".1", ".4", ".23"};
	static const char *const lengths[] = {"", "hh", "h", "l", "ll", "z", "t", "j"};
	static const char conversions[] = "diuxXo";

	for (unsigned flags = 0; flags < 32; flags++) {
		for (unsigned w = 0; w < ARRAY_SIZE(widths); w++) {
			for (unsigned p = 0; p < ARRAY_SIZE(precisions); p++) {
				unsigned l = (flags + w + p) % ARRAY_SIZE(lengths);
				for (const char *c = conversions; *c != '\0'; c++) {
					char text[64];
					make_specification(text, sizeof(text), flags, widths[w],
							   precisions[p], lengths[l], *c);
					compare_numbers(text, l >= 3);
				}
			}
		}
	}
}

KTEST(format_numbers_random)
{
	static const char *const lengths[] = {"", "hh", "h", "l", "ll", "z", "t", "j"};
	uint64_t seed = 1;

	for (unsigned round = 0; round < 20000; round++) {
		char text[64], width[16] = "", precision[16] = "";
		unsigned l = (unsigned)random_below(&seed, ARRAY_SIZE(lengths));
		uint64_t value = random_next(&seed) >> random_below(&seed, 64);
		if (random_below(&seed, 2))
			snprintf(width, sizeof(width), "%u", (unsigned)random_below(&seed, 70) + 1);
		if (random_below(&seed, 2))
			snprintf(precision, sizeof(precision), ".%u",
				 (unsigned)random_below(&seed, 70));
		make_specification(text, sizeof(text), (unsigned)random_below(&seed, 32), width,
				   precision, lengths[l], "diuxXo"[random_below(&seed, 6)]);
		size_t cut = random_below(&seed, 100);
		if (l >= 3)
			EXPECT_SAME(cut, text, value);
		else
			EXPECT_SAME(cut, text, (int)value);
	}
}

KTEST(format_strings)
{
	static const char *const samples[] = {"", "q", "quire", "a longer text of some words"};
	static const char *const specifications[] = {
		"%s",  "%1s",    "%10s",     "%-10s|", "%.3s", "%.0s",
		"%.s", "%10.2s", "%-10.2s|", "%.100s", "a%sb",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(specifications); j++) {
			for (size_t cut = 0; cut < 14; cut++)
				EXPECT_SAME(cut, specifications[j], samples[i]);
		}
	}
}

/* A precision bounds what is read: the array has no NUL. */
KTEST(format_string_without_nul)
{
	const char text[4] = {'a', 'b', 'c', 'd'};
	char to[16];

	EXPECT_EQ(format(to, sizeof(to), "%.4s", text), 4);
	EXPECT_STREQ(to, "abcd");
	EXPECT_EQ(format(to, sizeof(to), "%.*s", 2, text), 2);
	EXPECT_STREQ(to, "ab");
}

KTEST(format_null_string)
{
	const char *volatile nothing = NULL;
	char to[16];

	EXPECT_EQ(format(to, sizeof(to), "%s", nothing), 6);
	EXPECT_STREQ(to, "(null)");
}

KTEST(format_characters)
{
	char to[8];

	EXPECT_SAME(5, "%c", 'x');
	EXPECT_SAME(5, "%4c|", 'x');
	EXPECT_SAME(5, "%-4c|", 'x');
	EXPECT_EQ(format(to, sizeof(to), "a%cb", '\0'), 3);
	EXPECT_EQ(memcmp(to, "a\0b", 4), 0);
}

KTEST(format_pointers)
{
	char to[40];

	EXPECT_SAME(9, "%p", (void *)0x123456789abcull);
	EXPECT_SAME(9, "%20p|", (void *)~0ull);
	EXPECT_SAME(9, "%-20p|", (void *)1);
	/* Unlike the C library's "(nil)": a log is searched for addresses. */
	format(to, sizeof(to), "%p", NULL);
	EXPECT_STREQ(to, "0x0");
}

KTEST(format_star_arguments)
{
	EXPECT_SAME(6, "%*d|", 7, 42);
	EXPECT_SAME(6, "%*d|", -7, 42);
	EXPECT_SAME(6, "%.*d|", 5, 42);
	EXPECT_SAME(6, "%.*d|", -1, 42);
	EXPECT_SAME(6, "%*.*x|", 9, 4, 0xab);
	EXPECT_SAME(6, "%0*d|", 7, -42);
	EXPECT_SAME(6, "%-*.*s|", 9, 2, "abc");
}

KTEST(format_mixed_arguments)
{
	EXPECT_SAME(20, "%d %s %llx %c %u%% %#lx %zu", -1, "two", 3ull, '4', 5u, 6ul, (size_t)7);
}

KTEST(format_unknown_conversions)
{
	static const struct {
		const char *specification, *expected;
	} cases[] = {
		{"%y", "%y"},     {"a%-5.3lqb", "a%-5.3lqb"},
		{"100%", "100%"}, {"%", "%"},
		{"%-08", "%-08"}, {"%l", "%l"},
		{"%5.", "%5."},   {"%%", "%"},
		{"%!%%", "%!%"},  {"plain", "plain"},
		{"", ""},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		char to[32];
		size_t length = format(to, sizeof(to), cases[i].specification, 0);
		EXPECT_STREQ(to, cases[i].expected);
		EXPECT_EQ(length, strlen(cases[i].expected));
	}
}

/* Far more output than room: counted, cut, and NUL-terminated. */
KTEST(format_hostile_width)
{
	char to[8] = "*******";

	EXPECT_EQ(format(NULL, 0, "%1000000d", 1), 1000000);
	EXPECT_EQ(format(to, 4, "%100000000s", ""), 100000000);
	EXPECT_STREQ(to, "   ");
	EXPECT_EQ(to[4], '*');
}
