/*
 * shares.c MILLISECONDS WORD...: processes that compete for the processors for so long. Prints how
 * many microseconds of processor time each has had, by its own clock, in the order of the words:
 *
 *	busy[:NICE[:CPUS]]	computes; CPUS is a set that it keeps to, hexadecimal
 *	sleep[:NICE[:CPUS]]	sleeps for a moment, computes for one, and so on
 *	later:NICE		computes, and has this nice value only after half of the time
 *	yield			computes, and offers the processor after each bit
 *	switch:CPUS:CPUS	computes, and moves from one set to the other all the time
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define NS_PER_SECOND 1000000000ull
#define SLEEP_NS      100000 /* and computes for about as long */

static volatile struct {
	int ready;
	uint64_t start, end;
	uint64_t had[PROCESSES_MAX];
} * shared;

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

static void sleep_for(long nanoseconds)
{
	struct timespec time = {nanoseconds / (long)NS_PER_SECOND,
				nanoseconds % (long)NS_PER_SECOND};

	nanosleep(&time, NULL);
}

static void compute(void)
{
	for (volatile int i = 0; i < 2000; i++)
		;
}

static void keep_to(unsigned long cpus)
{
	if (syscall(SYS_sched_setaffinity, 0, sizeof(cpus), &cpus) < 0)
		exit(3);
}

static void compete(const char *word, int place)
{
	unsigned long sets[2] = {0, 0};
	char kind[16] = "";
	int nice = 0;

	sscanf(word, "%15[a-z]:%lx:%lx", kind, &sets[0], &sets[1]);
	if (strcmp(kind, "busy") == 0 || strcmp(kind, "sleep") == 0) {
		if (sscanf(word, "%*[a-z]:%d:%lx", &nice, &sets[0]) == 2)
			keep_to(sets[0]);
		if (setpriority(PRIO_PROCESS, 0, nice) < 0)
			exit(3);
	}
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&shared->start, __ATOMIC_SEQ_CST))
		sleep_for(1000000);
	while (now(CLOCK_MONOTONIC) < shared->start)
		sleep_for(1000000);
	uint64_t before = now(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned round = 0; now(CLOCK_MONOTONIC) < shared->end; round++) {
		compute();
		if (strcmp(kind, "yield") == 0)
			sched_yield();
		else if (strcmp(kind, "sleep") == 0)
			sleep_for(SLEEP_NS);
		else if (strcmp(kind, "switch") == 0)
			keep_to(sets[round % 2]);
	}
	shared->had[place] = now(CLOCK_PROCESS_CPUTIME_ID) - before;
	exit(0);
}

static void renice_later(char **words, const pid_t *children, int count, uint64_t half)
{
	int nice;

	while (now(CLOCK_MONOTONIC) < half)
		sleep_for(1000000);
	for (int i = 0; i < count; i++)
		if (sscanf(words[i], "later:%d", &nice) == 1 &&
		    setpriority(PRIO_PROCESS, (id_t)children[i], nice) < 0)
			exit(3);
}

int main(int argc, char **argv)
{
	uint64_t length = argc > 1 ? strtoull(argv[1], NULL, 10) * 1000000 : 0;
	int count = argc - 2, status, bad = 0;
	pid_t children[PROCESSES_MAX];

	if (!length || count < 1 || count > PROCESSES_MAX)
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 2;
	for (int i = 0; i < count; i++) {
		if ((children[i] = fork()) == 0)
			compete(argv[2 + i], i);
	}
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) < count)
		sleep_for(1000000);
	uint64_t start = now(CLOCK_MONOTONIC) + 20000000;
	shared->end = start + length;
	__atomic_store_n(&shared->start, start, __ATOMIC_SEQ_CST);
	renice_later(argv + 2, children, count, start + length / 2);
	while (wait(&status) > 0)
		bad |= status;
	for (int i = 0; i < count; i++)
		printf("%llu\n", (unsigned long long)shared->had[i] / 1000);
	return bad ? 3 : 0;
}
