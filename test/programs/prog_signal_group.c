/* prog_signal_group.c: process groups and sessions, and signals to them. */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdlib.h>
#include <sys/syscall.h>

#define MEMBERS 3

/* A byte through a pipe: "I am here". */
static int ready[2];

static void tell(void)
{
	if (write(ready[1], "", 1) != 1)
		_exit(99);
}

static void await(int count)
{
	char byte;

	while (count--)
		if (read(ready[0], &byte, 1) != 1)
			exit(99);
}

static pid_t start_sleeper(pid_t group)
{
	pid_t child = fork();

	if (child == 0) {
		if (group >= 0)
			setpgid(0, group);
		tell();
		for (;;)
			pause();
	}
	await(1);
	return child;
}

static void end(pid_t child, const char *what)
{
	int status;

	if (waitpid(child, &status, 0) == child)
		say_status(what, status);
}

static void inherited(void)
{
	pid_t group = getpgrp(), session = getsid(0), child = fork();

	if (child == 0)
		_exit((getpgrp() == group) + 2 * (getsid(0) == session) +
		      4 * (getpgid(0) == getpgrp()) + 8 * (getpgid(getppid()) == group));
	end(child, "a child has its parent's group and session");
}

static void groups(void)
{
	pid_t child = start_sleeper(-1);

	say_result("setpgid of a child", setpgid(child, 0));
	say("it leads its group", getpgid(child) == child);
	say("and stays in the session", getsid(child) == getsid(0));
	say_result("back into the caller's group", setpgid(child, getpgrp()));
	say("it is there", getpgid(child) == getpgrp());
	say_result("into a group that is not there", setpgid(child, 32000));
	say_result("into a negative group", setpgid(child, -5));
	say_result("setpgid of nobody", setpgid(32000, 0));
	say_result("getpgid of nobody", getpgid(32000));
	say_result("getpgid of a negative", getpgid(-1));
	say_result("getsid of nobody", getsid(32000));
	kill(child, SIGKILL);
	end(child, "the child");
	say_result("getpgid of a child that is gone", getpgid(child));
}

static void sessions(void)
{
	pid_t child = fork();

	if (child == 0) {
		say_result("setpgid of the parent", setpgid(getppid(), 0));
		say_result("tgkill of another's", syscall(SYS_tgkill, getppid(), getpid(), 0));
		say("setsid gives the caller's pid", setsid() == getpid());
		say("the group is the same", getpgrp() == getpid());
		say("the session too", getsid(0) == getpid());
		say_result("again", setsid());
		say_result("setpgid of the leader", setpgid(0, 0));
		pid_t grandchild = start_sleeper(-1);
		say("a child is in the session", getsid(grandchild) == getpid());
		say_result("a group for it", setpgid(grandchild, grandchild));
		say_result("its session's group again", setpgid(grandchild, getpid()));
		kill(grandchild, SIGTERM);
		end(grandchild, "the grandchild");
		_exit(0);
	}
	end(child, "the session's leader");
}

static void foreign_session(void)
{
	pid_t child = fork();

	if (child == 0) {
		setsid();
		tell();
		pause();
		_exit(0);
	}
	await(1);
	say_result("setpgid of a child in another session", setpgid(child, child));
	say_result("into another session's group", setpgid(0, child));
	kill(child, SIGKILL);
	end(child, "it");
}

static void after_exec(void)
{
	pid_t child = fork();

	if (child == 0) {
		dup2(ready[1], 3);
		execl("/proc/self/exe", "prog_signal_group", "sleeper", NULL);
		_exit(98);
	}
	await(1);
	say_result("setpgid of a child after its exec", setpgid(child, child));
	kill(child, SIGTERM);
	end(child, "it");
}

static void leaders_that_left(void)
{
	pid_t leader = fork();

	if (leader == 0) {
		setpgid(0, 0);
		pid_t member = start_sleeper(getpid());
		setpgid(0, getpgid(getppid()));
		say_result("setsid of one whose group lives on", setsid());
		kill(member, SIGTERM);
		end(member, "the member");
		say("setsid after its end", setsid() == getpid());
		_exit(0);
	}
	end(leader, "the leader");
}

static void signal_group(void)
{
	pid_t members[MEMBERS];

	for (int i = 0; i < MEMBERS; i++)
		members[i] = start_sleeper(i ? members[0] : 0);
	pid_t other = start_sleeper(-1);
	say_result("kill of a group with signal 0", kill(-members[0], 0));
	say_result("killpg", killpg(members[0], SIGUSR1));
	for (int i = 0; i < MEMBERS; i++)
		end(members[i], "a member");
	say_result("the group is gone", kill(-members[0], SIGUSR1));
	say_result("the other is still there", kill(other, 0));
	kill(other, SIGKILL);
	end(other, "the other");
}

static void signal_own_group(void)
{
	pid_t leader = fork();

	if (leader == 0) {
		setpgid(0, 0);
		signal(SIGTERM, SIG_IGN);
		pid_t child = start_sleeper(-1);
		signal(SIGUSR2, SIG_IGN);
		say_result("kill(0)", kill(0, SIGUSR2));
		end(child, "a member of the caller's group");
		_exit(5);
	}
	end(leader, "the caller");
}

static void errors(void)
{
	say_result("kill with signal 65", kill(getpid(), 65));
	say_result("kill with signal -1", kill(getpid(), -1));
	say_result("kill of nobody", kill(32000, SIGTERM));
	say_result("kill of nobody with signal 65", kill(32000, 65));
	say_result("kill of no group", kill(-32000, SIGTERM));
	say_result("kill of the least number", kill((pid_t)0x80000000, SIGTERM));
	say_result("tkill of 0", syscall(SYS_tkill, 0, SIGTERM));
	say_result("tkill of -1", syscall(SYS_tkill, -1, SIGTERM));
	say_result("tkill of nobody", syscall(SYS_tkill, 32000, SIGTERM));
	say_result("tkill with signal 65", syscall(SYS_tkill, getpid(), 65));
	say_result("tgkill of group 0", syscall(SYS_tgkill, 0, getpid(), SIGTERM));
	say_result("tgkill with signal 0", syscall(SYS_tgkill, getpid(), getpid(), 0));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "sleeper") == 0) {
		ready[1] = 3;
		tell();
		pause();
		return 1;
	}
	if (pipe(ready) != 0)
		return 1;
	inherited();
	groups();
	sessions();
	foreign_session();
	after_exec();
	leaders_that_left();
	signal_group();
	signal_own_group();
	errors();
	return 0;
}
