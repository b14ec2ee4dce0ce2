/*
 * prog_poll_wake.c: who sleeps in poll is woken by whatever it waits for. For each kind of file
 * and each event a child waits until its parent sleeps, and then makes that event come.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define LATE_MS 20000 /* a poll that lasts so long was not woken */
#define FOLDER  "poll_wake.d"

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int check(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

/* ---- both sides ---- */

/* Until the process sleeps. */
static void await_sleep(pid_t pid)
{
	char path[64], line[512];
	char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do {
		int fd = check(open(path, O_RDONLY), path);
		ssize_t bytes = read(fd, line, sizeof(line) - 1);
		close(fd);
		if (bytes <= 0)
			fail(path);
		line[bytes] = 0;
		state = strrchr(line, ')');
	} while (!state || state[2] != 'S');
}

/* The file that is polled, the other end, and which the parent keeps. */
struct ends {
	int polled, other;
	int parent_keeps_other;
};

static void report(const char *name, const struct pollfd *file, int count)
{
	printf("%s:", name);
	if (count == 0)
		printf(" NOT WOKEN");
	if (count < 0)
		printf(" %s", strerror(errno));
	if (file->revents & POLLIN)
		printf(" in");
	if (file->revents & POLLOUT)
		printf(" out");
	if (file->revents & POLLERR)
		printf(" err");
	if (file->revents & POLLHUP)
		printf(" hup");
	if (file->revents & POLLRDHUP)
		printf(" rdhup");
	printf("\n");
}

static void wakes(const char *name, struct ends ends, short events, void (*event)(int other))
{
	struct pollfd file = {.fd = ends.polled, .events = events};
	pid_t parent = getpid();

	if (poll(&file, 1, 0))
		printf("%s: is ready before: %#x\n", name, file.revents);
	fflush(stdout);
	pid_t child = check(fork(), "fork");
	if (child == 0) {
		if (ends.other >= 0 && !ends.parent_keeps_other)
			close(ends.polled);
		await_sleep(parent);
		event(ends.other);
		for (;;) /* its end would be another event */
			pause();
	}
	if (ends.other >= 0 && !ends.parent_keeps_other)
		close(ends.other);
	int count = poll(&file, 1, LATE_MS);
	report(name, &file, count);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ends.polled);
	if (ends.other >= 0 && ends.parent_keeps_other && ends.other != ends.polled)
		close(ends.other);
}

static void put(int fd)
{
	if (write(fd, "12345678\n", 9) != 9)
		_exit(1);
}

/* All that is there, and what comes of it. */
static void drain(int fd)
{
	char bytes[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static void end(int fd)
{
	close(fd);
}

static int fill(int fd)
{
	static char bytes[1024];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	memset(bytes, 'x', sizeof(bytes));
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	while (write(fd, bytes, 1) > 0)
		;
	return fd;
}

/* ---- pipes and sockets ---- */

static struct ends pipe_of(int polled)
{
	int fds[2];

	check(pipe(fds), "pipe");
	return (struct ends){.polled = fds[polled], .other = fds[!polled]};
}

static void pipes(void)
{
	struct ends ends;

	wakes("a pipe is written to", pipe_of(0), POLLIN, put);
	wakes("a pipe's last writer goes", pipe_of(0), POLLIN, end);
	ends = pipe_of(1);
	fill(ends.polled);
	wakes("a full pipe is read", ends, POLLOUT, drain);
	ends = pipe_of(1);
	fill(ends.polled);
	wakes("a full pipe's last reader goes", ends, POLLOUT, end);
}

static struct ends pair(int type)
{
	int fds[2];

	check(socketpair(AF_UNIX, type, 0, fds), "socketpair");
	return (struct ends){.polled = fds[0], .other = fds[1]};
}

static void shut(int fd)
{
	shutdown(fd, SHUT_WR);
}

static const char address[] = FOLDER "/socket";

static void connect_to(int unused)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(to.sun_path, address);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		_exit(1);
}

static struct ends listener(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	strcpy(at.sun_path, address);
	unlink(address);
	check(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
	check(listen(fd, 1), "listen");
	return (struct ends){.polled = fd, .other = -1};
}

static void sockets(void)
{
	static const struct {
		int type;
		const char *name;
	} kinds[] = {{SOCK_STREAM, "stream"}, {SOCK_SEQPACKET, "packet"}, {SOCK_DGRAM, "datagram"}};
	char name[64];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(name, sizeof(name), "a %s socket is sent to", kinds[i].name);
		wakes(name, pair(kinds[i].type), POLLIN, put);
		struct ends ends = pair(kinds[i].type);
		fill(ends.polled);
		snprintf(name, sizeof(name), "a full %s socket is read", kinds[i].name);
		wakes(name, ends, POLLOUT, drain);
		if (kinds[i].type == SOCK_DGRAM)
			continue;
		snprintf(name, sizeof(name), "a %s socket's peer goes", kinds[i].name);
		wakes(name, pair(kinds[i].type), POLLIN | POLLRDHUP, end);
		ends = pair(kinds[i].type);
		ends.parent_keeps_other = 1;
		snprintf(name, sizeof(name), "a %s socket's peer says no more", kinds[i].name);
		wakes(name, ends, POLLIN | POLLRDHUP, shut);
	}
	wakes("a listening socket is connected to", listener(), POLLIN, connect_to);
}

/* ---- what has no other end ---- */

static struct ends alone(int fd, const char *what)
{
	return (struct ends){.polled = check(fd, what), .other = fd, .parent_keeps_other = 1};
}

static void add_one(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		_exit(1);
}

static void take_count(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		_exit(1);
}

static void start_timer(int fd)
{
	const struct itimerspec soon = {.it_value.tv_nsec = 1000000};

	timerfd_settime(fd, 0, &soon, NULL);
}

static void signal_parent(int unused)
{
	kill(getppid(), SIGUSR1);
}

static void make_file(int unused)
{
	close(open(FOLDER "/file", O_CREAT | O_WRONLY, 0600));
}

static int signal_file(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, 0);
}

static int folder_watch(void)
{
	int fd = check(inotify_init1(0), "inotify");

	check(inotify_add_watch(fd, FOLDER, IN_CREATE), "watch");
	return fd;
}

/* A process that ends when `other` is closed. */
static struct ends process(void)
{
	int fds[2];
	char byte;

	check(pipe(fds), "pipe");
	pid_t child = check(fork(), "fork");
	if (child == 0) {
		close(fds[1]);
		_exit((int)read(fds[0], &byte, 1));
	}
	close(fds[0]);
	int fd = (int)syscall(SYS_pidfd_open, child, 0);
	return (struct ends){.polled = check(fd, "pidfd"), .other = fds[1]};
}

static void events(void)
{
	const uint64_t most = UINT64_MAX - 1;

	wakes("an event is counted", alone(eventfd(0, 0), "eventfd"), POLLIN, add_one);
	int full = eventfd(0, 0);
	if (write(full, &most, sizeof(most)) != sizeof(most))
		fail("eventfd");
	wakes("a full event is taken", alone(full, "eventfd"), POLLOUT, take_count);
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	wakes("a timer is set", alone(timer, "timerfd"), POLLIN, start_timer);
	wakes("a signal is sent", alone(signal_file(), "signalfd"), POLLIN, signal_parent);
	wakes("a file is made", alone(folder_watch(), "inotify"), POLLIN, make_file);
	wakes("a process ends", process(), POLLIN, end);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* An epoll file is ready when what it watches is. */
static void nested(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = check(epoll_create1(0), "epoll"), fds[2];

	check(pipe(fds), "pipe");
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event), "epoll_ctl");
	struct ends ends = {.polled = epoll, .other = fds[1], .parent_keeps_other = 1};
	wakes("what an epoll file watches is written to", ends, POLLIN, put);
	close(fds[0]);
}

/* ---- terminals ---- */

static struct ends terminal(int poll_master, int raw)
{
	struct termios settings;
	int master = check(posix_openpt(O_RDWR | O_NOCTTY), "posix_openpt");

	check(unlockpt(master), "unlockpt");
	int slave = check(open(ptsname(master), O_RDWR | O_NOCTTY), "slave");
	tcgetattr(slave, &settings);
	if (raw)
		cfmakeraw(&settings);
	settings.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(slave, TCSANOW, &settings);
	return poll_master ? (struct ends){.polled = master, .other = slave}
			   : (struct ends){.polled = slave, .other = master};
}

static void start_output(int fd)
{
	tcflow(fd, TCOON);
}

static void terminals(void)
{
	struct ends ends;

	wakes("a terminal is written to", terminal(1, 0), POLLIN, put);
	wakes("a terminal is closed", terminal(1, 0), POLLIN, end);
	wakes("a line is typed", terminal(0, 0), POLLIN, put);
	wakes("a key is typed", terminal(0, 1), POLLIN, put);
	wakes("a terminal is hung up", terminal(0, 0), POLLIN, end);
	ends = terminal(0, 1);
	fill(ends.polled);
	wakes("what a full terminal shows is read", ends, POLLOUT, drain);
	ends = terminal(0, 1);
	tcflow(ends.polled, TCOOFF);
	ends.parent_keeps_other = 1;
	int master = ends.other;
	ends.other = ends.polled;
	fill(ends.polled);
	wakes("a stopped terminal goes on", ends, POLLOUT, start_output);
	close(master);
}

/* ---- select waits in the same way ---- */

static void select_wakes(void)
{
	struct ends ends = pipe_of(0);
	struct timeval late = {.tv_sec = LATE_MS / 1000};
	pid_t parent = getpid();
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends.polled, &set);
	fflush(stdout);
	pid_t child = check(fork(), "fork");
	if (child == 0) {
		await_sleep(parent);
		put(ends.other);
		_exit(0);
	}
	int count = select(ends.polled + 1, &set, NULL, NULL, &late);
	printf("select: %d\n", count);
	waitpid(child, NULL, 0);
}

int main(void)
{
	char folder[] = "/tmp/poll_wake.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	check(mkdtemp(folder) ? chdir(folder) : -1, folder);
	check(mkdir(FOLDER, 0700), FOLDER);
	pipes();
	sockets();
	events();
	nested();
	terminals();
	select_wakes();
	unlink(address);
	unlink(FOLDER "/file");
	check(rmdir(FOLDER), FOLDER);
	check(chdir("/"), "/");
	check(rmdir(folder), folder);
	return 0;
}
