/* ktest.c: see ktest.h. */
#include "debug/ktest.h"

#include "lib/format.h"
#include "lib/string.h"

#define LINE_BYTES 320

/* Weak: a kernel without tests has no such section. */
extern const struct ktest __start_ktests[] __attribute__((weak));
extern const struct ktest __stop_ktests[] __attribute__((weak));

/* The run in progress. Written by ktest_run() and the test it runs, one at a time. */
static struct {
	ktest_write_fn write;
	unsigned expectations_failed; /* of this test */
	const char *skipped;          /* the reason, or NULL */
} run;

static void write_list(const char *prefix, const char *format, va_list arguments)
{
	char line[LINE_BYTES];
	size_t length = string_copy(line, prefix, sizeof(line));

	if (length < sizeof(line))
		format_list(line + length, sizeof(line) - length, format, arguments);
	run.write(line);
}

PRINTF(1, 2) static void write_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_list("", format, arguments);
	va_end(arguments);
}

void ktest_skip(const char *reason)
{
	run.skipped = reason;
}

void ktest_fail(const char *file, int line, const char *message, ...)
{
	char prefix[LINE_BYTES / 2];
	va_list arguments;

	run.expectations_failed++;
	format(prefix, sizeof(prefix), "# %s:%d: ", file, line);
	va_start(arguments, message);
	write_list(prefix, message, arguments);
	va_end(arguments);
}

bool ktest_expect_equal(const char *file, int line, const char *actual_text, uint64_t actual,
			const char *expected_text, uint64_t expected)
{
	if (actual == expected)
		return true;
	ktest_fail(file, line, "%s is %lld (%#llx), expected %s, %lld (%#llx)", actual_text,
		   (long long)actual, (unsigned long long)actual, expected_text,
		   (long long)expected, (unsigned long long)expected);
	return false;
}

bool ktest_expect_string(const char *file, int line, const char *actual_text, const char *actual,
			 const char *expected)
{
	bool both = actual != NULL && expected != NULL;

	if (both ? strcmp(actual, expected) == 0 : actual == expected)
		return true;
	ktest_fail(file, line, "%s is \"%s\", expected \"%s\"", actual_text, actual, expected);
	return false;
}

/* A pattern where "*" stands for any characters. On a mismatch the last "*" takes in one more. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star + 1;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool is_selected(const struct ktest *test, const char *filter)
{
	return filter == NULL || matches(filter, test->name);
}

/* True if it did not fail. */
static bool run_one(const struct ktest *test, unsigned number)
{
	run.expectations_failed = 0;
	run.skipped = NULL;
	test->run();
	if (run.expectations_failed != 0)
		write_line("not ok %u %s", number, test->name);
	else if (run.skipped != NULL)
		write_line("ok %u %s # SKIP %s", number, test->name, run.skipped);
	else
		write_line("ok %u %s", number, test->name);
	return run.expectations_failed == 0;
}

unsigned ktest_run(const char *filter, ktest_write_fn write)
{
	unsigned selected = 0, number = 0, failed = 0;

	run.write = write;
	for (const struct ktest *test = __start_ktests; test < __stop_ktests; test++)
		selected += is_selected(test, filter);
	write_line("KTAP version 1");
	write_line("1..%u", selected);
	if (selected == 0) {
		write_line("# no test matches");
		return 1;
	}
	for (const struct ktest *test = __start_ktests; test < __stop_ktests; test++) {
		if (is_selected(test, filter) && !run_one(test, ++number))
			failed++;
	}
	return failed;
}

void ktest_list(ktest_write_fn write)
{
	for (const struct ktest *test = __start_ktests; test < __stop_ktests; test++)
		write(test->name);
}
