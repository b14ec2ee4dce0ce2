/*
 * prog_signal_queue.c: queued signals and what they carry; waiting for them without a handler
 * (sigtimedwait(2), signalfd(2)).
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>

#define QUEUED 20

static const struct timespec no_time;

static void say_info(const char *what, const siginfo_t *info)
{
	printf("%s: signal %d errno %d code %d", what, info->si_signo, info->si_errno,
	       info->si_code);
	if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE)
		printf(" from us %d user %d", info->si_pid == getpid(), info->si_uid == getuid());
	if (info->si_code == SI_QUEUE || info->si_code < SI_TKILL)
		printf(" value %d", info->si_value.sival_int);
	printf("\n");
	fflush(stdout);
}

/* Take one of `set` without waiting. */
static void take(const char *what, const sigset_t *set)
{
	siginfo_t info;

	memset(&info, 0x55, sizeof(info));
	if (sigtimedwait(set, &info, &no_time) < 0)
		say_result(what, -1);
	else
		say_info(what, &info);
}

static void block_all(sigset_t *set)
{
	sigfillset(set);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static volatile int next_value;

static void in_order(int signal, siginfo_t *info, void *context)
{
	if (info->si_value.sival_int != next_value)
		printf("out of order: %d\n", info->si_value.sival_int);
	next_value++;
}

static void queues(void)
{
	sigset_t set;
	int status;
	pid_t parent = getpid(), child;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	set_info_handler(SIGRTMIN + 1, in_order, 0);
	if ((child = fork()) == 0) {
		for (int i = 0; i < QUEUED; i++)
			sigqueue(parent, SIGRTMIN + 1, (union sigval){.sival_int = i});
		_exit(0);
	}
	waitpid(child, &status, 0);
	say("queued, none taken", next_value);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("all are taken, in order", next_value);
	next_value = 0;
	mask_signal(SIG_BLOCK, SIGUSR1);
	set_info_handler(SIGUSR1, in_order, 0);
	for (int i = 0; i < QUEUED; i++)
		sigqueue(parent, SIGUSR1, (union sigval){.sival_int = i});
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	say("of an ordinary signal only the first", next_value);
}

static void lowest_first(void)
{
	sigset_t set;

	block_all(&set);
	for (int i = 3; i >= 0; i--)
		sigqueue(getpid(), SIGRTMIN + i, (union sigval){.sival_int = i});
	raise(SIGTERM);
	kill(getpid(), SIGHUP);
	syscall(SYS_tkill, getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 9; i++)
		take("taken", &set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static long queue_info(pid_t pid, int signal, int code, int value)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = 3;
	info.si_errno = 77;
	info.si_code = code;
	info.si_pid = 4321;
	info.si_uid = 99;
	info.si_value.sival_int = value;
	return syscall(SYS_rt_sigqueueinfo, pid, signal, &info);
}

static void own_info(void)
{
	siginfo_t info;
	sigset_t set;
	int status;
	pid_t child, parent = getpid();

	block_all(&set);
	say_result("rt_sigqueueinfo to oneself", queue_info(parent, SIGRTMIN, -50, 6));
	sigtimedwait(&set, &info, &no_time);
	printf("signal %d errno %d code %d pid %d uid %d value %d\n", info.si_signo - SIGRTMIN,
	       info.si_errno, info.si_code, info.si_pid, info.si_uid, info.si_value.sival_int);
	say_result("as if from the kernel", queue_info(parent, SIGRTMIN, SI_KERNEL, 7));
	take("taken", &set);
	say_result("as if by kill", queue_info(parent, SIGRTMIN, SI_USER, 7));
	sigtimedwait(&set, &info, &no_time);
	say("pid", info.si_pid);
	if ((child = fork()) == 0) {
		say_result("child: as if by kill", queue_info(parent, SIGRTMIN, SI_USER, 7));
		say_result("child: as if by tkill", queue_info(parent, SIGRTMIN, SI_TKILL, 7));
		say_result("child: as if by a fault", queue_info(parent, SIGSEGV, SEGV_MAPERR, 7));
		say_result("child: its own", queue_info(parent, SIGRTMIN, SI_QUEUE, 8));
		_exit(0);
	}
	waitpid(child, &status, 0);
	sigtimedwait(&set, &info, &no_time);
	say("the signal of the child that is gone", info.si_signo == SIGCHLD);
	sigtimedwait(&set, &info, &no_time);
	say("what it has queued", info.si_value.sival_int);
	say_result("no such signal", queue_info(parent, 65, SI_QUEUE, 0));
	say_result("signal 0", queue_info(parent, 0, SI_QUEUE, 0));
	say_result("nobody", queue_info(32000, SIGRTMIN, SI_QUEUE, 0));
	say_result("a bad pointer", syscall(SYS_rt_sigqueueinfo, parent, SIGRTMIN, 8));
	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 9;
	info.si_pid = parent;
	say_result("rt_tgsigqueueinfo",
		   syscall(SYS_rt_tgsigqueueinfo, parent, parent, SIGRTMIN, &info));
	take("taken", &set);
	say_result("of another process",
		   syscall(SYS_rt_tgsigqueueinfo, 32000, parent, SIGRTMIN, &info));
	say_result("of 0", syscall(SYS_rt_tgsigqueueinfo, 0, parent, SIGRTMIN, &info));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void full(void)
{
	const struct rlimit few = {5, 4096};
	struct rlimit old;
	sigset_t set;
	int sent = 0;

	block_all(&set);
	getrlimit(RLIMIT_SIGPENDING, &old);
	setrlimit(RLIMIT_SIGPENDING, &few);
	while (sent < 100 && sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = sent}) == 0)
		sent++;
	say_result("the queue is full", sent < 100 ? -1 : 0);
	say_result("kill gets through all the same", kill(getpid(), SIGRTMIN + 1));
	siginfo_t info;
	for (int i = 0; i < sent; i++)
		sigtimedwait(&set, &info, &no_time);
	take("nothing is known of it", &set);
	take("no more", &set);
	setrlimit(RLIMIT_SIGPENDING, &old);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- sigtimedwait ---- */

static volatile sig_atomic_t calls;

static void count(int signal)
{
	calls++;
}

/* Once this process sleeps. */
static pid_t send_later(int signal)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		wait_asleep(parent);
		kill(parent, signal);
		_exit(0);
	}
	return child;
}

static void waiting(void)
{
	const struct timespec short_time = {.tv_nsec = 10000000}, odd = {.tv_nsec = -1};
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	mask_signal(SIG_BLOCK, SIGUSR2);
	say_result("sigtimedwait: nothing comes", sigtimedwait(&set, &info, &short_time));
	say_result("an odd time", sigtimedwait(&set, &info, &odd));
	pid_t child = send_later(SIGUSR2);
	say_result("sigwaitinfo: it comes", sigwaitinfo(&set, &info));
	say("from the child", info.si_pid == child);
	waitpid(child, NULL, 0);
	set_handler(SIGUSR1, count, SA_RESTART);
	child = send_later(SIGUSR1);
	/* musl's would go on waiting. */
	say_result("a handler comes between", syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8));
	say("it was called", calls);
	waitpid(child, NULL, 0);
	/* One that is not blocked, and is waited for: no handler. */
	calls = 0;
	sigaddset(&set, SIGUSR1);
	child = send_later(SIGUSR1);
	say_result("not blocked", sigwaitinfo(&set, NULL));
	say("no handler", calls);
	waitpid(child, NULL, 0);
	raise(SIGUSR1);
	say("afterwards there is", calls);
	say_result("a wrong size", syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4));
	say_result("a bad set", syscall(SYS_rt_sigtimedwait, 8, NULL, NULL, 8));
	say_result("a bad time", syscall(SYS_rt_sigtimedwait, &set, NULL, 8, 8));
	raise(SIGUSR2);
	say_result("a bad place for the info", syscall(SYS_rt_sigtimedwait, &set, 8, NULL, 8));
	take("it is gone all the same", &set);
	mask_signal(SIG_UNBLOCK, SIGUSR2);
}

/* ---- signalfd ---- */

static void read_one(const char *what, int file)
{
	struct signalfd_siginfo info;

	memset(&info, 0x55, sizeof(info));
	ssize_t bytes = read(file, &info, sizeof(info));
	if (bytes != sizeof(info)) {
		say_result(what, bytes);
		return;
	}
	printf("%s: signal %u errno %d code %d from us %d uid %u int %d status %d\n", what,
	       info.ssi_signo, info.ssi_errno, info.ssi_code, info.ssi_pid == (unsigned)getpid(),
	       info.ssi_uid, info.ssi_int, info.ssi_status);
	for (unsigned i = 0; i < sizeof(info.__pad); i++)
		if (info.__pad[i])
			printf("something behind the end\n");
	fflush(stdout);
}

static void read_files(int file)
{
	struct signalfd_siginfo several[4];

	read_one("nothing", file);
	struct pollfd polled = {.fd = file, .events = POLLIN};
	say("poll", poll(&polled, 1, 0));
	kill(getpid(), SIGUSR1);
	say("poll", poll(&polled, 1, 0));
	say("events", polled.revents);
	read_one("kill", file);
	syscall(SYS_tkill, getpid(), SIGTERM);
	read_one("tkill", file);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 55});
	read_one("sigqueue", file);
	pid_t child = fork();
	if (child == 0)
		_exit(9);
	waitpid(child, NULL, 0);
	read_one("SIGCHLD", file);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGTERM);
	say("two at once", read(file, several, sizeof(several)) / (ssize_t)sizeof(several[0]));
	say_result("a short read", read(file, several, 100));
	say_result("writing", write(file, several, 128));
	say_result("seeking", lseek(file, 0, SEEK_SET));
}

static void change_files(int file, const sigset_t *set)
{
	sigset_t other;

	sigemptyset(&other);
	sigaddset(&other, SIGUSR2);
	mask_signal(SIG_BLOCK, SIGUSR2);
	kill(getpid(), SIGUSR1);
	say("the same with another set", signalfd(file, &other, 0) == file);
	read_one("what is no longer in it", file);
	kill(getpid(), SIGUSR2);
	read_one("what is", file);
	signalfd(file, set, 0);
	read_one("and back", file);
	say_result("no signalfd", signalfd(0, set, 0));
	say_result("no file", signalfd(999, set, 0));
	say_result("odd flags", signalfd(-1, set, 1));
	say_result("a wrong size", syscall(SYS_signalfd4, -1, set, 4, 0));
	say_result("a bad set", syscall(SYS_signalfd4, -1, 8, 8, 0));
}

static void wait_for_files(int file, const sigset_t *set)
{
	int waiting_file = signalfd(-1, set, 0);
	pid_t child = send_later(SIGTERM);
	struct signalfd_siginfo info;
	say("a read that waits", read(waiting_file, &info, sizeof(info)) == sizeof(info));
	say("from the child", info.ssi_pid == (unsigned)child);
	waitpid(child, NULL, 0);
	read_one("the child's end", file);
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
	epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
	child = send_later(SIGUSR1);
	say("epoll", epoll_wait(epoll, &event, 1, -1));
	read_one("the file that is ready", file);
	waitpid(child, NULL, 0);
	close(epoll);
	close(waiting_file);
}

static void files(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGKILL);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int file = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	say("signalfd", file >= 0);
	say("flags", fcntl(file, F_GETFD) == FD_CLOEXEC && (fcntl(file, F_GETFL) & O_NONBLOCK));
	read_files(file);
	change_files(file, &set);
	wait_for_files(file, &set);
	close(file);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	mask_signal(SIG_UNBLOCK, SIGUSR2);
}

int main(void)
{
	queues();
	lowest_first();
	own_info();
	full();
	waiting();
	files();
	return 0;
}
