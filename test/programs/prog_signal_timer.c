/*
 * prog_signal_timer.c: alarm, setitimer, timer_create: what they send, what they say, what they
 * refuse. No time is printed that depends on the machine.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#define MS         1000 /* microseconds */
#define NS_PER_SEC 1000000000ll

static volatile sig_atomic_t calls;
static siginfo_t told;

static void note(int signal, siginfo_t *info, void *context)
{
	told = *info;
	calls++;
}

static void say_told(const char *what)
{
	printf("%s: signal %d code %d", what, told.si_signo, told.si_code);
	if (told.si_code == SI_TIMER)
		printf(" value %d", told.si_value.sival_int);
	printf("\n");
	fflush(stdout);
}

/* The signals of the tests are blocked but in here. */
static void await(int count)
{
	sigset_t none;

	sigemptyset(&none);
	while (calls < count)
		sigsuspend(&none);
}

static int64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NS_PER_SEC + time.tv_nsec;
}

static void burn(int count)
{
	while (calls < count)
		for (volatile int i = 0; i < 10000; i++)
			;
}

/* ---- alarm ---- */

static void alarms(void)
{
	say("no alarm yet", alarm(100));
	say("the one before", alarm(50) == 100);
	say("switched off", alarm(0) == 50);
	say("none", alarm(0));
	int64_t before = now(CLOCK_MONOTONIC);
	calls = 0;
	alarm(1);
	await(1);
	say("not too early", now(CLOCK_MONOTONIC) - before >= NS_PER_SEC);
	say_told("alarm");
	say("it is over", alarm(0));
	struct itimerval value;
	alarm(77);
	getitimer(ITIMER_REAL, &value);
	say("alarm is ITIMER_REAL", value.it_value.tv_sec >= 76 && value.it_interval.tv_sec == 0);
	pid_t child = fork();
	if (child == 0)
		_exit((int)alarm(0));
	int status;
	waitpid(child, &status, 0);
	say_status("a child has no alarm", status);
	if ((child = fork()) == 0) {
		alarm(88);
		execl("/proc/self/exe", "prog_signal_timer", "after exec", NULL);
		_exit(98);
	}
	waitpid(child, &status, 0);
	say_status("exec keeps it", status);
	alarm(0);
}

/* ---- setitimer ---- */

static void set(int which, int64_t value, int64_t interval)
{
	const struct itimerval timer = {
		.it_value = {value / 1000000, value % 1000000},
		.it_interval = {interval / 1000000, interval % 1000000},
	};

	setitimer(which, &timer, NULL);
}

static int64_t left(int which)
{
	struct itimerval value;

	getitimer(which, &value);
	return value.it_value.tv_sec * 1000000ll + value.it_value.tv_usec;
}

static void intervals(void)
{
	struct itimerval old;

	calls = 0;
	int64_t before = now(CLOCK_MONOTONIC);
	set(ITIMER_REAL, 10 * MS, 5 * MS);
	await(5);
	say("five ends", now(CLOCK_MONOTONIC) - before >= 30 * MS * 1000);
	say("the time left is less than an interval", left(ITIMER_REAL) <= 5 * MS);
	const struct itimerval none = {.it_interval.tv_sec = 3};
	setitimer(ITIMER_REAL, &none, &old);
	say("the interval was", old.it_interval.tv_usec);
	getitimer(ITIMER_REAL, &old);
	say("switched off", old.it_value.tv_sec + old.it_value.tv_usec);
	say("and the interval", old.it_interval.tv_sec);
	set(ITIMER_REAL, 1, 1);
	while (!is_pending(SIGALRM))
		;
	say("a short interval whose signal is blocked", left(ITIMER_REAL));
	calls = 0;
	await(3);
	say("goes on when it is taken", calls >= 3);
	set(ITIMER_REAL, 0, 0);
}

static void cpu_time(void)
{
	int64_t before = now(CLOCK_PROCESS_CPUTIME_ID);

	mask_signal(SIG_UNBLOCK, SIGVTALRM);
	mask_signal(SIG_UNBLOCK, SIGPROF);
	calls = 0;
	set(ITIMER_VIRTUAL, 20 * MS, 10 * MS);
	say("some time is left", left(ITIMER_VIRTUAL) > 0);
	burn(3);
	set(ITIMER_VIRTUAL, 0, 0);
	say_told("ITIMER_VIRTUAL");
	say("so much CPU time", now(CLOCK_PROCESS_CPUTIME_ID) - before >= 20 * MS * 1000);
	calls = 0;
	set(ITIMER_PROF, 10 * MS, 0);
	burn(1);
	say_told("ITIMER_PROF");
	say("none is left", left(ITIMER_PROF));
	/* Time in which the process does not run does not count. */
	set(ITIMER_PROF, 30 * MS, 0);
	calls = 0;
	usleep(60 * MS);
	say("asleep it does not end", calls);
	set(ITIMER_PROF, 0, 0);
	mask_signal(SIG_BLOCK, SIGVTALRM);
	mask_signal(SIG_BLOCK, SIGPROF);
}

static void refused(void)
{
	struct itimerval value = {.it_value.tv_usec = 1000000};

	say_result("setitimer of type 3", setitimer((int)3, &value, NULL));
	say_result("a million microseconds", setitimer(ITIMER_REAL, &value, NULL));
	value.it_value.tv_usec = -1;
	say_result("-1 microsecond", setitimer(ITIMER_REAL, &value, NULL));
	value.it_value = (struct timeval){.tv_sec = -1};
	say_result("-1 second", setitimer(ITIMER_REAL, &value, NULL));
	value.it_value.tv_sec = INT64_MAX;
	say_result("a very long time", setitimer(ITIMER_REAL, &value, NULL));
	say("is left", left(ITIMER_REAL) > 1000000000000ll);
	set(ITIMER_REAL, 0, 0);
	say_result("getitimer of type 3", getitimer((int)3, &value));
	say_result("a bad pointer", syscall(SYS_setitimer, ITIMER_REAL, 8, 0));
	say_result("a bad pointer to the old one", syscall(SYS_setitimer, ITIMER_REAL, 0, 8));
	say_result("a bad pointer to get", syscall(SYS_getitimer, ITIMER_REAL, 8));
}

/* ---- timer_create: the kernel's own calls, without what the libraries add
 * ---- */

static long create(clockid_t clock, int notify, int signal, int value, int *id)
{
	struct sigevent event = {
		.sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value};

	return syscall(SYS_timer_create, clock, &event, id);
}

static long settime(int id, int flags, int64_t value, int64_t interval, struct itimerspec *old)
{
	const struct itimerspec timer = {
		.it_value = {value / NS_PER_SEC, value % NS_PER_SEC},
		.it_interval = {interval / NS_PER_SEC, interval % NS_PER_SEC},
	};

	return syscall(SYS_timer_settime, id, flags, &timer, old);
}

/* A pending signal; it does not wait. */
static int take(int signal)
{
	const struct timespec none = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return sigtimedwait(&set, NULL, &none);
}

static void created(void)
{
	struct itimerspec spec;
	int id, other;

	set_info_handler(SIGRTMIN, note, 0);
	mask_signal(SIG_BLOCK, SIGRTMIN);
	say_result("timer_create", create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 123, &id));
	syscall(SYS_timer_gettime, id, &spec);
	say("it is not set", spec.it_value.tv_sec + spec.it_value.tv_nsec);
	calls = 0;
	say_result("timer_settime", settime(id, 0, 1000000, 2000000, NULL));
	await(3);
	say_told("its signal");
	say("its number", told.si_timerid == id);
	say_result("overrun", syscall(SYS_timer_getoverrun, id) >= 0);
	settime(id, 0, 0, 0, &spec);
	say("its interval was", spec.it_interval.tv_nsec);
	/* Many ends, one signal. */
	settime(id, 0, 1, 1000000, NULL);
	while (!is_pending(SIGRTMIN))
		;
	int64_t begin = now(CLOCK_MONOTONIC);
	while (now(CLOCK_MONOTONIC) < begin + 10000000)
		;
	calls = 0;
	await(1);
	int overrun = told.si_overrun;
	say("many ends, one signal", overrun >= 9);
	say("told twice", syscall(SYS_timer_getoverrun, id) == overrun || calls > 1);
	while (!is_pending(SIGRTMIN))
		;
	settime(id, 0, 0, 0, NULL);
	say_result("what is set anew has no old signal", take(SIGRTMIN));
	create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN, 456, &other);
	say("another number", other != id);
	calls = 0;
	settime(other, TIMER_ABSTIME, now(CLOCK_REALTIME) + 5000000, 0, NULL);
	await(1);
	say_told("at a time of the clock");
	calls = 0;
	settime(other, TIMER_ABSTIME, NS_PER_SEC, 0, NULL);
	await(1);
	say_told("at a time that is over");
	settime(other, 0, 1, 0, NULL);
	while (!is_pending(SIGRTMIN))
		;
	say_result("timer_delete", syscall(SYS_timer_delete, other));
	say_result("its signal goes with it", take(SIGRTMIN));
	say_result("again", syscall(SYS_timer_delete, other));
	say_result("gettime of it", syscall(SYS_timer_gettime, other, &spec));
	say_result("settime of it", settime(other, 0, 1, 1, NULL));
	say_result("overrun of it", syscall(SYS_timer_getoverrun, other));
	say_result("and the first", syscall(SYS_timer_delete, id));
}

static void more_created(void)
{
	struct itimerspec spec;
	int id;

	/* Without a request: SIGALRM, and the value is the timer's number. */
	say_result("no request", syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	calls = 0;
	settime(id, 0, 1000, 0, NULL);
	await(1);
	printf("signal %d code %d, the value is the number %d\n", told.si_signo, told.si_code,
	       told.si_value.sival_int == id);
	say_result("", syscall(SYS_timer_delete, id));
	create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &id);
	settime(id, 0, 1000000000, 0, NULL);
	syscall(SYS_timer_gettime, id, &spec);
	say("SIGEV_NONE: time is left", spec.it_value.tv_nsec > 0 || spec.it_value.tv_sec > 0);
	settime(id, 0, 1, 1000000000, NULL);
	syscall(SYS_timer_gettime, id, &spec);
	say("an interval goes on", spec.it_value.tv_nsec > 0 || spec.it_value.tv_sec > 0);
	syscall(SYS_timer_delete, id);
	calls = 0;
	create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGALRM, 9, &id);
	mask_signal(SIG_UNBLOCK, SIGALRM);
	settime(id, 0, 5000000, 0, NULL);
	burn(1);
	say_told("CPU time");
	mask_signal(SIG_BLOCK, SIGALRM);
	syscall(SYS_timer_delete, id);
	say_result("a clock that is not there", create(55, SIGEV_SIGNAL, SIGALRM, 9, &id));
	say_result("a signal that is not there", create(1, SIGEV_SIGNAL, 65, 9, &id));
	say_result("signal 0", create(1, SIGEV_SIGNAL, 0, 9, &id));
	say_result("an odd way to notify", create(1, 77, SIGALRM, 9, &id));
	say_result("a bad request", syscall(SYS_timer_create, 1, 8, &id));
	say_result("a bad place for the number", syscall(SYS_timer_create, 1, NULL, 8));
	create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGALRM, 9, &id);
	say_result("-1 nanosecond", settime(id, 0, -1, 0, NULL));
	say_result("no time", syscall(SYS_timer_settime, id, 0, NULL, NULL));
	say_result("a bad time", syscall(SYS_timer_settime, id, 0, 8, NULL));
	say_result("a bad old time", syscall(SYS_timer_settime, id, 0, &spec, 8));
	pid_t child = fork();
	if (child == 0) {
		say_result("child: no timer", syscall(SYS_timer_gettime, id, &spec));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	/* Ignored for a while. */
	set_handler(SIGALRM, SIG_IGN, 0);
	settime(id, 0, 1000000, 1000000, NULL);
	usleep(20 * MS);
	calls = 0;
	set_info_handler(SIGALRM, note, 0);
	await(1);
	say_told("a signal that was ignored, and is no more");
	if (syscall(SYS_timer_delete, id) != 0)
		exit(1);
	mask_signal(SIG_BLOCK, SIGUSR1);
	set_info_handler(SIGUSR1, note, 0);
	int ids[3];
	for (int i = 0; i < 3; i++) {
		create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, i, &ids[i]);
		settime(ids[i], 0, 1, 0, NULL);
	}
	usleep(10 * MS);
	calls = 0;
	await(3);
	say("three timers with one signal that is not queued otherwise", calls);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return (int)alarm(0);
	set_info_handler(SIGALRM, note, 0);
	set_info_handler(SIGVTALRM, note, 0);
	set_info_handler(SIGPROF, note, 0);
	mask_signal(SIG_BLOCK, SIGALRM);
	mask_signal(SIG_BLOCK, SIGVTALRM);
	mask_signal(SIG_BLOCK, SIGPROF);
	alarms();
	intervals();
	cpu_time();
	refused();
	created();
	more_created();
	return 0;
}
