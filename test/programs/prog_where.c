/*
 * prog_where.c [NAME]: what a program can know about how it was started: its arguments byte for
 * byte, its working directory, its file, its terminals, and the variable NAME.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void show(const char *what, const char *text)
{
	printf("%s (%zu): %s\n", what, strlen(text), text);
}

int main(int argc, char **argv)
{
	static char path[PATH_MAX];
	ssize_t bytes;

	for (int i = 0; i < argc; i++)
		show("argument", argv[i]);
	show("directory", getcwd(path, sizeof(path)) ? path : strerror(errno));
	bytes = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[bytes > 0 ? bytes : 0] = '\0';
	show("file", bytes > 0 ? path : strerror(errno));
	for (int fd = 0; fd < 3; fd++)
		printf("%d is %sa terminal\n", fd, isatty(fd) ? "" : "not ");
	if (argc > 1 && getenv(argv[1]))
		show("variable", getenv(argv[1]));
	return 0;
}
