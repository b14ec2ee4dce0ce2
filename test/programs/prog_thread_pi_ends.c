/*
 * prog_thread_pi_ends.c: threads end with a lock that inherits priorities, while another one begins
 * to wait for it. Whoever waits is told, whenever it began: it has the lock, or hears that its
 * owner is not there.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>

#define ROUNDS    1500
#define LIMIT_SEC 90

static uint32_t word;

static long lock(void)
{
	return syscall(SYS_futex, &word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
}

static void *end_with_it(void *argument)
{
	lock();
	return NULL;
}

int main(void)
{
	int told = 0;

	alarm(LIMIT_SEC);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_t thread;
		word = 0;
		pthread_create(&thread, NULL, end_with_it, NULL);
		while (!__atomic_load_n(&word, __ATOMIC_ACQUIRE))
			;
		for (volatile int pause = 0; pause < i % 150 * 40; pause++)
			;
		long result = lock();
		told += result == 0 || errno == ESRCH;
		pthread_join(thread, NULL);
	}
	say("told", told);
	return 0;
}
