/*
 * prog_signal_sender.c: who is said to have sent a signal, and who may say that it was the kernel:
 * a thread, to itself (rt_tgsigqueueinfo(2)). Structures longer than the kernel knows
 * (sched_setattr(2)).
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define USER 1234

static const struct timespec no_time;

static void say_sender(const char *what, int signal)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	memset(&info, 0, sizeof(info));
	if (sigtimedwait(&set, &info, &no_time) != signal)
		say_result(what, -1);
	else
		printf("%s: code %d user %d\n", what, info.si_code, (int)info.si_uid);
	fflush(stdout);
}

/* Code 0 is kill(2)'s. */
static long queue(int process, int thread)
{
	siginfo_t info = {.si_code = SI_USER};

	return syscall(SYS_rt_tgsigqueueinfo, process, thread, SIGUSR1, &info);
}

static void *as_thread(void *argument)
{
	siginfo_t info = {.si_code = SI_USER};
	int self = (int)syscall(SYS_gettid);

	say_result("a thread, to itself", queue(getpid(), self));
	say_sender("taken", SIGUSR1);
	say_result("a thread, to the leader", queue(getpid(), getpid()));
	say_result("a thread, to its process",
		   syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	say_result("to no thread", queue(getpid(), 0));
	say_result("to a thread of no process", queue(-1, self));
	return NULL;
}

static void other_user(void)
{
	int status;
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		if (syscall(SYS_setresuid, USER, 0, 0))
			_exit(1);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	waitpid(child, &status, 0);
	say_status("the sender", status);
	say_sender("kill", SIGUSR1);
	say_sender("its end", SIGCHLD);
}

static void long_attributes(void)
{
	struct {
		uint32_t size;
		char rest[116]; /* struct sched_attr has 56 bytes in all */
	} attributes = {.size = sizeof(attributes)};

	say_result("longer, zeros", syscall(SYS_sched_setattr, 0, &attributes, 0));
	attributes.rest[115] = 1;
	say_result("longer, not zeros", syscall(SYS_sched_setattr, 0, &attributes, 0));
	attributes.size = 8192;
	say_result("longer than a page", syscall(SYS_sched_setattr, 0, &attributes, 0));
	attributes.size = 16;
	say_result("too short", syscall(SYS_sched_setattr, 0, &attributes, 0));
}

int main(void)
{
	pthread_t thread;

	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGCHLD);
	pthread_create(&thread, NULL, as_thread, NULL);
	pthread_join(thread, NULL);
	other_user();
	long_attributes();
	return 0;
}
