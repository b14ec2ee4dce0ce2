/*
 * prog_sched.c: nice values, scheduling policies, CPUs, attributes of a process. Real-time policies
 * are left out: who may have them differs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY            (1 << 22)
#define CALL(number, ...) report(#number " " #__VA_ARGS__, syscall(SYS_##number, __VA_ARGS__))

struct parameter {
	int priority;
};

static void report(const char *what, long result)
{
	printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "",
	       result < 0 ? strerror(errno) : "");
}

/* The 18th and the 19th field: priority and nice. */
static void show_stat(void)
{
	FILE *stat = fopen("/proc/self/stat", "r");
	int priority = 0, nice = 0;

	if (stat && fscanf(stat,
			   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
			   "%*d %*d %d %d",
			   &priority, &nice) == 2)
		printf("stat: priority %d, nice %d\n", priority, nice);
	if (stat)
		fclose(stat);
}

static void nice_values(void)
{
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(setpriority, PRIO_PROCESS, 0, 5);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(getpriority, PRIO_PROCESS, getpid());
	CALL(getpriority, PRIO_PROCESS, NOBODY);
	CALL(setpriority, PRIO_PROCESS, NOBODY, 0);
	CALL(getpriority, 3, 0);
	CALL(getpriority, -1, 0);
	CALL(setpriority, PRIO_PROCESS, 0, 100);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(setpriority, PRIO_PROCESS, 0, -100);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(setpriority, PRIO_PGRP, 0, 3);
	show_stat();
	CALL(getpriority, PRIO_PGRP, 0);
	CALL(getpriority, PRIO_USER, 4321);
	fflush(stdout);
	if (!fork()) {
		CALL(getpriority, PRIO_PROCESS, 0);
		CALL(setresuid, 77, 77, 77);
		CALL(setpriority, PRIO_PROCESS, 0, 2);
		CALL(setpriority, PRIO_PROCESS, 0, 3);
		CALL(setpriority, PRIO_USER, 77, 4);
		CALL(getpriority, PRIO_USER, 0);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	CALL(setpriority, PRIO_PROCESS, 0, 0);
}

static void policies(void)
{
	struct parameter zero = {0}, one = {1}, got = {7};
	struct timespec slice = {-1, -1};

	CALL(sched_getscheduler, 0);
	CALL(sched_getscheduler, NOBODY);
	CALL(sched_getscheduler, -1);
	CALL(sched_getparam, 0, &got);
	printf("priority %d\n", got.priority);
	CALL(sched_getparam, 0, NULL);
	CALL(sched_getparam, NOBODY, &got);
	CALL(sched_setparam, 0, &zero);
	CALL(sched_setparam, 0, &one);
	CALL(sched_setparam, 0, NULL);
	CALL(sched_setparam, 0, (void *)8);
	CALL(sched_setscheduler, 0, SCHED_BATCH, &zero);
	CALL(sched_getscheduler, 0);
	CALL(sched_setscheduler, 0, SCHED_BATCH, &one);
	CALL(sched_setscheduler, 0, SCHED_FIFO, &zero);
	CALL(sched_setscheduler, 0, 4, &zero);
	CALL(sched_setscheduler, 0, -1, &zero);
	CALL(sched_setscheduler, 0, SCHED_BATCH, NULL);
	CALL(sched_setscheduler, NOBODY, SCHED_BATCH, &zero);
	CALL(sched_setscheduler, 0, SCHED_IDLE | SCHED_RESET_ON_FORK, &zero);
	CALL(sched_getscheduler, 0);
	fflush(stdout);
	if (!fork()) {
		CALL(sched_getscheduler, 0);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	CALL(sched_setscheduler, 0, SCHED_NORMAL, &zero);
	for (int policy = -1; policy < 7; policy++)
		printf("policy %d: %ld to %ld\n", policy,
		       syscall(SYS_sched_get_priority_min, policy),
		       syscall(SYS_sched_get_priority_max, policy));
	CALL(sched_rr_get_interval, 0, &slice);
	CALL(sched_rr_get_interval, 0, NULL);
	CALL(sched_rr_get_interval, NOBODY, &slice);
}

static void attributes(void)
{
	struct sched_attr attr = {0};

	CALL(sched_getattr, 0, &attr, sizeof(attr), 0);
	printf("policy %u, nice %d, priority %u, flags %llu\n", attr.sched_policy, attr.sched_nice,
	       attr.sched_priority, (unsigned long long)attr.sched_flags);
	CALL(sched_getattr, 0, &attr, 47, 0);
	CALL(sched_getattr, 0, &attr, 4097, 0);
	CALL(sched_getattr, 0, &attr, 48, 1);
	CALL(sched_getattr, 0, NULL, 48, 0);
	CALL(sched_getattr, NOBODY, &attr, 48, 0);
	attr = (struct sched_attr){.size = 48, .sched_policy = SCHED_BATCH, .sched_nice = 7};
	CALL(sched_setattr, 0, &attr, 0);
	CALL(sched_setattr, 0, &attr, 1);
	CALL(sched_setattr, 0, NULL, 0);
	CALL(sched_setattr, NOBODY, &attr, 0);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(sched_getscheduler, 0);
	attr.sched_policy = 99;
	CALL(sched_setattr, 0, &attr, 0);
	attr.size = 40;
	CALL(sched_setattr, 0, &attr, 0);
}

/* How wide the number is that the set is told as depends on the machine; its end does not. */
static void show_allowed(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[200];

	while (status && fgets(line, sizeof(line), status)) {
		if (!strncmp(line, "Cpus_allowed:", 13))
			printf("allowed ...%s", line + strlen(line) - 2);
		if (!strncmp(line, "Cpus_allowed_list:", 18))
			fputs(line, stdout);
	}
	if (status)
		fclose(status);
}

static void cpus(void)
{
	unsigned long mask[16] = {0};

	printf("a CPU: %d\n", syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) > 0 && mask[0]);
	CALL(sched_getaffinity, 0, 7, mask);
	CALL(sched_getaffinity, NOBODY, sizeof(mask), mask);
	CALL(sched_getaffinity, 0, sizeof(mask), NULL);
	mask[0] = 1;
	CALL(sched_setaffinity, 0, sizeof(mask), mask);
	show_allowed();
	CALL(sched_setaffinity, NOBODY, sizeof(mask), mask);
	CALL(sched_setaffinity, 0, sizeof(mask), NULL);
	mask[0] = 0;
	CALL(sched_setaffinity, 0, sizeof(mask), mask);
	CALL(sched_setaffinity, 0, 0, mask);
}

static void process_attributes(void)
{
	int signal = -1;

	CALL(prctl, PR_SET_PDEATHSIG, 15, 0, 0, 0);
	CALL(prctl, PR_SET_PDEATHSIG, 65, 0, 0, 0);
	CALL(prctl, PR_GET_PDEATHSIG, &signal, 0, 0, 0);
	printf("signal %d\n", signal);
	CALL(prctl, PR_GET_PDEATHSIG, NULL, 0, 0, 0);
	CALL(prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	CALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	CALL(prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	CALL(prctl, PR_SET_DUMPABLE, 2, 0, 0, 0);
	CALL(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CALL(prctl, PR_CAPBSET_READ, 0, 0, 0, 0);
	CALL(prctl, PR_CAPBSET_READ, 1000, 0, 0, 0);
	CALL(prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
	CALL(prctl, PR_GET_SECCOMP, 0, 0, 0, 0);
	CALL(prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
	CALL(prctl, PR_GET_TIMING, 0, 0, 0, 0);
	CALL(prctl, 12345, 0, 0, 0, 0);
	CALL(personality, 0);
	CALL(personality, ADDR_NO_RANDOMIZE);
	CALL(personality, 0xffffffff);
	fflush(stdout);
	if (!fork()) {
		CALL(personality, 0xffffffff);
		CALL(prctl, PR_GET_PDEATHSIG, &signal, 0, 0, 0);
		printf("signal %d\n", signal);
		CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	CALL(membarrier, 99, 0, 0);
}

/* The child of a child gets the signal that it has asked for, when its parent ends. */
static void death_signal(void)
{
	int ends[2];
	char byte;

	(void)!pipe(ends);
	if (!fork()) {
		int asked[2];
		(void)!pipe(asked);
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)!write(asked[1], "", 1);
			for (;;)
				pause();
		}
		(void)!read(asked[0], &byte, 1);
		_exit(0);
	}
	close(ends[1]);
	printf("the pipe's end: %zd\n", read(ends[0], &byte, 1));
	wait(NULL);
}

int main(void)
{
	setpgid(0, 0); /* not for whoever has started this */
	nice_values();
	policies();
	attributes();
	cpus();
	process_attributes();
	death_signal();
	return 0;
}
