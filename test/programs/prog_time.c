/* prog_time.c: clocks go forward, a sleep is never too short, and errors come out right. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000ll

static int64_t now(clockid_t clock)
{
	struct timespec time = {-1, -1};

	if (clock_gettime(clock, &time) != 0 || time.tv_nsec < 0 || time.tv_nsec >= BILLION)
		return -1;
	return time.tv_sec * BILLION + time.tv_nsec;
}

static void say(const char *what, int is_so)
{
	printf("%s: %s\n", what, is_so ? "yes" : "NO");
}

static void forward(const char *name, clockid_t clock)
{
	int64_t last = now(clock);
	int back = last < 0;

	for (int i = 0; i < 20000; i++) {
		int64_t next = now(clock);
		back |= next < last;
		last = next;
	}
	printf("%s never goes back: %s\n", name, back ? "NO" : "yes");
}

static void sleeps(int64_t nanoseconds)
{
	struct timespec wanted = {nanoseconds / BILLION, nanoseconds % BILLION};
	int64_t before = now(CLOCK_MONOTONIC);
	int status = nanosleep(&wanted, NULL);
	int64_t took = now(CLOCK_MONOTONIC) - before;

	printf("nanosleep %lld: %d, %s\n", (long long)nanoseconds, status,
	       took >= nanoseconds ? "long enough" : "TOO SHORT");
}

int main(void)
{
	forward("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
	forward("CLOCK_REALTIME", CLOCK_REALTIME);
	int64_t before = now(CLOCK_MONOTONIC);
	for (volatile int i = 0; i < 1000000; i++)
		;
	say("time passes while a program computes", now(CLOCK_MONOTONIC) > before);
	sleeps(0);
	sleeps(1);
	sleeps(20000000);

	struct timespec wrong = {0, BILLION};
	int status = nanosleep(&wrong, NULL);
	printf("nanosleep with a whole second of nanoseconds: %d %s\n", status, strerror(errno));
	wrong = (struct timespec){-1, 0};
	status = nanosleep(&wrong, NULL);
	printf("nanosleep of a negative time: %d %s\n", status, strerror(errno));

	struct timespec time;
	status = clock_gettime(12345, &time);
	printf("an unknown clock: %d %s\n", status, strerror(errno));
	clockid_t own, parents;
	printf("clocks of processes: %d %d %d\n", clock_getcpuclockid(0, &own),
	       clock_getcpuclockid(getppid(), &parents), clock_getcpuclockid(1 << 21, &parents));
	int64_t total = now(CLOCK_PROCESS_CPUTIME_ID);
	say("a process's clock is its CPU time", now(own) >= total);
	forward("a process's clock", own);
	status = clock_gettime(-5, &time); /* of the kind of a descriptor */
	printf("a clock that is no file: %d %s\n", status, strerror(errno));
	struct timeval of_day;
	status = gettimeofday(&of_day, NULL);
	int64_t difference = now(CLOCK_REALTIME) / BILLION - of_day.tv_sec;
	printf("gettimeofday: %d, %s\n", status,
	       difference >= 0 && difference < 60 ? "agrees" : "DIFFERS");
	say("this is after 2020", of_day.tv_sec > 1577836800);
	return 0;
}
