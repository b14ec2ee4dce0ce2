/* prog_close_range.c: close_range, and programs that are named by a descriptor (execveat). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOEXEC_FLAG (1u << 2)
#define UNSHARE_FLAG (1u << 1)
#define LAST         40

static void open_some(void)
{
	for (int fd = 3; fd <= LAST; fd++)
		dup2(1, fd);
}

static void show(const char *what, long result)
{
	printf("%s: %ld%s%s:", what, result, result < 0 ? " " : "",
	       result < 0 ? strerror(errno) : "");
	for (int fd = 3; fd <= LAST; fd++) {
		int flags = fcntl(fd, F_GETFD);
		putchar(flags < 0 ? '.' : flags ? 'x' : 'o');
	}
	putchar('\n');
}

static void ranges(void)
{
	open_some();
	show("all open", 0);
	show("5 to 9", syscall(SYS_close_range, 5u, 9u, 0));
	show("again", syscall(SYS_close_range, 5u, 9u, 0));
	show("30 to the end", syscall(SYS_close_range, 30u, ~0u, 0));
	show("beyond", syscall(SYS_close_range, 100000u, ~0u, 0));
	show("the wrong way", syscall(SYS_close_range, 9u, 8u, 0));
	show("an unknown flag", syscall(SYS_close_range, 3u, 8u, 1));
	show("close on exec", syscall(SYS_close_range, 10u, 20u, CLOEXEC_FLAG));
	dup2(1, 35);
	dup2(1, 12);
	show("new ones", 0);
	show("with unshare", syscall(SYS_close_range, 3u, 3u, UNSHARE_FLAG));
	show("the rest", syscall(SYS_close_range, 3u, ~0u, 0));
}

static void run_at(const char *what, int directory, const char *path, int flags)
{
	char *arguments[] = {"named", (char *)what, NULL}, *environment[] = {NULL};
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		syscall(SYS_execveat, directory, path, arguments, environment, flags);
		printf("%s: %s\n", what, strerror(errno));
		fflush(stdout);
		_exit(1);
	}
	waitpid(child, &status, 0);
}

static void by_descriptor(char *self)
{
	char *slash = strrchr(self, '/'), *name = slash + 1;
	int program = open(self, O_PATH | O_CLOEXEC), script;

	*slash = 0;
	int folder = open(self, O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	run_at("absolute", -1, self, 0);
	run_at("in a folder", folder, name, 0);
	run_at("itself", program, "", AT_EMPTY_PATH);
	run_at("empty", program, "", 0);
	run_at("no folder", program, name, 0);
	run_at("no descriptor", -1, name, 0);
	run_at("a folder", folder, "", AT_EMPTY_PATH);
	run_at("unknown flag", folder, name, 1);
	run_at("no such", folder, "nope", 0);
	symlink(self, "/tmp/prog_close_range_link");
	run_at("link", AT_FDCWD, "/tmp/prog_close_range_link", 0);
	run_at("link itself", AT_FDCWD, "/tmp/prog_close_range_link", AT_SYMLINK_NOFOLLOW);
	unlink("/tmp/prog_close_range_link");
	script = open("/tmp/prog_close_range_script", O_CREAT | O_WRONLY, 0755);
	dprintf(script, "#!%s script\n", self);
	close(script);
	script = open("/tmp/prog_close_range_script", O_RDONLY);
	run_at("a script", script, "", AT_EMPTY_PATH);
	unlink("/tmp/prog_close_range_script");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			printf("%s%s", argv[i], i + 1 < argc ? ", " : "\n");
		return 0;
	}
	mkdir("/tmp", 01777);
	ranges();
	by_descriptor(argv[0]);
	return 0;
}
