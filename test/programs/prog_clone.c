/* prog_clone.c: what a child of clone(2) shares, how its end is told, and unshare(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 65536

static char *stack;
static int value;

static void show(const char *what, long result)
{
	printf("%s: %s%s\n", what, result < 0 ? strerror(errno) : "done",
	       result > 0 ? " (positive)" : "");
	fflush(stdout);
}

static int change_all(void *argument)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)argument;
	if (fd != 10)
		dup2(fd, 10);
	umask(07);
	if (chdir("/dev"))
		return 1;
	value = 5;
	return 3;
}

static int set_handler(void *argument)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	(void)argument;
	return sigaction(SIGUSR2, &action, NULL) ? 1 : 4;
}

static void tell_state(const char *what)
{
	char directory[128];
	mode_t mask = umask(022);
	struct sigaction action;

	umask(mask);
	sigaction(SIGUSR2, NULL, &action);
	printf("%s: fd 10 %s, umask %03o, in %s, value %d, SIGUSR2 %s\n", what,
	       fcntl(10, F_GETFD) < 0 ? "closed" : "open", (unsigned)mask,
	       getcwd(directory, sizeof(directory)), value,
	       action.sa_handler == SIG_IGN ? "ignored" : "by default");
	close(10);
	umask(022);
	if (chdir("/"))
		exit(1);
	value = 0;
	signal(SIGUSR2, SIG_DFL);
}

static void run(const char *what, int (*function)(void *), int flags)
{
	int status = -1;

	fflush(stdout);
	int child = clone(function, stack + STACK_BYTES, flags, NULL);
	if (child < 0) {
		show(what, child);
		return;
	}
	if (waitpid(child, &status, __WALL) != child)
		perror("waitpid");
	printf("ended with %d; ", WEXITSTATUS(status));
	tell_state(what);
}

static void sharing(void)
{
	close(10);
	umask(022);
	if (chdir("/"))
		exit(1);
	tell_state("at first");
	run("nothing", change_all, SIGCHLD);
	run("files", change_all, CLONE_FILES | SIGCHLD);
	run("place", change_all, CLONE_FS | SIGCHLD);
	run("space", change_all, CLONE_VM | SIGCHLD);
	run("space, vfork", change_all, CLONE_VM | CLONE_VFORK | SIGCHLD);
	run("files and place", change_all, CLONE_FS | CLONE_FILES | SIGCHLD);
	run("all three", change_all, CLONE_FS | CLONE_FILES | CLONE_VM | SIGCHLD);
	run("handlers", set_handler, CLONE_VM | CLONE_SIGHAND | SIGCHLD);
	run("not handlers", set_handler, CLONE_VM | SIGCHLD);
	run("all", change_all, CLONE_VM | CLONE_SIGHAND | CLONE_FS | CLONE_FILES | SIGCHLD);
	run("handlers without the space", set_handler, CLONE_SIGHAND | SIGCHLD);
	run("a thread without handlers", set_handler, CLONE_THREAD | CLONE_VM | SIGCHLD);
}

static int unshare_files(void *argument)
{
	if (unshare(CLONE_FILES | CLONE_FS))
		return 1;
	return change_all(argument);
}

static int close_with_unshare(void *argument)
{
	(void)argument;
	return syscall(SYS_close_range, 0u, ~0u, 1u << 1) ? 1 : 6;
}

static int execute(void *argument)
{
	char *arguments[] = {"/proc/self/exe", "child", NULL};

	(void)argument;
	fcntl(10, F_SETFD, FD_CLOEXEC);
	fcntl(11, F_SETFD, FD_CLOEXEC);
	execv(arguments[0], arguments);
	return 1;
}

static void unsharing(void)
{
	run("unshared", unshare_files, CLONE_FS | CLONE_FILES | SIGCHLD);
	dup2(0, 10);
	run("close all, unshared", close_with_unshare, CLONE_FILES | SIGCHLD);
	dup2(0, 10);
	dup2(0, 11);
	run("execute", execute, CLONE_FILES | CLONE_VM | CLONE_SIGHAND | SIGCHLD);
	printf("11 is open: %d\n", fcntl(11, F_GETFD));
	show("unshare nothing", unshare(0));
	show("unshare files", unshare(CLONE_FILES));
	show("unshare unknown", unshare(0x8));
	show("unshare handlers, alone", unshare(CLONE_SIGHAND | CLONE_VM | CLONE_THREAD));
}

static int seen;

static void note(int signal)
{
	seen = signal;
}

static int leave(void *argument)
{
	return (int)(long)argument;
}

static void one_end(const char *what, int signal)
{
	int status = -1;

	seen = 0;
	fflush(stdout);
	int child = clone(leave, stack + STACK_BYTES, signal, (void *)9L);
	show(what, child < 0 ? -1 : 0);
	if (child < 0)
		return;
	siginfo_t info;
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | __WALL);
	printf("without __WCLONE: %d\n", waitpid(child, &status, WNOHANG) == child);
	printf("with __WCLONE: %d\n", waitpid(child, &status, WNOHANG | __WCLONE) == child);
	printf("status %d, heard %d\n", WEXITSTATUS(status), seen);
}

static int parent_of_child(void *argument)
{
	*(int *)argument = getppid();
	return 0;
}

static void ends(void)
{
	struct sigaction action = {.sa_handler = note};

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
	one_end("by SIGCHLD", SIGCHLD);
	one_end("by SIGUSR1", SIGUSR1);
	one_end("by nothing", 0);
	one_end("by no signal", 200);
	signal(SIGCHLD, SIG_IGN);
	one_end("by SIGUSR1, SIGCHLD ignored", SIGUSR1);
	signal(SIGCHLD, SIG_DFL);
	int *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		clone(parent_of_child, stack + STACK_BYTES, CLONE_PARENT | SIGCHLD, told);
		printf("no child of its own: %d\n", wait(NULL) < 0 && errno == ECHILD);
		fflush(stdout);
		_exit(0);
	}
	int count = 0;
	while (wait(NULL) > 0)
		count++;
	printf("siblings: %d, their parent is this one: %d\n", count, *told == getpid());
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child"))
		return 20 + (fcntl(10, F_GETFD) < 0) + 2 * (fcntl(11, F_GETFD) < 0);
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sharing();
	unsharing();
	ends();
	return 0;
}
