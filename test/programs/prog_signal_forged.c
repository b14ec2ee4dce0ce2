/*
 * prog_signal_forged.c: signals that say they are a timer's, and are not (rt_sigqueueinfo(2)). The
 * timer goes on, and can be deleted while they and its own signal are pending.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#define FORGED_VALUE 7
#define ROUNDS       50

static const struct timespec no_time;

static int make_timer(int signal)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal};
	int id = -1;

	syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
	return id;
}

static void set_timer(int id, long nanoseconds, long interval)
{
	const struct itimerspec time = {{0, interval}, {0, nanoseconds}};

	syscall(SYS_timer_settime, id, 0, &time, NULL);
}

/* To ourselves. */
static void forge(int signal, int timer)
{
	siginfo_t info = {.si_code = SI_TIMER};

	info.si_timerid = timer;
	info.si_value.sival_int = FORGED_VALUE;
	syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info);
}

/* Timers end in their order: once this one has, those that were set to a shorter time have. */
static void wait_for_ends(void)
{
	int last = make_timer(SIGRTMIN + 5);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	set_timer(last, 3000000, 0);
	sigwaitinfo(&set, NULL);
	syscall(SYS_timer_delete, last);
}

/* What is pending of it goes; how many were forged. */
static int drain(int signal)
{
	siginfo_t info;
	sigset_t set;
	int forged = 0;

	sigemptyset(&set);
	sigaddset(&set, signal);
	while (sigtimedwait(&set, &info, &no_time) == signal)
		forged += info.si_code == SI_TIMER && info.si_value.sival_int == FORGED_VALUE;
	return forged;
}

/* Taken while the timer's own signal is still pending. */
static int forged_is_first(int signal)
{
	int timer = make_timer(signal), forged;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	forge(signal, timer);
	set_timer(timer, 1000000, 1000000);
	wait_for_ends();
	sigtimedwait(&set, &info, &no_time);
	forged = info.si_value.sival_int == FORGED_VALUE;
	wait_for_ends();
	syscall(SYS_timer_delete, timer);
	return forged + drain(signal);
}

/* Behind it, when the timer is deleted. */
static int forged_is_last(int signal)
{
	int timer = make_timer(signal);

	set_timer(timer, 1000000, 0);
	wait_for_ends();
	forge(signal, timer);
	syscall(SYS_timer_delete, timer);
	/* Another one in its memory. */
	timer = make_timer(signal);
	set_timer(timer, 1000000, 0);
	wait_for_ends();
	syscall(SYS_timer_delete, timer);
	return drain(signal);
}

int main(void)
{
	int first = 0, last = 0;

	for (int signal = SIGRTMIN; signal <= SIGRTMIN + 5; signal++)
		mask_signal(SIG_BLOCK, signal);
	for (int i = 0; i < ROUNDS; i++) {
		first += forged_is_first(SIGRTMIN);
		last += forged_is_last(SIGRTMIN + 1);
	}
	say("forged ones before a timer's own", first);
	say("forged ones behind it", last);
	return 0;
}
