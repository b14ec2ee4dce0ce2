/*
 * prog_process.c: processes that are made, wait, talk through pipes and memory, and are killed.
 * What is printed does not depend on which of them runs first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FORKS      100
#define CHUNK      10000
#define CHUNKS     60
#define MS         1000
#define LATE_TIMES 100

static char buffer[CHUNK];
static volatile int *shared; /* a page that all processes see */

/* Standard output is empty at each fork: what stands in it would be printed twice. */
static void say(const char *what, long value)
{
	printf("%s: %ld\n", what, value);
	fflush(stdout);
}

static int wait_for(pid_t child)
{
	int status = -1;

	return waitpid(child, &status, 0) == child ? status : -1;
}

static void one_after_the_other(void)
{
	int sum = 0;

	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(i % 7);
		sum += WEXITSTATUS(wait_for(child));
	}
	say("statuses of children, one after the other", sum);
}

static void all_at_once(void)
{
	int sum = 0, status;

	for (int i = 0; i < FORKS / 2; i++)
		if (fork() == 0) {
			for (volatile int spin = 0; spin < 20000; spin++)
				;
			_exit(3);
		}
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	say("statuses of children, all at once", sum);
	say("and then there is none", errno == ECHILD);
}

/* The child never gives up the processor by itself. */
static void taken_from_a_spinner(void)
{
	pid_t child = fork();

	if (child == 0) {
		while (!shared[0])
			;
		shared[1] = 42;
		_exit(0);
	}
	usleep(20 * MS);
	shared[0] = 1;
	wait_for(child);
	say("the spinner saw it", shared[1]);
}

static void write_chunks(int fd)
{
	for (int i = 0; i < CHUNKS; i++) {
		memset(buffer, i, sizeof(buffer));
		if (write(fd, buffer, sizeof(buffer)) != (ssize_t)sizeof(buffer))
			_exit(1);
	}
	_exit(0);
}

static void more_than_a_pipe_holds(void)
{
	int ends[2];
	long total = 0, sum = 0;
	ssize_t count;

	if (pipe(ends) != 0)
		return;
	pid_t child = fork();
	if (child == 0)
		write_chunks(ends[1]);
	close(ends[1]);
	while ((count = read(ends[0], buffer, 7777)) > 0) {
		total += count;
		for (ssize_t i = 0; i < count; i++)
			sum += buffer[i];
	}
	close(ends[0]);
	say("bytes through a pipe", total);
	say("their sum", sum);
	say("the writer's status", wait_for(child));
}

static void poll_a_pipe(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		return;
	struct pollfd entry = {.fd = ends[0], .events = POLLIN};
	say("poll of an empty pipe", poll(&entry, 1, 20));
	pid_t child = fork();
	if (child == 0) {
		usleep(10 * MS);
		_exit(write(ends[1], "hello", 5) != 5);
	}
	say("poll until there is something", poll(&entry, 1, 10000));
	say("its events", entry.revents);
	say("read", read(ends[0], buffer, sizeof(buffer)));
	say("the writer's status", wait_for(child));
	close(ends[1]);
	say("poll without a writer", poll(&entry, 1, -1));
	say("its events", entry.revents);
	close(ends[0]);
}

static void spin(void)
{
	for (;;)
		;
}

static void sleep_long(void)
{
	sleep(LATE_TIMES);
}

static void read_nothing(void)
{
	int ends[2];

	if (pipe(ends) == 0 && read(ends[0], buffer, 1) == 1)
		_exit(1);
}

static void break_a_pipe(void)
{
	int ends[2];

	if (pipe(ends) == 0 && close(ends[0]) == 0 && write(ends[1], "x", 1) == 1)
		_exit(1);
}

static void killed(const char *what, void (*busy)(void), int signal)
{
	pid_t child = fork();

	if (child == 0) {
		busy();
		_exit(99);
	}
	usleep(10 * MS);
	if (signal)
		kill(child, signal);
	say(what, wait_for(child));
}

static void semaphores(void)
{
	sem_t *semaphore = (sem_t *)(shared + 64);
	struct timespec until;

	sem_init(semaphore, 1, 0);
	pid_t child = fork();
	if (child == 0) {
		usleep(10 * MS);
		_exit(sem_post(semaphore));
	}
	say("a semaphore that another process raises", sem_wait(semaphore));
	say("the other's status", wait_for(child));
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec = (until.tv_nsec + 20000000) % 1000000000;
	until.tv_sec += until.tv_nsec < 20000000;
	say("one that nobody raises", sem_timedwait(semaphore, &until));
	say("it timed out", errno == ETIMEDOUT);
}

static void blocked_signals(void)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR1);
	sigpending(&set);
	say("a blocked signal is pending", sigismember(&set, SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	sigprocmask(SIG_SETMASK, &old, NULL);
	say("and forgotten once it is ignored", 1);
	signal(SIGCHLD, SIG_IGN);
	pid_t child = fork();
	if (child == 0)
		_exit(5);
	say("who ignores its children can't wait for them", wait_for(child));
	signal(SIGCHLD, SIG_DFL);
}

/* A child dies at once; who adopts its own child? */
static void orphans(void)
{
	int adopts = -1, status = -1;
	pid_t self = getpid();

	prctl(PR_SET_CHILD_SUBREAPER, 7);
	prctl(PR_GET_CHILD_SUBREAPER, &adopts);
	say("it adopts", adopts);
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_GET_CHILD_SUBREAPER, &adopts);
		child = getpid();
		if (fork() != 0)
			_exit(adopts);
		while (getppid() == child)
			sched_yield();
		_exit(getppid() == self ? 21 : 22);
	}
	say("its child does not", wait_for(child));
	say("it waits for the orphan", wait(&status) > 0 ? status : -1);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

int main(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	one_after_the_other();
	all_at_once();
	taken_from_a_spinner();
	more_than_a_pipe_holds();
	poll_a_pipe();
	killed("a spinner, terminated", spin, SIGTERM);
	killed("a sleeper, killed", sleep_long, SIGKILL);
	killed("a reader, interrupted", read_nothing, SIGINT);
	killed("a writer without a reader", break_a_pipe, 0);
	semaphores();
	blocked_signals();
	orphans();
	return 17;
}
