/*
 * prog_proc_smaps.c: /proc/self/smaps of an area of the program's own, as it is touched, forked and
 * given back. Too small for large pages. "Referenced" is left out: fork clears it in the child on
 * Linux, and does not look at pages at all on Quire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE       4096ul
#define AREA       0x100000000000ul /* far from where Linux may put the heap */
#define PAGES      128ul
#define LINE_BYTES 4400

static const char *const fields[] = {
	"Size:",          "KernelPageSize:", "MMUPageSize:",   "Rss:",           "Pss:",
	"Shared_Clean:",  "Shared_Dirty:",   "Private_Clean:", "Private_Dirty:", "Anonymous:",
	"AnonHugePages:", "Swap:",           "SwapPss:",       "Locked:",
};

static int is_wanted(const char *line)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strncmp(line, fields[i], strlen(fields[i])))
			return 1;
	return 0;
}

static void remove_word(char *line, const char *word)
{
	char *at = strstr(line, word);

	if (at)
		memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
}

/* "sd", soft-dirty, is there or not as Linux was configured; "ac" as what the region ever was. */
static void show_flags(char *line)
{
	remove_word(line, " sd");
	remove_word(line, " ac");
	line[strcspn(line, "\n")] = '|';
	puts(line);
}

static void show(const char *what)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	char line[LINE_BYTES];
	int inside = 0;

	printf("%s:\n", what);
	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long start;
		char dash;
		if (sscanf(line, "%lx%c", &start, &dash) == 2 && dash == '-')
			inside = start >= AREA && start < AREA + PAGES * PAGE;
		if (!inside)
			continue;
		if (strstr(line, "VmFlags:"))
			show_flags(line);
		else if ((line[0] >= '0' && line[0] <= '9') || is_wanted(line))
			fputs(line, stdout);
	}
	if (smaps)
		fclose(smaps);
	fflush(stdout);
}

static void touch(volatile char *area, unsigned long first, unsigned long pages)
{
	for (unsigned long i = first; i < first + pages; i++)
		area[i * PAGE] = (char)i;
}

static void read_pages(volatile char *area, unsigned long first, unsigned long pages)
{
	for (unsigned long i = first; i < first + pages; i++)
		(void)area[i * PAGE];
}

int main(void)
{
	char *area = mmap((void *)AREA, PAGES * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int status;

	if (area != (char *)AREA)
		return 1;
	show("untouched");
	touch(area, 0, 20);
	show("20 pages written");
	read_pages(area, 50, 10);
	show("10 pages read: the page of zeros counts nowhere");
	touch(area, 50, 1);
	show("one of them written");
	pid_t child = fork();
	if (!child) {
		show("in the child: all is shared");
		touch(area, 0, 5);
		show("the child wrote 5: they are its own");
		_exit(0);
	}
	waitpid(child, &status, 0);
	show("the child is gone: nothing is shared");
	child = fork();
	if (!child) {
		pid_t grandchild = fork();
		if (!grandchild) {
			show("in the grandchild: three share");
			_exit(0);
		}
		waitpid(grandchild, &status, 0);
		_exit(0);
	}
	waitpid(child, &status, 0);
	madvise(area, 10 * PAGE, MADV_DONTNEED);
	show("10 pages given back");
	mprotect(area + 15 * PAGE, 10 * PAGE, PROT_READ);
	show("cut in three by mprotect");
	mprotect(area + 15 * PAGE, 10 * PAGE, PROT_NONE);
	show("nobody may touch the middle, and it is there");
	return 0;
}
