/* prog_fork_signals.c: signals for the whole group come while its processes are made and end. A
 * child may be signalled, and woken, as soon as it can be found: before its parent has let it run,
 * if another processor is fast. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 2000

static void handle(int number)
{
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
	unsigned ended = 0;
	pid_t sender;

	setpgid(0, 0);
	sigaction(SIGUSR1, &action, NULL);
	sender = fork();
	if (!sender) {
		signal(SIGUSR1, SIG_IGN);
		for (;;)
			kill(0, SIGUSR1);
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		pid_t child = fork();
		int status;
		if (child == 0)
			_exit(i & 0x7f);
		if (child < 0 || waitpid(child, &status, 0) != child) {
			perror("fork or wait");
			return 1;
		}
		ended += WIFEXITED(status) && WEXITSTATUS(status) == (int)(i & 0x7f);
	}
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	printf("%u children\n", ended);
	return 0;
}
