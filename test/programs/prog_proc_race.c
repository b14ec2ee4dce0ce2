/*
 * prog_proc_race.c: /proc is read while processes come and go. Each file of a process that is gone
 * says so, or is empty; none of them hangs, and nothing is lost.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 60
#define KEPT     8
#define PAGE     4096

static const char *const files[] = {"maps", "smaps", "stat", "statm", "status", "cmdline", "comm"};

static int odd_errors; /* any that no race explains */

static void look_at(int error)
{
	if (error != ENOENT && error != ESRCH) {
		odd_errors++;
		printf("an odd error: %s\n", strerror(error));
	}
}

static void read_file(const char *path)
{
	char text[700];
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0) {
		look_at(errno);
		return;
	}
	while ((got = read(fd, text, sizeof(text))) > 0)
		;
	if (got < 0)
		look_at(errno);
	close(fd);
}

/* All files of all processes, once. */
static void read_all(int parent)
{
	DIR *proc = opendir("/proc");
	char path[300];

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		if (atoi(entry->d_name) < parent) /* of this test alone */
			continue;
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			snprintf(path, sizeof(path), "/proc/%s/%s", entry->d_name, files[i]);
			read_file(path);
		}
	}
	if (proc)
		closedir(proc);
}

static void live_shortly(int number)
{
	char *area =
		mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < number % 64; i++)
		area[i * PAGE] = 1;
	if (number % 3 == 0)
		munmap(area, 32 * PAGE);
	_exit(number);
}

int main(void)
{
	int kept[KEPT], sum = 0, gone = 0, status, parent = getpid(), stop[2];

	if (pipe(stop))
		return 1;
	pid_t reader = fork();
	if (!reader) {
		char byte;
		fcntl(stop[0], F_SETFL, O_NONBLOCK);
		do
			read_all(parent);
		while (read(stop[0], &byte, 1) < 0);
		_exit(odd_errors);
	}
	for (int i = 0; i < CHILDREN; i++) {
		char path[64];
		pid_t child = fork();
		if (!child)
			live_shortly(i);
		snprintf(path, sizeof(path), "/proc/%d/%s", child, i % 2 ? "stat" : "smaps");
		if (i < KEPT)
			kept[i] = open(path, O_RDONLY);
		read_file(path);
		waitpid(child, &status, 0);
		sum += WEXITSTATUS(status);
	}
	for (int i = 0; i < KEPT; i++) {
		char byte;
		gone += read(kept[i], &byte, 1) < 0 && errno == ESRCH;
		close(kept[i]);
	}
	if (write(stop[1], "x", 1) != 1)
		return 1;
	waitpid(reader, &status, 0);
	printf("children: %d, files of those who are gone: %d of %d\n", sum, gone, KEPT);
	printf("odd errors: %d, the reader's: %d\n", odd_errors, WEXITSTATUS(status));
	return 0;
}
