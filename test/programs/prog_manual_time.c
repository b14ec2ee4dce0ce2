/*
 * prog_manual_time.c: what the manual's pages of clocks and timers say of errors, one line each:
 * clock_getres(2), clock_nanosleep(2), settimeofday(2), timer_create(2), setitimer(2), times(2).
 * Nothing here sets a clock.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "manual.h"

#define PROCESS_CLOCK(pid, kind) ((int)(~(unsigned)(pid) << 3 | (kind)))
#define THREAD                   4
#define SCHEDULER                2

static void *const bad = (void *)8;

static void clocks(int clock, const char *name)
{
	struct timespec time;

	printf("%s:", name);
	say("gettime", syscall(SYS_clock_gettime, clock, &time));
	say("getres", syscall(SYS_clock_getres, clock, &time));
	say("no getres", syscall(SYS_clock_getres, clock, NULL));
	say("bad", syscall(SYS_clock_gettime, clock, bad));
	say("set bad", syscall(SYS_clock_settime, clock, bad));
	time = (struct timespec){1, 1000000000};
	say("set nsec", syscall(SYS_clock_settime, clock, &time));
	time = (struct timespec){-1, 0};
	say("set past", syscall(SYS_clock_settime, clock, &time));
	time = (struct timespec){INT64_MAX / 1000000000, 0};
	say("set late", syscall(SYS_clock_settime, clock, &time));
	time = (struct timespec){0, -1};
	say("sleep nsec", syscall(SYS_clock_nanosleep, clock, 0, &time, NULL));
	say("sleep bad", syscall(SYS_clock_nanosleep, clock, 0, bad, NULL));
	time = (struct timespec){0, 0};
	say("sleep", syscall(SYS_clock_nanosleep, clock, 0, &time, NULL));
	say("until", syscall(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &time, NULL));
	putchar('\n');
}

static void all_clocks(void)
{
	static const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 16, 100, -1, INT32_MIN};
	static const char *const kinds[] = {"prof", "virtual", "scheduler", "file"};
	int ends[2];
	char name[32], byte;

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sprintf(name, "clock %d", numbers[i]);
		clocks(numbers[i], name);
	}
	for (int kind = 0; kind < 4; kind++) {
		clocks(PROCESS_CLOCK(0, kind), kinds[kind]);
		clocks(PROCESS_CLOCK(getpid(), kind), kinds[kind]);
		clocks(PROCESS_CLOCK(getpid(), kind | THREAD), kinds[kind]);
	}
	if (pipe(ends))
		return;
	pid_t child = fork();
	if (child == 0) {
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	struct timespec time;
	say("child's", syscall(SYS_clock_gettime, PROCESS_CLOCK(child, SCHEDULER), &time));
	say("child's thread",
	    syscall(SYS_clock_gettime, PROCESS_CLOCK(child, SCHEDULER | THREAD), &time));
	(void)!write(ends[1], "", 1);
	waitpid(child, NULL, 0);
	say("gone", syscall(SYS_clock_gettime, PROCESS_CLOCK(child, SCHEDULER), &time));
	putchar('\n');
}

static void create(int clock, int notify, int signal)
{
	struct sigevent event = {.sigev_notify = notify, .sigev_signo = signal};
	int id;

	printf("timer of clock %d, %d, signal %d:", clock, notify, signal);
	long result = syscall(SYS_timer_create, clock, &event, &id);
	say("create", result);
	if (result == 0) {
		struct itimerspec time = {{0, 0}, {0, 1000000000}};
		say("nsec", syscall(SYS_timer_settime, id, 0, &time, NULL));
		time = (struct itimerspec){{0, -1}, {1, 0}};
		say("interval", syscall(SYS_timer_settime, id, 0, &time, NULL));
		time = (struct itimerspec){{0, 0}, {1000, 0}};
		say("settime", syscall(SYS_timer_settime, id, 0, &time, NULL));
		say("bad", syscall(SYS_timer_settime, id, 0, bad, NULL));
		say("bad old", syscall(SYS_timer_settime, id, 0, &time, bad));
		say("bad gettime", syscall(SYS_timer_gettime, id, bad));
		say("gettime", syscall(SYS_timer_gettime, id, &time));
		printf(" %d", time.it_value.tv_sec > 990);
		say("overrun", syscall(SYS_timer_getoverrun, id));
		say("delete", syscall(SYS_timer_delete, id));
		say("again", syscall(SYS_timer_delete, id));
	}
	putchar('\n');
}

static void timers(void)
{
	static const int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 11, 12, -1, -2, -6};
	int id;

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		create(clocks[i], SIGEV_SIGNAL, SIGUSR1);
	for (int notify = 0; notify < 6; notify++)
		for (int signal = 0; signal < 67; signal += 33)
			create(CLOCK_MONOTONIC, notify, signal);
	say("bad event", syscall(SYS_timer_create, 0, bad, &id));
	say("bad id", syscall(SYS_timer_create, 0, NULL, bad));
	say("no event", syscall(SYS_timer_create, 0, NULL, &id));
	putchar('\n');
}

static void old_calls(void)
{
	struct timeval time = {0, 1000001};
	struct timezone zone = {16 * 60, 0};
	struct itimerval value = {{0, 0}, {0, 1000000}};

	say("settimeofday usec", syscall(SYS_settimeofday, &time, NULL));
	time = (struct timeval){-1, 0};
	say("sec", syscall(SYS_settimeofday, &time, NULL));
	time = (struct timeval){100, -1};
	say("negative", syscall(SYS_settimeofday, &time, NULL));
	say("zone", syscall(SYS_settimeofday, NULL, &zone));
	say("bad", syscall(SYS_settimeofday, bad, NULL));
	say("bad zone", syscall(SYS_settimeofday, NULL, bad));
	say("get bad", syscall(SYS_gettimeofday, bad, NULL));
	say("get nothing", syscall(SYS_gettimeofday, NULL, NULL));
	say("time bad", syscall(SYS_time, bad));
	say("times bad", syscall(SYS_times, bad));
	for (int which = -1; which < 4; which++) {
		say("setitimer", syscall(SYS_setitimer, which, &value, NULL));
		say("getitimer", syscall(SYS_getitimer, which, &value));
		say("get bad", syscall(SYS_getitimer, which, bad));
		say("set bad", syscall(SYS_setitimer, which, bad, NULL));
		say("clear", syscall(SYS_setitimer, which, NULL, NULL));
	}
	for (int who = -3; who < 3; who++)
		say("getrusage", syscall(SYS_getrusage, who, bad));
	putchar('\n');
}

/* prctl(2), PR_GET_NAME: 16 bytes, zeros behind the name. */
static void name(void)
{
	char text[16];

	prctl(PR_SET_NAME, "a name that is longer than that");
	prctl(PR_SET_NAME, "b\0hidden behind it");
	prctl(PR_GET_NAME, text);
	for (unsigned i = 0; i < sizeof(text); i++)
		printf(" %02x", (unsigned char)text[i]);
	putchar('\n');
}

int main(void)
{
	all_clocks();
	timers();
	old_calls();
	name();
	return 0;
}
