/*
 * prog_vm_limits.c: RLIMIT_AS and RLIMIT_DATA, what they bind and what not, that children and
 * programs inherit them; and promises of memory that no machine could keep.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>

#include "../../userland/lib/quire.h"
#include "vm_arena.h"

#define MIB (1ul << 20)
#define RW  PROT_READ | PROT_WRITE

static char output[1 << 14];

static const char *said(long result)
{
	return result == -1 ? error_name(errno) : "ok";
}

static const char *set_limit(int resource, unsigned long soft)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = soft;
	return said(setrlimit(resource, &limit));
}

static void *map(unsigned long bytes, int prot, int flags)
{
	return mmap(NULL, bytes, prot, flags | MAP_ANONYMOUS, -1, 0);
}

/* In the stack that has not grown yet. */
static char *below(unsigned long bytes)
{
	return (char *)((uintptr_t)__builtin_frame_address(0) - bytes);
}

/* What can still be had; everything that was had is given back. */
static void try_all(const char *what)
{
	static const struct {
		const char *name;
		int prot, flags;
	} kinds[] = {
		{"rw", RW, MAP_PRIVATE},          {"r", PROT_READ, MAP_PRIVATE},
		{"none", PROT_NONE, MAP_PRIVATE}, {"noreserve", RW, MAP_PRIVATE | MAP_NORESERVE},
		{"shared", RW, MAP_SHARED},       {"growsdown", RW, MAP_PRIVATE | MAP_GROWSDOWN},
	};

	printf("%s\n", what);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		void *small = map(PAGE, kinds[i].prot, kinds[i].flags);
		printf("  %s: page %s", kinds[i].name, said((long)small));
		void *large = map(64 * MIB, kinds[i].prot, kinds[i].flags);
		printf(", 64 MiB %s\n", said((long)large));
		if (small != MAP_FAILED)
			munmap(small, PAGE);
		if (large != MAP_FAILED)
			munmap(large, 64 * MIB);
	}
	void *heap = sbrk(64 * MIB);
	printf("  heap 64 MiB %s\n", said((long)heap));
	if (heap != (void *)-1)
		sbrk(-(long)(64 * MIB));
}

static void in_child(const char *what, void (*run)(void))
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		printf("-- %s\n", what);
		run();
		fflush(stdout);
		_exit(0);
	}
	printf("ends with %d\n", child_ends(child));
}

static void address_space(void)
{
	printf("limit: %s\n", set_limit(RLIMIT_AS, 48 * MIB));
	try_all("48 MiB of addresses");
	void *area = map(16 * MIB, RW, MAP_PRIVATE);
	printf("16 MiB: %s\n", said((long)area));
	printf("grow to 60: %s\n", said((long)mremap(area, 16 * MIB, 60 * MIB, MREMAP_MAYMOVE)));
	area = mremap(area, 16 * MIB, 20 * MIB, MREMAP_MAYMOVE);
	printf("grow to 20: %s\n", said((long)area));
	printf("32 MiB over it: %s\n",
	       said((long)mmap(area, 16 * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			       0)));
	printf("20 MiB more: %s\n", said((long)map(20 * MIB, RW, MAP_PRIVATE)));
	printf("20 MiB more: %s\n", said((long)map(20 * MIB, PROT_NONE, MAP_PRIVATE)));
	printf("limit of nothing: %s\n", set_limit(RLIMIT_AS, 0));
	printf("what is there is: %d\n", dies_of(area, 1));
	printf("a page: %s\n", said((long)map(PAGE, RW, MAP_PRIVATE)));
	printf("a page in place of another: %s\n",
	       said((long)mmap(area, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
	printf("unmap: %s\n", said(munmap(area, 16 * MIB)));
	/* A stack needs addresses, too. */
	printf("a MiB of stack: %d\n", dies_of(below(MIB), 1));
	printf("limit again: %s\n", set_limit(RLIMIT_AS, RLIM_INFINITY));
	printf("a MiB of stack: %d\n", dies_of(below(MIB), 1));
}

static void data(void)
{
	printf("limit: %s\n", set_limit(RLIMIT_DATA, 32 * MIB));
	try_all("32 MiB of data");
	char *area = map(64 * MIB, PROT_READ, MAP_PRIVATE);
	printf("64 MiB read-only: %s\n", said((long)area));
	printf("16 of them writable: %s\n", said(mprotect(area, 16 * MIB, RW)));
	printf("all of them: %s\n", said(mprotect(area, 64 * MIB, RW)));
	printf("the first: %d, the last: %d\n", dies_of(area, 1), dies_of(area + 64 * MIB - 1, 1));
	printf("8 MiB more: %s\n", said((long)map(8 * MIB, RW, MAP_PRIVATE)));
	printf("8 MiB more: %s\n", said((long)map(8 * MIB, RW, MAP_PRIVATE)));
	printf("grow them: %s\n", said((long)mremap(area, 16 * MIB, 32 * MIB, MREMAP_MAYMOVE)));
	printf("read-only again: %s\n", said(mprotect(area, 16 * MIB, PROT_READ)));
	printf("heap of 8 MiB: %s\n", said((long)sbrk(8 * MIB)));
	printf("a stack is none: %d\n", dies_of(below(4 * MIB), 1));
	printf("limit of a page: %s\n", set_limit(RLIMIT_DATA, PAGE));
	printf("shrink the heap: %s\n", said((long)sbrk(-(long)MIB)));
	printf("a page: %s\n", said((long)map(PAGE, RW, MAP_PRIVATE)));
	printf("a page read-only: %s\n", said((long)map(PAGE, PROT_READ, MAP_PRIVATE)));
}

/* Programs set a soft limit of 0 to have no heap, but mappings. */
static void no_heap(void)
{
	printf("limit: %s\n", set_limit(RLIMIT_DATA, 0));
	printf("heap of a page: %s\n", said((long)sbrk(PAGE)));
	printf("map 16 MiB: %s\n", said((long)map(16 * MIB, RW, MAP_PRIVATE)));
}

static void children(void)
{
	printf("limit: %s\n", set_limit(RLIMIT_AS, 64 * MIB));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		printf("a child: %s\n", said((long)map(64 * MIB, RW, MAP_PRIVATE)));
		printf("limit again: %s\n", set_limit(RLIMIT_AS, RLIM_INFINITY));
		printf("a child: %s\n", said((long)map(64 * MIB, RW, MAP_PRIVATE)));
		fflush(stdout);
		_exit(0);
	}
	child_ends(child);
	printf("the parent: %s\n", said((long)map(64 * MIB, RW, MAP_PRIVATE)));
	set_limit(RLIMIT_DATA, 8 * MIB);
	fflush(stdout);
	execl("/proc/self/exe", "prog", "exec", (char *)NULL);
}

static int after_exec(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	printf("after exec: addresses %lu MiB", (unsigned long)limit.rlim_cur >> 20);
	getrlimit(RLIMIT_DATA, &limit);
	printf(", data %lu MiB\n", (unsigned long)limit.rlim_cur >> 20);
	printf("64 MiB: %s\n", said((long)map(64 * MIB, PROT_READ, MAP_PRIVATE)));
	printf("32 MiB: %s\n", said((long)map(32 * MIB, PROT_READ, MAP_PRIVATE)));
	printf("8 MiB of data: %s\n", said((long)map(8 * MIB, RW, MAP_PRIVATE)));
	printf("4 MiB of data: %s\n", said((long)map(4 * MIB, RW, MAP_PRIVATE)));
	return 0;
}

/* More than any machine has is refused, unless it is said that it will not be used. */
static void promises(void)
{
	const unsigned long huge = 1ul << 45;
	char *area = map(huge, RW, MAP_PRIVATE);

	printf("32 TiB: %s\n", said((long)area));
	printf("shared: %s\n", said((long)map(huge, RW, MAP_SHARED)));
	printf("heap: %s\n", said((long)sbrk((long)huge)));
	area = map(huge, RW, MAP_PRIVATE | MAP_NORESERVE);
	printf("noreserve: %s\n", said((long)area));
	area[huge / 2] = 1;
	printf("touched: %d, beside it: %d\n", area[huge / 2], area[huge / 2 + PAGE]);
	munmap(area, huge);
	area = map(huge, PROT_READ, MAP_PRIVATE);
	printf("read-only: %s\n", said((long)area));
	printf("made writable: %s\n", said(mprotect(area, huge, RW)));
	printf("a part of it: %s\n", said(mprotect(area + huge / 2, MIB, RW)));
	area[huge / 2] = 1;
	printf("touched: %d\n", area[huge / 2]);
	munmap(area, huge);
	area = map(huge, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);
	printf("none, noreserve: %s\n", said((long)area));
	printf("made writable: %s\n", said(mprotect(area, huge, RW)));
	munmap(area, huge);
	area = map(MIB, RW, MAP_PRIVATE);
	printf("grow to 32 TiB: %s\n", said((long)mremap(area, MIB, huge, MREMAP_MAYMOVE)));
}

static void the_calls(void)
{
	struct rlimit limit = {2, 1};
	const struct rlimit fine = {RLIM_INFINITY, RLIM_INFINITY};

	printf("soft above hard: %s\n", said(setrlimit(RLIMIT_AS, &limit)));
	printf("no such resource: %s %s %s\n", said(syscall(SYS_getrlimit, 16, &limit)),
	       said(syscall(SYS_setrlimit, 16, &fine)),
	       said(syscall(SYS_prlimit64, 0, 99, NULL, &limit)));
	printf("no such process: %s\n",
	       said(syscall(SYS_prlimit64, 0x3ffffff, RLIMIT_AS, NULL, &limit)));
	printf("bad pointers: %s", said(syscall(SYS_getrlimit, RLIMIT_AS, NULL)));
	printf(" %s", said(syscall(SYS_setrlimit, RLIMIT_AS, NULL)));
	printf(" %s", said(syscall(SYS_setrlimit, 16, NULL)));
	printf(" %s", said(syscall(SYS_getrlimit, 16, NULL)));
	printf(" %s", said(syscall(SYS_prlimit64, 0, 99, (void *)8, NULL)));
	printf(" %s\n", said(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, (void *)8)));
	printf("nothing at all: %s\n", said(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, NULL)));
	limit = (struct rlimit){7 * MIB + 1, RLIM_INFINITY};
	struct rlimit old;
	printf("set and get: %s",
	       said(syscall(SYS_prlimit64, getpid(), RLIMIT_STACK, &limit, &old)));
	getrlimit(RLIMIT_STACK, &limit);
	printf(", from %lu to %lu\n", (unsigned long)old.rlim_cur, (unsigned long)limit.rlim_cur);
	limit = (struct rlimit){MIB, 2 * MIB};
	printf("lower the hard one: %s", said(setrlimit(RLIMIT_DATA, &limit)));
	getrlimit(RLIMIT_DATA, &limit);
	printf(", %lu\n", (unsigned long)limit.rlim_max);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	(void)argv;
	if (argc > 1)
		return after_exec();
	in_child("RLIMIT_AS", address_space);
	in_child("RLIMIT_DATA", data);
	in_child("RLIMIT_DATA 0", no_heap);
	in_child("inherited", children);
	in_child("promises", promises);
	in_child("calls", the_calls);
	return 0;
}
