/*
 * prog_signals_fatal.c HOW: die in the way that is asked for, after a line of output.
 * HOW is segv, abort, divide, illegal, trap, bus, stack, a signal's number (to send to oneself), or
 * "all": a child for each signal that kills by default, and its status printed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *how)
{
	volatile int zero = 0;

	if (strcmp(how, "segv") == 0)
		*(volatile int *)(long)zero = 1;
	else if (strcmp(how, "abort") == 0)
		abort();
	else if (strcmp(how, "divide") == 0)
		zero = 100 / zero;
	else if (strcmp(how, "illegal") == 0)
		__asm__ volatile("ud2");
	else if (strcmp(how, "trap") == 0)
		__asm__ volatile("int3");
	else if (strcmp(how, "privileged") == 0)
		__asm__ volatile("hlt");
	else if (strcmp(how, "noncanonical") == 0)
		(void)*(volatile char *)0x0001000000000000ul;
	else
		raise(atoi(how));
}

static void report_child(const char *how)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		die(how);
		_exit(77);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: killed by signal %d\n", how, WTERMSIG(status));
	else
		printf("%s: exited with %d\n", how, WEXITSTATUS(status));
}

static void report_all(void)
{
	static const char *const ways[] = {"segv", "abort",      "divide",      "illegal",
					   "trap", "privileged", "noncanonical"};
	char number[8];

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		report_child(ways[i]);
	for (int sent = 1; sent <= 31; sent++) {
		if (sent == SIGSTOP || sent == SIGTSTP || sent == SIGTTIN || sent == SIGTTOU)
			continue; /* they stop, and nobody would continue the child */
		snprintf(number, sizeof(number), "%d", sent);
		report_child(number);
	}
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "all";

	printf("%s\n", how);
	fflush(stdout);
	if (strcmp(how, "all") == 0)
		report_all();
	else
		die(how);
	return 0;
}
