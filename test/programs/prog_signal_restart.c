/*
 * prog_signal_restart.c: system calls that wait, interrupted by a handler, by one with SA_RESTART,
 * and by being stopped and continued. A child makes the call; this process sees it asleep, sends
 * the signal, and afterwards lets the call come to its end.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#define FUTEX_WAIT   0 /* musl has no header of it */
#define FUTEX_WAKE   1
#define FIRST_WAIT   700 /* milliseconds: of a second, before the process is stopped */
#define MS_PER_SEC   1000
#define NS_PER_MS    1000000
#define TOO_LONG     1500
#define SECOND       1000
#define PIPE_FILLING 4096

static int data[2], handled[2], go[2], full[2];
static uint32_t *word; /* shared */
static const struct timespec hour = {.tv_sec = 3600};

static void note(int signal)
{
	if (write(handled[1], "", 1) != 1)
		_exit(99);
}

/* ---- the calls; what they return, or minus the error ---- */

static long result_of(long result)
{
	return result < 0 ? -errno : result;
}

static long do_read(void)
{
	char byte;

	return result_of(read(data[0], &byte, 1));
}

static long do_readv(void)
{
	char bytes[2];
	const struct iovec parts[2] = {{bytes, 1}, {bytes + 1, 1}};

	return result_of(readv(data[0], parts, 2));
}

static long do_write(void)
{
	return result_of(write(full[1], "x", 1));
}

/* Some of it fits. */
static long do_write_much(void)
{
	static char much[300000];

	return result_of(write(data[1], much, sizeof(much))) == (long)sizeof(much);
}

static pid_t start_waiter(void)
{
	pid_t child = fork();
	char byte;

	if (child == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(99);
		_exit(3);
	}
	return child;
}

static long do_wait4(void)
{
	int status = 0;
	pid_t child = start_waiter();
	long result = result_of(waitpid(child, &status, 0));

	return result == child ? status >> 8 : result;
}

static long do_waitid(void)
{
	siginfo_t info;
	pid_t child = start_waiter();
	long result = result_of(waitid(P_PID, (id_t)child, &info, WEXITED));

	return result ? result : info.si_status;
}

static long do_futex(void)
{
	return result_of(syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL));
}

static long do_futex_for_long(void)
{
	return result_of(syscall(SYS_futex, word, FUTEX_WAIT, 0, &hour));
}

static long do_nanosleep(void)
{
	struct timespec left = {0};
	long result = result_of(nanosleep(&hour, &left));

	return left.tv_sec > 0 && left.tv_sec <= 3600 ? result : 77;
}

static long do_clock_nanosleep(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 3600;
	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static struct pollfd polled(void)
{
	return (struct pollfd){.fd = data[0], .events = POLLIN};
}

static long do_poll(void)
{
	struct pollfd file = polled();

	return result_of(poll(&file, 1, -1));
}

static long do_poll_for_long(void)
{
	struct pollfd file = polled();

	return result_of(poll(&file, 1, 1000000));
}

static long do_ppoll(void)
{
	struct pollfd file = polled();
	sigset_t none;

	sigemptyset(&none);
	return result_of(ppoll(&file, 1, NULL, &none));
}

static long do_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(data[0], &set);
	return result_of(select(data[0] + 1, &set, NULL, NULL, NULL));
}

static long do_pselect(void)
{
	sigset_t none;
	fd_set set;

	FD_ZERO(&set);
	FD_SET(data[0], &set);
	sigemptyset(&none);
	return result_of(pselect(data[0] + 1, &set, NULL, NULL, &hour, &none));
}

static long do_epoll(void)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN};

	epoll_ctl(epoll, EPOLL_CTL_ADD, data[0], &event);
	return result_of(epoll_wait(epoll, &event, 1, -1));
}

static long do_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	mask_signal(SIG_BLOCK, SIGUSR2);
	return result_of(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
}

static long do_pause(void)
{
	return result_of(pause());
}

static long do_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return result_of(sigsuspend(&none));
}

/* ---- how they end ---- */

static void put_byte(pid_t child)
{
	if (write(data[1], "ab", 2) != 2)
		exit(98);
}

static void let_go(pid_t child)
{
	if (write(go[1], "", 1) != 1)
		exit(98);
}

static void drain(pid_t child)
{
	char bytes[PIPE_FILLING];

	if (read(full[0], bytes, sizeof(bytes)) != sizeof(bytes))
		exit(98);
}

/* Until the child has nothing more to write. */
static void drain_data(pid_t child)
{
	char bytes[PIPE_FILLING];

	while (wait_asleep(child) == 'S' && read(data[0], bytes, sizeof(bytes)) > 0)
		;
}

static void wake(pid_t child)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1);
}

static void send_usr2(pid_t child)
{
	kill(child, SIGUSR2);
}

static void send_usr1(pid_t child)
{
	kill(child, SIGUSR1);
}

static const struct {
	const char *name;
	long (*call)(void);
	void (*end)(pid_t child);
} cases[] = {
	{"read", do_read, put_byte},
	{"readv", do_readv, put_byte},
	{"write", do_write, drain},
	{"a write that fits in part", do_write_much, drain_data},
	{"wait4", do_wait4, let_go},
	{"waitid", do_waitid, let_go},
	{"futex", do_futex, wake},
	{"futex with a time", do_futex_for_long, wake},
	{"nanosleep", do_nanosleep, send_usr1},
	{"clock_nanosleep", do_clock_nanosleep, send_usr1},
	{"poll", do_poll, put_byte},
	{"poll with a time", do_poll_for_long, put_byte},
	{"ppoll", do_ppoll, put_byte},
	{"select", do_select, put_byte},
	{"pselect", do_pselect, put_byte},
	{"epoll_wait", do_epoll, put_byte},
	{"sigtimedwait", do_sigtimedwait, send_usr2},
	{"pause", do_pause, send_usr1},
	{"sigsuspend", do_sigsuspend, send_usr1},
};

enum way { BY_HANDLER, BY_RESTARTING_HANDLER, BY_STOPPING, WAYS };
static const char *const way_names[] = {"a handler", "SA_RESTART", "stopped"};

static void open_pipes(void)
{
	static char filling[PIPE_FILLING];

	if (pipe(data) || pipe(handled) || pipe(go) || pipe(full))
		exit(97);
	for (int i = 0; i < 16; i++)
		if (write(full[1], filling, sizeof(filling)) != sizeof(filling))
			exit(97);
}

static void close_pipes(void)
{
	int *const pipes[] = {data, handled, go, full};

	for (int i = 0; i < 4; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void interrupt(pid_t child, enum way way)
{
	siginfo_t info;
	char byte;

	if (way == BY_STOPPING) {
		kill(child, SIGSTOP);
		waitid(P_PID, (id_t)child, &info, WSTOPPED);
		kill(child, SIGCONT);
		waitid(P_PID, (id_t)child, &info, WCONTINUED);
		return;
	}
	kill(child, SIGUSR1);
	if (read(handled[0], &byte, 1) != 1)
		exit(97);
}

/* What the call ends with, from the child's exit status. */
static void tell(const char *name, enum way way, pid_t child)
{
	int status = 0;

	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) < 128)
		printf("%s, %s: %d\n", name, way_names[way], WEXITSTATUS(status));
	else if (WIFEXITED(status))
		printf("%s, %s: %s\n", name, way_names[way], strerror(256 - WEXITSTATUS(status)));
	else
		say_status(name, status);
	fflush(stdout);
}

static void try(int number, enum way way)
{
	open_pipes();
	pid_t child = fork();
	if (child == 0) {
		set_handler(SIGUSR1, note, way == BY_RESTARTING_HANDLER ? SA_RESTART : 0);
		_exit((int)cases[number].call());
	}
	/* Its own child may be made and asleep before. */
	wait_asleep(child);
	interrupt(child, way);
	/* If it has ended already, a child of its own may be left. */
	wait_asleep(child);
	cases[number].end(child);
	tell(cases[number].name, way, child);
	close_pipes();
}

/* ---- calls that are made again end when they would have ---- */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * (int64_t)MS_PER_SEC + time.tv_nsec / NS_PER_MS;
}

static long sleep_a_second(void)
{
	const struct timespec second = {.tv_sec = 1};

	return nanosleep(&second, NULL);
}

static long poll_a_second(void)
{
	return poll(NULL, 0, SECOND);
}

static long select_a_second(void)
{
	struct timeval second = {.tv_sec = 1};

	return select(0, NULL, NULL, NULL, &second);
}

static long wait_a_second(void)
{
	const struct timespec second = {.tv_sec = 1};
	long result = syscall(SYS_futex, word, FUTEX_WAIT, 0, &second);

	return result < 0 && errno == ETIMEDOUT ? 0 : 5;
}

static const struct {
	const char *name;
	long (*call)(void);
} seconds[] = {
	{"nanosleep", sleep_a_second},
	{"poll", poll_a_second},
	{"select", select_a_second},
	{"futex", wait_a_second},
};
#define SECONDS (sizeof(seconds) / sizeof(seconds[0]))

static void in_time(void)
{
	pid_t children[SECONDS];
	int status;

	for (unsigned i = 0; i < SECONDS; i++) {
		if ((children[i] = fork()) == 0) {
			int64_t begin = now();
			long result = seconds[i].call();
			int64_t used = now() - begin;
			_exit(used < SECOND ? 100 : used > TOO_LONG ? 101 : (int)result);
		}
		wait_asleep(children[i]);
	}
	/* It is the time that passes that matters: made anew they would end far too late. */
	poll(NULL, 0, FIRST_WAIT);
	for (unsigned i = 0; i < SECONDS; i++)
		interrupt(children[i], BY_STOPPING);
	for (unsigned i = 0; i < SECONDS; i++) {
		waitpid(children[i], &status, 0);
		say_status(seconds[i].name, status);
	}
}

int main(void)
{
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (enum way way = 0; way < WAYS; way++)
			try((int)i, way);
	in_time();
	say_result("restart_syscall by itself", syscall(SYS_restart_syscall));
	return 0;
}
