/* prog_vm_killed.c: calls that look at so much memory that they take long end soon when a signal
 * kills the process, whatever is left to do. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIB          (1ul << 30)
#define PAGE         4096ul
#define LOCKED_BYTES (64 * GIB)   /* all of it is the page of zeros */
#define LOOKED_AT    (4096 * GIB) /* by mincore(2), whose answer goes over and over into one file */
#define FILE_BYTES   (1ul << 20)
#define SECONDS      10

static char *map(unsigned long bytes, int prot, int flags, char *at, int file)
{
	char *area = mmap(at, bytes, prot, flags, file, 0);

	if (area == MAP_FAILED)
		exit(1);
	return area;
}

static void lock_much(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	for (;;) {
		char *area = map(LOCKED_BYTES, PROT_READ, flags, NULL, -1);
		mlockall(MCL_CURRENT);
		munmap(area, LOCKED_BYTES);
	}
}

static void look_at_much(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	int file = memfd_create("answer", 0);
	char *area = map(LOOKED_AT, PROT_NONE, flags, NULL, -1);
	char *answer = map(LOOKED_AT / PAGE, PROT_NONE, flags, NULL, -1);

	if (ftruncate(file, FILE_BYTES))
		exit(2);
	for (unsigned long i = 0; i < LOOKED_AT / PAGE; i += FILE_BYTES)
		map(FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, answer + i, file);
	for (;;)
		if (syscall(SYS_mincore, area, LOOKED_AT, answer))
			exit(3);
}

static void kill_in(const char *what, void (*call)(void))
{
	struct timespec before, after;
	int status = 0;

	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &before);
	pid_t child = fork();
	if (!child) {
		alarm(1);
		call();
	}
	waitpid(child, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%s: status %x, %s\n", what, status,
	       after.tv_sec - before.tv_sec <= SECONDS ? "in time" : "late");
}

int main(void)
{
	kill_in("mlockall", lock_much);
	kill_in("mincore", look_at_much);
	return 0;
}
