/*
 * ktest.h: tests, in the kernel and on the host alike. Link a file of tests in, and they run:
 *
 *	KTEST(tree_empty)
 *	{
 *		struct tree tree = {0};
 *		EXPECT(tree_first(&tree) == NULL);
 *		EXPECT_EQ(count(&tree), 0);
 *	}
 *
 * A failed expectation is reported with both values, and the test goes on. Output is KTAP version 1
 * (Documentation/dev-tools/ktap.rst of Linux), a diagnostic line before the result it belongs to.
 */
#ifndef DEBUG_KTEST_H
#define DEBUG_KTEST_H

#include "lib/types.h"

struct ktest {
	const char *name;
	const char *file;
	void (*run)(void);
};

/*
 * The linker gathers the tests of all files in one section and marks its ends by __start_ktests and
 * __stop_ktests. Nothing refers to a test by name: "retain" keeps --gc-sections from dropping it.
 */
#define KTEST(name)                                                        \
	static void ktest_##name(void);                                    \
	static const struct ktest ktest_entry_##name SECTION("ktests")     \
		__attribute__((retain)) = {#name, __FILE__, ktest_##name}; \
	static void ktest_##name(void)

#define EXPECT(condition) \
	((condition) ? true : (ktest_fail(__FILE__, __LINE__, "expected %s", #condition), false))

/* Integers or pointers; each is evaluated once. True if they are equal. */
#define EXPECT_EQ(actual, expected)                                                    \
	ktest_expect_equal(__FILE__, __LINE__, #actual, (uint64_t)(actual), #expected, \
			   (uint64_t)(expected))

/* NUL-terminated strings; NULL equals NULL only. */
#define EXPECT_STREQ(actual, expected) \
	ktest_expect_string(__FILE__, __LINE__, #actual, (actual), (expected))

/* This test says nothing here: the machine lacks what it needs. Return after it. */
void ktest_skip(const char *reason);

/* What the macros above use. */
PRINTF(3, 4) void ktest_fail(const char *file, int line, const char *format, ...);
bool ktest_expect_equal(const char *file, int line, const char *actual_text, uint64_t actual,
			const char *expected_text, uint64_t expected);
bool ktest_expect_string(const char *file, int line, const char *actual_text, const char *actual,
			 const char *expected);

/* Takes one line, without its newline. */
typedef void (*ktest_write_fn)(const char *line);

/*
 * Run the tests whose name matches `filter`: NULL is all, "*" stands for any characters. Returns
 * how many failed. A filter that matches nothing counts as a failure. One caller at a time.
 */
NODISCARD unsigned ktest_run(const char *filter, ktest_write_fn write);
/* The name of each test, a line each. */
void ktest_list(ktest_write_fn write);

#endif
