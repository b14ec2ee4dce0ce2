/* prog_usage.c: the most memory that was used, limits of others, time limits of sockets. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1 << 20)

static void show(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
	fflush(stdout);
}

static long peak_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_maxrss;
}

static void use(size_t bytes, int drop)
{
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, bytes);
	if (drop == 1)
		madvise(memory, bytes, MADV_DONTNEED);
	else
		munmap(memory, bytes);
}

static long child_peak(size_t bytes)
{
	struct rusage usage;
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		use(bytes, 0);
		_exit(0);
	}
	wait4(child, &status, 0, &usage);
	return usage.ru_maxrss;
}

/* Is it about so many MiB above? */
static int is_about(long kib, long base, long mib)
{
	return kib >= base + mib * 1024 - 1024 && kib <= base + mib * 1024 + 4096;
}

static void peaks(void)
{
	long base = peak_of(RUSAGE_SELF);

	printf("children at first: %ld\n", peak_of(RUSAGE_CHILDREN));
	use(8 * MIB, 0);
	printf("8 MiB, unmapped: %d\n", is_about(peak_of(RUSAGE_SELF), base, 8));
	use(16 * MIB, 1);
	printf("16 MiB, given back: %d\n", is_about(peak_of(RUSAGE_SELF), base, 16));
	for (int i = 0; i < 20; i++)
		use(4 * MIB, 0);
	printf("often 4 MiB: %d\n", is_about(peak_of(RUSAGE_SELF), base, 16));
	for (int i = 0; i < 2000; i++)
		use(4096, 0);
	printf("very often a page: %d\n", is_about(peak_of(RUSAGE_SELF), base, 16));
	printf("a thread's: %d\n", peak_of(RUSAGE_THREAD) == peak_of(RUSAGE_SELF));
	printf("a child: %d\n", child_peak(12 * MIB) >= 12 * 1024);
	printf("a smaller child: %d\n", child_peak(4 * MIB) < 12 * 1024);
	long children = peak_of(RUSAGE_CHILDREN);
	printf("the largest: %d\n", children >= 12 * 1024 && children < 16 * 1024);
}

static void limits(void)
{
	int ready[2], go[2];
	char byte;
	struct rlimit old, fresh = {.rlim_cur = 20, .rlim_max = 100};

	if (pipe(ready) || pipe(go))
		exit(1);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		read(go[0], &byte, 1);
		struct rlimit seen;
		getrlimit(RLIMIT_NOFILE, &seen);
		int fd, count = 0;
		while ((fd = dup(0)) >= 0)
			count = fd;
		printf("the child sees %d, and opens up to %d\n", (int)seen.rlim_cur, count);
		fflush(stdout);
		char *memory = mmap(NULL, 64 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		printf("64 MiB: %s\n", memory == MAP_FAILED ? strerror(errno) : "mapped");
		fflush(stdout);
		write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	show("limit a child", prlimit(child, RLIMIT_NOFILE, &fresh, &old));
	printf("it had more: %d\n", old.rlim_cur > 20);
	show("look at it", prlimit(child, RLIMIT_NOFILE, NULL, &old));
	printf("%d %d\n", (int)old.rlim_cur, (int)old.rlim_max);
	fresh.rlim_cur = fresh.rlim_max = 32 * MIB;
	show("its space", prlimit(child, RLIMIT_AS, &fresh, NULL));
	fresh.rlim_cur = 200;
	fresh.rlim_max = 100;
	show("soft above hard", prlimit(child, RLIMIT_CORE, &fresh, NULL));
	show("no such limit", prlimit(child, 99, NULL, &old));
	show("no such process", prlimit(0x3fffffff, RLIMIT_CORE, NULL, &old));
	show("a bad address", prlimit(child, RLIMIT_CORE, (void *)8, NULL));
	write(go[1], "x", 1);
	read(ready[0], &byte, 1);
	printf("its nice value: %d\n", getpriority(PRIO_PROCESS, (id_t)child));
	show("set it", setpriority(PRIO_PROCESS, (id_t)child, 7));
	printf("then: %d, own %d\n", getpriority(PRIO_PROCESS, (id_t)child),
	       getpriority(PRIO_PROCESS, 0));
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	show("its processors", sched_setaffinity(child, sizeof(set), &set));
	CPU_ZERO(&set);
	show("see them", sched_getaffinity(child, sizeof(set), &set));
	printf("%d\n", CPU_COUNT(&set));
	kill(child, SIGKILL);
	siginfo_t info;
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	waitpid(child, NULL, 0);
	show("once it is gone", prlimit(child, RLIMIT_CORE, NULL, &old));
}

static long since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void socket_times(void)
{
	int pair[2], got;
	struct timeval time = {.tv_usec = 200000}, told;
	struct timespec start;
	socklen_t bytes = sizeof(told);
	char block[4096] = "";

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(1);
	getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &told, &bytes);
	printf("at first %ld %ld, %u bytes\n", (long)told.tv_sec, (long)told.tv_usec, bytes);
	show("receive", setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	show("send", setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
	getsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &told, &bytes);
	printf("then %ld %ld\n", (long)told.tv_sec, (long)told.tv_usec);
	show("too short", setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, 8));
	time.tv_usec = 1000000;
	show("too many", setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	clock_gettime(CLOCK_MONOTONIC, &start);
	show("read", read(pair[0], block, 1));
	long waited = since(&start);
	printf("about 200 ms: %d\n", waited >= 190 && waited < 5000);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while ((got = (int)write(pair[0], block, sizeof(block))) > 0)
		;
	show("write", got);
	waited = since(&start);
	printf("about 200 ms: %d\n", waited >= 190 && waited < 5000);
	time.tv_sec = -1;
	time.tv_usec = 0;
	show("negative", setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	show("read", read(pair[0], block, 1));
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0usage"};
	bind(listener, (struct sockaddr *)&name, sizeof(sa_family_t) + 6);
	listen(listener, 1);
	time.tv_sec = 0;
	time.tv_usec = 100000;
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	show("accept", accept(listener, NULL, NULL));
}

int main(void)
{
	/* Linux counts what was there before execve, too: not so for a child. */
	pid_t child = fork();
	if (!child) {
		peaks();
		return 0;
	}
	waitpid(child, NULL, 0);
	limits();
	socket_times();
	return 0;
}
