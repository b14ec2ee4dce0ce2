/*
 * prog_clock_token.c: time never runs backwards from one processor to the next. A process on each
 * processor (four at most) takes its turn: it reads the clock, which must show no less than the one
 * before has read, and hands on what it has read.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 4
#define TURNS         2000

static struct {
	uint64_t shown;
	int back;
} * token;
static int pipes[PROCESSES_MAX][2];

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void take_turns(int me, int processes, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		exit(3);
	for (int turn = me; turn < TURNS; turn += processes) {
		char byte;
		if (read(pipes[me][0], &byte, 1) != 1)
			exit(3);
		uint64_t time = now();
		token->back += time < token->shown;
		token->shown = time;
		if (write(pipes[(me + 1) % processes][1], &byte, 1) != 1)
			exit(3);
	}
	exit(0);
}

int main(void)
{
	cpu_set_t all;
	int cpus[PROCESSES_MAX], processes = 0, status, bad = 0;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return 2;
	for (int cpu = 0; cpu < CPU_SETSIZE && processes < PROCESSES_MAX; cpu++)
		if (CPU_ISSET(cpu, &all))
			cpus[processes++] = cpu;
	token = mmap(NULL, sizeof(*token), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (token == MAP_FAILED)
		return 2;
	for (int i = 0; i < processes; i++)
		if (pipe(pipes[i]) < 0)
			return 2;
	if (write(pipes[0][1], "", 1) != 1)
		return 2;
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			take_turns(i, processes, cpus[i]);
	while (wait(&status) > 0)
		bad |= status;
	printf("%d steps back\n", token->back);
	return bad ? 3 : 0;
}
