/*
 * prog_exec_scripts.c: scripts whose interpreters are scripts, as many as may be, and one more;
 * what arguments the program at the end finds.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdlib.h>
#include <sys/stat.h>

#define DEPTH_MAX 7
#define SHOW      "show these"

static int show(int argc, char **argv)
{
	printf("%d arguments:", argc);
	for (int i = 1; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf("\n");
	return 0;
}

/* "s0" is interpreted by this program, and each other one by the one before it. */
static void make_script(int depth)
{
	char name[16], text[64];

	snprintf(name, sizeof(name), "./s%d", depth);
	if (depth)
		snprintf(text, sizeof(text), "#!./s%d %d\n", depth - 1, depth);
	else
		snprintf(text, sizeof(text), "#!./program " SHOW "\n");
	int file = open(name, O_CREAT | O_WRONLY, 0755);
	write(file, text, strlen(text));
	close(file);
}

static void run(int depth)
{
	char name[16];
	char *arguments[] = {name, "argument", NULL};
	int status;

	snprintf(name, sizeof(name), "./s%d", depth);
	printf("%d scripts\n", depth + 1);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execv(name, arguments);
		say_result("execve", -1);
		_exit(1);
	}
	waitpid(child, &status, 0);
	say_status("it", status);
}

static void copy_self(void)
{
	char buffer[65536];
	int from = open("/proc/self/exe", O_RDONLY), to = open("program", O_CREAT | O_WRONLY, 0755);
	ssize_t bytes;

	while ((bytes = read(from, buffer, sizeof(buffer))) > 0)
		write(to, buffer, (size_t)bytes);
	close(from);
	close(to);
}

int main(int argc, char **argv)
{
	char scratch[] = "/dev/shm/scripts-XXXXXX", name[16];

	if (argc > 1 && !strcmp(argv[1], SHOW))
		return show(argc, argv);
	if (!mkdtemp(scratch) || chdir(scratch)) {
		perror(scratch);
		return 1;
	}
	copy_self();
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		make_script(depth);
		run(depth);
	}
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		snprintf(name, sizeof(name), "./s%d", depth);
		unlink(name);
	}
	unlink("program");
	rmdir(scratch);
	return 0;
}
