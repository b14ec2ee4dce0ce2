/*
 * prog_manual_calls.c: sentences of the manual's pages of processes, memory, descriptors and
 * signals that are easily overlooked, one line each: setrlimit(2), getauxval(3), mmap(2),
 * proc_pid_smaps(5), send(2), wait(2), dup(2), poll(2), select(2), sigaction(2), kill(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manual.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PAGE      4096ul
#define NOBODY    54321
#define SET_8     8 /* bytes of the kernel's sigset_t */

static void *const bad = (void *)8;

static void fork_and_reap(const char *what)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	say(what, child);
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* RLIMIT_NPROC: "not enforced for processes that have CAP_SYS_ADMIN or CAP_SYS_RESOURCE", and it
 * counts the processes of one user. */
static void process_limit(void)
{
	fflush(stdout);
	if (fork() == 0) {
		setrlimit(RLIMIT_NPROC, &(struct rlimit){1, 1});
		fork_and_reap("root beyond its limit");
		syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY);
		fork_and_reap("beyond the limit");
		exit(0);
	}
	wait(NULL);
	if (fork() == 0) {
		setrlimit(RLIMIT_NPROC, &(struct rlimit){2, 2});
		syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY);
		fork_and_reap("below the limit");
		exit(0);
	}
	wait(NULL);
	putchar('\n');
}

static sigjmp_buf on_stack_fault;
static volatile sig_atomic_t handled;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(on_stack_fault, 1);
}

static void on_signal(int signal)
{
	handled = signal;
}

/* Was the handler called on an alternate stack of this size? If a frame does not fit there, SIGSEGV
 * says so, on the usual stack. */
static int fits(size_t bytes)
{
	char *area =
		mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	stack_t stack = {.ss_sp = area + 8 * PAGE, .ss_size = bytes};

	handled = 0;
	syscall(SYS_sigaltstack, &stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	action = (struct sigaction){.sa_handler = on_fault};
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(on_stack_fault, 1) == 0)
		raise(SIGUSR1);
	stack.ss_flags = SS_DISABLE;
	syscall(SYS_sigaltstack, &stack, NULL);
	munmap(area, 16 * PAGE);
	return handled;
}

static void alternate_stacks(void)
{
	size_t least = getauxval(AT_MINSIGSTKSZ);

	/* The handler itself needs some of it, too. */
	printf("AT_MINSIGSTKSZ is enough: %d\n", fits(least + 2048));
	/* It claims no more than is taken; less than 2048 bytes can't be tried. */
	printf("less is not: %d\n", least <= 2049 || !fits(MAX(least - 512, 2048)));
}

static void large_file(void)
{
	const uint64_t bytes = 1ul << 42;
	int fd = memfd_create("large", 0);

	say("ftruncate", ftruncate(fd, (off_t)bytes));
	for (int shared = 0; shared < 2; shared++) {
		int flags = shared ? MAP_SHARED : MAP_PRIVATE;
		char *view = mmap(NULL, bytes, PROT_READ, flags, fd, 0);
		printf(" %s: %s;", shared ? "shared" : "private",
		       view == MAP_FAILED ? strerror(errno) : "mapped");
		if (view == MAP_FAILED)
			continue;
		say("made writable", mprotect(view, bytes, PROT_READ | PROT_WRITE));
		munmap(view, bytes);
	}
	printf(" both: %s\n",
	       mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED
		       ? strerror(errno)
		       : "mapped");
	close(fd);
}

/* Does the entry of /proc/self/smaps that holds `address` have this flag? */
static int has_flag(const char *flag, const void *address)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	char line[512];
	int inside = 0, found = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (uintptr_t)address && (uintptr_t)address < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	if (file)
		fclose(file);
	return found;
}

static void locked(void)
{
	char *area =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("locked: %d", has_flag(" lo", area));
	mlock(area, 4 * PAGE);
	printf(" %d", has_flag(" lo", area));
	munlock(area, 4 * PAGE);
	printf(" %d\n", has_flag(" lo", area));
}

static void sockets(void)
{
	struct sockaddr_un name = {.sun_family = AF_INET};
	int pair[2];

	say("sendto -1", sendto(-1, "a", 1, 0, (struct sockaddr *)&name, sizeof(name)));
	say("sendto a file", sendto(1, "a", 1, 0, (struct sockaddr *)&name, sizeof(name)));
	say("bad name", sendto(-1, "a", 1, 0, bad, sizeof(name)));
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int bytes = -1;
		char byte;
		if (socketpair(AF_UNIX, type, 0, pair))
			break;
		say("FIONREAD", ioctl(pair[1], FIONREAD, &bytes));
		printf(" %d", bytes);
		say("sendto", sendto(pair[0], "abc", 3, 0, NULL, 0));
		say("sendto", sendto(pair[0], "de", 2, 0, NULL, 0));
		ioctl(pair[1], FIONREAD, &bytes);
		printf(" %d", bytes);
		say("read", read(pair[1], &byte, 1));
		ioctl(pair[1], FIONREAD, &bytes);
		printf(" %d", bytes);
		say("bad", ioctl(pair[1], FIONREAD, bad));
	}
	putchar('\n');
}

static void waiting(void)
{
	int status;
	siginfo_t info;

	say("wait4", syscall(SYS_wait4, -1, &status, 0x100, NULL));
	say("wait4 least", syscall(SYS_wait4, INT32_MIN, &status, 0, NULL));
	say("wait4 none", syscall(SYS_wait4, -1, &status, WNOHANG, NULL));
	say("waitid", syscall(SYS_waitid, P_ALL, 0, &info, 0, NULL));
	say("type", syscall(SYS_waitid, 77, 0, &info, WEXITED, NULL));
	say("negative", syscall(SYS_waitid, P_PID, -1, &info, WEXITED, NULL));
	say("pid 0", syscall(SYS_waitid, P_PID, 0, &info, WEXITED, NULL));
	say("group", syscall(SYS_waitid, P_PGID, -1, &info, WEXITED, NULL));
	say("own group", syscall(SYS_waitid, P_PGID, 0, &info, WEXITED, NULL));
	say("pidfd", syscall(SYS_waitid, P_PIDFD, -1, &info, WEXITED, NULL));
	say("not a pidfd", syscall(SYS_waitid, P_PIDFD, 0, &info, WEXITED, NULL));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(7);
	say("bad status", syscall(SYS_waitid, P_PID, child, bad, WEXITED | WNOWAIT, NULL));
	say("bad usage", syscall(SYS_wait4, child, NULL, 0, bad));
	say("reaped", syscall(SYS_wait4, child, NULL, 0, NULL));
	putchar('\n');
}

static void descriptors(void)
{
	struct rlimit limit, few;
	struct timespec time = {0, 1000000000};
	struct timeval old = {0, 1000001};
	struct pollfd one = {0, POLLIN, 0};
	fd_set set;
	int ends[2];

	say("pipe2", syscall(SYS_pipe2, ends, 0x40000000));
	say("bad", syscall(SYS_pipe2, bad, 0));
	say("dup", dup(-1));
	say("dup2", dup2(-1, -1));
	say("dup2 late", dup2(1, 1 << 30));
	say("dup3 same", syscall(SYS_dup3, 1, 1, 0));
	say("dup3 flags", syscall(SYS_dup3, 1, 9, 1));
	say("F_DUPFD", fcntl(1, F_DUPFD, 1 << 30));
	getrlimit(RLIMIT_NOFILE, &limit);
	few = (struct rlimit){0, limit.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	say("no room", dup(1));
	say("pipe", syscall(SYS_pipe2, ends, 0));
	say("F_DUPFD", fcntl(1, F_DUPFD, 0));
	say("dup2 same", dup2(1, 1) - 1);
	say("poll one", poll(&one, 1, 0));
	setrlimit(RLIMIT_NOFILE, &limit);
	say("poll bad", syscall(SYS_poll, bad, 1, 0));
	say("poll many", syscall(SYS_poll, &one, 1ul << 31, 0));
	say("ppoll time", syscall(SYS_ppoll, NULL, 0, &time, NULL, SET_8));
	say("ppoll size", syscall(SYS_ppoll, NULL, 0, NULL, &set, 4));
	say("select count", syscall(SYS_select, -1, NULL, NULL, NULL, NULL));
	say("bad set", syscall(SYS_select, 1, bad, NULL, NULL, NULL));
	say("select time", syscall(SYS_select, 0, NULL, NULL, NULL, &old));
	old.tv_sec = -1;
	say("past", syscall(SYS_select, 0, NULL, NULL, NULL, &old));
	FD_ZERO(&set);
	FD_SET(40, &set);
	old = (struct timeval){0, 0};
	say("closed", syscall(SYS_select, 41, &set, NULL, NULL, &old));
	putchar('\n');
}

static void signals(void)
{
	struct timespec time = {0, 1000000000};
	uint64_t set = 0;
	char action[64] = {0};

	for (int number = -1; number < 67; number += 17)
		say("sigaction", syscall(SYS_rt_sigaction, number, NULL, action, SET_8));
	say("SIGKILL", syscall(SYS_rt_sigaction, SIGKILL, action, NULL, SET_8));
	say("read it", syscall(SYS_rt_sigaction, SIGKILL, NULL, action, SET_8));
	say("size", syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, 4));
	say("bad", syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, SET_8));
	say("mask how", syscall(SYS_rt_sigprocmask, 3, &set, NULL, SET_8));
	say("how alone", syscall(SYS_rt_sigprocmask, 3, NULL, &set, SET_8));
	say("mask size", syscall(SYS_rt_sigprocmask, 0, &set, NULL, 16));
	say("mask bad", syscall(SYS_rt_sigprocmask, 0, bad, NULL, SET_8));
	say("pending size", syscall(SYS_rt_sigpending, &set, 16));
	say("pending less", syscall(SYS_rt_sigpending, &set, 4));
	say("pending bad", syscall(SYS_rt_sigpending, bad, SET_8));
	say("suspend size", syscall(SYS_rt_sigsuspend, &set, 4));
	say("timedwait", syscall(SYS_rt_sigtimedwait, &set, NULL, &time, SET_8));
	say("timedwait bad", syscall(SYS_rt_sigtimedwait, bad, NULL, NULL, SET_8));
	time = (struct timespec){0, 0};
	say("none", syscall(SYS_rt_sigtimedwait, &set, NULL, &time, SET_8));
	say("kill", syscall(SYS_kill, getpid(), 65));
	say("nobody", syscall(SYS_kill, 0x3fffffff, 0));
	say("nobody's number", syscall(SYS_kill, 0x3fffffff, 65));
	say("least", syscall(SYS_kill, INT32_MIN, 0));
	say("itself", syscall(SYS_kill, getpid(), 0));
	say("tgkill", syscall(SYS_tgkill, -1, getpid(), 0));
	say("tgkill 0", syscall(SYS_tgkill, getpid(), 0, 0));
	say("another group", syscall(SYS_tgkill, 0x3fffffff, getpid(), 0));
	say("tgkill number", syscall(SYS_tgkill, getpid(), getpid(), 65));
	putchar('\n');
}

int main(void)
{
	process_limit();
	alternate_stacks();
	large_file();
	locked();
	sockets();
	waiting();
	descriptors();
	signals();
	return 0;
}
