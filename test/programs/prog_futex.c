/* prog_futex.c: FUTEX_REQUEUE and FUTEX_CMP_REQUEUE (futex(2)), among processes that share memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/futex.h is not among every C library's headers. */
enum { WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4 };

#define SLEEPERS 5

static uint32_t *words; /* shared: two futexes */

static long futex(uint32_t *word, int operation, long value, long more, uint32_t *other,
		  long expected)
{
	long result = syscall(SYS_futex, word, operation, value, more, other, expected);

	return result < 0 ? -errno : result;
}

static void tell(const char *what, long result)
{
	printf("%s: %ld\n", what, result);
}

/* Requeueing to the same word counts who waits there, and wakes nobody. */
static void await_sleepers(void)
{
	while (futex(words, REQUEUE, 0, SLEEPERS, words, 0) != SLEEPERS)
		syscall(SYS_sched_yield);
}

static void reap(int count)
{
	for (int i = 0; i < count; i++) {
		int status = -1;
		if (wait(&status) < 0 || status)
			printf("a child failed: %#x\n", (unsigned)status);
	}
}

int main(void)
{
	words = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (words == MAP_FAILED)
		return 1;
	uint32_t *other = words + 1024 + 17;

	words[0] = 7;
	tell("nobody", futex(words, CMP_REQUEUE, 1, 1, other, 7));
	tell("another value", futex(words, CMP_REQUEUE, 1, 1, other, 8));
	tell("wake less than none", futex(words, CMP_REQUEUE, -1, 1, other, 7));
	tell("move less than none", futex(words, REQUEUE, 1, -1, other, 0));
	tell("not aligned", futex(words, REQUEUE, 1, 1, (uint32_t *)((char *)other + 1), 0));
	fflush(stdout);
	for (int i = 0; i < SLEEPERS; i++)
		if (!fork())
			_exit(futex(words, WAIT, 7, 0, NULL, 0) ? 1 : 0);
	await_sleepers();
	tell("another value, five wait", futex(words, CMP_REQUEUE, 1, 1, other, 8));
	tell("wake 1, move 2", futex(words, CMP_REQUEUE, 1, 2, other, 7));
	reap(1);
	tell("wake all of the first", futex(words, WAKE, 100, 0, NULL, 0));
	reap(2);
	tell("wake one of the second", futex(other, WAKE, 1, 0, NULL, 0));
	reap(1);
	tell("move the last back", futex(other, REQUEUE, 0, 1, words, 0));
	tell("none is left there", futex(other, WAKE, 100, 0, NULL, 0));
	tell("wake the last", futex(words, WAKE, 100, 0, NULL, 0));
	reap(1);
	return 0;
}
