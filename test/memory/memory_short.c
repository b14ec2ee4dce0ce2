/*
 * memory_short.c: a machine whose memory runs out. For Quire alone: Linux would look for something
 * else to kill. What is promised: a process that touches what is not there is killed, and it alone;
 * calls say ENOMEM; nothing is lost; exit always works.
 *
 *	memory_short kill | exec | calls
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)

static long pages_free(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return (long)(info.freeram * info.mem_unit / PAGE);
}

static char *map_much(void)
{
	char *area = mmap(NULL, 1ul << 32, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		exit(3);
	return area;
}

/* Touch pages until only `left` are free. */
static char *use_up(long left)
{
	char *area = map_much(), *at = area;

	for (long free = pages_free(); free > left; free = pages_free())
		for (long step = free - left > 64 ? 32 : 1; step > 0; step--, at += PAGE)
			*at = 1;
	return at;
}

/* As wait says: the exit status, or 128 + the signal. */
static int end_of(pid_t child)
{
	int how;

	if (waitpid(child, &how, 0) != child)
		return -1;
	return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

/* ---- a process that wants too much ---- */

static void touch_for_ever(void)
{
	for (char *at = map_much();; at += PAGE)
		*at = 1;
}

static void recurse_for_ever(void)
{
	char *area = map_much();
	int ends[2];

	/* The kernel is the one that touches it. */
	if (pipe(ends) != 0)
		_exit(4);
	for (;; area += PAGE)
		if (write(ends[1], "x", 1) != 1 || read(ends[0], area, 1) != 1)
			_exit(5);
}

/* Two thirds of memory, shared with a child, which writes: it needs more than there is. */
static void copy_for_ever(void)
{
	size_t bytes = (size_t)pages_free() / 3 * 2 * PAGE;
	char *area = map_much();

	memset(area, 1, bytes);
	pid_t child = fork();
	if (child == 0) {
		memset(area, 2, bytes);
		_exit(6);
	}
	int end = end_of(child);
	for (size_t at = 0; at < bytes; at++)
		if (area[at] != 1)
			_exit(9);
	_exit(end == 137 ? 0 : 8);
}

static int try_kill(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} greedy[] = {
		{"touches", touch_for_ever},
		{"reads into", recurse_for_ever},
		{"copies", copy_for_ever},
	};
	int ends[2], ready[2];
	char byte;

	/* A neighbour that was there before, and uses its memory afterwards. */
	if (pipe(ends) != 0 || pipe(ready) != 0)
		return 2;
	pid_t neighbour = fork();
	if (neighbour == 0) {
		char *mine = malloc(MIB);
		memset(mine, 3, MIB);
		close(ends[1]);
		if (write(ready[1], "r", 1) != 1)
			_exit(8);
		while (read(ends[0], &byte, 1) == 1)
			for (size_t i = 0; i < MIB; i++)
				if (mine[i] != 3)
					_exit(7);
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1)
		return 2;
	for (unsigned i = 0; i < sizeof(greedy) / sizeof(greedy[0]); i++)
		for (unsigned round = 0; round < 3; round++) {
			long before = pages_free();
			fflush(stdout);
			pid_t child = fork();
			if (child == 0)
				greedy[i].run();
			int end = end_of(child);
			/* The neighbour has the processor only when we sleep. */
			if (write(ends[1], "c", 1) != 1)
				return 2;
			printf("%s: ends with %d, %s\n", greedy[i].name, end,
			       pages_free() >= before - 64 ? "all is back" : "MEMORY IS LOST");
		}
	close(ends[1]);
	printf("neighbour: %d\n", end_of(neighbour));
	return 0;
}

/* ---- exec with next to nothing ---- */

static int try_exec(const char *self)
{
	unsigned was_refused = 0, ran = 0;

	for (long left = 0; left <= 64; left += left < 16 ? 1 : 8) {
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			char *arguments[] = {(char *)self, "well", NULL};
			use_up(left);
			execv(self, arguments);
			_exit(errno == ENOMEM ? 12 : 13);
		}
		int end = end_of(child);
		/* It was refused, it ran, or it was killed while it got its first pages. */
		if (end != 12 && end != 42 && end != 137)
			printf("with %ld pages: WRONG END %d\n", left, end);
		was_refused += end == 12;
		ran += end == 42;
	}
	printf("refused: %s, ran: %s\n", was_refused ? "some" : "NONE", ran ? "some" : "NONE");
	return 0;
}

/* ---- calls with next to nothing ---- */

static unsigned refused, served, strange;

static void count(long result)
{
	if (result != -1)
		served++;
	else if (errno == ENOMEM || errno == EAGAIN || errno == ENFILE)
		refused++;
	else
		strange++;
}

static void call_all(char *area)
{
	char path[64];
	int ends[2];

	/* Tables of this range are shared with the parent: each of these has to copy some. */
	count(mprotect(area + PAGE, PAGE, PROT_READ));
	count(munmap(area + 3 * PAGE, PAGE));
	count((long)mremap(area + 4 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	count(madvise(area + 6 * PAGE, PAGE, MADV_DONTNEED));
	count(mlock(area + 7 * PAGE, PAGE));
	count((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	count((long)mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	count(pipe(ends));
	count(open("/proc/self/exe", O_RDONLY));
	count(getcwd(path, sizeof(path)) ? 0 : -1);
	count(poll(NULL, 0, 0));
	count(madvise(area + 8 * PAGE, 64 * PAGE, 23)); /* MADV_POPULATE_WRITE */
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	count(child);
	if (child > 0)
		end_of(child);
}

static int try_calls(void)
{
	unsigned totals[3] = {0};
	char *area =
		mmap(NULL, 2048 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int results[2];

	memset(area, 1, 512 * PAGE);
	if (pipe(results) != 0)
		return 2;
	for (long left = 0; left <= 32; left++) {
		pid_t child = fork();
		if (child == 0) {
			/* Its own pages of code and stack are there: it was here before. */
			call_all(area + 1024 * PAGE);
			refused = served = strange = 0;
			use_up(left);
			call_all(area);
			unsigned numbers[3] = {refused, served, strange};
			_exit(write(results[1], numbers, sizeof(numbers)) == sizeof(numbers) ? 0
											     : 1);
		}
		int end = end_of(child);
		unsigned numbers[3] = {0};
		if (end == 0 && read(results[0], numbers, sizeof(numbers)) != sizeof(numbers))
			return 2;
		for (unsigned i = 0; i < 3; i++)
			totals[i] += numbers[i];
		if (end != 0 && end != 137)
			printf("with %ld pages: WRONG END %d\n", left, end);
	}
	printf("refused: %s, served: %s, strange: %u\n", totals[0] ? "some" : "NONE",
	       totals[1] ? "some" : "NONE", totals[2]);
	unsigned wrong = 0;
	for (unsigned i = 0; i < 512; i++)
		wrong += area[i * PAGE] != 1 || area[i * PAGE + 4095] != 1;
	printf("the parent's memory: %u wrong\n", wrong);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "well") == 0)
		return 42;
	if (strcmp(argv[1], "kill") == 0)
		return try_kill();
	if (strcmp(argv[1], "exec") == 0)
		return try_exec(argv[0]);
	return try_calls();
}
