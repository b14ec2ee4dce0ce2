/*
 * prog_thread_tlb.c: two threads write while a third forks, protects and unmaps what they write to.
 * No write is lost, none lands in a child or where it is forbidden, and none where memory was
 * before.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE    4096
#define PAGES   16 /* that each thread writes to */
#define WRITERS 2
#define PATTERN 0x5a
#define YIELDS  4 /* so often others run before a look at what they did */

static volatile long *cells[WRITERS][PAGES];
static atomic_int stop, writers;
static atomic_long lost, faults, rounds_of[WRITERS];
static volatile long *transient; /* a page that comes and goes */
static __thread sigjmp_buf *way_out;

/* In a page that may be written to again soon: try again. In one that may not: go on. */
static void on_fault(int signal)
{
	atomic_fetch_add(&faults, 1);
	if (way_out)
		siglongjmp(*way_out, 1);
}

static void fail(const char *what)
{
	printf("failed: %s\n", what);
	fflush(stdout);
	_exit(1);
}

/* Each page holds what was written last, or a write was lost. */
static void *write_on(void *argument)
{
	int me = (int)(long)argument;
	sigjmp_buf out;
	long value = 0;

	atomic_fetch_add(&writers, 1);
	while (!stop) {
		for (int i = 0; i < PAGES; i++) {
			if (*cells[me][i] != value)
				atomic_fetch_add(&lost, 1);
			*cells[me][i] = value + 1;
		}
		value++;
		way_out = &out;
		if (!sigsetjmp(out, 1))
			transient[me] = value;
		way_out = NULL;
		atomic_store(&rounds_of[me], value);
	}
	return NULL;
}

/* Wait until each writer has been round once more. */
static void let_them_write(void)
{
	for (int i = 0; i < WRITERS; i++) {
		long before = rounds_of[i];
		while (rounds_of[i] < before + 2)
			sched_yield();
	}
}

/* In a child nobody writes: what it sees stays. */
static int watch_child(void)
{
	long seen[WRITERS][PAGES];

	for (int me = 0; me < WRITERS; me++)
		for (int i = 0; i < PAGES; i++)
			seen[me][i] = *cells[me][i];
	for (int round = 0; round < YIELDS; round++) {
		sched_yield();
		for (int me = 0; me < WRITERS; me++)
			for (int i = 0; i < PAGES; i++)
				if (*cells[me][i] != seen[me][i])
					return 1;
	}
	return 0;
}

static void fork_once(void)
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(watch_child());
	if (child < 0)
		fail("fork");
	let_them_write();
	waitpid(child, &status, 0);
	if (status)
		fail("a write landed in the child");
}

static void *page_of(volatile long *cell)
{
	return (void *)((uintptr_t)cell & ~(uintptr_t)(PAGE - 1));
}

/* While it is read-only it stays what it is. */
static void protect_once(int i)
{
	volatile long *cell = cells[i % WRITERS][i % PAGES];

	if (mprotect(page_of(cell), PAGE, PROT_READ))
		fail("mprotect");
	long before = *cell;
	for (int round = 0; round < YIELDS; round++) {
		sched_yield();
		if (*cell != before)
			fail("a write into read-only memory");
	}
	if (mprotect(page_of(cell), PAGE, PROT_READ | PROT_WRITE))
		fail("mprotect back");
}

/* The frame that was unmapped is soon another page's. */
static void unmap_once(void)
{
	void *at = (void *)transient;
	static unsigned char expected[PAGE];

	let_them_write();
	if (munmap(at, PAGE))
		fail("munmap");
	unsigned char *other =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (other == MAP_FAILED)
		fail("mmap");
	/* It may have got that very place. */
	if (other == at) {
		munmap(other, PAGE);
	} else {
		memset(other, PATTERN, PAGE);
		memset(expected, PATTERN, PAGE);
		for (int round = 0; round < YIELDS; round++) {
			sched_yield();
			if (memcmp(other, expected, PAGE))
				fail("a write into a page that was unmapped");
		}
	}
	if (mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != at)
		fail("mmap again");
	if (other != at)
		munmap(other, PAGE);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10;
	pthread_t threads[WRITERS];

	signal(SIGSEGV, on_fault);
	char *memory = mmap(NULL, (WRITERS * PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	/* Pages of the two alternate, so that they share tables. */
	for (int i = 0; i < PAGES; i++)
		for (int me = 0; me < WRITERS; me++)
			cells[me][i] = (void *)(memory + (i * WRITERS + me) * PAGE + 8 * me);
	transient = (void *)(memory + WRITERS * PAGES * PAGE);
	for (long me = 0; me < WRITERS; me++)
		if (pthread_create(&threads[me], NULL, write_on, (void *)me))
			return 1;
	while (writers < WRITERS)
		sched_yield();
	for (int i = 0; i < rounds; i++) {
		fork_once();
		protect_once(i);
		unmap_once();
	}
	stop = 1;
	for (int me = 0; me < WRITERS; me++)
		pthread_join(threads[me], NULL);
	printf("%d rounds, %ld writes lost\n", rounds, (long)lost);
	return 0;
}
