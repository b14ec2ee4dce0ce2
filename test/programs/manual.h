/* manual.h: how the programs prog_manual_*.c tell what a call said. */
#ifndef TEST_PROGRAMS_MANUAL_H
#define TEST_PROGRAMS_MANUAL_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What failed, or a result's sign: numbers vary. */
static inline void say(const char *what, long result)
{
	if (result == -1)
		printf(" %s %s;", what, strerror(errno));
	else
		printf(" %s %s;", what, result ? "positive" : "0");
}

#endif
