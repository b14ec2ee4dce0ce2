/*
 * inherit.c NICE: how long a lock that inherits priorities is held by a thread with the worst nice
 * value, beside one that is always busy, while one with this nice value waits for it. Milliseconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORK_MS 100 /* of processor time, under the lock */

static pthread_mutex_t mutex;
static int locked, done;

static long milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void be(int nice)
{
	if (setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice))
		exit(2);
}

static void *hold(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	be(19);
	__atomic_store_n(&locked, 1, __ATOMIC_SEQ_CST);
	long end = milliseconds(CLOCK_THREAD_CPUTIME_ID) + WORK_MS;
	while (milliseconds(CLOCK_THREAD_CPUTIME_ID) < end)
		;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *busy(void *argument)
{
	(void)argument;
	while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
		;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attributes;
	pthread_t holder, other;

	if (argc != 2)
		return 1;
	pthread_mutexattr_init(&attributes);
	if (pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT))
		return 3;
	pthread_mutex_init(&mutex, &attributes);
	pthread_create(&holder, NULL, hold, NULL);
	while (!__atomic_load_n(&locked, __ATOMIC_SEQ_CST))
		sched_yield();
	pthread_create(&other, NULL, busy, NULL);
	be(atoi(argv[1]));
	long start = milliseconds(CLOCK_MONOTONIC);
	pthread_mutex_lock(&mutex);
	printf("%ld\n", milliseconds(CLOCK_MONOTONIC) - start);
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&mutex);
	pthread_join(other, NULL);
	pthread_join(holder, NULL);
	return 0;
}
