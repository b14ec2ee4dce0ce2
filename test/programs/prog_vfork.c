/*
 * prog_vfork.c: a child that runs in its parent's memory: vfork, clone with a stack of its own,
 * clone3, posix_spawn. What the child writes the parent finds, and it goes on only when the child
 * has called execve or ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As linux/sched.h has it, which musl's folders do not hold. */
struct clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

static char *self;
static volatile int shared;
extern char **environ;

static void wait_and_tell(const char *what, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		printf("%s: waitpid: %s\n", what, strerror(errno));
	else if (WIFEXITED(status))
		printf("%s: exit %d, shared %d\n", what, WEXITSTATUS(status), shared);
	else
		printf("%s: signal %d, shared %d\n", what, WTERMSIG(status), shared);
	fflush(stdout);
}

/* ---- vfork ---- */

static void vfork_exits(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 1;
		_exit(3);
	}
	wait_and_tell("vfork, exit", pid);
}

static void vfork_runs(char *path)
{
	volatile int error = 0;
	char *arguments[] = {self, "say", "hello from a child", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 2;
		execv(path, arguments);
		error = errno;
		_exit(127);
	}
	printf("the parent knows: %s\n", error ? strerror(error) : "no error");
	wait_and_tell("vfork, execve", pid);
}

/* The heap, and memory that is mapped and protected, are one. */
static void vfork_changes_memory(void)
{
	char *volatile block = NULL;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *before = sbrk(0);
	pid_t pid = vfork();

	if (pid == 0) {
		block = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
		strcpy(block, "mapped by the child");
		mprotect(page, 4096, PROT_READ);
		syscall(SYS_brk, before + 65536);
		_exit(0);
	}
	wait_and_tell("vfork, memory", pid);
	printf("%s; heap moved by %ld\n", block, (long)(syscall(SYS_brk, 0) - (long)before));
	printf("write to what it protected: %ld\n",
	       syscall(SYS_read, open("/dev/zero", O_RDONLY), page, 1) < 0 ? -(long)errno : 1);
}

/* A fork of a vfork's child is a copy again. */
static void vfork_forks(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		pid_t inner = (pid_t)syscall(SYS_fork);
		if (inner == 0) {
			shared = 77;
			_exit(0);
		}
		waitpid(inner, NULL, 0);
		shared++;
		_exit(0);
	}
	wait_and_tell("vfork, fork", pid);
}

static void vfork_in_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		pid_t inner = vfork();
		if (inner == 0) {
			shared += 10;
			_exit(0);
		}
		waitpid(inner, NULL, 0);
		shared += 100;
		_exit(0);
	}
	wait_and_tell("vfork, vfork", pid);
}

/* Open files, the working directory and limits are the child's own. */
static void vfork_keeps_the_rest_apart(void)
{
	struct rlimit limit;
	char where[64];
	int ends[2];

	if (pipe(ends))
		exit(1);
	pid_t pid = vfork();
	if (pid == 0) {
		struct rlimit small = {4096, 4096};
		close(ends[0]);
		if (chdir("/dev") || setrlimit(RLIMIT_AS, &small))
			_exit(1);
		_exit(0);
	}
	wait_and_tell("vfork, the rest", pid);
	getrlimit(RLIMIT_AS, &limit);
	void *more = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("pipe %s, cwd %s, limit %s, mmap %s\n",
	       fcntl(ends[0], F_GETFD) < 0 ? "shut" : "open", getcwd(where, sizeof(where)),
	       limit.rlim_cur == RLIM_INFINITY ? "none" : "set",
	       more == MAP_FAILED ? "fails" : "works");
	close(ends[0]);
	close(ends[1]);
}

/* The child dies of a signal, and the parent's memory is as it was. */
static void vfork_dies(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 5;
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	wait_and_tell("vfork, SIGKILL", pid);
}

/* The parent is killed while its child is at work in its memory: the child goes on. */
static void parent_is_killed(int signal)
{
	char text[32] = "";
	int ends[2];

	if (pipe(ends))
		exit(1);
	pid_t pid = fork();
	if (pid == 0) {
		if (vfork() == 0) {
			pid_t parent = getppid();
			kill(parent, signal);
			while (getppid() == parent)
				poll(NULL, 0, 1);
			shared = 9;
			dprintf(ends[1], "alone, shared %d", shared);
			_exit(0);
		}
		_exit(0);
	}
	close(ends[1]);
	wait_and_tell("killed in vfork", pid);
	for (size_t done = 0; done < sizeof(text) - 1;) {
		ssize_t got = read(ends[0], text + done, sizeof(text) - 1 - done);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	printf("%s\n", text);
	close(ends[0]);
}

/* ---- clone, clone3, posix_spawn ---- */

static int on_a_stack(void *argument)
{
	char here;
	char *stack = argument;

	shared = &here >= stack && &here < stack + 65536 ? 50 : 51;
	return 4;
}

static void clone_with_a_stack(void)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = clone(on_a_stack, stack + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD, stack);

	wait_and_tell("clone", pid);
	munmap(stack, 65536);
}

static void clone3_tells_pids(void)
{
	pid_t parent_tid = 0, child_tid = 0;
	struct clone_args arguments = {
		.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
		.exit_signal = SIGCHLD,
		.parent_tid = (uintptr_t)&parent_tid,
		.child_tid = (uintptr_t)&child_tid,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid == 0)
		_exit(child_tid == getpid() ? 0 : 1);
	wait_and_tell("clone3", pid);
	printf("parent_tid %d, child_tid %d\n", parent_tid == pid, child_tid);
}

static void clone3_refuses(void)
{
	static const struct {
		const char *what;
		struct clone_args arguments;
		size_t bytes;
	} cases[] = {
		{"short", {.flags = 0}, 63},
		{"long", {.flags = 0}, 4097},
		{"CSIGNAL", {.flags = SIGCHLD}, sizeof(struct clone_args)},
		{"DETACHED", {.flags = CLONE_DETACHED}, sizeof(struct clone_args)},
		{"unknown flag", {.flags = 1ull << 60}, sizeof(struct clone_args)},
		{"signal 65", {.exit_signal = 65}, sizeof(struct clone_args)},
		{"stack alone", {.stack = 4096}, sizeof(struct clone_args)},
		{"size alone", {.stack_size = 4096}, sizeof(struct clone_args)},
		{"SIGHAND alone", {.flags = CLONE_SIGHAND}, sizeof(struct clone_args)},
		{"THREAD alone", {.flags = CLONE_THREAD}, sizeof(struct clone_args)},
		{"THREAD, signal",
		 {.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = 17},
		 sizeof(struct clone_args)},
		{"set_tid alone", {.set_tid = 4096}, sizeof(struct clone_args)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		long result = syscall(SYS_clone3, &cases[i].arguments, cases[i].bytes);
		if (result == 0)
			_exit(0);
		printf("clone3, %s: %s\n", cases[i].what, result < 0 ? strerror(errno) : "works");
	}
	unsigned char longer[sizeof(struct clone_args) + 8] = {0};
	longer[sizeof(longer) - 1] = 1;
	printf("clone3, more: %ld", syscall(SYS_clone3, longer, sizeof(longer)));
	printf(" %s\n", strerror(errno));
	printf("clone3, bad address: %ld", syscall(SYS_clone3, 8, sizeof(struct clone_args)));
	printf(" %s\n", strerror(errno));
}

static void spawns(char *path)
{
	char *arguments[] = {self, "say", "hello from posix_spawn", NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	fflush(stdout);
	int error = posix_spawn(&pid, path, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!error)
		wait_and_tell("posix_spawn", pid);
	printf("posix_spawn: %s\n", error ? strerror(error) : "no error");
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 2 && !strcmp(argv[1], "say")) {
		fprintf(stderr, "%s\n", argv[2]);
		return 6;
	}
	vfork_exits();
	vfork_runs(self);
	vfork_runs("/nothing/here");
	vfork_changes_memory();
	vfork_forks();
	vfork_in_vfork();
	vfork_keeps_the_rest_apart();
	vfork_dies();
	parent_is_killed(SIGKILL);
	parent_is_killed(SIGTERM);
	clone_with_a_stack();
	clone3_tells_pids();
	clone3_refuses();
	spawns(self);
	spawns("/nothing/here");
	spawns("/dev");
	return 0;
}
