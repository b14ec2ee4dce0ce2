/*
 * known_faults.c: a parent and a child whose page faults are known: pages of zeros read and
 * written, a stack that grows, pages copied and taken over after a fork. Each writes its
 * /proc/self/faults as its last act, with nothing behind it that could fault.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA        ((volatile char *)0x10000000)
#define PAGE_BYTES  4096
#define WRITTEN     16
#define READ        4
#define CHILDS      8 /* of the written pages, that the child writes again */
#define PARENTS     12
#define STACK_PAGES 40 /* more than a new stack has */

static char text[PAGE_BYTES];

static long call(long number, long first, long second, long third)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(second), "d"(third)
			 : "rcx", "r11", "memory");
	return result;
}

/* All of its code in one page, and inline. */
__attribute__((noinline, aligned(1024))) static void report_and_exit(int status)
{
	text[0] = 1;
	long fd = call(SYS_open, (long)"/proc/self/faults", O_RDONLY, 0);
	long bytes = call(SYS_read, fd, (long)text, sizeof(text));

	if (bytes <= 0 || call(SYS_write, STDOUT_FILENO, (long)text, bytes) != bytes)
		status = 1;
	call(SYS_exit_group, status, 0, 0);
}

static void grow_stack(void)
{
	char room[STACK_PAGES * PAGE_BYTES];
	volatile char *pages = room;

	for (int i = STACK_PAGES - 1; i >= 0; i--)
		pages[i * PAGE_BYTES] = 's';
}

static void write_pages(int pages)
{
	for (int i = 0; i < pages; i++)
		AREA[i * PAGE_BYTES] = 'w';
}

int main(void)
{
	int status;
	char sum = 0;

	if (mmap((void *)AREA, (WRITTEN + READ) * PAGE_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != AREA)
		return 1;
	write_pages(WRITTEN);
	for (int i = 0; i < READ; i++)
		sum += AREA[(WRITTEN + i) * PAGE_BYTES];
	grow_stack();
	pid_t child = fork();
	if (child == 0) {
		write_pages(CHILDS);
		report_and_exit(3);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 3)
		return 1;
	write_pages(PARENTS);
	report_and_exit(sum);
}
