/* test_console.c: the log's lines and the consoles' transcript. The tests run in the order they are
 * written in. */
#include <arch/time.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/assert.h"
#include "debug/ktest.h"
#include "debug/log.h"
#include "dev/console.h"
#include "fake_clock.h"

#define TRANSCRIPT_BYTES (16 * KIB)

/* abort() lets the sanitizer print a backtrace and makes the exit status nonzero. */
void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

struct recorder {
	struct console console;
	char text[1 << 17];
	size_t bytes;
};

static void record(struct console *console, const char *text, size_t bytes)
{
	struct recorder *recorder = container_of(console, struct recorder, console);

	memcpy(recorder->text + recorder->bytes, text, bytes);
	recorder->bytes += bytes;
	recorder->text[recorder->bytes] = '\0';
}

static struct recorder first = {.console = {.name = "first", .write = record}};
static struct recorder second = {.console = {.name = "second", .write = record}};

static const char *last_logged(void)
{
	static char line[1024];

	snprintf(line, sizeof(line), "%s", first.text);
	first.bytes = 0;
	first.text[0] = '\0';
	return line;
}

static void check_before_any(void)
{
	log_info("early %d", 1);
	log_error("early %d", 2);
	console_register(&first.console);
	/* Other tests may have logged before. */
	const char *expected = "[    0.000000] early 1\n[    0.000000] error: early 2\n";
	size_t before = first.bytes - strlen(expected);
	EXPECT_STREQ(first.text + before, expected);
	(void)last_logged();
}

static void check_lines(void)
{
	fake_now = 12345678901234ull;
	log_info("hello %s", "world");
	EXPECT_STREQ(last_logged(), "[12345.678901] hello world\n");
	log_warning("w");
	EXPECT_STREQ(last_logged(), "[12345.678901] warning: w\n");
	log_debug("d");
	EXPECT_STREQ(last_logged(), "");
	log_set_level(LOG_DEBUG);
	log_debug("d");
	EXPECT_STREQ(last_logged(), "[12345.678901] d\n");
	log_set_level(LOG_ERROR);
	log_warning("w");
	EXPECT_STREQ(last_logged(), "");
	log_set_level(LOG_INFO);
	log_info("%s", "one\n[    0.0] two\r\033[2J\x7f");
	EXPECT_STREQ(last_logged(), "[12345.678901] one?[    0.0] two??[2J?\n");
}

static void check_long_lines(void)
{
	char text[2000];
	const size_t head = strlen("[12345.678901] ");

	/* All lengths around the limit: either the whole text or a cut one that says so. */
	for (size_t length = 400; length < 600; length++) {
		memset(text, 'x', length);
		text[length] = '\0';
		log_info("%s", text);
		size_t bytes = first.bytes;
		const char *line = last_logged();
		EXPECT_EQ(line[bytes - 1], '\n');
		if (bytes == head + length + 1)
			continue;
		EXPECT_EQ(bytes, 512);
		EXPECT(length > 512 - head - 1);
		EXPECT(strcmp(line + bytes - 5, "x...\n") == 0);
	}
}

static void check_late_console(void)
{
	for (int i = 0; i < 2000; i++)
		log_info("line %d", i);
	first.bytes = 0;
	console_register(&second.console);
	EXPECT_EQ(first.bytes, 0);
	EXPECT(second.bytes <= TRANSCRIPT_BYTES);
	EXPECT(second.bytes > TRANSCRIPT_BYTES - 100);
	EXPECT(strncmp(second.text, "[12345.678901] line ", 20) == 0);
	EXPECT(strcmp(second.text + second.bytes - 25, "[12345.678901] line 1999\n") == 0);
	second.bytes = 0;
	log_info("both");
	EXPECT_STREQ(second.text, "[12345.678901] both\n");
	EXPECT_STREQ(last_logged(), "[12345.678901] both\n");
}

/* ---- a screen ---- */

#define ANSWER "answer"

static uint64_t refresh_at;
static unsigned columns, rows;

static uint64_t refresh(struct console *console)
{
	return refresh_at;
}

static size_t give_answer(struct console *console, char *to, size_t bytes)
{
	size_t count = MIN(bytes, strlen(ANSWER));

	memcpy(to, ANSWER, count);
	return count;
}

static void resize(struct console *console, unsigned new_columns, unsigned new_rows)
{
	columns = new_columns;
	rows = new_rows;
}

static struct recorder screen = {.console = {.name = "screen",
					     .write = record,
					     .is_screen = true,
					     .refresh = refresh,
					     .answer = give_answer,
					     .resize = resize}};

static const char *last_on_screen(void)
{
	screen.bytes = 0;
	return screen.text;
}

static void check_screen(void)
{
	char answer[10] = "";

	console_register(&screen.console);
	(void)last_on_screen();
	log_info("before");
	EXPECT_STREQ(last_on_screen(), "[12345.678901] before\n");
	console_hand_over();
	log_error("after");
	EXPECT_STREQ(screen.text, "[12345.678901] before\n");
	console_write("kernel\n", 7); /* the debug shell, for instance */
	EXPECT_STREQ(last_on_screen(), "kernel\n");
	console_write_as_is("program\n", 8);
	EXPECT_STREQ(last_on_screen(), "program\n");
	EXPECT_STREQ(last_logged(), "[12345.678901] before\n[12345.678901] error: after\n"
				    "kernel\nprogram\n");
	/* The log that a program reads has no program's words in it. */
	uint64_t at = 0;
	char kept[CONSOLE_HISTORY_BYTES + 1];
	kept[console_history(&at, kept, CONSOLE_HISTORY_BYTES)] = '\0';
	EXPECT(strstr(kept, "kernel\n") && !strstr(kept, "program\n"));

	EXPECT_EQ(console_refresh(), 0);
	refresh_at = 77;
	EXPECT_EQ(console_refresh(), 77);
	EXPECT_EQ(console_answer(answer, 3), 3);
	EXPECT_STREQ(answer, "ans");
	console_resize(80, 25);
	EXPECT(columns == 80 && rows == 25);
}

static void check_panic(void)
{
	console_write("half a li", 9);
	EXPECT(!console_in_panic());
	console_panic();
	console_panic();
	EXPECT(console_in_panic());
	console_write("PANIC\n", 6);
	EXPECT_STREQ(last_logged(), "half a li\nPANIC\n");
	EXPECT_STREQ(last_on_screen(), "half a li\nPANIC\n");
	log_info("last words"); /* even on a screen that was handed over */
	EXPECT_STREQ(last_on_screen(), "[12345.678901] last words\n");
}

/* One story: consoles stay registered, and after a panic nothing is as before. */
KTEST(console)
{
	check_before_any();
	check_lines();
	check_long_lines();
	check_late_console();
	check_screen();
	check_panic();
}
