/*
 * prog_file_race.c: processes that make a file shorter and longer while others have it mapped, read
 * it, write it, fork and exit. Which of them dies by SIGBUS is chance; that nothing else happens,
 * and that each page holds what one of them wrote, is not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE    4096l
#define PAGES   64l
#define WORKERS 4
#define ROUNDS  400
#define MARK    0x5171726500000000ull /* what is written; the lower half says by whom */

static unsigned state;

static unsigned below(unsigned limit)
{
	state = state * 1103515245u + 12345u;
	return (state >> 16) % limit;
}

/* Zero, or one of the workers' marks. */
static int is_sound(uint64_t word)
{
	return !word || (word >> 32 == MARK >> 32 && (uint32_t)word < WORKERS);
}

static void use_mappings(uint64_t *shared, uint64_t *private, unsigned who)
{
	for (int i = 0; i < 20; i++) {
		uint64_t *word = shared + below(PAGES) * PAGE / 8 + below(PAGE / 8);
		if (!is_sound(*word))
			_exit(3);
		*word = MARK | who;
		uint64_t *mine = private + below(PAGES) * PAGE / 8;
		if (!is_sound(*mine))
			_exit(4);
		*mine = MARK | who;
	}
}

static void use_file(int fd, unsigned who)
{
	uint64_t words[1024];

	for (int i = 0; i < 1024; i++)
		words[i] = MARK | who;
	off_t at = below(PAGES) * PAGE + 8 * below(512);
	if (below(2)) {
		if (pwrite(fd, words, sizeof(words), at) != sizeof(words))
			_exit(5);
		return;
	}
	ssize_t bytes = pread(fd, words, sizeof(words), at);
	for (ssize_t i = 0; i < bytes / 8; i++)
		if (!is_sound(words[i]))
			_exit(6);
}

/* One life: until the file is cut off under it, or its rounds are over. */
static void work(int fd, unsigned who)
{
	size_t bytes = PAGES * PAGE;
	uint64_t *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t *private = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	int how;

	if (shared == MAP_FAILED || private == MAP_FAILED)
		_exit(7);
	for (int round = 0; round < 10; round++) {
		use_file(fd, who);
		pid_t child = fork();
		use_mappings(shared, private, who);
		if (child == 0)
			_exit(0);
		waitpid(child, &how, 0);
		if (WIFSIGNALED(how) ? WTERMSIG(how) != SIGBUS : WEXITSTATUS(how))
			_exit(8);
	}
	_exit(0);
}

static pid_t start(int fd, unsigned who, unsigned round)
{
	pid_t child = fork();

	if (child == 0) {
		state = round * WORKERS + who;
		work(fd, who);
	}
	return child;
}

int main(void)
{
	char name[] = "/dev/shm/race-XXXXXX";
	pid_t workers[WORKERS];
	int fd = mkstemp(name), bad = 0, how;

	if (fd < 0 || unlink(name)) {
		perror(name);
		return 1;
	}
	for (unsigned who = 0; who < WORKERS; who++)
		workers[who] = start(fd, who, 0);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		/* Eight bytes are written at once, and cut off at once. */
		bad += ftruncate(fd, 8 * below(PAGES * PAGE / 8)) != 0;
		sched_yield();
		bad += ftruncate(fd, PAGES * PAGE) != 0;
		sched_yield();
		pid_t ended = waitpid(-1, &how, WNOHANG);
		if (ended <= 0)
			continue;
		if (WIFSIGNALED(how) ? WTERMSIG(how) != SIGBUS : WEXITSTATUS(how))
			bad++;
		for (unsigned who = 0; who < WORKERS; who++)
			if (workers[who] == ended)
				workers[who] = start(fd, who, round);
	}
	while (wait(&how) > 0)
		if (WIFSIGNALED(how) ? WTERMSIG(how) != SIGBUS : WEXITSTATUS(how))
			bad++;
	printf("%d went wrong\n", bad);
	return bad != 0;
}
