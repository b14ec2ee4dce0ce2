/* prog_file_exec.c: programs that are files like others: copied, run, written to while they run. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

/* Copy this program; open for writing when it returns. */
static int copy_self(const char *to)
{
	static char buffer[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open(to, O_CREAT | O_RDWR, 0755);
	ssize_t bytes;

	while ((bytes = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)bytes) != bytes)
			perror("write");
	close(in);
	return out;
}

static void run(const char *what, const char *path, const char *argument)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execl(path, path, argument, (char *)NULL);
		printf("execl: %s\n", strerror(errno));
		fflush(stdout);
		_exit(126);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status))
		printf("%s: status %d\n", what, WEXITSTATUS(status));
	else
		printf("%s: signal %d\n", what, WTERMSIG(status));
}

static void be_the_copy(const char *path)
{
	result("write to what runs", open(path, O_WRONLY));
	result("O_TRUNC of what runs", open(path, O_RDONLY | O_TRUNC));
	result("truncate what runs", truncate(path, 0));
	int fd = open(path, O_RDONLY);
	result("read what runs", fd < 0 ? -1 : 0);
	close(fd);
	result("chmod what runs", chmod(path, 0700));
	result("unlink what runs", unlink(path));
	result("make another of that name",
	       open(path, O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 ? -1 : 0);
	/* This code is still there. */
	run("run another with the same name", path, NULL);
	fflush(stdout);
	_exit(42);
}

int main(int argc, char **argv)
{
	/* A tmpfs on Linux, too. */
	char scratch[] = "/dev/shm/exec-XXXXXX";

	if (argc > 1)
		be_the_copy(argv[0]);
	if (!mkdtemp(scratch) || chdir(scratch)) {
		perror(scratch);
		return 1;
	}
	int fd = copy_self("copy");
	run("run while it is open for writing", "./copy", "x");
	close(fd);
	run("run it", "./copy", "x");
	fd = open("script", O_CREAT | O_WRONLY, 0755);
	write(fd, "#!./no-such-interpreter\n", 24);
	close(fd);
	run("run a script without an interpreter", "./script", NULL);
	fd = open("empty", O_CREAT | O_WRONLY, 0755);
	close(fd);
	run("run an empty file", "./empty", NULL);
	truncate("empty", 1 << 20);
	run("run a hole", "./empty", NULL);
	unlink("copy");
	unlink("script");
	unlink("empty");
	result("rmdir", rmdir(scratch));
	return 0;
}
