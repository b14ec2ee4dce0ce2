/* prog_vm_huge.c: memory that asked for large pages behaves as any other: fork, partial unmapping
 * and protection, moving, dropping. Whether large pages were given is not to be seen here. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096ul
#define LARGE (2ul << 20)
#define PAGES (LARGE / PAGE)

static char *aligned(size_t bytes)
{
	char *memory = mmap(NULL, bytes + LARGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	memory = (char *)(((uintptr_t)memory + LARGE - 1) & ~(LARGE - 1));
	if (madvise(memory, bytes, MADV_HUGEPAGE)) {
		perror("madvise");
		exit(1);
	}
	return memory;
}

static void mark(char *memory, size_t pages, unsigned with)
{
	for (size_t i = 0; i < pages; i++)
		*(unsigned *)(memory + i * PAGE) = (unsigned)i * 2654435761u + with;
}

/* How many pages hold what mark() put there. */
static size_t marked(const char *memory, size_t pages, unsigned with)
{
	size_t count = 0;

	for (size_t i = 0; i < pages; i++)
		count += *(const unsigned *)(memory + i * PAGE) == (unsigned)i * 2654435761u + with;
	return count;
}

static void child_ends(pid_t pid, const char *what)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		perror("waitpid");
	printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fflush(stdout);
}

static void forks(void)
{
	char *memory = aligned(2 * LARGE);

	mark(memory, 2 * PAGES, 1);
	for (int round = 0; round < 3; round++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			mark(memory + LARGE, PAGES / 2, 7);
			pid_t inner = fork();
			if (inner == 0) {
				mark(memory, 1, 9);
				_exit(marked(memory, PAGES, 1) != PAGES - 1);
			}
			child_ends(inner, "grandchild");
			printf("child: %zu %zu %zu\n", marked(memory, PAGES, 1),
			       marked(memory + LARGE, PAGES / 2, 7),
			       marked(memory + LARGE, PAGES, 1));
			fflush(stdout);
			_exit(0);
		}
		mark(memory + LARGE / 2, 3, (unsigned)round);
		child_ends(pid, "child");
		printf("parent: %zu\n", marked(memory, 2 * PAGES, 1));
	}
	munmap(memory, 2 * LARGE);
}

static void parts(void)
{
	char *memory = aligned(2 * LARGE);

	mark(memory, 2 * PAGES, 1);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		printf("child unmaps: %d\n", munmap(memory + 5 * PAGE, 3 * PAGE));
		printf("before %zu\n", marked(memory, 5, 1));
		fflush(stdout);
		_exit((int)marked(memory, PAGES, 1));
	}
	child_ends(pid, "touches the hole");
	printf("protects: %d\n", mprotect(memory + LARGE, PAGE, PROT_READ));
	printf("still %zu\n", marked(memory, 2 * PAGES, 1));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		memory[LARGE + PAGE] = 1;
		memory[LARGE] = 1;
		_exit(0);
	}
	child_ends(pid, "writes where it may not");
	printf("drops: %d\n", madvise(memory + 3 * PAGE, 2 * PAGE, MADV_DONTNEED));
	printf("zeros: %d %d\n", memory[3 * PAGE], memory[4 * PAGE]);
	printf("left: %zu\n", marked(memory, 2 * PAGES, 1));
	munmap(memory, 2 * LARGE);
}

static void moves(void)
{
	char *memory = aligned(LARGE), *to = aligned(4 * LARGE) + LARGE + PAGE;

	mark(memory, PAGES, 3);
	char *moved = mremap(memory, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	printf("moved: %d, %zu\n", moved == to, marked(to, PAGES, 3));
	printf("shrinks: %d\n", mremap(to, LARGE, LARGE / 2, 0) == to);
	printf("left: %zu\n", marked(to, PAGES / 2, 3));
	printf("no more: %d\n", madvise(to, LARGE / 2, MADV_NOHUGEPAGE));
	printf("left: %zu\n", marked(to, PAGES / 2, 3));
}

/* A system call reads into the middle of what was never touched. */
static void kernel_first(void)
{
	char *memory = aligned(LARGE);
	int ends[2];

	if (pipe(ends) || write(ends[1], "hello", 5) != 5)
		perror("pipe");
	printf("read: %zd", read(ends[0], memory + LARGE / 2 - 2, 5));
	printf(" %.5s, around it %d %d\n", memory + LARGE / 2 - 2, memory[LARGE / 2 - 3],
	       memory[LARGE / 2 + 3]);
}

int main(void)
{
	forks();
	parts();
	moves();
	kernel_first();
	return 0;
}
