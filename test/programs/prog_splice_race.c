/*
 * prog_splice_race.c: one thread reads a pipe to its end, byte by byte; another again and again
 * wants to move all of it to where there is no room. None of the bytes is lost, nor is the end seen
 * while the other has them in its hands. To be run on several CPUs.
 *
 *	prog_splice_race ROUNDS
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES 500

static int ends[2], full[2], moves;

static void *move(void *stop)
{
	for (; !__atomic_load_n((int *)stop, __ATOMIC_RELAXED);
	     __atomic_store_n(&moves, 1, __ATOMIC_RELAXED))
		splice(ends[0], NULL, full[0], NULL, 1 << 16, SPLICE_F_NONBLOCK);
	return NULL;
}

static int count(void)
{
	int got = 0;
	char byte;

	while (read(ends[0], &byte, 1) == 1)
		got++;
	return got;
}

int main(int argc, char **argv)
{
	static char block[4096];
	int rounds = argc == 2 ? atoi(argv[1]) : 0, early = 0, wrong = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, full))
		return 1;
	for (size_t size = sizeof(block); size; size /= 2)
		while (write(full[0], block, size) > 0)
			;
	for (int i = 0; i < rounds; i++) {
		pthread_t thread;
		int stop = moves = 0;
		if (pipe(ends) || write(ends[1], block, BYTES) != BYTES)
			return 1;
		close(ends[1]);
		if (pthread_create(&thread, NULL, move, &stop))
			return 1;
		while (!__atomic_load_n(&moves, __ATOMIC_RELAXED))
			;
		int got = count();
		__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		early += got != BYTES;
		wrong += got + count() != BYTES;
		close(ends[0]);
	}
	printf("of %d rounds %d ended early, %d lost bytes\n", rounds, early, wrong);
	return 0;
}
