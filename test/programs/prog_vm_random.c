/*
 * prog_vm_random.c: random calls on the same 32 pages, one after the other: what each says, and a
 * digest of what can be read, written and seen afterwards, by this process and by children.
 *
 *	prog_vm_random SEED COUNT [verbose]
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "vm_arena.h"

#define PAGES ARENA_PAGES
#define ANON  MAP_ANONYMOUS

static uint64_t state;
static int verbose, this_file;

static unsigned below(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

/* A letter for each page: its contents at two places, if it can be read. */
static void look(char *picture, char *contents)
{
	int ends[2];

	arena_picture(picture);
	if (pipe(ends) != 0)
		exit(2);
	for (unsigned page = 0; page < PAGES; page++) {
		unsigned char bytes[2] = {0};
		contents[page] = '-';
		if (write(ends[1], arena_page(page) + 5, 1) != 1)
			continue;
		if (write(ends[1], arena_page(page) + PAGE - 9, 1) != 1 ||
		    read(ends[0], bytes, 2) != 2)
			exit(3);
		contents[page] = (char)('0' + (bytes[0] + 3 * bytes[1]) % 64);
	}
	contents[PAGES] = '\0';
	close(ends[0]);
	close(ends[1]);
}

static void show(const char *what, const char *said)
{
	char picture[PAGES + 1], contents[PAGES + 1];
	uint32_t digest = 2166136261u;

	look(picture, contents);
	for (unsigned i = 0; i < PAGES; i++)
		digest = ((digest ^ (unsigned char)picture[i]) * 16777619u ^
			  (unsigned char)contents[i]) *
			 16777619u;
	if (verbose)
		printf("%s: %s\n  %s\n  %s\n", what, said, picture, contents);
	else
		printf("%s: %s %08x\n", what, said, digest);
}

/* A range, mostly short. */
static char *range(unsigned *pages)
{
	unsigned first = below(PAGES);

	*pages = 1 + (below(4) ? below(4) : below(PAGES));
	if (*pages > PAGES - first)
		*pages = PAGES - first;
	return arena_page(first);
}

static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
			    PROT_WRITE};

static long do_map(void)
{
	unsigned pages, kind = below(4);
	char *at = range(&pages);
	int prot = prots[below(5)], type = kind == 1 ? MAP_SHARED : MAP_PRIVATE;
	int flags = type | MAP_FIXED | (kind < 2 ? ANON : 0) | (below(8) ? 0 : MAP_POPULATE) |
		    (below(10) ? 0 : MAP_LOCKED);

	if (kind > 1)
		pages = pages < 8 ? pages : 8;
	return (long)mmap(at, pages * PAGE, prot, flags, kind < 2 ? -1 : this_file,
			  (off_t)(kind < 2 ? 0 : below(3) * PAGE));
}

static long do_unmap(void)
{
	unsigned pages;
	char *at = range(&pages);

	return munmap(at, pages * PAGE);
}

static long do_protect(void)
{
	unsigned pages;
	char *at = range(&pages);

	return mprotect(at, pages * PAGE, prots[below(5)]);
}

static long do_advise(void)
{
	static const int advices[] = {MADV_DONTNEED,
				      MADV_DONTNEED,
				      MADV_DONTFORK,
				      MADV_DOFORK,
				      MADV_WILLNEED,
				      18,
				      19,
				      22,
				      23,
				      24};
	unsigned pages;
	char *at = range(&pages);

	return madvise(at, pages * PAGE, advices[below(10)]);
}

static long do_lock(void)
{
	unsigned pages, kind = below(5);
	char *at = range(&pages);

	if (kind == 0)
		return mlock(at, pages * PAGE);
	if (kind == 1)
		return syscall(SYS_mlock2, at, pages * PAGE, 1);
	return kind == 2 ? msync(at, pages * PAGE, MS_INVALIDATE) : munlock(at, pages * PAGE);
}

/* Shrink; or move one page: what is one region to Linux and not to others does not show then. */
static long do_remap(void)
{
	unsigned pages, less;
	char *at = range(&pages);

	if (below(3) == 0) {
		less = 1 + below(pages);
		return (long)mremap(at, pages * PAGE, less * PAGE, 0);
	}
	return (long)mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    arena_page(below(PAGES)));
}

static long do_write(void)
{
	unsigned pages;
	char *at = range(&pages), bytes[64];
	int ends[2];
	long result = 0;

	if (pipe(ends) != 0)
		exit(2);
	memset(bytes, 1 + (int)below(60), sizeof(bytes));
	for (unsigned i = 0; i < pages && result != -1; i++) {
		if (write(ends[1], bytes, sizeof(bytes)) != sizeof(bytes))
			exit(2);
		result = read(ends[0], at + i * PAGE + (below(2) ? 0 : PAGE - 64), sizeof(bytes));
	}
	int error = errno;
	close(ends[0]);
	close(ends[1]);
	errno = error;
	return result;
}

/* A child looks, writes and looks again; what its parent sees of that is shared memory. */
static long do_fork(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		show("  child", "begins");
		for (unsigned i = 0; i < 3; i++)
			do_write();
		show("  child", "wrote");
		if (below(3) == 0) {
			do_unmap();
			do_fork();
		}
		fflush(stdout);
		_exit(0);
	}
	return child_ends(child);
}

int main(int argc, char **argv)
{
	static const struct {
		unsigned share;
		const char *name;
		long (*run)(void);
	} operations[] = {
		{18, "map", do_map},       {8, "unmap", do_unmap}, {16, "protect", do_protect},
		{14, "advise", do_advise}, {9, "lock", do_lock},   {12, "remap", do_remap},
		{18, "write", do_write},   {5, "fork", do_fork},
	};

	if (argc < 3)
		return 2;
	verbose = argc > 3;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	this_file = open(argv[0], O_RDONLY);
	arena_make(argv[0]);
	state = (strtoul(argv[1], NULL, 10) + 1) * 0x9e3779b97f4a7c15u;
	for (unsigned long i = 0; i < strtoul(argv[2], NULL, 10); i++) {
		unsigned pick = below(100), which = 0;
		while (pick >= operations[which].share)
			pick -= operations[which++].share;
		errno = 0;
		long result = operations[which].run();
		show(operations[which].name, result == -1 ? error_name(errno) : "ok");
	}
	return 0;
}
