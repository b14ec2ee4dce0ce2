/*
 * busy.c: something to interrupt: its address space is being changed most of the time. Runs until
 * the machine ends.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define PAGES      4096

int main(void)
{
	char line[32];
	int console = open("/dev/console", O_RDWR);
	int length = snprintf(line, sizeof(line), "busy: pid %d\n", getpid());

	if (write(console, line, (size_t)length) != length)
		return 1;
	for (;;) {
		char *area = mmap(NULL, (size_t)PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (area == MAP_FAILED)
			return 1;
		for (int i = 0; i < PAGES; i++)
			area[i * PAGE_BYTES] = 1;
		munmap(area, (size_t)PAGES * PAGE_BYTES);
	}
}
