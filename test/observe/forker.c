/*
 * forker.c: a process to watch with memview: it writes 64 pages, then for every line that it reads
 * it forks a child that writes half of them again and lives until the next line, and says "forked".
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES      64
#define PAGE_BYTES 4096

static volatile char area[PAGES * PAGE_BYTES];

static void write_pages(int pages)
{
	for (int i = 0; i < pages; i++)
		area[i * PAGE_BYTES] = 'w';
}

int main(void)
{
	char line[64];
	pid_t child = 0;

	write_pages(PAGES);
	while (fgets(line, sizeof(line), stdin)) {
		if (child) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
		child = fork();
		if (child < 0)
			return 1;
		if (child == 0) {
			write_pages(PAGES / 2);
			puts("forked");
			fflush(stdout);
			for (;;)
				pause();
		}
	}
	return 0;
}
