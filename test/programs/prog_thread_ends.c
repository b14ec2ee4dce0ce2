/*
 * prog_thread_ends.c [SEED [CHILDREN]]: processes of several threads end in all ways at once: by
 * exit, exit_group, signals and execve of any thread, while others fork, stop and go on. Each of
 * them ends, and can be waited for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 6
#define THREADS 4

static __thread uint64_t state;
static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % limit;
}

static void set_seed(uint64_t number)
{
	state = (seed + 1) * 0x9e3779b97f4a7c15ull + number * 0xbf58476d1ce4e5b9ull + 1;
	for (int i = 0; i < 8; i++)
		random_below(2);
}

static void execute(int left)
{
	char numbers[2][24];
	char *arguments[] = {"prog", "again", numbers[0], numbers[1], NULL};

	snprintf(numbers[0], sizeof(numbers[0]), "%d", left);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", random_below(1u << 30));
	execv("/proc/thread-self/exe", arguments);
	_exit(90);
}

static void fork_and_wait(bool quickly)
{
	int status;
	pid_t child = quickly ? vfork() : fork();

	if (!child)
		_exit(0);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
}

static volatile int generations; /* how often it may execute itself again */

static void *act(void *argument);

static void start(uint64_t number)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, act, (void *)(long)number))
		pthread_detach(thread);
}

static void *act(void *argument)
{
	set_seed((uint64_t)(long)argument);
	for (;;) {
		switch (random_below(12)) {
		case 0:
			syscall(SYS_exit_group, 0);
			break;
		case 1:
			return NULL;
		case 2:
			kill(getpid(), random_below(2) ? SIGKILL : SIGTERM);
			break;
		case 3:
			if (generations)
				execute(generations - 1);
			break;
		case 4:
		case 5:
			fork_and_wait(random_below(2));
			break;
		case 6:
			kill(getpid(), SIGSTOP); /* the parent has it go on */
			break;
		case 7:
			start(random_below(1u << 30));
			break;
		case 8:
			syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
			break;
		default:
			sched_yield();
		}
	}
}

static void ignore(int signal)
{
}

static void run_child(int left, uint64_t number)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing is left of a test that was given up */
	generations = left;
	signal(SIGUSR1, ignore);
	for (uint64_t i = 1; i < THREADS; i++)
		start(number * THREADS + i);
	act((void *)(long)(number * THREADS));
	pthread_exit(NULL);
}

/* Who stops goes on, or is killed. */
static bool has_ended(pid_t child, int status)
{
	if (!WIFSTOPPED(status))
		return true;
	kill(child, random_below(4) ? SIGCONT : SIGKILL);
	return false;
}

/* SIGUSR1 may be pending when execve takes its handler away. */
static bool is_odd(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) != 0;
	return WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM &&
	       WTERMSIG(status) != SIGUSR1;
}

int main(int argc, char **argv)
{
	if (argc == 4) {
		seed = strtoull(argv[3], NULL, 0);
		run_child(atoi(argv[2]), 0);
	}
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int children = argc > 2 ? atoi(argv[2]) : 60, started = 0, ended = 0, odd = 0;
	set_seed(0);
	while (ended < children) {
		int status;
		for (; started < children && started - ended < AT_ONCE; started++)
			if (!fork())
				run_child(2, (uint64_t)started + 1);
		pid_t child = waitpid(-1, &status, WUNTRACED);
		if (child < 0)
			return 1;
		if (!has_ended(child, status))
			continue;
		ended++;
		if (is_odd(status)) {
			printf("a child ends with status %#x\n", (unsigned)status);
			odd++;
		}
	}
	printf("%d children, %d of them odd\n", ended, odd);
	return 0;
}
