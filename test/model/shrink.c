/*
 * shrink.c: from a list of operations that fails to a short one. Parts of the list are left out,
 * large ones first, for as long as what remains still fails; each try runs in a process of its own,
 * since a failure ends it. (Zeller's delta debugging, without its second half.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "model.h"

#define TRIES_MAX   20000u
/* A list this short is checked after each operation: the first that breaks something ends it. */
#define SHORT       500u
/* A run that takes longer hangs. */
#define SECONDS_MAX 300u

static unsigned tries; /* of this shrinking */

bool run_fails(const struct arguments *arguments, const unsigned long *numbers,
	       unsigned long *count, bool loud, volatile struct progress *progress)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	assert(child >= 0);
	if (child == 0) {
		if (!loud &&
		    (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout)))
			_exit(0);
		alarm(SECONDS_MAX);
		run_list(arguments, numbers, *count, progress);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (status == 0)
		return false;
	*count = MIN(*count, progress->place + 1);
	return true;
}

void print_replay(const struct arguments *arguments, const unsigned long *numbers,
		  unsigned long count)
{
	fprintf(stderr, "replay: build/test/model --seed %lu --ops %lu --check %lu --oom %u%s%s",
		arguments->seed, count, arguments->check, arguments->oom,
		arguments->share ? " --share " : "", arguments->share ? arguments->share : "");
	for (unsigned long i = 0; numbers && i < count; i++)
		fprintf(stderr, "%s%lu", i ? "," : " --only ", numbers[i]);
	fputs(" (--shrink: fewer operations)\n", stderr);
}

/* The same, while shrinking: quiet, and short lists are checked after each operation. */
static bool fails(struct arguments arguments, const unsigned long *numbers, unsigned long *count,
		  volatile struct progress *progress)
{
	arguments.check = *count <= SHORT ? 1 : MAX(*count / SHORT, 1ul);
	tries++;
	return run_fails(&arguments, numbers, count, false, progress);
}

/* One round: leave out each part of `size` operations in turn. True: something could go. */
static bool leave_out(const struct arguments *arguments, unsigned long *numbers,
		      unsigned long *count, unsigned long size, unsigned long *scratch,
		      volatile struct progress *progress)
{
	bool shorter = false;

	for (unsigned long at = 0; at < *count && tries < TRIES_MAX;) {
		unsigned long part = MIN(size, *count - at), left = *count - part;
		memcpy(scratch, numbers, at * sizeof(*numbers));
		memcpy(scratch + at, numbers + at + part, (left - at) * sizeof(*numbers));
		if (left && fails(*arguments, scratch, &left, progress)) {
			memcpy(numbers, scratch, left * sizeof(*numbers));
			*count = left;
			shorter = true;
		} else {
			at += part;
		}
	}
	return shorter;
}

int shrink(const struct arguments *arguments, const unsigned long *given, unsigned long count,
	   volatile struct progress *progress)
{
	unsigned long *numbers = calloc(count, sizeof(*numbers));
	unsigned long *scratch = calloc(count, sizeof(*scratch));

	assert(numbers && scratch);
	for (unsigned long i = 0; i < count; i++)
		numbers[i] = given ? given[i] : i;
	if (!fails(*arguments, numbers, &count, progress)) {
		printf("the %lu operations do not fail\n", count);
		free(numbers);
		free(scratch);
		return 2;
	}
	for (unsigned long size = MAX(count / 2, 1ul);; size = MAX(size / 2, 1ul)) {
		bool shorter = leave_out(arguments, numbers, &count, size, scratch, progress);
		fprintf(stderr, "%lu operations after %u tries\n", count, tries);
		if ((size == 1 && !shorter) || tries >= TRIES_MAX)
			break;
	}
	struct arguments loud = *arguments;
	loud.words = true;
	loud.check = 1;
	printf("%lu operations that fail:\n", count);
	(void)run_fails(&loud, numbers, &count, true, progress);
	print_replay(&loud, numbers, count);
	free(numbers);
	free(scratch);
	return 1;
}
