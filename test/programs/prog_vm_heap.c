/*
 * prog_vm_heap.c: the lazy heap by sbrk: nothing is there before it is touched, what is given back
 * is gone and comes again as zeros, and what can't be is refused with the old end.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "../../userland/lib/quire.h"
#include "vm_arena.h"

#define MIB (1ul << 20)

static char output[1 << 14]; /* so that printf does not use the heap itself */

/* What sbrk said: whether it gave the old end, or how it refused. */
static const char *grow(intptr_t bytes)
{
	char *old = sbrk(0);
	void *result;

	errno = 0;
	result = sbrk(bytes);
	if (result == (void *)-1)
		return sbrk(0) == old ? error_name(errno) : "refused, but moved";
	return result == old && (char *)sbrk(0) == old + bytes ? "ok" : "WRONG";
}

static unsigned long sum_of(const char *from, size_t bytes)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < bytes; i += 64)
		sum += (unsigned char)from[i];
	return sum;
}

/* Bring the end to the start of a page. */
static char *align_end(void)
{
	uintptr_t end = (uintptr_t)sbrk(0);

	sbrk((intptr_t)(-end & (PAGE - 1)));
	return sbrk(0);
}

static void bytes_one_by_one(void)
{
	char *start = align_end();

	printf("one byte: %s\n", grow(1));
	start[0] = 1;
	printf("the rest of its page: signal %d\n", dies_of(start + PAGE - 1, 1));
	printf("the next page: signal %d\n", dies_of(start + PAGE, 1));
	for (int i = 0; i < 5000; i++)
		if (sbrk(1) != start + 1 + i)
			printf("byte %d is elsewhere\n", i);
	printf("the second page now: signal %d, the third: %d\n", dies_of(start + PAGE, 1),
	       dies_of(start + 2 * PAGE, 1));
	for (int i = 0; i < 5000; i++)
		sbrk(-1);
	printf("back by bytes: %s, first byte %d\n", sbrk(0) == start + 1 ? "ok" : "WRONG",
	       start[0]);
	printf("the second page after: signal %d\n", dies_of(start + PAGE, 1));
	printf("minus one: %s\n", grow(-1));
	printf("page of the byte that is gone: signal %d\n", dies_of(start, 1));
}

static void lazy(void)
{
	char *start = align_end();

	printf("64 MiB: %s\n", grow(64 * MIB));
	printf("resident: %ld\n", pages_resident(start, 64 * MIB));
	for (unsigned i = 0; i < 64; i++)
		start[i * MIB + i] = (char)(i + 1);
	printf("resident after 64 writes: %ld\n", pages_resident(start, 64 * MIB));
	for (unsigned i = 0; i < 64; i++)
		if (start[i * MIB + i] != (char)(i + 1))
			printf("write %u is lost\n", i);
	printf("fresh: sum %lu\n", sum_of(start + MIB, MIB));
	printf("shrink to a MiB and a byte: %s\n", grow(-(intptr_t)(63 * MIB - 1)));
	printf("the byte's page stays: signal %d\n", dies_of(start + MIB + PAGE - 1, 0));
	printf("the next is gone: signal %d\n", dies_of(start + MIB + PAGE, 0));
	printf("resident: %ld of what is left\n", pages_resident(start, PAGE));
	printf("regrow: %s\n", grow(16 * MIB));
	printf("resident beyond: %ld\n", pages_resident(start + 2 * MIB, 14 * MIB));
	printf("regrown: sum %lu\n", sum_of(start + PAGE, 17 * MIB - PAGE));
	printf("shrink all: %s\n", grow(-(intptr_t)(17 * MIB + 1)));
	errno = 0;
	printf("mincore of it: %ld", pages_resident(start, PAGE));
	printf(" %s\n", error_name(errno));
}

static void refused(void)
{
	char *start = align_end();

	printf("below the start: %s\n", grow(-(intptr_t)(1ul << 40)));
	printf("as low as can be: %s\n", grow(INTPTR_MIN));
	printf("as high as can be: %s\n", grow(INTPTR_MAX));
	printf("46 bits: %s\n", grow(1l << 46));
	printf("to the top: %s\n", grow((intptr_t)(0x7ffffffff000ul - (uintptr_t)start)));
	printf("all but wrapping: %s\n", grow((intptr_t)(-1ul - (uintptr_t)start)));
	printf("to address 0: %s\n", grow((intptr_t)(-(uintptr_t)start)));
	printf("wrapping to 1: %s\n", grow((intptr_t)(1 - (uintptr_t)start)));
	char *wall = start + 16 * PAGE;
	if (mmap(wall, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != wall)
		printf("no wall\n");
	wall[0] = 'w';
	printf("over another region: %s\n", grow(32 * PAGE));
	printf("into it: %s\n", grow(16 * PAGE + 1));
	printf("up to it: %s\n", grow(16 * PAGE));
	printf("a page before it: %s\n", grow(15 * PAGE));
	printf("the wall says %c\n", wall[0]);
	munmap(wall, PAGE);
	printf("without it: %s\n", grow(16 * PAGE));
	printf("back: %s\n", grow(-(intptr_t)(31 * PAGE)));
}

/* The program does with the heap's pages what it likes. */
static void holes(void)
{
	char *start = align_end();

	printf("8 pages: %s\n", grow(8 * PAGE));
	memset(start, 7, 8 * PAGE);
	munmap(start + 2 * PAGE, 2 * PAGE);
	mprotect(start + 5 * PAGE, PAGE, PROT_READ);
	printf("page 1: %d, hole: %d, read-only page: %d\n", dies_of(start + PAGE, 1),
	       dies_of(start + 2 * PAGE, 1), dies_of(start + 5 * PAGE, 1));
	printf("grow after: %s\n", grow(2 * PAGE));
	printf("last page: signal %d\n", dies_of(start + 9 * PAGE, 1));
	printf("shrink over the read-only page: %s\n", grow(-(intptr_t)(6 * PAGE)));
	printf("shrink within the hole: %s\n", grow(-(intptr_t)PAGE));
	printf("shrink over the hole: %s\n", grow(-(intptr_t)(2 * PAGE)));
	printf("all: %s\n", grow((intptr_t)(start - (char *)sbrk(0))));
	printf("again: %s\n", grow(8 * PAGE));
	printf("sum %lu\n", sum_of(start, 8 * PAGE));
	mprotect(start + 7 * PAGE, PAGE, PROT_NONE);
	printf("grow after a page without access: %s\n", grow(PAGE));
	printf("that page: signal %d, the new one: %d\n", dies_of(start + 7 * PAGE, 0),
	       dies_of(start + 8 * PAGE, 1));
	printf("all: %s\n", grow(-(intptr_t)(9 * PAGE)));
}

/* The kernel is the first to touch it; and a child has a heap of its own. */
static void kernel_and_child(void)
{
	char *start = align_end();
	int ends[2];

	if (pipe(ends) != 0)
		return;
	printf("64 pages: %s\n", grow(64 * PAGE));
	printf("written: %zd\n", write(ends[1], "hello, heap", 11));
	printf("read over a border: %zd\n", read(ends[0], start + 5 * PAGE - 5, 11));
	printf("it says %.11s, resident %ld\n", start + 5 * PAGE - 5,
	       pages_resident(start, 64 * PAGE));
	printf("written from pages that are not there: %zd\n",
	       write(ends[1], start + 9 * PAGE, 2 * PAGE));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		start[0] = 'c';
		printf("child grows: %s\n", grow(64 * PAGE));
		memset(start + 64 * PAGE, 1, 64 * PAGE);
		printf("child shrinks: %s\n", grow(-(intptr_t)(127 * PAGE)));
		fflush(stdout);
		_exit(start[0]);
	}
	printf("child ends with %d\n", child_ends(child));
	printf("parent's is as it was: %d %.11s\n", start[0], start + 5 * PAGE - 5);
	printf("and its end: %s\n", (char *)sbrk(0) == start + 64 * PAGE ? "ok" : "WRONG");
	printf("all: %s\n", grow(-(intptr_t)(64 * PAGE)));
}

int main(void)
{
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	/* Large pages would make more resident than was touched. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	printf("end twice: %s\n", sbrk(0) == sbrk(0) ? "same" : "DIFFERENT");
	bytes_one_by_one();
	lazy();
	refused();
	holes();
	kernel_and_child();
	return 0;
}
