/* test_options.c: the boot command line. */
#include <stdio.h>
#include <string.h>

#include "debug/ktest.h"
#include "lib/options.h"
#include "random.h"

static void init(const char *line)
{
	options_init(line, strlen(line));
}

KTEST(options_words)
{
	init("quiet log=debug  mem=0x40 n=12\tinit=/bin/sh empty=");
	EXPECT_STREQ(option("quiet"), "");
	EXPECT_STREQ(option("log"), "debug");
	EXPECT_STREQ(option("init"), "/bin/sh");
	EXPECT_STREQ(option("empty"), "");
	EXPECT_STREQ(option("absent"), NULL);
	EXPECT_STREQ(option("lo"), NULL);
	EXPECT_STREQ(option("logg"), NULL);
	EXPECT_EQ(option_u64("mem", 1), 64);
	EXPECT_EQ(option_u64("n", 1), 12);
	EXPECT_EQ(option_u64("log", 1), 1);
	EXPECT_EQ(option_u64("quiet", 1), 1);
	EXPECT_EQ(option_u64("absent", 1), 1);
}

KTEST(options_last_counts)
{
	init("a=1 b=2 a=3 a b");
	EXPECT_STREQ(option("a"), "");
	EXPECT_STREQ(option("b"), "");
	init("a a=1 a=2");
	EXPECT_STREQ(option("a"), "2");
}

KTEST(options_quotes)
{
	init("args=\"one two\"  x=\"\" path=a\"b c\"d open=\"to the  end");
	EXPECT_STREQ(option("args"), "one two");
	EXPECT_STREQ(option("x"), "");
	EXPECT_STREQ(option("path"), "ab cd");
	EXPECT_STREQ(option("open"), "to the  end");
	init("v=a=b=\"c d\"");
	EXPECT_STREQ(option("v"), "a=b=c d");
}

KTEST(options_control_characters)
{
	static const char line[] = "a=1\nb=2\0c=3\x7f"
				   "d=4\r\x01";

	options_init(line, sizeof(line) - 1);
	EXPECT_STREQ(option("a"), "1");
	EXPECT_STREQ(option("b"), "2");
	EXPECT_STREQ(option("c"), "3");
	EXPECT_STREQ(option("d"), "4");
	EXPECT_STREQ(options_line(), "a=1 b=2 c=3 d=4  ");
	init("name=\xc3\xa9");
	EXPECT_STREQ(option("name"), "\xc3\xa9");
}

KTEST(options_nothing)
{
	options_init(NULL, 0);
	EXPECT_STREQ(options_line(), "");
	EXPECT_STREQ(option("a"), NULL);
	init("   ");
	EXPECT_STREQ(option("a"), NULL);
	init("\"\" a=1");
	EXPECT_STREQ(option("a"), "1");
	EXPECT_STREQ(option("\"\""), NULL);
}

/* The line is cut at OPTIONS_MAX bytes, whatever is there. */
KTEST(options_long_line)
{
	static char line[OPTIONS_MAX + 100];

	memset(line, 'x', sizeof(line));
	options_init(line, sizeof(line));
	EXPECT_EQ(strlen(options_line()), OPTIONS_MAX);
	memcpy(line, "a=", 2);
	options_init(line, sizeof(line));
	EXPECT_EQ(strlen(option("a")), OPTIONS_MAX - 2);
	for (unsigned i = 0; i < sizeof(line); i++)
		line[i] = i % 2 ? ' ' : 'x'; /* as many words as there can be */
	line[OPTIONS_MAX - 1] = 'y';
	options_init(line, sizeof(line));
	EXPECT_STREQ(option("x"), "");
	EXPECT_STREQ(option("xy"), "");
}

static char told[256];

static void tell(const char *word, const char *wrong, const char *values)
{
	size_t length = strlen(told);

	snprintf(told + length, sizeof(told) - length, "%s: %s%s\n", word, wrong, values);
}

static const char *wrong_in(const char *line)
{
	told[0] = '\0';
	options_init(line, strlen(line));
	options_check(tell);
	return told;
}

KTEST(options_that_are_wrong)
{
	EXPECT_STREQ(wrong_in(""), "");
	EXPECT_STREQ(wrong_in("usb=off log=debug log=error report cpus=many window=\"1 2\" crash"),
		     "");
	EXPECT_STREQ(wrong_in("usbs=off us=off =off off"),
		     "usbs=off: there is no such option\nus=off: there is no such option\n"
		     "=off: there is no such option\noff: there is no such option\n");
	EXPECT_STREQ(wrong_in("usb=of usb= usb"), "usb=of: its value can only be off\n"
						  "usb=: its value can only be off\n"
						  "usb: its value can only be off\n");
	EXPECT_STREQ(wrong_in("log=inf log=info|debug log=|"),
		     "log=inf: its value is one of error|warning|info|debug\n"
		     "log=info|debug: its value is one of error|warning|info|debug\n"
		     "log=|: its value is one of error|warning|info|debug\n");
	EXPECT_STREQ(wrong_in("report=yes poison"), "report=yes: it has no value\n");
}

/* Lines made from a list of names and values give these values back. */
KTEST(options_random)
{
	static const char *const values[] = {"1", "0x2", "", "a b", "=", "  ", "x=y z"};
	uint64_t state = 1;

	for (unsigned round = 0; round < 2000; round++) {
		const char *expected[5] = {NULL};
		char line[256];
		size_t length = 0;
		for (uint64_t words = random_below(&state, 8); words > 0; words--) {
			unsigned name = (unsigned)random_below(&state, 5);
			expected[name] = values[random_below(&state, ARRAY_SIZE(values))];
			line[length++] = (char)('a' + name);
			length += strlen(strcpy(line + length, "=\""));
			length += strlen(strcpy(line + length, expected[name]));
			length += strlen(strcpy(line + length, "\" "));
		}
		options_init(line, length);
		for (unsigned name = 0; name < 5; name++) {
			char text[2] = {(char)('a' + name)};
			EXPECT_STREQ(option(text), expected[name]);
		}
	}
}
