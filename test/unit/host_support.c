/* host_support.c: what the kernel's code under test needs of the kernel, on the host: the log and
 * panic(). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dies.h"

static enum log_level max_level = LOG_WARNING;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;

	if (level > max_level)
		return;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void log_fact(const char *format, ...)
{
}

/* abort() lets the sanitizer print a backtrace and makes the exit status nonzero. */
void panic(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("panic: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

bool dies(void (*run)(void))
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		run();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status != 0;
}
