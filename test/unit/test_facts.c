/* test_facts.c: the hardware report fits what it is made for, whatever a machine has. The facts are
 * kept for ever, so these tests are one, and linked before all others that log. */
#include <string.h>

#include "debug/facts.h"
#include "debug/ktest.h"
#include "debug/log.h"
#include "lib/text.h"

#define REPORT_BYTES 4096

static char report[REPORT_BYTES];

static void print_report(void)
{
	struct text_buffer buffer;

	text_buffer_init(&buffer, report, sizeof(report));
	facts_print(&buffer.sink);
}

static unsigned rows(void)
{
	unsigned count = 0;

	for (const char *at = report; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

static size_t longest_row(void)
{
	size_t longest = 0;

	for (const char *at = report, *end; (end = strchr(at, '\n')); at = end + 1)
		longest = MAX(longest, (size_t)(end - at));
	return longest;
}

KTEST(facts_report)
{
	char line[200];

	log_info("not a fact");
	log_fact("first: %s", "kept");
	log_warning("disk: %d\n is broken", 7);
	log_fact("long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cc dd");
	print_report();
	EXPECT(strcmp(report, "first: kept\n"
			      "long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
			      "  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cc dd\n"
			      "warning: disk: 7? is broken\n") == 0);

	memset(line, 'x', sizeof(line)); /* a word that is longer than a row */
	line[sizeof(line) - 1] = '\0';
	log_fact("%s", line);
	print_report();
	EXPECT_EQ(rows(), 7);
	EXPECT(longest_row() < FACTS_COLUMNS);

	for (unsigned i = 0; i < 300; i++) {
		log_fact("fact number %u: %.100s", i, line);
		log_error("complaint number %u", i);
	}
	print_report();
	EXPECT(rows() <= FACTS_ROWS);
	EXPECT(longest_row() < FACTS_COLUMNS);
	EXPECT(strstr(report, "first: kept\n"));
	EXPECT(strstr(report, "complaint number 0\n"));
	EXPECT(strstr(report, " more: dmesg)\n"));
	facts_end_of_boot();
}
