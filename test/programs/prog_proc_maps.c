/*
 * prog_proc_maps.c: what /proc/self/maps says about mappings that the program has made itself, at
 * addresses that it has chosen; and that every line of it has the form that proc(5) promises, to
 * the column.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE        4096ul
/* Far from where Linux may put the heap of a program. */
#define AREA        0x100000000000ul
#define AREA_END    0x100010000000ul
#define NAME_COLUMN 73
#define LINE_BYTES  4400

static void map(unsigned long page, unsigned long pages, int prot, int flags)
{
	void *at = (void *)(AREA + page * PAGE);

	if (mmap(at, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0) !=
	    at)
		printf("mmap of page %lu failed\n", page);
}

/* The lines of the program's own area, as they are. */
static void show(const char *what)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[LINE_BYTES];

	printf("%s:\n", what);
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start = strtoul(line, NULL, 16);
		if (start >= AREA && start < AREA_END) {
			line[strcspn(line, "\n")] = '|';
			puts(line);
		}
	}
	if (maps)
		fclose(maps);
}

/* Lower-case hexadecimal digits from *at on, at least `least`, and none too many. */
static int hex(const char **at, int least)
{
	const char *from = *at;
	int digits = 0;

	while (isdigit((unsigned char)from[digits]) || (from[digits] >= 'a' && from[digits] <= 'f'))
		digits++;
	*at += digits;
	return digits == least || (digits > least && from[0] != '0');
}

static int literal(const char **at, char expected)
{
	return *(*at)++ == expected;
}

static int one_of(const char **at, const char *letters)
{
	char letter = *(*at)++;

	return letter && strchr(letters, letter) != NULL;
}

/* start-end perms offset major:minor inode name */
static int is_well_formed(const char *line)
{
	const char *at = line;

	if (!hex(&at, 8) || !literal(&at, '-') || !hex(&at, 8) || !literal(&at, ' ') ||
	    !one_of(&at, "r-") || !one_of(&at, "w-") || !one_of(&at, "x-") || !one_of(&at, "ps") ||
	    !literal(&at, ' ') || !hex(&at, 8) || !literal(&at, ' ') || !hex(&at, 2) ||
	    !literal(&at, ':') || !hex(&at, 2) || !literal(&at, ' ') ||
	    !isdigit((unsigned char)*at))
		return 0;
	at += strspn(at, "0123456789");
	if (!literal(&at, ' '))
		return 0;
	if (*at == '\n')
		return 1;
	return at + strspn(at, " ") - line == NAME_COLUMN;
}

static void check_all(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[LINE_BYTES];
	unsigned long last_end = 0;
	int lines = 0, wrong = 0, unordered = 0, heaps = 0, stacks = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		char *rest;
		unsigned long start = strtoul(line, &rest, 16), end = strtoul(rest + 1, NULL, 16);
		if (start >= 1ul << 47) /* vsyscall is Linux's alone */
			continue;
		lines++;
		if (!is_well_formed(line)) {
			wrong++;
			printf("form: %s", line);
		}
		unordered += start < last_end || end <= start;
		last_end = end;
		heaps += strstr(line, " rw-p 00000000 00:00 0 ") && strstr(line, "[heap]\n");
		stacks += strstr(line, " rw-p 00000000 00:00 0 ") && strstr(line, "[stack]\n");
	}
	if (maps)
		fclose(maps);
	printf("lines: %s, wrong in form: %d, out of order: %d, heaps: %d, stacks: %d\n",
	       lines > 5 ? "some" : "too few", wrong, unordered, heaps, stacks);
}

/* How much of the program's own file is mapped how. Linux may keep two regions apart that look
 * alike, because one of them was writable once. */
static void show_file(const char *path)
{
	static const char *const kinds[] = {"r--p", "r-xp", "rw-p", "rwxp"};
	unsigned long pages[4] = {0};
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[LINE_BYTES];

	while (maps && fgets(line, sizeof(line), maps)) {
		char *rest;
		unsigned long start = strtoul(line, &rest, 16), end = strtoul(rest + 1, &rest, 16);
		char *name = strchr(line, '/');
		for (int i = 0; name && i < 4; i++)
			if (!strncmp(name, path, strlen(path)) && !strncmp(rest + 1, kinds[i], 4))
				pages[i] += (end - start) / PAGE;
	}
	if (maps)
		fclose(maps);
	for (int i = 0; i < 4; i++)
		printf("own file %s: %lu pages\n", kinds[i], pages[i]);
}

/* Read in pieces of all sizes, it is the same text. */
static void check_pieces(void)
{
	static char whole[1 << 16], pieces[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t bytes = 0, total = 0;
	ssize_t got;

	while ((got = read(fd, whole + bytes, sizeof(whole) - bytes)) > 0)
		bytes += (size_t)got;
	lseek(fd, 0, SEEK_SET);
	for (size_t step = 1; (got = read(fd, pieces + total, step)) > 0; step = step % 97 + 1)
		total += (size_t)got;
	printf("in pieces: %s\n",
	       total == bytes && !memcmp(whole, pieces, bytes) ? "the same" : "another");
	printf("after the end: %zd\n", read(fd, pieces, 1));
	printf("from the middle: %d\n",
	       pread(fd, pieces, 50, 100) == 50 && !memcmp(pieces, whole + 100, 50));
	close(fd);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!malloc(1000) || sbrk(0) == NULL)
		return 1;
	/* So that there is a heap, whichever allocator this is. */
	if (syscall(12, (char *)syscall(12, 0) + 3 * PAGE) == 0) /* brk */
		return 1;
	map(0, 16, PROT_READ | PROT_WRITE, 0);
	map(32, 1, PROT_READ, 0);
	map(34, 2, PROT_NONE, 0);
	map(38, 2, PROT_READ | PROT_EXEC, 0);
	map(42, 2, PROT_WRITE, 0);
	map(46, 2, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
	map(0x4000, 0x1000, PROT_READ | PROT_WRITE, MAP_NORESERVE);
	show("mapped");
	mprotect((void *)(AREA + 4 * PAGE), 2 * PAGE, PROT_READ);
	munmap((void *)(AREA + 10 * PAGE), PAGE);
	show("cut");
	mprotect((void *)(AREA + 4 * PAGE), 2 * PAGE, PROT_READ | PROT_WRITE);
	map(10, 1, PROT_READ | PROT_WRITE, 0);
	show("joined");
	check_all();
	show_file(argv[0]);
	check_pieces();
	return argc - 1;
}
