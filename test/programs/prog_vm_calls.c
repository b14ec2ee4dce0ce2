/*
 * prog_vm_calls.c: what the calls on memory do to its contents: what is resident, what is zero
 * again, what moves along, what a child gets.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "vm_arena.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#define RW PROT_READ | PROT_WRITE

static const char *program;

static unsigned char *map(unsigned pages, int prot, int flags)
{
	return mmap(NULL, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static const char *said(long result)
{
	return result == -1 ? error_name(errno) : "ok";
}

static void fill(unsigned char *area, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		memset(area + i * PAGE, 'a' + (int)(i % 26), PAGE);
}

/* A letter a page, '.' for zeros, '-' where nothing can be read. */
static void show(const char *what, unsigned char *area, unsigned pages)
{
	int ends[2];

	if (pipe(ends) != 0)
		exit(2);
	printf("%s: ", what);
	for (unsigned i = 0; i < pages; i++) {
		unsigned char byte, *at = area + i * PAGE + 5;
		if (write(ends[1], at, 1) != 1 || read(ends[0], &byte, 1) != 1)
			putchar('-');
		else
			putchar(byte ? byte : '.');
	}
	putchar('\n');
	close(ends[0]);
	close(ends[1]);
}

static void show_resident(const char *what, unsigned char *area, unsigned pages)
{
	unsigned char vector[64] = {0};

	printf("%s, mincore %s: ", what, said(mincore(area, pages * PAGE, vector)));
	for (unsigned i = 0; i < pages; i++)
		putchar(vector[i] & 1 ? '#' : '.');
	putchar('\n');
}

static void resident(void)
{
	unsigned char *area = map(8, RW, MAP_PRIVATE);

	show_resident("fresh", area, 8);
	area[PAGE] = 1;
	printf("read one: %d\n", *(volatile unsigned char *)(area + 3 * PAGE));
	show_resident("one written, one read", area, 8);
	printf("dontneed: %s\n", said(madvise(area, 2 * PAGE, MADV_DONTNEED)));
	show_resident("dropped", area, 8);
	mprotect(area + 3 * PAGE, PAGE, PROT_NONE);
	show_resident("without access", area, 8);
	munmap(area, 8 * PAGE);
	area = map(8, RW, MAP_PRIVATE | MAP_POPULATE);
	show_resident("MAP_POPULATE", area, 8);
	munmap(area, 8 * PAGE);
	area = map(8, PROT_READ, MAP_PRIVATE | MAP_POPULATE);
	show_resident("MAP_POPULATE read-only", area, 8);
	munmap(area, 8 * PAGE);
	area = map(8, RW, MAP_SHARED | MAP_POPULATE);
	show_resident("MAP_POPULATE shared", area, 8);
	munmap(area, 8 * PAGE);
	area = map(8, PROT_NONE, MAP_PRIVATE | MAP_POPULATE);
	show_resident("MAP_POPULATE without access", area, 8);
	munmap(area, 8 * PAGE);
	area = map(8, RW, MAP_PRIVATE | MAP_LOCKED);
	show_resident("MAP_LOCKED", area, 8);
	printf("dontneed of locked: %s\n", said(madvise(area, PAGE, MADV_DONTNEED)));
	munmap(area, 8 * PAGE);
	int fd = open(program, O_RDONLY);
	char page[PAGE];
	printf("read the file: %zd\n", pread(fd, page, PAGE, 0));
	area = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	show_resident("file in the cache", area, 1);
	munmap(area, PAGE);
	close(fd);
}

static void populate(void)
{
	unsigned char *area = map(8, RW, MAP_PRIVATE);

	printf("populate-read: %s\n", said(madvise(area, 2 * PAGE, MADV_POPULATE_READ)));
	printf("populate-write: %s\n", said(madvise(area + 4 * PAGE, PAGE, MADV_POPULATE_WRITE)));
	show_resident("populated", area, 8);
	mprotect(area + 2 * PAGE, 2 * PAGE, PROT_READ);
	printf("populate-write over read-only: %s\n",
	       said(madvise(area, 8 * PAGE, MADV_POPULATE_WRITE)));
	show_resident("as far as it came", area, 8);
	munmap(area + 6 * PAGE, PAGE);
	printf("populate-read over a hole: %s\n",
	       said(madvise(area, 8 * PAGE, MADV_POPULATE_READ)));
	show_resident("before the hole", area, 6);
	show_resident("behind the hole", area + 7 * PAGE, 1);
	munmap(area, 8 * PAGE);
}

static void locks(void)
{
	unsigned char *area = map(8, RW, MAP_PRIVATE);

	printf("mlock: %s\n", said(mlock(area + PAGE + 100, PAGE)));
	show_resident("two pages locked", area, 8);
	printf("dontneed: %s", said(madvise(area, 8 * PAGE, MADV_DONTNEED)));
	printf(", free: %s", said(madvise(area, 8 * PAGE, MADV_FREE)));
	printf(", cold: %s", said(madvise(area, 8 * PAGE, 20)));
	printf(", dontneed_locked: %s\n", said(madvise(area, 8 * PAGE, MADV_DONTNEED_LOCKED)));
	show_resident("dropped all the same", area, 8);
	printf("invalidate: %s\n", said(msync(area, 8 * PAGE, MS_INVALIDATE)));
	printf("munlock: %s\n", said(munlock(area, 8 * PAGE)));
	printf("invalidate: %s\n", said(msync(area, 8 * PAGE, MS_INVALIDATE)));
	printf("dontneed: %s\n", said(madvise(area, 8 * PAGE, MADV_DONTNEED)));
	printf("mlock on fault: %s\n", said(syscall(SYS_mlock2, area, 4 * PAGE, 1)));
	show_resident("not before it is touched", area, 8);
	mprotect(area + 2 * PAGE, PAGE, PROT_NONE);
	printf("mlock without access: %s\n", said(mlock(area, 4 * PAGE)));
	show_resident("as far as it came", area, 8);
	munmap(area + 5 * PAGE, PAGE);
	printf("mlock over a hole: %s\n", said(mlock(area + 3 * PAGE, 5 * PAGE)));
	show_resident("nothing is populated", area + 3 * PAGE, 2);
	printf("dontneed: %s\n", said(madvise(area + 3 * PAGE, PAGE, MADV_DONTNEED)));
	munlock(area, 5 * PAGE);
	munmap(area, 8 * PAGE);
	printf("mlockall future: %s\n", said(mlockall(MCL_FUTURE)));
	area = map(4, RW, MAP_PRIVATE);
	show_resident("future memory", area, 4);
	area = mremap(area, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	show_resident("grown", area, 6);
	printf("munlockall: %s\n", said(munlockall()));
	printf("dontneed: %s\n", said(madvise(area, 6 * PAGE, MADV_DONTNEED)));
	munmap(area, 6 * PAGE);
}

static void advice(void)
{
	unsigned char *area = map(8, RW, MAP_PRIVATE), *shared = map(4, RW, MAP_SHARED);

	fill(area, 8);
	fill(shared, 4);
	printf("dontneed: %s\n", said(madvise(area + 2 * PAGE, 2 * PAGE, MADV_DONTNEED)));
	show("dropped", area, 8);
	printf("dontneed of shared: %s\n", said(madvise(shared, 2 * PAGE, MADV_DONTNEED)));
	show("it comes again", shared, 4);
	munmap(area + 5 * PAGE, PAGE);
	printf("dontneed over a hole: %s\n",
	       said(madvise(area + 4 * PAGE, 3 * PAGE, MADV_DONTNEED)));
	show("both sides of it", area, 8);
	mprotect(area, PAGE, PROT_READ);
	printf("dontneed of read-only: %s\n", said(madvise(area, PAGE, MADV_DONTNEED)));
	show("dropped", area, 8);
	printf("free: %s\n", said(madvise(area, 2 * PAGE, MADV_FREE)));
	printf("write after free: %s\n", memset(area + PAGE, 'z', PAGE) ? "ok" : "?");
	show("what was written counts", area + PAGE, 1);
	munmap(area, 8 * PAGE);
	munmap(shared, 4 * PAGE);
	int fd = open(program, O_RDONLY);
	area = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	area[5] = 'w';
	area[PAGE + 5] = 'w';
	printf("dontneed of a written file page: %s\n", said(madvise(area, PAGE, MADV_DONTNEED)));
	printf("the file's byte again: %s, the other: %c\n",
	       area[5] != 'w' && area[1] == 'E' ? "yes" : "NO", area[PAGE + 5]);
	printf("willneed: %s\n", said(madvise(area, 2 * PAGE, MADV_WILLNEED)));
	munmap(area, 2 * PAGE);
	close(fd);
}

static void child_shows(const char *what, unsigned char *area, unsigned pages)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		show(what, area, pages);
		fflush(stdout);
		pid_t grandchild = fork();
		if (grandchild == 0) {
			show("  its child", area, pages);
			fflush(stdout);
			_exit(0);
		}
		child_ends(grandchild);
		_exit(0);
	}
	child_ends(child);
}

static void forks(void)
{
	unsigned char *area = map(10, RW, MAP_PRIVATE);

	fill(area, 10);
	printf("dontfork: %s\n", said(madvise(area + 2 * PAGE, 2 * PAGE, MADV_DONTFORK)));
	printf("wipeonfork: %s\n", said(madvise(area + 5 * PAGE, 3 * PAGE, MADV_WIPEONFORK)));
	child_shows("a child", area, 10);
	show("the parent", area, 10);
	area[5] = area[6 * PAGE + 5] = 'W';
	printf("dofork: %s\n", said(madvise(area, 3 * PAGE, MADV_DOFORK)));
	printf("keeponfork: %s\n", said(madvise(area, 7 * PAGE, MADV_KEEPONFORK)));
	child_shows("a child", area, 10);
	show("the parent", area, 10);
	munmap(area, 10 * PAGE);
	unsigned char *shared = map(2, RW, MAP_SHARED);
	fill(shared, 2);
	printf("wipeonfork of shared: %s\n", said(madvise(shared, PAGE, MADV_WIPEONFORK)));
	printf("dontfork of shared: %s\n", said(madvise(shared, PAGE, MADV_DONTFORK)));
	child_shows("a child", shared, 2);
	show("the parent", shared, 2);
	munmap(shared, 2 * PAGE);
}

static void moves(void)
{
	unsigned char *area = map(8, RW, MAP_PRIVATE), *to = map(16, PROT_NONE, MAP_PRIVATE);

	fill(area, 8);
	unsigned char *moved =
		mremap(area + 2 * PAGE, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	printf("moved from the middle and grown: %s\n", moved == to ? "ok" : error_name(errno));
	show("what is left", area, 8);
	show("what moved", to, 8);
	moved = mremap(area, 2 * PAGE, PAGE, 0);
	printf("shrunk in place: %s\n", moved == area ? "ok" : error_name(errno));
	show("what is left", area, 8);
	moved = mremap(area, PAGE, 4 * PAGE, 0);
	printf("grown in place into the hole: %s\n", moved == area ? "ok" : error_name(errno));
	moved = mremap(area, 4 * PAGE, 5 * PAGE, 0);
	printf("grown against the next: %s\n", moved == area ? "ok" : error_name(errno));
	memset(area + 3 * PAGE, 'N', PAGE);
	show("together", area, 8);
	moved = mremap(area, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	printf("may move: %s\n", moved != area && moved != MAP_FAILED ? "moved" : "NOT MOVED");
	show("there", moved, 6);
	show("here", area, 8);
	unsigned char *kept = mremap(moved, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	printf("dontunmap: %s\n", kept != MAP_FAILED ? "ok" : error_name(errno));
	show("there", kept, 6);
	show("here", moved, 6);
	memset(moved, 'q', PAGE);
	child_shows("a child", moved, 6);
	munmap(kept, 6 * PAGE);
	munmap(moved, 6 * PAGE);
	munmap(area, 8 * PAGE);
	munmap(to, 16 * PAGE);
	unsigned char *shared = map(4, RW, MAP_SHARED);
	fill(shared, 4);
	unsigned char *again = mremap(shared + PAGE, 0, 2 * PAGE, MREMAP_MAYMOVE);
	printf("a second view: %s\n", again != MAP_FAILED ? "ok" : error_name(errno));
	show("through it", again, 2);
	again[PAGE + 5] = 'V';
	show("through the first", shared, 4);
	munmap(shared, 4 * PAGE);
	show("the second alone", again, 2);
	child_shows("a child", again, 2);
	munmap(again, 2 * PAGE);
}

/* Cutting and joining: what is protected together is one again, and can be moved as one. */
static void split_and_join(void)
{
	unsigned char *area = map(12, RW, MAP_PRIVATE);

	fill(area, 12);
	for (unsigned i = 1; i < 12; i += 2)
		mprotect(area + i * PAGE, PAGE, PROT_READ);
	for (unsigned i = 0; i < 12; i++)
		printf("%d ", dies_of((char *)area + i * PAGE, 1));
	printf("\ngrow over a border: %s\n",
	       said((long)mremap(area, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE)));
	mprotect(area, 12 * PAGE, PROT_READ | PROT_WRITE);
	unsigned char *moved = mremap(area, 12 * PAGE, 13 * PAGE, MREMAP_MAYMOVE);
	printf("all together: %s\n", moved != MAP_FAILED ? "ok" : error_name(errno));
	show("there", moved, 13);
	/* A mapping beside it of the same kind is one with it. */
	munmap(moved, 13 * PAGE);
	moved = map(13, RW, MAP_PRIVATE);
	fill(moved, 13);
	munmap(moved + 4 * PAGE, PAGE);
	unsigned char *hole =
		mmap(moved + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("in the hole: %s\n", hole == moved + 4 * PAGE ? "ok" : error_name(errno));
	area = mremap(moved, 13 * PAGE, 14 * PAGE, MREMAP_MAYMOVE);
	printf("all together: %s\n", area != MAP_FAILED ? "ok" : error_name(errno));
	show("there", area, 14);
	munmap(area, 14 * PAGE);
}

static void places(void)
{
	unsigned char *low =
		mmap(NULL, 64 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	unsigned long at = (unsigned long)low;

	printf("MAP_32BIT between 1 and 2 GiB: %s\n",
	       at >= 1ul << 30 && at + 64 * PAGE <= 2ul << 30 ? "yes" : "NO");
	void *none = mmap(NULL, 1ul << 31, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE, -1, 0);
	printf("2 GiB of it: %s\n", none == MAP_FAILED ? error_name(errno) : "ok");
	munmap(low, 64 * PAGE);
	unsigned char *area = map(4, RW, MAP_PRIVATE);
	munmap(area, 4 * PAGE);
	printf("a free hint: %s\n",
	       mmap(area + 7, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == area ? "taken"
										    : "not taken");
	printf("a used hint: %s\n", mmap(area, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == area
					    ? "taken"
					    : "not taken");
	printf("a hint in the kernel's half: %s\n",
	       said((long)mmap((void *)0xffff800000000000ul, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0)));
	area[0] = 'o';
	printf("noreplace: %s\n",
	       said((long)mmap(area, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			       -1, 0)));
	printf("it is still there: %c\n", area[0]);
	printf("fixed: %s\n",
	       said((long)mmap(area, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
	printf("it is fresh: %d\n", area[0]);
}

int main(int argc, char **argv)
{
	program = argv[argc - 1];
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	resident();
	populate();
	locks();
	advice();
	forks();
	moves();
	split_and_join();
	places();
	return 0;
}
