/*
 * prog_wait_nobody.c: a thread waits for children while another one makes some that do not come to
 * be, or that are its parent's. There is nobody to wait for, at any moment.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define FAILURES  600
#define SIBLINGS  30 /* or the kernel may make a table for stacks, which it keeps */
#define BAD_TLS   0xffff800000000000ul
#define LIMIT_SEC 60

static volatile int is_done;
static int refused;

static void *fail_to_fork(void *argument)
{
	for (int i = 0; i < FAILURES; i++)
		refused += syscall(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, NULL, NULL, BAD_TLS) < 0;
	is_done = 1;
	return NULL;
}

static void *make_siblings(void *argument)
{
	for (int i = 0; i < SIBLINGS; i++)
		if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, NULL, NULL, 0) == 0)
			_exit(0);
	is_done = 1;
	return NULL;
}

/* How many answers were another one than that there is no child. */
static int wait_meanwhile(void *(*run)(void *))
{
	int status, others = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, run, NULL);
	while (!is_done) {
		others += wait4(-1, &status, WNOHANG, NULL) >= 0 || errno != ECHILD;
		others += wait4(-1, &status, 0, NULL) >= 0 || errno != ECHILD;
	}
	pthread_join(thread, NULL);
	return others;
}

int main(void)
{
	int status, ended = 0;
	pid_t middle;

	alarm(LIMIT_SEC);
	say("wrong answers beside children that fail", wait_meanwhile(fail_to_fork));
	say("failed", refused);
	if ((middle = fork()) == 0) {
		is_done = 0;
		alarm(LIMIT_SEC);
		_exit(wait_meanwhile(make_siblings));
	}
	for (int i = 0; i <= SIBLINGS; i++)
		if (wait(&status) == middle)
			say_status("beside siblings", status);
		else
			ended += WIFEXITED(status);
	say("siblings", ended);
	return 0;
}
