/*
 * forked.c: something to look at with the debug shell: a parent that wrote four pages, and a child
 * that wrote one of them again; and far away 4 MiB that both have and neither touched since. Both
 * stand still until a line is typed on the console.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA       ((char *)0x10000000)
#define PAGE_BYTES 4096
#define PAGES      16
#define TOUCHED    4
#define FAR        ((char *)0x100000000000) /* under another entry of the root table */
#define FAR_PAGES  1024

static void stand_still(int parent)
{
	char line[64];
	int console = open("/dev/console", O_RDWR);
	int length = snprintf(line, sizeof(line), "forked: parent %d child %d\n", parent, getpid());

	if (console < 0 || write(console, line, (size_t)length) != length ||
	    read(console, line, sizeof(line)) <= 0)
		_exit(1);
}

/* `pages` pages at `at`, of which the first `touched` are written. */
static void map(char *at, int pages, int touched)
{
	if (mmap(at, (size_t)pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
		exit(1);
	for (int i = 0; i < touched; i++)
		at[i * PAGE_BYTES] = 'p';
}

int main(void)
{
	int parent = getpid(), status;

	map(FAR, FAR_PAGES, FAR_PAGES);
	map(AREA, PAGES, TOUCHED);
	int child = fork();
	if (child == 0) {
		AREA[PAGE_BYTES] = 'c';
		stand_still(parent);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	return WEXITSTATUS(status);
}
