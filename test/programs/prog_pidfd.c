/* prog_pidfd.c: processes that a descriptor names: pidfd_open, CLONE_PIDFD, signals, waiting, poll.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THIRD 3 /* P_PIDFD */

static void show(const char *what, long result)
{
	printf("%s: %s", what, result < 0 ? strerror(errno) : "done");
	printf(result > 0 ? " (positive)\n" : "\n");
	fflush(stdout);
}

static int open_pid(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static long send_signal(int fd, int signal, siginfo_t *info, unsigned flags)
{
	return syscall(SYS_pidfd_send_signal, fd, signal, info, flags);
}

static pid_t make_sleeper(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		for (;;)
			pause();
	return child;
}

static void show_poll(const char *what, int fd, int timeout)
{
	struct pollfd item = {.fd = fd, .events = POLLIN | POLLOUT};
	int ready = poll(&item, 1, timeout);

	printf("%s: %d%s%s%s\n", what, ready, item.revents & POLLIN ? " in" : "",
	       item.revents & POLLOUT ? " out" : "", item.revents & POLLHUP ? " hup" : "");
}

static void opening(void)
{
	pid_t child = make_sleeper();
	int fd = open_pid(child, 0);

	show("open a child", fd);
	printf("close on exec: %d\n", fcntl(fd, F_GETFD));
	show("no process", open_pid(0x3fffffff, 0));
	show("pid 0", open_pid(0, 0));
	show("pid -1", open_pid(-1, 0));
	show("a bad flag", open_pid(child, 1));
	int nonblocking = open_pid(child, O_NONBLOCK);
	printf("nonblocking: %d\n", !!(fcntl(nonblocking, F_GETFL) & O_NONBLOCK));
	char link[64], target[64] = "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, target, sizeof(target) - 1) < 0)
		perror("readlink");
	puts(target);
	char byte;
	show("read", read(fd, &byte, 1));
	show("write", write(fd, "x", 1));
	show_poll("while it lives", fd, 0);
	siginfo_t info = {0};
	errno = 0;
	show("wait on a nonblocking one", waitid(THIRD, (id_t)nonblocking, &info, WEXITED));
	show("with WNOHANG", waitid(THIRD, (id_t)nonblocking, &info, WEXITED | WNOHANG));
	show("wait on a file", waitid(THIRD, 0, &info, WEXITED));
	show("wait on no file", waitid(THIRD, 99, &info, WEXITED));
	show("kill", send_signal(fd, SIGKILL, NULL, 0));
	show_poll("once it was killed", fd, -1);
	show("signal a zombie", send_signal(fd, 0, NULL, 0));
	show("open a zombie", open_pid(child, 0));
	info.si_pid = 0;
	show("wait, leave it", waitid(THIRD, (id_t)fd, &info, WEXITED | WNOWAIT));
	show("wait", waitid(THIRD, (id_t)fd, &info, WEXITED));
	printf("it: %d, code %d, status %d\n", info.si_pid == child, info.si_code, info.si_status);
	show("wait again", waitid(THIRD, (id_t)fd, &info, WEXITED));
	show("signal what is gone", send_signal(fd, 0, NULL, 0));
	show_poll("what is gone", fd, 0);
	show("open what is gone", open_pid(child, 0));
	close(fd);
	close(nonblocking);
}

static int heard;

static void hear(int signal, siginfo_t *info, void *context)
{
	(void)context;
	heard = signal;
	printf("heard %d, code %d, value %d\n", signal, info->si_code, info->si_value.sival_int);
}

static void signals(void)
{
	struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_SIGINFO};
	int self = open_pid(getpid(), 0);
	pid_t child = make_sleeper();
	int other = open_pid(child, 0);
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};

	sigaction(SIGUSR1, &action, NULL);
	show("to itself", send_signal(self, SIGUSR1, NULL, 0));
	info.si_value.sival_int = 42;
	show("with a value", send_signal(self, SIGUSR1, &info, 0));
	show("of another number", send_signal(self, SIGUSR2, &info, 0));
	show("bad flags", send_signal(self, SIGUSR1, NULL, 0x10));
	show("not a descriptor", send_signal(99, SIGUSR1, NULL, 0));
	show("a file", send_signal(1, SIGUSR1, NULL, 0));
	show("a bad signal", send_signal(self, 65, NULL, 0));
	show("a bad address", send_signal(self, SIGUSR1, (void *)8, 0));
	info.si_code = SI_USER;
	info.si_signo = SIGUSR1;
	show("as kill, to another", send_signal(other, SIGUSR1, &info, 0));
	show("as kill, to itself", send_signal(self, SIGUSR1, &info, 0));
	info.si_code = SI_QUEUE;
	info.si_signo = SIGTERM;
	show("to another", send_signal(other, SIGTERM, &info, 0));
	siginfo_t end = {0};
	waitid(THIRD, (id_t)other, &end, WEXITED);
	printf("ended by %d\n", end.si_status);
	close(self);
	close(other);
}

static void other_files(void)
{
	int ends[2], ready[2];
	char text[8] = "";

	if (pipe(ends) || pipe(ready))
		exit(1);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		dup2(ends[1], 77);
		write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	read(ready[0], text, 1);
	int fd = open_pid(child, 0);
	int got = (int)syscall(SYS_pidfd_getfd, fd, 77, 0);
	show("get a file", got);
	printf("close on exec: %d\n", fcntl(got, F_GETFD));
	if (write(got, "hello", 5) != 5)
		perror("write");
	read(ends[0], text, 5);
	puts(text);
	show("get none", syscall(SYS_pidfd_getfd, fd, 78, 0));
	show("with flags", syscall(SYS_pidfd_getfd, fd, 77, 1));
	show("from a file", syscall(SYS_pidfd_getfd, 1, 77, 0));
	send_signal(fd, SIGKILL, NULL, 0);
	show_poll("killed", fd, -1);
	show("from a zombie", syscall(SYS_pidfd_getfd, fd, 77, 0));
	waitpid(child, NULL, 0);
	close(fd);
}

static void cloning(void)
{
	int fd = -1, status, queue = epoll_create1(0);

	fflush(stdout);
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, 0);
	if (!child)
		_exit(7);
	show("clone with a descriptor", child);
	printf("close on exec: %d\n", fcntl(fd, F_GETFD));
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
	show("watch it", epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event));
	int ready = epoll_wait(queue, &event, 1, -1);
	printf("%d: %u %#x\n", ready, event.data.u32, event.events);
	waitpid(child, &status, 0);
	printf("status %d\n", WEXITSTATUS(status));
	ready = epoll_wait(queue, &event, 1, -1);
	printf("%d: %u %#x\n", ready, event.data.u32, event.events);
	close(fd);
	close(queue);
	show("with PARENT_SETTID",
	     syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &fd, NULL, 0));
	show("to a bad address", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, 8, NULL, 0));
	show("nobody was made", waitpid(-1, NULL, 0));
	printf("next free: %d\n", dup(0));
}

int main(void)
{
	opening();
	signals();
	other_files();
	cloning();
	return 0;
}
