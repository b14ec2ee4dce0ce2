/* prog_event_timer.c: eventfd(2) and timerfd_create(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000l

static char *volatile nowhere = (char *)8;

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static unsigned polled(int fd)
{
	struct pollfd wanted = {fd, POLLIN | POLLOUT, 0};

	poll(&wanted, 1, 0);
	return (unsigned)wanted.revents;
}

static void took(const char *what, int fd)
{
	uint64_t value = 0;
	long status = read(fd, &value, sizeof(value));

	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld, %#llx\n", what, status, (unsigned long long)value);
}

static void put(const char *what, int fd, uint64_t value)
{
	result(what, write(fd, &value, sizeof(value)));
}

static void counting(int flags)
{
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC | flags);
	char bytes[16];

	printf("flags %d, cloexec %d, nonblock %d\n", flags, fcntl(fd, F_GETFD),
	       !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	printf("poll %#x\n", polled(fd));
	took("read", fd);
	took("read", fd);
	took("read", fd);
	took("read", fd);
	printf("poll %#x\n", polled(fd));
	put("write 5", fd, 5);
	put("write 0", fd, 0);
	took("read", fd);
	put("write too much", fd, UINT64_MAX);
	put("write all there is", fd, UINT64_MAX - 5);
	put("write one more", fd, 5);
	printf("poll %#x\n", polled(fd));
	took("read", fd);
	result("read too few", read(fd, bytes, 7));
	result("write too few", write(fd, bytes, 7));
	result("read more", write(fd, "\1\0\0\0\0\0\0\0........", 16));
	result("read to nowhere", read(fd, nowhere, 8));
	result("write from nowhere", write(fd, nowhere, 8));
	result("lseek", lseek(fd, 0, SEEK_CUR));
	result("pread", pread(fd, bytes, 8, 0));
	result("ioctl", fsync(fd));
	close(fd);
}

static void waiting(void)
{
	int there = eventfd(0, 0), back = eventfd(0, EFD_SEMAPHORE);

	fflush(stdout);
	if (!fork()) {
		uint64_t value;
		while (read(there, &value, 8) == 8 && value < 100) {
			value += 1;
			if (write(back, &value, 8) != 8)
				break;
		}
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		put("to the child", there, (uint64_t)i + 1);
		for (int j = 0; j < i + 2; j++)
			took("from the child", back);
	}
	put("stop", there, 100);
	wait(NULL);
	close(there);
	close(back);
}

static void set(const char *what, int fd, int flags, long first, long interval)
{
	struct itimerspec time = {{interval / 1000, interval % 1000 * MS},
				  {first / 1000, first % 1000 * MS}};
	struct itimerspec old;

	result(what, timerfd_settime(fd, flags, &time, &old));
	printf("it was %s, interval %ld\n",
	       old.it_value.tv_sec || old.it_value.tv_nsec ? "set" : "not set",
	       old.it_interval.tv_sec * 1000 + old.it_interval.tv_nsec / MS);
}

static void got(int fd)
{
	struct itimerspec now;

	result("gettime", timerfd_gettime(fd, &now));
	printf("%s, interval %ld\n",
	       now.it_value.tv_sec || now.it_value.tv_nsec ? "set" : "not set",
	       now.it_interval.tv_sec * 1000 + now.it_interval.tv_nsec / MS);
}

static void await(int fd)
{
	struct pollfd wanted = {fd, POLLIN, 0};

	printf("poll %d %#x\n", poll(&wanted, 1, 20000), (unsigned)wanted.revents);
}

static void timing(int clock)
{
	int fd = timerfd_create(clock, TFD_CLOEXEC);
	struct timespec now;
	uint64_t ends;

	printf("clock %d: %s\n", clock, fd < 0 ? strerror(errno) : "made");
	if (fd < 0)
		return;
	got(fd);
	set("once", fd, 0, 20, 0);
	got(fd);
	await(fd);
	got(fd);
	took("read", fd);
	got(fd);
	set("again and again", fd, 0, 5, 30000);
	await(fd);
	got(fd);
	took("read", fd);
	set("often", fd, 0, 1, 1);
	struct timespec some_time = {0, 20 * MS};
	nanosleep(&some_time, NULL);
	printf("read %zd", read(fd, &ends, 8));
	printf(", many ends: %d\n", ends >= 10);
	set("off", fd, 0, 0, 7);
	printf("poll %#x\n", polled(fd));
	got(fd);
	clock_gettime(clock == CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
	set("in the past", fd, TFD_TIMER_ABSTIME, 1, 0);
	took("read", fd);
	set("in the future", fd, TFD_TIMER_ABSTIME, (now.tv_sec + 3000) * 1000, 0);
	got(fd);
	printf("poll %#x\n", polled(fd));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	took("read", fd);
	close(fd);
}

static void errors(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), other = eventfd(0, 0);
	struct itimerspec bad = {{0, 0}, {0, 1000000000}}, good = {{0, 0}, {1, 0}};
	char bytes[8];

	result("a clock that is none", timerfd_create(77, 0));
	result("a clock of the process", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	result("bad flags", timerfd_create(CLOCK_MONOTONIC, 1));
	result("bad time", timerfd_settime(fd, 0, &bad, NULL));
	result("bad set flags", timerfd_settime(fd, 8, &good, NULL));
	result("from nowhere", syscall(SYS_timerfd_settime, fd, 0, nowhere, NULL));
	result("to nowhere", syscall(SYS_timerfd_settime, fd, 0, &good, nowhere));
	result("get to nowhere", syscall(SYS_timerfd_gettime, fd, nowhere));
	result("of no timer", timerfd_settime(other, 0, &good, NULL));
	result("get of no timer", timerfd_gettime(other, &good));
	result("of no file", timerfd_settime(99, 0, &good, NULL));
	result("read too few", read(fd, bytes, 4));
	result("write", write(fd, bytes, 8));
	took("read", fd);
	result("eventfd flags", eventfd(0, 2));
	close(fd);
	close(other);
}

int main(void)
{
	counting(0);
	counting(EFD_SEMAPHORE);
	waiting();
	timing(CLOCK_MONOTONIC);
	timing(CLOCK_REALTIME);
	timing(CLOCK_BOOTTIME);
	errors();
	return 0;
}
