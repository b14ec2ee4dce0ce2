/*
 * init.c: the first program when there is no job to run: says what is there, and answers a few
 * commands on the console. An ordinary static Linux program; it runs on Linux as well.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256
#define TOUCH_MAX_MIB  1024
#define PAGE_BYTES     4096

static void show_memory(void)
{
	struct sysinfo info;

	if (sysinfo(&info)) {
		printf("sysinfo: %s\n", strerror(errno));
		return;
	}
	printf("memory: %lu KiB, of which %lu KiB are free\n", info.totalram * info.mem_unit / 1024,
	       info.freeram * info.mem_unit / 1024);
}

static void show_heap(const char *argument)
{
	unsigned long mib = strtoul(argument, NULL, 10);

	if (mib == 0 || mib > TOUCH_MAX_MIB) {
		printf("usage: touch MIB, 1 to %d\n", TOUCH_MAX_MIB);
		return;
	}
	show_memory();
	char *memory = malloc(mib << 20);
	if (!memory) {
		printf("malloc: %s\n", strerror(errno));
		return;
	}
	printf("allocated %lu MiB: nothing is there until it is touched\n", mib);
	show_memory();
	for (unsigned long at = 0; at < mib << 20; at += PAGE_BYTES)
		*(volatile char *)(memory + at) = 1;
	printf("touched one byte of each page\n");
	show_memory();
	free(memory);
	printf("freed it\n");
	show_memory();
}

static void show_system(const char *argument)
{
	struct utsname name;

	(void)argument;
	if (uname(&name) == 0)
		printf("%s %s %s\n", name.sysname, name.release, name.machine);
}

static void show_time(const char *argument)
{
	struct timespec now;

	(void)argument;
	if (clock_gettime(CLOCK_MONOTONIC, &now) == 0)
		printf("up %lld.%03ld seconds\n", (long long)now.tv_sec, now.tv_nsec / 1000000);
}

static void show_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char buffer[LINE_MAX_BYTES];
	size_t bytes;

	if (!file) {
		printf("%s: %s\n", path, strerror(errno));
		return;
	}
	while ((bytes = fread(buffer, 1, sizeof(buffer), file)) > 0)
		fwrite(buffer, 1, bytes, stdout);
	fclose(file);
}

static void show_free(const char *argument)
{
	(void)argument;
	show_memory();
}

static void show_help(const char *argument);

static const struct {
	const char *name, *argument, *what;
	void (*run)(const char *argument);
} commands[] = {
	{"help", "", "this list", show_help},
	{"mem", "", "memory, all and free", show_free},
	{"touch", " MIB", "allocate memory and touch it, and watch where it goes", show_heap},
	{"cat", " FILE", "print a file of the initial RAM disk", show_file},
	{"uname", "", "what system this is", show_system},
	{"uptime", "", "how long it has run", show_time},
};

static void show_help(const char *argument)
{
	(void)argument;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  %s%-*s %s\n", commands[i].name, (int)(12 - strlen(commands[i].name)),
		       commands[i].argument, commands[i].what);
	printf("  exit         end, and power off\n");
}

/* false: the command was to end. */
static bool obey(char *line)
{
	char *name = strtok(line, " \t\r\n");
	char *argument = strtok(NULL, " \t\r\n");

	if (!name)
		return true;
	if (strcmp(name, "exit") == 0)
		return false;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0) {
			commands[i].run(argument ? argument : "");
			return true;
		}
	printf("%s: there is no such command; try help\n", name);
	return true;
}

int main(void)
{
	char line[LINE_MAX_BYTES];

	printf("\nWelcome to Quire.\n");
	show_file("/etc/motd");
	show_memory();
	printf("There is no shell yet; these commands are there:\n");
	show_help("");
	do {
		printf("quire> ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			printf("\n");
			break;
		}
	} while (obey(line));
	printf("Good-bye.\n");
	return 0;
}
