/* manual.h: how the programs prog_manual_*.c tell what a call said. */
#ifndef MANUAL_H
#define MANUAL_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What failed, or a result's sign: numbers vary. */
static inline void say(const char *what, long result)
{
	static int count;

	if (result == -1)
		printf(" %s %s;", what, strerror(errno));
	else
		printf(" %s %s;", what, result ? "positive" : "0");
	if (++count % 12 == 0)
		printf("\n\t");
}

#endif
