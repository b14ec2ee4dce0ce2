/* fork_entries.c: how many table entries does a fork look at, by the size of the process? Says what
 * the kernel counts in /proc/self/faults: for Quire alone. Arguments: sizes in KiB, ascending. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

static unsigned long entries_of_last_fork(void)
{
	FILE *file = fopen("/proc/self/faults", "r");
	char name[32];
	unsigned long count, found = 0;

	if (!file) {
		perror("/proc/self/faults");
		exit(1);
	}
	while (fscanf(file, "%31s %lu", name, &count) == 2)
		if (!strcmp(name, "fork-entries"))
			found = count;
	fclose(file);
	return found;
}

/* The child writes to a page, and the parent looks at its own: they must not mix. */
static void fork_once(volatile char *memory)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		memory[0] = 'c';
		_exit(memory[0] != 'c');
	}
	if (pid < 0 || wait(&status) != pid || status != 0 || memory[0] != 'p') {
		printf("fork went wrong\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		unsigned long bytes = strtoul(argv[i], NULL, 10) * 1024;
		char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED) {
			perror("mmap");
			return 1;
		}
		for (unsigned long at = 0; at < bytes; at += PAGE)
			memory[at] = 'p';
		fork_once(memory);
		printf("%s %lu\n", argv[i], entries_of_last_fork());
		munmap(memory, bytes);
	}
	return 0;
}
