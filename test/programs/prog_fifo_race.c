/*
 * prog_fifo_race.c: both ends of a FIFO are opened at the same time, and the writer's is closed as
 * soon as it can be: the reader must have seen that it was there. To be run on several CPUs.
 *
 *	prog_fifo_race ROUNDS
 *
 * A wake-up that is lost ends it after a while, and is told.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS     20 /* for ROUNDS_EACH rounds, that take far less than one */
#define ROUNDS_EACH 500

static const char lost[] = "a wake-up was lost\n";

static void on_alarm(int signal)
{
	(void)signal;
	_exit(write(STDOUT_FILENO, lost, sizeof(lost) - 1) > 0 ? 3 : 4);
}

static void begin_round(int round)
{
	if (round % ROUNDS_EACH == 0)
		alarm(SECONDS);
}

static void write_rounds(const char *path, int rounds, int done)
{
	char byte = 'x';

	for (int i = 0; i < rounds; i++) {
		int fd = open(path, O_WRONLY);
		if (write(fd, &byte, 1) != 1)
			_exit(1);
		close(fd);
		if (read(done, &byte, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static int meet(int rounds)
{
	char path[] = "/tmp/wake_race.XXXXXX", byte = 0;
	int done[2], status = 0, got = 0;

	if (!mkdtemp(path) || chdir(path) || mkfifo("fifo", 0600) || pipe(done))
		return 1;
	if (!fork())
		write_rounds("fifo", rounds, done[0]);
	for (int i = 0; i < rounds; i++) {
		begin_round(i);
		int fd = open("fifo", O_RDONLY);
		while (read(fd, &byte, 1) == 1)
			got++;
		close(fd);
		if (write(done[1], &byte, 1) != 1)
			return 1;
	}
	wait(&status);
	printf("%s, status %d\n", got == rounds ? "all bytes came" : "bytes were lost", status);
	unlink("fifo");
	rmdir(path);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGALRM, on_alarm);
	return argc == 2 ? meet(atoi(argv[1])) : 2;
}
