/*
 * kill_all.c: kill(-1): a child sends a signal to all processes. On the build host it would reach
 * more than the test's own, so this runs in Quire alone, and says itself what should be.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 3

static volatile sig_atomic_t calls;

static void count(int signal)
{
	calls++;
}

static pid_t start(int pauses)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	signal(SIGTERM, SIG_DFL);
	while (pauses)
		pause();
	int result = kill(-1, SIGTERM);
	_exit(result ? errno : 0);
}

int main(void)
{
	pid_t children[CHILDREN];
	int status, wrong = 0;

	/* Nobody is there but this one, which is process 1 or the caller. */
	if (kill(-1, 0) != -1 || errno != ESRCH)
		printf("kill(-1) found somebody\n");
	signal(SIGTERM, count);
	for (int i = 0; i < CHILDREN; i++)
		children[i] = start(1);
	pid_t caller = start(0);
	for (int i = 0; i < CHILDREN; i++)
		wrong += waitpid(children[i], &status, 0) != children[i] || !WIFSIGNALED(status) ||
			 WTERMSIG(status) != SIGTERM;
	printf("children that did not end by it: %d\n", wrong);
	wrong = waitpid(caller, &status, 0) != caller || !WIFEXITED(status);
	printf("the caller ended by it: %d\n", wrong);
	/* Process 1 is spared. */
	printf("this one got it as it should: %d\n", calls == (getpid() != 1));
	return 0;
}
