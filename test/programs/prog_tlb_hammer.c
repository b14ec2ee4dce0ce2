/*
 * prog_tlb_hammer.c [ROUNDS]: processes that change what their pages are all the time, as many as
 * there are processors and one more, so that they also move from one to another. After each change
 * memory must be what the change has made it, for the process and for its children: a translation
 * that was left over on some processor would show something else.
 *
 * One page is shared by all, at an address that comes and goes; all of them count in it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 5
#define PAGE      4096
#define PAGES     8 /* that each process hammers */

static int shared_file;
static volatile uint64_t *counter; /* in the shared page */
static volatile uint64_t *pages[PAGES];
static uint64_t expected[PAGES];
static sigjmp_buf refused;
static int me;

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "process %d: %s\n", me, what);
	_exit(3);
}

static void on_fault(int signal)
{
	siglongjmp(refused, signal);
}

static void check_all(const char *when)
{
	for (int i = 0; i < PAGES; i++)
		must(pages[i][0] == expected[i] && pages[i][PAGE / 8 - 1] == expected[i], when);
}

static void write_page(int i, uint64_t value)
{
	pages[i][0] = pages[i][PAGE / 8 - 1] = expected[i] = value;
}

/* ---- changes ---- */

/* The child sees what was at this moment, whatever either writes now. */
static void fork_and_write(int i, uint64_t value)
{
	int status;
	pid_t child = fork();

	must(child >= 0, "fork");
	if (child == 0) {
		check_all("a child finds what was not there at fork");
		write_page((i + 1) % PAGES, ~value);
		check_all("a child's own write");
		_exit(0);
	}
	write_page(i, value);
	check_all("after fork");
	must(waitpid(child, &status, 0) == child && status == 0, "a child failed");
	check_all("a child's write is seen");
}

static void drop(int i)
{
	must(madvise((void *)pages[i], PAGE, MADV_DONTNEED) == 0, "madvise");
	expected[i] = 0;
	check_all("after MADV_DONTNEED");
}

static void replace(int i)
{
	must(munmap((void *)pages[i], PAGE) == 0, "munmap");
	if (sigsetjmp(refused, 1) == 0) {
		(void)pages[i][0];
		must(0, "a page that is gone can be read");
	}
	must(mmap((void *)pages[i], PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)pages[i],
	     "mmap");
	expected[i] = 0;
	check_all("after munmap and mmap");
}

static void protect(int i, uint64_t value)
{
	must(mprotect((void *)pages[i], PAGE, PROT_READ) == 0, "mprotect");
	if (sigsetjmp(refused, 1) == 0) {
		pages[i][0] = ~value;
		must(0, "a protected page can be written to");
	}
	check_all("after mprotect");
	must(mprotect((void *)pages[i], PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
	write_page(i, value);
	check_all("after mprotect and a write");
}

static void count(void)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
	must(munmap((void *)counter, PAGE) == 0, "munmap of the shared page");
	counter = mmap((void *)counter, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, shared_file, 0);
	must(counter != MAP_FAILED, "mmap of the shared page");
}

static void hammer(unsigned rounds)
{
	unsigned random = (unsigned)me + 1;

	for (int i = 0; i < PAGES; i++)
		pages[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);
	for (unsigned round = 1; round <= rounds; round++) {
		random = random * 1103515245 + 12345;
		int i = (int)(random >> 16) % PAGES;
		switch (random >> 24 & 3) {
		case 0:
			fork_and_write(i, round);
			break;
		case 1:
			drop(i);
			break;
		case 2:
			replace(i);
			break;
		case 3:
			protect(i, round);
			break;
		}
		write_page((i + 3) % PAGES, round);
		count();
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 300;
	int status, bad = 0;

	signal(SIGSEGV, on_fault);
	shared_file = memfd_create("counter", 0);
	must(shared_file >= 0 && ftruncate(shared_file, PAGE) == 0, "memfd_create");
	counter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, shared_file, 0);
	must(counter != MAP_FAILED, "mmap");
	for (me = 0; me < PROCESSES; me++)
		if (fork() == 0)
			hammer(rounds);
	while (wait(&status) > 0)
		bad |= status;
	printf("%llu of %u\n", (unsigned long long)*counter, PROCESSES * rounds);
	return bad ? 3 : 0;
}
