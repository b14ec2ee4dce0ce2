/* prog_event_epoll.c: epoll(7): levels and edges, one shots, nesting, what is closed. */
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 8

static char *volatile nowhere = (char *)8;

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	return epoll_ctl(epoll, operation, fd, &event);
}

static int compare(const void *a, const void *b)
{
	const struct epoll_event *first = a, *second = b;

	return first->data.u64 < second->data.u64 ? -1 : first->data.u64 > second->data.u64;
}

static void waited(const char *what, int epoll)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(epoll, events, EVENTS, 0);

	printf("%s: %d", what, count);
	if (count > 0)
		qsort(events, (size_t)count, sizeof(events[0]), compare);
	for (int i = 0; i < count; i++)
		printf(" [%llu %#x]", (unsigned long long)events[i].data.u64, events[i].events);
	printf("\n");
}

static void levels_and_edges(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), ends[2];
	char bytes[10];

	printf("cloexec %d\n", fcntl(epoll, F_GETFD));
	result("pipe", pipe(ends));
	result("add", control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
	result("add the other", control(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT, 2));
	waited("empty", epoll);
	result("write", write(ends[1], "abc", 3));
	waited("level", epoll);
	waited("level again", epoll);
	result("modify to edge", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET, 3));
	waited("edge", epoll);
	waited("edge again", epoll);
	result("write", write(ends[1], "d", 1));
	waited("edge, more", epoll);
	result("read", read(ends[0], bytes, 1));
	result("one shot", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 4));
	waited("one shot", epoll);
	waited("one shot again", epoll);
	result("write", write(ends[1], "e", 1));
	waited("one shot, more", epoll);
	result("armed again", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 5));
	waited("one shot, armed", epoll);
	result("delete", control(epoll, EPOLL_CTL_DEL, ends[1], 0, 0));
	result("level", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN, 6));
	result("read", read(ends[0], bytes, sizeof(bytes)));
	waited("drained", epoll);
	close(ends[1]);
	waited("writer gone", epoll);
	close(ends[0]);
	waited("closed", epoll);
	close(epoll);
}

static void closing(void)
{
	int epoll = epoll_create(1), fd = eventfd(1, 0), copy = dup(fd);

	result("add", control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
	result("add the copy", control(epoll, EPOLL_CTL_ADD, copy, EPOLLIN, 2));
	waited("both", epoll);
	close(fd);
	waited("the file is still open", epoll);
	result("delete the closed", control(epoll, EPOLL_CTL_DEL, fd, 0, 0));
	result("delete the copy", control(epoll, EPOLL_CTL_DEL, copy, 0, 0));
	waited("one", epoll);
	close(copy);
	waited("none", epoll);
	fd = eventfd(1, 0);
	result("add a new one", control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, 3));
	waited("new", epoll);
	close(epoll);
	close(fd);
}

static void nesting(void)
{
	int inner = epoll_create1(0), outer = epoll_create1(0), fd = eventfd(0, 0);
	int chain[8];

	result("add", control(inner, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
	result("nest", control(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
	waited("nothing", outer);
	result("write", eventfd_write(fd, 1));
	waited("outer", outer);
	struct pollfd wanted = {outer, POLLIN, 0};
	result("poll", poll(&wanted, 1, 0));
	waited("inner", inner);
	eventfd_t value;
	result("read", eventfd_read(fd, &value));
	waited("outer", outer);
	wanted.revents = 0;
	result("poll", poll(&wanted, 1, 0));
	result("a circle", control(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3));
	result("itself", control(inner, EPOLL_CTL_ADD, inner, EPOLLIN, 3));
	for (int i = 0; i < 8; i++)
		chain[i] = epoll_create1(0);
	for (int i = 0; i + 1 < 8; i++) {
		int status = control(chain[i], EPOLL_CTL_ADD, chain[i + 1], EPOLLIN, 0);
		printf("chain %d: %s\n", i, status ? strerror(errno) : "added");
	}
	for (int i = 7; i > 0; i--) {
		int status = control(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN, 0);
		printf("chain back %d: %s\n", i, status ? strerror(errno) : "added");
	}
	for (int i = 0; i < 8; i++)
		close(chain[i]);
	close(inner);
	waited("inner gone", outer);
	close(outer);
	close(fd);
}

static void errors(void)
{
	int epoll = epoll_create1(0), fd = eventfd(0, 0), null = open("/dev/null", O_RDWR);
	int directory = open("/", O_RDONLY), gone = dup(fd);
	struct epoll_event event;

	close(gone);
	result("create 0", syscall(SYS_epoll_create, 0));
	result("create, flags", epoll_create1(1));
	result("add a directory", control(epoll, EPOLL_CTL_ADD, directory, EPOLLIN, 0));
	result("add /dev/null", control(epoll, EPOLL_CTL_ADD, null, EPOLLIN, 0));
	result("add closed", control(epoll, EPOLL_CTL_ADD, gone, EPOLLIN, 0));
	result("to closed", control(gone, EPOLL_CTL_ADD, fd, EPOLLIN, 0));
	result("to no epoll", control(fd, EPOLL_CTL_ADD, epoll, EPOLLIN, 0));
	result("modify what is not there", control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN, 0));
	result("delete what is not there", control(epoll, EPOLL_CTL_DEL, fd, EPOLLIN, 0));
	result("no operation", control(epoll, 9, fd, EPOLLIN, 0));
	result("from nowhere", syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, nowhere));
	result("add", control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, 0));
	result("twice", control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, 0));
	result("modify an exclusive", control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN, 0));
	result("delete", syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, fd, nowhere));
	result("exclusive one shot",
	       control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0));
	result("wait for 0", epoll_wait(epoll, &event, 0, 0));
	result("wait for -1", syscall(SYS_epoll_wait, epoll, &event, -1, 0));
	result("wait on no epoll", epoll_wait(fd, &event, 1, 0));
	result("wait on closed", epoll_wait(gone, &event, 1, 0));
	result("read", read(epoll, &event, sizeof(event)));
	result("write", write(epoll, &event, sizeof(event)));
	result("lseek", lseek(epoll, 0, SEEK_SET));
	result("wait for some time", epoll_wait(epoll, &event, 1, 10));
	result("add", control(epoll, EPOLL_CTL_ADD, fd, EPOLLOUT, 7));
	result("wait to nowhere", syscall(SYS_epoll_wait, epoll, nowhere, 1, 0));
	waited("after that", epoll);
	sigset_t none;
	sigemptyset(&none);
	result("pwait", epoll_pwait(epoll, &event, 1, 0, &none));
	result("pwait, bad size", syscall(SYS_epoll_pwait, epoll, &event, 1, 0, &none, 4));
	struct timespec zero = {0, 0}, bad = {0, -1};
	result("pwait2", syscall(SYS_epoll_pwait2, epoll, &event, 1, &zero, NULL, 0));
	result("pwait2, bad time", syscall(SYS_epoll_pwait2, epoll, &event, 1, &bad, NULL, 0));
	struct stat status;
	result("fstat", fstat(epoll, &status));
	printf("mode %o\n", status.st_mode);
	close(epoll);
	close(fd);
	close(null);
	close(directory);
}

/* Who sleeps in epoll_wait is woken, through two levels. */
static void woken(void)
{
	int fd = eventfd(0, 0), inner = epoll_create1(0), outer = epoll_create1(0);

	control(inner, EPOLL_CTL_ADD, fd, EPOLLIN, 1);
	control(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		struct timespec short_time = {0, 20000000};
		nanosleep(&short_time, NULL);
		_exit(eventfd_write(fd, 5) != 0);
	}
	struct epoll_event event;
	result("sleep", epoll_wait(outer, &event, 1, 20000));
	eventfd_t value = 0;
	result("read", eventfd_read(fd, &value));
	printf("value %llu\n", (unsigned long long)value);
	waitpid(child, NULL, 0);
	close(fd);
	close(inner);
	close(outer);
}

/* More files than one call gives: each has its turn. */
static void turns(void)
{
	int epoll = epoll_create1(0), fds[6], seen[6] = {0};
	struct epoll_event events[2];

	for (int i = 0; i < 6; i++) {
		fds[i] = eventfd(1, 0);
		control(epoll, EPOLL_CTL_ADD, fds[i], EPOLLIN, (uint64_t)i);
	}
	for (int round = 0; round < 3; round++) {
		int count = epoll_wait(epoll, events, 2, 0);
		for (int i = 0; i < count; i++)
			seen[events[i].data.u64]++;
	}
	for (int i = 0; i < 6; i++) {
		printf("%d was seen %d\n", i, seen[i]);
		close(fds[i]);
	}
	close(epoll);
}

int main(void)
{
	levels_and_edges();
	closing();
	nesting();
	errors();
	woken();
	turns();
	return 0;
}
