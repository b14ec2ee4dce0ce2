/* prog_exit.c HOW [STATUS]: the ways to end well: return, exit, _exit, quick_exit, and what runs
 * then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void first(void)
{
	printf("registered first, runs last\n");
}

static void second(void)
{
	printf("registered second, runs first\n");
}

static void __attribute__((constructor)) before_main(void)
{
	printf("constructor\n");
}

static void __attribute__((destructor)) after_main(void)
{
	printf("destructor\n");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	int status = argc > 2 ? atoi(argv[2]) : 0;

	printf("main, %s %d\n", how, status);
	atexit(first);
	atexit(second);
	if (strcmp(how, "exit") == 0)
		exit(status);
	if (strcmp(how, "_exit") == 0) {
		fflush(stdout);
		printf("this line is never flushed\n");
		_exit(status);
	}
	if (strcmp(how, "unflushed") == 0) {
		fputs("no newline at the end", stdout);
		exit(status);
	}
	return status;
}
