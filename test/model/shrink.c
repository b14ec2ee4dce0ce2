/*
 * shrink.c: from a list of operations that fails to a short one. Parts of the list are left out,
 * large ones first, for as long as what remains still fails; each try runs in a process of its own,
 * since a failure ends it. (Zeller's delta debugging, without its second half.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "model.h"

#define TRIES_MAX 20000u
/* A list this short is checked after each operation: the first that breaks something ends it. */
#define SHORT     500u

static volatile struct progress *progress; /* shared with the tries */
static unsigned tries;

/* Does the list fail? Then *count is cut behind the operation that it failed at. */
static bool fails(struct arguments arguments, const unsigned long *numbers, unsigned long *count,
		  bool loud)
{
	int status;

	if (!loud)
		arguments.check = *count <= SHORT ? 1 : MAX(*count / SHORT, 1ul);
	fflush(stdout);
	tries++;
	pid_t child = fork();
	assert(child >= 0);
	if (child == 0) {
		if (!loud &&
		    (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout)))
			_exit(0);
		alarm(60);
		run_list(&arguments, numbers, *count, progress);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (status == 0)
		return false;
	*count = MIN(*count, progress->place + 1);
	return true;
}

/* One round: leave out each part of `size` operations in turn. True: something could go. */
static bool leave_out(const struct arguments *arguments, unsigned long *numbers,
		      unsigned long *count, unsigned long size, unsigned long *scratch)
{
	bool shorter = false;

	for (unsigned long at = 0; at < *count && tries < TRIES_MAX;) {
		unsigned long part = MIN(size, *count - at), left = *count - part;
		memcpy(scratch, numbers, at * sizeof(*numbers));
		memcpy(scratch + at, numbers + at + part, (left - at) * sizeof(*numbers));
		if (left && fails(*arguments, scratch, &left, false)) {
			memcpy(numbers, scratch, left * sizeof(*numbers));
			*count = left;
			shorter = true;
		} else {
			at += part;
		}
	}
	return shorter;
}

int shrink(const struct arguments *arguments, const unsigned long *given, unsigned long count)
{
	unsigned long *numbers = malloc(count * sizeof(*numbers));
	unsigned long *scratch = malloc(count * sizeof(*scratch));

	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	assert(numbers && scratch && progress != MAP_FAILED);
	for (unsigned long i = 0; i < count; i++)
		numbers[i] = given ? given[i] : i;
	if (!fails(*arguments, numbers, &count, false)) {
		printf("the %lu operations do not fail\n", count);
		free(numbers);
		free(scratch);
		return 2;
	}
	for (unsigned long size = MAX(count / 2, 1ul);; size = MAX(size / 2, 1ul)) {
		bool shorter = leave_out(arguments, numbers, &count, size, scratch);
		fprintf(stderr, "%lu operations after %u tries\n", count, tries);
		if ((size == 1 && !shorter) || tries >= TRIES_MAX)
			break;
	}
	struct arguments loud = *arguments;
	loud.words = true;
	loud.check = 1;
	printf("%lu operations that fail:\n", count);
	(void)fails(loud, numbers, &count, true);
	free(numbers);
	free(scratch);
	return 1;
}
