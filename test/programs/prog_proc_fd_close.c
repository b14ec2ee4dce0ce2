/* prog_proc_fd_close.c: /proc/<pid>/fd is looked at while another thread opens and closes what is
 * there: the masters of pseudo terminals, pipes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS 10000

static atomic_bool done;

/* The lowest two free numbers. */
static void *look(void *number)
{
	char name[32], target[64];
	struct stat stat;

	snprintf(name, sizeof(name), "/proc/self/fd/%ld", (long)number);
	while (!done) {
		lstat(name, &stat);
		if (readlink(name, target, sizeof(target)) < 0)
			lstat(name, &stat);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[3];
	int failed = 0;

	for (long i = 0; i < 3; i++)
		failed += pthread_create(&threads[i], NULL, look, (void *)(3 + i % 2)) != 0;
	for (unsigned i = 0; i < ROUNDS; i++) {
		int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), ends[2];
		failed += master != 3;
		close(master);
		failed += pipe(ends) != 0;
		close(ends[0]);
		close(ends[1]);
	}
	done = true;
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("failed: %d\n", failed);
	return 0;
}
