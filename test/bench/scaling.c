/*
 * scaling.c [MILLISECONDS [ROUNDS [WORK]]]: how much more gets done with two processors than with
 *one.
 *
 * Two workers that have nothing to do with each other repeat something for so long, first both on
 * the first CPU, then on two. Prints for each kind of work the most that was done a second in any
 * of the rounds, and the ratio: 2 would be perfect.
 *
 *	fork	fork, exit, wait
 *	fault	map 64 pages, touch each, unmap them
 *	pipe	a byte to another process through a pipe, and one back
 *	compute	nothing of the kernel's: what the machine itself gives
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS   2
#define PAGE      4096
#define PAGES     64
#define NS_PER_MS 1000000u
#define MS_PER_S  1000u

static volatile struct {
	uint64_t start, end; /* nanoseconds, by the clock */
	uint64_t done[WORKERS];
} * shared;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void must(int good)
{
	if (!good)
		_exit(3);
}

/* ---- the work ---- */

static void do_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	must(child > 0 && waitpid(child, NULL, 0) == child);
}

static void do_fault(void)
{
	volatile char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		memory[i * PAGE] = 1;
	must(munmap((void *)memory, PAGES * PAGE) == 0);
}

static int to_partner[2], from_partner[2];
static pid_t partner;

static void start_partner(void)
{
	char byte;

	must(pipe(to_partner) == 0 && pipe(from_partner) == 0);
	partner = fork();
	must(partner >= 0);
	if (partner)
		return;
	close(to_partner[1]);
	while (read(to_partner[0], &byte, 1) == 1)
		must(write(from_partner[1], &byte, 1) == 1);
	_exit(0);
}

static void do_pipe(void)
{
	char byte = 0;

	if (!partner)
		start_partner();
	must(write(to_partner[1], &byte, 1) == 1 && read(from_partner[0], &byte, 1) == 1);
}

static void do_compute(void)
{
	for (volatile int i = 0; i < 10000; i++)
		;
}

static const struct work {
	const char *name;
	void (*once)(void);
} works[] = {{"fork", do_fork}, {"fault", do_fault}, {"pipe", do_pipe}, {"compute", do_compute}};

/* ---- measuring ---- */

static void work_until_the_end(const struct work *work, int place)
{
	uint64_t done = 0;

	work->once();
	while (now() < shared->start)
		sched_yield();
	for (; now() < shared->end; done++)
		work->once();
	shared->done[place] = done;
	if (partner) {
		close(to_partner[1]);
		waitpid(partner, NULL, 0);
	}
	_exit(0);
}

/* How often a second all workers together do it, on so many CPUs. */
static uint64_t measure(const struct work *work, int cpus, unsigned milliseconds)
{
	cpu_set_t set;
	int status;
	uint64_t done = 0;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < cpus; cpu++)
		CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
	shared->start = now() + 20 * NS_PER_MS;
	shared->end = shared->start + (uint64_t)milliseconds * NS_PER_MS;
	for (int i = 0; i < WORKERS; i++)
		if (fork() == 0)
			work_until_the_end(work, i);
	for (int i = 0; i < WORKERS; i++)
		must(wait(&status) > 0 && status == 0);
	for (int i = 0; i < WORKERS; i++)
		done += shared->done[i];
	return done * MS_PER_S / milliseconds;
}

int main(int argc, char **argv)
{
	unsigned milliseconds = argc > 1 ? (unsigned)atoi(argv[1]) : 500;
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 3;

	if (!milliseconds || !rounds || sysconf(_SC_NPROCESSORS_ONLN) < WORKERS) {
		fprintf(stderr,
			"usage: scaling [MILLISECONDS [ROUNDS [WORK]]], on two CPUs or more\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(shared != MAP_FAILED);
	printf("%-10s %12s %12s %8s\n", "a second", "one CPU", "two CPUs", "ratio");
	for (unsigned i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (argc > 3 && strcmp(argv[3], works[i].name) != 0)
			continue;
		uint64_t one = 0, two = 0;
		for (unsigned round = 0; round < rounds; round++) {
			uint64_t done = measure(&works[i], 1, milliseconds);
			one = done > one ? done : one;
			done = measure(&works[i], WORKERS, milliseconds);
			two = done > two ? done : two;
		}
		printf("%-10s %12llu %12llu %8.2f\n", works[i].name, (unsigned long long)one,
		       (unsigned long long)two, one ? (double)two / (double)one : 0.0);
	}
	return 0;
}
