/*
 * init.c: the first program, when the machine was not started to run another one. It says what this
 * is, and listens to a few commands until a shell takes its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 256
#define WORDS_MAX  32
#define MIB        (1024 * 1024)

struct words {
	int count;
	char *word[WORDS_MAX + 1]; /* NULL-terminated */
};

struct command {
	const char *name, *help;
	int (*run)(const struct words *words); /* nonzero: leave */
};

static int started_argc;
static char **started_argv;

static void print_memory(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0) {
		printf("sysinfo: %s\n", strerror(errno));
		return;
	}
	unsigned long long unit = info.mem_unit;
	printf("memory   %llu MiB, of which %llu MiB are free and %llu KiB cache files\n",
	       info.totalram * unit / MIB, info.freeram * unit / MIB, info.bufferram * unit / 1024);
	printf("running  for %ld s, %d process%s\n", info.uptime, info.procs,
	       info.procs == 1 ? "" : "es");
}

static void greet(void)
{
	struct utsname name;

	if (uname(&name) != 0)
		strcpy(name.version, "Quire");
	printf("\n%s, a small kernel about virtual memory.\n\n", name.version);
	print_memory();
	printf("started  as process %d, as \"%s\"\n\n", (int)getpid(), started_argv[0]);
	puts("There is no shell yet. This is a monitor with a few commands; `help` lists them.");
	puts("To run a program of yours:  ./quire run PROGRAM");
}

static int run_mem(const struct words *words)
{
	print_memory();
	return 0;
}

static int run_args(const struct words *words)
{
	extern char **environ;

	for (int i = 0; i < started_argc; i++)
		printf("argv[%d] = \"%s\"\n", i, started_argv[i]);
	for (char **variable = environ; *variable; variable++)
		printf("%s\n", *variable);
	return 0;
}

static int run_echo(const struct words *words)
{
	for (int i = 1; i < words->count; i++)
		printf("%s%s", i > 1 ? " " : "", words->word[i]);
	putchar('\n');
	return 0;
}

static int run_cat(const struct words *words)
{
	char buffer[4096];
	ssize_t count = 0;

	for (int i = 1; i < words->count; i++) {
		int fd = open(words->word[i], O_RDONLY);
		fflush(stdout);
		while (fd >= 0 && (count = read(fd, buffer, sizeof(buffer))) > 0)
			if (write(STDOUT_FILENO, buffer, (size_t)count) != count)
				break;
		if (fd < 0 || count < 0)
			printf("%s: %s\n", words->word[i], strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static int run_exit(const struct words *words)
{
	return 1;
}

static int run_help(const struct words *words);

static const struct command commands[] = {
	{"help", "this list", run_help},
	{"mem", "memory and uptime", run_mem},
	{"args", "arguments and environment this program was started with", run_args},
	{"echo", "WORDS...   print them", run_echo},
	{"cat", "FILES...    print files of the initial RAM disk, such as /etc/motd", run_cat},
	{"exit", "end this program, and with it the machine", run_exit},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int run_help(const struct words *words)
{
	for (unsigned i = 0; i < COMMANDS; i++)
		printf("  %-5s %s\n", commands[i].name, commands[i].help);
	puts("  /PATH ...   run that program of the initial RAM disk, and wait for it");
	return 0;
}

static void tell_end(const char *name, int status)
{
	if (WIFSIGNALED(status))
		printf("%s: killed by signal %d (%s)\n", name, WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		printf("%s: status %d\n", name, WEXITSTATUS(status));
}

static void run_program(const struct words *words)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execv(words->word[0], words->word);
		printf("%s: %s\n", words->word[0], strerror(errno));
		fflush(stdout);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		printf("%s: %s\n", words->word[0], strerror(errno));
	else
		tell_end(words->word[0], status);
}

static void split(char *line, struct words *words)
{
	words->count = 0;
	for (char *word = strtok(line, " \t\n"); word && words->count < WORDS_MAX;
	     word = strtok(NULL, " \t\n"))
		words->word[words->count++] = word;
	words->word[words->count] = NULL;
}

static int run_line(char *line)
{
	struct words words;

	split(line, &words);
	if (!words.count)
		return 0;
	for (unsigned i = 0; i < COMMANDS; i++)
		if (strcmp(words.word[0], commands[i].name) == 0)
			return commands[i].run(&words);
	if (words.word[0][0] == '/')
		run_program(&words);
	else
		printf("%s: there is no such command; `help` lists them\n", words.word[0]);
	return 0;
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES];

	started_argc = argc;
	started_argv = argv;
	greet();
	do {
		printf("quire> ");
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin) && !run_line(line));
	puts("bye");
	return EXIT_SUCCESS;
}
