/*
 * host_main.c: runs the unit tests on the host.
 *
 *	build/test/unit [--list | FILTER]
 *
 * FILTER is a test's name, "*" standing for any characters. KTAP on stdout; exit status 0
 * if no test failed.
 */
#include <stdio.h>
#include <string.h>

#include "debug/ktest.h"

static void write_line(const char *line)
{
	puts(line);
	fflush(stdout); /* a crash must not take the lines before it along */
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		fprintf(stderr, "usage: %s [--list | FILTER]\n", argv[0]);
		return 2;
	}
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		ktest_list(write_line);
		return 0;
	}
	return ktest_run(argc == 2 ? argv[1] : NULL, write_line) == 0 ? 0 : 1;
}
