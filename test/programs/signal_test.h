/* signal_test.h: what the programs about signals share. Standard output is empty at each fork: what
 * stands in it would be printed twice. */
#ifndef TEST_PROGRAMS_SIGNAL_TEST_H
#define TEST_PROGRAMS_SIGNAL_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void say(const char *what, long value)
{
	printf("%s: %ld\n", what, value);
	fflush(stdout);
}

/* A call's result, or the error's name. */
static inline void say_result(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static inline void say_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exited with %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: killed by signal %d\n", what, WTERMSIG(status));
	else if (WIFSTOPPED(status))
		printf("%s: stopped by signal %d\n", what, WSTOPSIG(status));
	else if (WIFCONTINUED(status))
		printf("%s: continued\n", what);
	fflush(stdout);
}

static inline void set_handler(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(signal, &action, NULL);
}

static inline void set_info_handler(int signal, void (*handler)(int, siginfo_t *, void *),
				    int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

	sigaction(signal, &action, NULL);
}

/* SIG_BLOCK or SIG_UNBLOCK one signal. */
static inline void mask_signal(int how, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(how, &set, NULL);
}

static inline int is_blocked(int signal)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, signal);
}

static inline int is_pending(int signal)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, signal);
}

/* Wait until `process` sleeps in a system call, has stopped, or has ended: its state then, as
 * /proc/<pid>/stat has it. */
static inline char wait_asleep(pid_t process)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
	for (;;) {
		int file = open(path, O_RDONLY);
		ssize_t bytes = read(file, text, sizeof(text) - 1);
		close(file);
		if (bytes <= 0)
			return 0;
		text[bytes] = 0;
		const char *name_end = strrchr(text, ')');
		if (name_end && strchr("STZ", name_end[2]))
			return name_end[2];
	}
}

#endif
