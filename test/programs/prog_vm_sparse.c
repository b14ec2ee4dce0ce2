/*
 * prog_vm_sparse.c: much more memory than is used: a sparse GiB, more than there is RAM, a program
 * whose variables are larger than RAM, and a file behind one.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "vm_arena.h"

#define MIB (1ul << 20)
#define GIB (1ul << 30)

/* Nobody touches more than a few pages of this. */
static unsigned char variables[3 * GIB / 2];

static unsigned long next_random(unsigned long *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Write pages here and there, and find each again; all others are zero. */
static void scatter(const char *what, unsigned char *area, unsigned long bytes, unsigned count)
{
	unsigned long state = 42;
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; i++)
		*(unsigned long *)(area + next_random(&state) % (bytes / 8) * 8) = state;
	state = 42;
	for (unsigned i = 0; i < count; i++) {
		unsigned long *word =
			(unsigned long *)(area + next_random(&state) % (bytes / 8) * 8);
		wrong += *word != state;
	}
	for (unsigned i = 0; i < count; i++)
		wrong += area[next_random(&state) % bytes / PAGE * PAGE + 4001] != 0 &&
			 area[next_random(&state) % bytes / PAGE * PAGE + 4001] == 1;
	printf("%s: %u of %u wrong\n", what, wrong, count);
}

static unsigned char *map(unsigned long bytes, int flags)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		    0);
}

int main(int argc, char **argv)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (argc > 1)
		return variables[GIB];
	unsigned char *area = map(GIB, MAP_NORESERVE);
	scatter("1 GiB", area, GIB, 5000);
	/* A child shares it and writes some; unmapping the middle frees what was there. */
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		scatter("a child", area, GIB, 5000);
		fflush(stdout);
		_exit(0);
	}
	printf("child ends with %d\n", child_ends(child));
	scatter("again", area, GIB, 5000);
	printf("unmap the middle: %d\n", munmap(area + GIB / 4, GIB / 2));
	munmap(area, GIB);

	area = map(1ul << 40, MAP_NORESERVE);
	printf("1 TiB: %s\n", area == MAP_FAILED ? error_name(errno) : "ok");
	scatter("1 TiB", area, 1ul << 40, 1500);
	unsigned long sum = 0;
	for (unsigned long at = 0; at < GIB; at += MIB)
		sum += area[at + 1];
	printf("reads of nothing: %lu\n", sum);
	printf("unmap: %d\n", munmap(area, 1ul << 40));

	scatter("variables", variables, sizeof(variables), 3000);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		execl(argv[0], argv[0], "fresh", (char *)NULL);
		_exit(99);
	}
	printf("the same program anew: %d\n", child_ends(child));
	return 0;
}
