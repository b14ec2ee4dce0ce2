/*
 * prog_signal_stop.c: processes that are stopped and continued, what their parent is told by wait
 * and by SIGCHLD, and groups that are orphaned.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/prctl.h>

static int ready[2];

static void tell(void)
{
	if (write(ready[1], "", 1) != 1)
		_exit(99);
}

static void await(void)
{
	char byte;

	if (read(ready[0], &byte, 1) != 1)
		_exit(99);
}

static pid_t start_sleeper(void)
{
	pid_t child = fork();

	if (child == 0) {
		tell();
		for (;;)
			pause();
	}
	await();
	return child;
}

/* One event of `child`, as wait4 tells it. */
static void event(const char *what, pid_t child, int options)
{
	int status = 0;

	if (waitpid(child, &status, options) == child)
		say_status(what, status);
	else
		say("no event", errno);
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	event("the end", child, 0);
}

static void each_stop(void)
{
	static const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	pid_t child = start_sleeper();

	setpgid(child, child); /* not orphaned: this process is in another group of the session */
	for (unsigned i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		kill(child, stops[i]);
		event("stopped", child, WUNTRACED);
		say("told once", waitpid(child, NULL, WUNTRACED | WNOHANG));
		kill(child, SIGCONT);
		event("continued", child, WCONTINUED);
		say("told once", waitpid(child, NULL, WCONTINUED | WNOHANG));
	}
	say_result("continued without being stopped", kill(child, SIGCONT));
	say("nobody is told", waitpid(child, NULL, WCONTINUED | WUNTRACED | WNOHANG));
	kill(child, SIGSTOP);
	event("stopped", child, WUNTRACED);
	kill(child, SIGTERM);
	say("a stopped one does not end", waitpid(child, NULL, WNOHANG));
	kill(child, SIGCONT);
	event("until it goes on", child, 0);
}

static void kill_a_stopped_one(void)
{
	pid_t child = start_sleeper();

	kill(child, SIGSTOP);
	event("stopped", child, WUNTRACED);
	end(child);
}

static void says_info(const char *what, int result, const siginfo_t *info, pid_t child)
{
	if (result < 0) {
		say_result(what, result);
		return;
	}
	printf("%s: signal %d errno %d code %d status %d, of the child %d, by us %d\n", what,
	       info->si_signo, info->si_errno, info->si_code, info->si_status,
	       info->si_pid == child, info->si_uid == (info->si_signo ? getuid() : 0));
	fflush(stdout);
}

static void look(const char *what, idtype_t type, id_t id, pid_t child, int options)
{
	siginfo_t info;

	memset(&info, 0x55, sizeof(info));
	says_info(what, waitid(type, id, &info, options), &info, child);
}

static void by_waitid(void)
{
	pid_t child = start_sleeper();

	setpgid(child, child);
	look("nothing yet", P_PID, (id_t)child, child, WEXITED | WNOHANG);
	kill(child, SIGSTOP);
	look("stopped, left waiting", P_PID, (id_t)child, child, WSTOPPED | WNOWAIT);
	look("only ends", P_PID, (id_t)child, child, WEXITED | WNOHANG);
	look("only goings on", P_PID, (id_t)child, child, WCONTINUED | WNOHANG);
	look("stopped", P_PGID, (id_t)child, child, WSTOPPED);
	look("no more", P_PGID, (id_t)child, child, WSTOPPED | WNOHANG);
	kill(child, SIGCONT);
	look("continued, left waiting", P_ALL, 0, child, WCONTINUED | WNOWAIT);
	look("continued", P_ALL, 0, child, WCONTINUED | WSTOPPED | WEXITED);
	kill(child, SIGINT);
	look("killed, left waiting", P_PID, (id_t)child, child, WEXITED | WNOWAIT);
	look("a zombie does not stop", P_PID, (id_t)child, child, WSTOPPED | WNOHANG);
	look("killed", P_ALL, 0, child, WEXITED);
	look("gone", P_PID, (id_t)child, child, WEXITED);
	if ((child = fork()) == 0)
		_exit(300);
	look("exited, left waiting", P_PID, (id_t)child, child, WEXITED | WNOWAIT);
	event("and still there", child, 0);
}

static void errors(void)
{
	siginfo_t info;
	int status;

	say_result("no children", waitpid(-1, &status, 0));
	say_result("no children, not waiting", waitpid(-1, &status, WNOHANG));
	say_result("no such option", waitpid(-1, &status, 0x100));
	say_result("WNOWAIT is waitid's", waitpid(-1, &status, WNOWAIT));
	say_result("no such group", waitpid(-32000, &status, 0));
	say_result("the least number", waitpid((pid_t)0x80000000, &status, 0));
	say_result("waitid for nothing", waitid(P_ALL, 0, &info, WNOHANG));
	say_result("waitid with an odd option", waitid(P_ALL, 0, &info, WEXITED | 0x100));
	say_result("waitid of pid 0", waitid(P_PID, 0, &info, WEXITED));
	say_result("waitid of pid -1", waitid(P_PID, (id_t)-1, &info, WEXITED));
	say_result("waitid of no group", waitid(P_PGID, 32000, &info, WEXITED));
	say_result("waitid of a negative group", waitid(P_PGID, (id_t)-3, &info, WEXITED));
	say_result("waitid of type 9", waitid((idtype_t)9, 0, &info, WEXITED));
	say_result("waitid of a bad descriptor", waitid((idtype_t)3, 999, &info, WEXITED));
	say_result("waitid without children", waitid(P_ALL, 0, &info, WEXITED));
	pid_t child = fork();
	if (child == 0)
		_exit(3);
	say_result("a bad place for the status", syscall(SYS_wait4, child, (void *)8, 0, NULL));
	say_result("the child is gone all the same", waitpid(child, &status, 0));
	if ((child = fork()) == 0)
		_exit(3);
	say_result("__WCLONE: no child is one", waitpid(-1, &status, (int)__WCLONE));
	say("__WALL", waitpid(-1, &status, __WALL) == child);
}

static void wait_by_group(void)
{
	pid_t first = start_sleeper(), second = start_sleeper();

	setpgid(second, second);
	kill(first, SIGKILL);
	look("the first, seen", P_PID, (id_t)first, first, WEXITED | WNOWAIT);
	say("the second's group has no event", waitpid(-second, NULL, WNOHANG));
	kill(second, SIGKILL);
	event("the second", second, 0);
	say("the own group", waitpid(0, NULL, 0) == first);
}

/* ---- SIGCHLD ---- */

static volatile sig_atomic_t children_told;
static siginfo_t told;

static void on_child(int signal, siginfo_t *info, void *context)
{
	told = *info;
	children_told++;
}

static void told_info(const char *what, pid_t child)
{
	says_info(what, 0, &told, child);
	say("so many", children_told);
	children_told = 0;
}

/* SIGCHLD is blocked but in here. */
static void wait_for_signal(void)
{
	sigset_t none;

	sigemptyset(&none);
	while (!children_told)
		sigsuspend(&none);
}

static void child_signals(void)
{
	set_info_handler(SIGCHLD, on_child, 0);
	mask_signal(SIG_BLOCK, SIGCHLD);
	pid_t child = start_sleeper();
	kill(child, SIGSTOP);
	wait_for_signal();
	told_info("SIGCHLD of a stop", child);
	kill(child, SIGCONT);
	wait_for_signal();
	told_info("SIGCHLD of going on", child);
	kill(child, SIGTERM);
	wait_for_signal();
	told_info("SIGCHLD of an end", child);
	event("the end", child, 0);
	if ((child = fork()) == 0)
		_exit(42);
	wait_for_signal();
	told_info("SIGCHLD of an exit", child);
	event("the exit", child, 0);
	set_info_handler(SIGCHLD, on_child, SA_NOCLDSTOP);
	child = start_sleeper();
	kill(child, SIGSTOP);
	event("SA_NOCLDSTOP: the stop", child, WUNTRACED);
	kill(child, SIGCONT);
	event("SA_NOCLDSTOP: going on", child, WCONTINUED);
	say("no SIGCHLD", is_pending(SIGCHLD));
	kill(child, SIGKILL);
	wait_for_signal();
	told_info("but of the end", child);
	event("the end", child, 0);
	mask_signal(SIG_UNBLOCK, SIGCHLD);
}

static void nobody_waits(void)
{
	set_info_handler(SIGCHLD, on_child, SA_NOCLDWAIT);
	mask_signal(SIG_BLOCK, SIGCHLD);
	pid_t child = fork();
	if (child == 0)
		_exit(7);
	wait_for_signal();
	told_info("SA_NOCLDWAIT: SIGCHLD comes", child);
	say_result("but there is nobody", waitpid(child, NULL, 0));
	mask_signal(SIG_UNBLOCK, SIGCHLD);
	signal(SIGCHLD, SIG_IGN);
	if ((child = fork()) == 0)
		_exit(7);
	say_result("SIG_IGN: waits until the last is gone", waitpid(-1, NULL, 0));
	if ((child = fork()) == 0)
		_exit(7);
	say_result("and for the one", waitpid(child, NULL, 0));
	signal(SIGCHLD, SIG_DFL);
}

/* ---- stopping and going on cancel each other ---- */

static volatile sig_atomic_t continued;

static void on_continue(int signal)
{
	continued++;
}

static void cancelled(void)
{
	mask_signal(SIG_BLOCK, SIGTSTP);
	mask_signal(SIG_BLOCK, SIGCONT);
	raise(SIGTSTP);
	say("SIGTSTP is pending", is_pending(SIGTSTP));
	raise(SIGCONT);
	say("SIGCONT takes it away", is_pending(SIGTSTP));
	say("and is pending", is_pending(SIGCONT));
	raise(SIGTSTP);
	say("SIGTSTP takes it away", is_pending(SIGCONT));
	raise(SIGCONT);
	signal(SIGCONT, on_continue);
	mask_signal(SIG_UNBLOCK, SIGTSTP);
	mask_signal(SIG_UNBLOCK, SIGCONT);
	say("SIGCONT's handler", continued);
	signal(SIGCONT, SIG_DFL);
}

static void handled_in_a_stopped_one(void)
{
	pid_t child = fork();

	if (child == 0) {
		continued = 0;
		signal(SIGCONT, on_continue);
		signal(SIGUSR1, on_continue);
		tell();
		while (continued < 2)
			;
		_exit(continued);
	}
	await();
	kill(child, SIGSTOP);
	event("a spinner stops", child, WUNTRACED);
	kill(child, SIGUSR1);
	kill(child, SIGCONT);
	event("both handlers are called", child, 0);
}

/* ---- orphaned groups ---- */

static void ignored_stop(void)
{
	pid_t child = fork();

	if (child == 0) {
		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		tell();
		raise(SIGSTOP);
		_exit(6);
	}
	await();
	event("an orphaned group stops by SIGSTOP alone", child, WUNTRACED);
	kill(child, SIGCONT);
	event("its end", child, 0);
}

static void on_hangup(int signal)
{
	if (write(ready[1], signal == SIGHUP ? "h" : "c", 1) != 1)
		_exit(99);
}

/* The middle process ends; its stopped child in another group has nobody left in the session. */
static void orphaned_group(void)
{
	char bytes[3] = "";
	int status;
	pid_t leader = fork();

	if (leader == 0) {
		setsid();
		pid_t child = fork();
		if (child == 0) {
			setpgid(0, 0);
			signal(SIGHUP, on_hangup);
			signal(SIGCONT, on_hangup);
			raise(SIGSTOP);
			/* Both handlers have written by now. */
			_exit(0);
		}
		waitpid(child, &status, WUNTRACED);
		_exit(WIFSTOPPED(status) ? 4 : 5);
	}
	event("the leader ends", leader, 0);
	for (int i = 0; i < 2; i++)
		if (read(ready[0], bytes + i, 1) != 1)
			_exit(99);
	printf("its stopped orphan gets: %s\n", bytes);
}

/* The same where the process that ends is itself in the group's way: a member's parent. */
static void group_that_loses_its_parent(void)
{
	char byte;
	pid_t leader = fork();

	if (leader == 0) {
		setsid();
		pid_t middle = fork();
		if (middle == 0) {
			setpgid(0, 0);
			pid_t child = fork();
			if (child == 0) {
				signal(SIGHUP, on_hangup);
				raise(SIGSTOP);
				_exit(0);
			}
			waitpid(child, NULL, WUNTRACED);
			_exit(0);
		}
		waitpid(middle, NULL, 0);
		if (read(ready[0], &byte, 1) != 1)
			_exit(99);
		_exit(byte);
	}
	event("a group whose last parent outside it is gone is hung up", leader, 0);
}

int main(void)
{
	if (pipe(ready) != 0)
		return 1;
	errors();
	each_stop();
	kill_a_stopped_one();
	by_waitid();
	wait_by_group();
	child_signals();
	nobody_waits();
	cancelled();
	handled_in_a_stopped_one();
	ignored_stop();
	orphaned_group();
	group_that_loses_its_parent();
	return 0;
}
