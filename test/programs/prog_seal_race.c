/*
 * prog_seal_race.c: one thread maps a file in memory shared and writable, while another seals it
 * against writing. Either may come first; never do both succeed. A third thread keeps the address
 * space busy, so that mmap(2) waits between what it looks at and what it makes. To be run on
 * several CPUs.
 *
 *	prog_seal_race ROUNDS
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE       4096l
#define BUSY_BYTES (8l << 20)

static int ended, file, started;
static void *mapping;

static void *keep_busy(void *memory)
{
	for (int i = 0; !__atomic_load_n(&ended, __ATOMIC_RELAXED); i++)
		mprotect(memory, BUSY_BYTES, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
	return NULL;
}

static void *map(void *unused)
{
	__atomic_store_n(&started, 1, __ATOMIC_RELEASE);
	mapping = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	return unused;
}

/* Did both succeed? A seal that was refused is not there, and without one the mapping is made. */
static int is_broken(void)
{
	pthread_t thread;

	file = memfd_create("sealed", MFD_ALLOW_SEALING);
	started = 0;
	if (file < 0 || ftruncate(file, PAGE) || pthread_create(&thread, NULL, map, NULL))
		exit(1);
	while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		sched_yield();
	int sealed = !fcntl(file, F_ADD_SEALS, F_SEAL_WRITE);
	pthread_join(thread, NULL);
	if (!!(fcntl(file, F_GET_SEALS) & F_SEAL_WRITE) != sealed)
		exit(2);
	int mapped = mapping != MAP_FAILED;
	if (mapped)
		munmap(mapping, PAGE);
	close(file);
	return sealed && mapped;
}

int main(int argc, char **argv)
{
	int rounds = argc == 2 ? atoi(argv[1]) : 0, broken = 0;
	void *memory =
		mmap(NULL, BUSY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t busy;

	if (memory == MAP_FAILED)
		return 1;
	memset(memory, 1, BUSY_BYTES);
	if (pthread_create(&busy, NULL, keep_busy, memory))
		return 1;
	for (int i = 0; i < rounds; i++)
		broken += is_broken();
	__atomic_store_n(&ended, 1, __ATOMIC_RELAXED);
	pthread_join(busy, NULL);
	printf("of %d rounds %d left a sealed file writable\n", rounds, broken);
	return 0;
}
