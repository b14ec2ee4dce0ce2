/*
 * prog_vm_stack.c: memory that grows down: the stack and MAP_GROWSDOWN; how far, what stops it, and
 * what is too near.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "vm_arena.h"

#define MIB (1ul << 20)
#define GAP MIB /* what Linux keeps free below a stack */

/* Some bytes below the stack pointer, page-aligned. */
static char *below(size_t bytes)
{
	return (char *)(((uintptr_t)__builtin_frame_address(0) - bytes) & ~(PAGE - 1));
}

static void touch(const char *what, char *at)
{
	printf("%s: read %d", what, dies_of(at, 0));
	printf(", write %d\n", dies_of(at, 1));
}

static void distances(void)
{
	static const unsigned long kib[] = {4, 64, 256, 1024, 4096, 7 * 1024, 7 * 1024 + 512};
	char name[40];

	for (unsigned i = 0; i < sizeof(kib) / sizeof(kib[0]); i++) {
		snprintf(name, sizeof(name), "%lu KiB below", kib[i]);
		touch(name, below(kib[i] << 10));
	}
	touch("8 MiB below", below(8 * MIB));
	touch("100 MiB below", below(100 * MIB));
}

/* System calls are the first to touch it. */
static void by_the_kernel(void)
{
	char byte = 'k', *at = below(5 * MIB);
	int ends[2];

	if (pipe(ends) != 0)
		return;
	printf("written: %zd\n", write(ends[1], "stack", 5));
	printf("read into 5 MiB below: %zd\n", read(ends[0], at - 2, 5));
	printf("it says %.5s\n", at - 2);
	printf("written from 6 MiB below: %zd", write(ends[1], below(6 * MIB), 1));
	printf(", read back %zd, %d\n", read(ends[0], &byte, 1), byte);
	printf("written: %zd\n", write(ends[1], "stack", 5));
	errno = 0;
	printf("read into 9 MiB below: %zd", read(ends[0], below(9 * MIB), 5));
	printf(" %s\n", error_name(errno));
	printf("still there: %zd\n", read(ends[0], at, 5));
}

/* The gap is kept to what is mapped below, to the page. */
static void guard_gap(void)
{
	/* Not in the way of what this process has grown already. */
	char *wall = (char *)(((uintptr_t)&wall - 7 * MIB) & ~(PAGE - 1)) - 16 * PAGE;

	if (mmap(wall, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != wall) {
		printf("no wall\n");
		return;
	}
	touch("a gap above a wall", wall + PAGE + GAP);
	touch("a page less", wall + GAP);
	touch("just above the wall", wall + PAGE);
	printf("wall itself: read %d, write %d\n", dies_of(wall, 0), dies_of(wall, 1));
	mprotect(wall, PAGE, PROT_NONE);
	touch("a wall without access", wall + PAGE);
	munmap(wall, PAGE);
	touch("no wall", wall + PAGE);
}

static void set_stack(unsigned long bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = bytes;
	printf("setrlimit %lu KiB: %s\n", bytes >> 10,
	       setrlimit(RLIMIT_STACK, &limit) ? error_name(errno) : "ok");
}

static void limits(void)
{
	/* It is larger than this already. */
	set_stack(16 * MIB);
	touch("15 MiB below", below(15 * MIB));
	touch("17 MiB below", below(17 * MIB));
	set_stack(64 * MIB);
	touch("60 MiB below", below(60 * MIB));
	touch("65 MiB below", below(65 * MIB));
	set_stack(6 * MIB);
	touch("what has grown", below(5 * MIB));
	touch("7 MiB below", below(7 * MIB));
	set_stack(8 * MIB);
	touch("7 MiB below", below(7 * MIB));
}

/* After exec, with the limit of the caller. */
static int after_exec(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	printf("after exec the limit is %lu MiB\n", (unsigned long)(limit.rlim_cur / MIB));
	touch("almost all of it", below(limit.rlim_cur - 512 * 1024));
	touch("more than that", below(limit.rlim_cur + MIB));
	fflush(stdout);
	return 0;
}

static void over_exec(const char *self)
{
	static const unsigned long mib[] = {1, 8, 64, 1024};

	for (unsigned i = 0; i < sizeof(mib) / sizeof(mib[0]); i++) {
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			set_stack(mib[i] * MIB);
			fflush(stdout);
			execl(self, self, "exec", (char *)NULL);
			_exit(99);
		}
		printf("ends with %d\n", child_ends(child));
	}
}

/* ---- MAP_GROWSDOWN ---- */

static char *map_down(unsigned page, unsigned pages)
{
	arena_map(page, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
		  -1);
	return arena_page(page);
}

static void growsdown(void)
{
	const unsigned middle = 4096; /* 16 MiB into the arena */
	char *down = map_down(middle, 2);

	touch("its own page", down);
	touch("the page below", down - PAGE);
	touch("a MiB below", down - MIB);
	touch("7 MiB below", down - 7 * MIB);
	touch("9 MiB below", down - 9 * MIB);
	touch("the page above", down + 2 * PAGE);
	down[-(long)MIB] = 'd';
	printf("grown: fresh %d, there %c\n", down[-(long)PAGE], down[-(long)MIB]);
	arena_map(middle - 768, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *wall = arena_page(middle - 768);
	touch("a gap above a wall", wall + PAGE + GAP);
	touch("a page less", wall + GAP);
	mprotect(wall, PAGE, PROT_NONE);
	touch("a wall without access", wall + PAGE);
	munmap(wall, PAGE);
	map_down(middle - 768, 1);
	touch("above another that grows", wall + PAGE);
	touch("below that one", wall - PAGE);

	printf("protect down from its middle: %s\n",
	       mprotect(down, PAGE, PROT_READ | PROT_GROWSDOWN) ? error_name(errno) : "ok");
	printf("its lowest: write %d, its last: %d\n", dies_of(down - MIB, 1),
	       dies_of(down + PAGE, 1));
	printf("protect the gap down: %s\n",
	       mprotect(wall - PAGE, PAGE, PROT_READ | PROT_GROWSDOWN) ? error_name(errno) : "ok");
	munmap(arena_page(middle - 768), 770 * PAGE);
	touch("after unmapping", down - PAGE);
	down = map_down(middle, 4);
	munmap(down + 2 * PAGE, PAGE);
	touch("a hole in it", down + 2 * PAGE);
	munmap(down, 4 * PAGE);
	/* A mapping without an address keeps away from it. */
	down = map_down(middle, 1);
	char *near = mmap(down - PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("a hint below it is %s\n", near == down - PAGE ? "taken" : "not taken");
	near = mmap(down - GAP - PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("a hint below the gap is %s\n", near == down - GAP - PAGE ? "taken" : "not taken");
}

/* ---- a stack pointer that is no stack ---- */

static void push_at(const char *what, uintptr_t sp)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		__asm__ volatile("mov %0, %%rsp\n\tpush $1\n\tpush $2" : : "r"(sp) : "memory");
		for (;;)
			__builtin_trap();
	}
	printf("push at %s: ends with %d\n", what, child_ends(child));
}

static void bad_pointers(void)
{
	push_at("0", 0);
	push_at("16", 16);
	push_at("a page", PAGE);
	push_at("nothing", ARENA + 64 * MIB);
	push_at("the text", (uintptr_t)push_at & ~15ul);
	push_at("the kernel's half", 0xffff800000001000ul);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return after_exec();
	distances();
	by_the_kernel();
	limits();
	guard_gap();
	over_exec(argv[0]);
	growsdown();
	bad_pointers();
	return 0;
}
