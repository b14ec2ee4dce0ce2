/*
 * wakeup.c: who wakes after a long sleep does not wait for the end of a busy process's time slice.
 * Prints how many of the wake-ups were in time. Not compared with the build host, where it depends
 * on the scheduler's version and on the load.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS  20
/* The busy one runs for so long before it wakes the other, and then looks for an answer as long:
 * together less than a time slice. */
#define SPIN_NS 4000000ll

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void spin(long long nanoseconds)
{
	long long end = now() + nanoseconds;

	while (now() < end)
		;
}

/* Answer each byte by counting. */
static void answer(int from, atomic_int *answers)
{
	char byte;

	while (read(from, &byte, 1) == 1)
		atomic_fetch_add(answers, 1);
}

int main(void)
{
	atomic_int *answers = mmap(NULL, sizeof(*answers), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2], in_time = 0;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (answers == MAP_FAILED || pipe(ends) || sched_setaffinity(0, sizeof(first), &first))
		return 1;
	pid_t child = fork();
	if (child == 0) {
		close(ends[1]);
		answer(ends[0], answers);
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		/* A slice begins here, and the other has been asleep by now. */
		usleep(1000);
		spin(SPIN_NS);
		int before = atomic_load(answers);
		if (write(ends[1], "", 1) != 1)
			return 1;
		long long end = now() + SPIN_NS;
		while (atomic_load(answers) == before && now() < end)
			;
		in_time += atomic_load(answers) != before;
	}
	kill(child, SIGKILL);
	printf("%d of %d\n", in_time, ROUNDS);
	return 0;
}
