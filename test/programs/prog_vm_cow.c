/*
 * prog_vm_cow.c: copy-on-write: whoever writes after fork, in whatever order they write and end,
 * nobody sees what another wrote.
 */
#define _GNU_SOURCE
#include <sys/sysinfo.h>

#include "vm_arena.h"

#define MIB      (1ul << 20)
#define CHILDREN 24
#define DEPTH    12

static unsigned failures;

static void check(const char *what, int is_so)
{
	if (is_so)
		return;
	failures++;
	printf("%s: NO\n", what);
}

static unsigned char *map(size_t bytes)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		exit(3);
	return area;
}

static pid_t fork_flushed(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child < 0)
		exit(4);
	return child;
}

static int all_are(const unsigned char *area, size_t pages, unsigned char value)
{
	for (size_t i = 0; i < pages; i++)
		if (area[i * PAGE] != value || area[i * PAGE + PAGE - 1] != value)
			return 0;
	return 1;
}

static void set_all(unsigned char *area, size_t pages, unsigned char value)
{
	for (size_t i = 0; i < pages; i++)
		area[i * PAGE] = area[i * PAGE + PAGE - 1] = value;
}

/* Both sides write, the child or the parent first. */
static void both_sides(void)
{
	unsigned char *area = map(64 * PAGE);
	int go[2];

	for (int parent_first = 0; parent_first < 2; parent_first++) {
		set_all(area, 64, 1);
		if (pipe(go) != 0)
			exit(5);
		pid_t child = fork_flushed();
		if (child == 0) {
			char byte;
			if (parent_first && read(go[0], &byte, 1) != 1)
				_exit(1);
			if (!all_are(area, 64, 1))
				_exit(2);
			set_all(area, 64, 2);
			_exit(all_are(area, 64, 2) ? 0 : 3);
		}
		if (parent_first) {
			set_all(area, 64, 3);
			check("go", write(go[1], "g", 1) == 1);
		}
		int end = child_ends(child);
		printf("child ends with %d\n", end);
		check("parent's own", all_are(area, 64, parent_first ? 3 : 1));
		set_all(area, 64, 4);
		check("sole owner writes", all_are(area, 64, 4));
		close(go[0]);
		close(go[1]);
	}
	munmap(area, 64 * PAGE);
}

/* Each is the child of the one before, and writes before and after it forks. */
static int chain(unsigned char *area, unsigned depth)
{
	unsigned char mine = (unsigned char)(10 + depth);

	set_all(area + depth * PAGE, DEPTH + 1 - depth, mine);
	if (depth == DEPTH)
		return 0;
	pid_t child = fork_flushed();
	if (child == 0)
		_exit(chain(area, depth + 1));
	/* Some write while the descendants live, some after. */
	if (depth % 2)
		area[DEPTH * PAGE] = 200;
	int end = child_ends(child);
	if (end)
		return end;
	for (unsigned i = 0; i <= depth; i++)
		if (area[i * PAGE] != 10 + (i < depth ? i : depth))
			return 100 + (int)depth;
	return area[DEPTH * PAGE] == (depth % 2 ? 200 : mine) ? 0 : 50 + (int)depth;
}

/* Many children of one parent end in every order; each keeps what it saw. */
static void orders(void)
{
	unsigned char *area = map(CHILDREN * PAGE);
	int go[CHILDREN][2];
	pid_t children[CHILDREN];

	for (unsigned i = 0; i < CHILDREN; i++) {
		set_all(area, CHILDREN, (unsigned char)i);
		if (pipe(go[i]) != 0)
			exit(5);
		children[i] = fork_flushed();
		if (children[i] == 0) {
			char byte;
			area[i * PAGE + 8] = 77;
			close(go[i][1]);
			if (read(go[i][0], &byte, 1) != 1)
				_exit(1);
			if (!all_are(area, CHILDREN, (unsigned char)i))
				_exit(2);
			for (unsigned j = 0; j < CHILDREN; j++)
				if (area[j * PAGE + 8] != (j == i ? 77 : 0))
					_exit(3);
			set_all(area, CHILDREN, 99);
			_exit(0);
		}
		close(go[i][0]);
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		unsigned next = i * 7 % CHILDREN; /* every one of them, in no order */
		check("let it end", write(go[next][1], "g", 1) == 1);
		check("the child saw its own memory", child_ends(children[next]) == 0);
		close(go[next][1]);
	}
	check("the parent's", all_are(area, CHILDREN, CHILDREN - 1));
	munmap(area, CHILDREN * PAGE);
}

/* The page of zeros is behind all that is only read; nobody may see a write to it. */
static void zero_page(void)
{
	unsigned char *area = map(256 * PAGE), *other = map(256 * PAGE);

	check("reads zeros", all_are(area, 256, 0) && all_are(other, 256, 0));
	pid_t child = fork_flushed();
	if (child == 0) {
		set_all(area, 256, 5);
		_exit(all_are(other, 256, 0) && all_are(area, 256, 5) ? 0 : 1);
	}
	check("child", child_ends(child) == 0);
	check("still zeros", all_are(area, 256, 0));
	set_all(area, 128, 6);
	check("neighbours are zeros", all_are(area + 128 * PAGE, 128, 0));
	unsigned char *late = map(256 * PAGE);
	check("new memory is zeros", all_are(late, 256, 0) && all_are(other, 256, 0));
	munmap(area, 256 * PAGE);
	munmap(other, 256 * PAGE);
	munmap(late, 256 * PAGE);
}

/* The kernel writes for one of the two. */
static void by_the_kernel(const char *self)
{
	unsigned char *area = map(4 * PAGE);
	int ends[2];

	if (pipe(ends) != 0)
		exit(5);
	memset(area, 'p', 4 * PAGE);
	pid_t child = fork_flushed();
	if (child == 0) {
		int fd = open(self, O_RDONLY);
		/* A file into shared pages, across a border; then a pipe. */
		if (read(fd, area + PAGE - 2, 4) != 4 || memcmp(area + PAGE - 2, "\177ELF", 4))
			_exit(1);
		if (write(ends[1], "pipe", 4) != 4 || read(ends[0], area + 3 * PAGE - 2, 4) != 4)
			_exit(2);
		if (memcmp(area + 3 * PAGE - 2, "pipe", 4) || area[PAGE - 3] != 'p')
			_exit(3);
		_exit(0);
	}
	printf("child that reads ends with %d\n", child_ends(child));
	int untouched = 1;
	for (unsigned i = 0; i < 4 * PAGE; i++)
		untouched &= area[i] == 'p';
	check("the parent's bytes", untouched);
	munmap(area, 4 * PAGE);
}

/* Exec at once, and from a grandchild; exit without a write. */
static void exec_after_fork(const char *self)
{
	unsigned char *area = map(MIB);

	memset(area, 8, MIB);
	for (unsigned generations = 1; generations <= 3; generations++) {
		pid_t child = fork_flushed();
		if (child == 0) {
			for (unsigned i = 1; i < generations; i++) {
				pid_t next = fork();
				if (next)
					_exit(child_ends(next));
			}
			execl(self, self, "exec", (char *)NULL);
			_exit(90);
		}
		printf("exec in generation %u: %d\n", generations, child_ends(child));
	}
	check("the parent's bytes", all_are(area, MIB / PAGE, 8));
	munmap(area, MIB);
}

/* Children of children that write the same pages at the same time. */
static void races(void)
{
	const unsigned pages = 48;
	unsigned char *area = map(pages * PAGE);
	pid_t children[8];

	set_all(area, pages, 1);
	for (unsigned i = 0; i < 8; i++) {
		children[i] = fork_flushed();
		if (children[i] != 0)
			continue;
		for (unsigned round = 0; round < 12; round++) {
			pid_t grandchild = fork();
			unsigned char value =
				(unsigned char)(i * 16 + round + (grandchild ? 128 : 0));
			for (unsigned page = 0; page < pages; page += grandchild ? 1 : 3)
				area[page * PAGE + round] = value;
			for (unsigned page = 0; page < pages; page += grandchild ? 1 : 3)
				if (area[page * PAGE + round] != value)
					_exit(1);
			if (!grandchild)
				_exit(0);
			if (child_ends(grandchild) != 0)
				_exit(2);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < 8; i++)
		check("racing child", child_ends(children[i]) == 0);
	check("the parent's bytes", all_are(area, pages, 1) || area[0] == 1);
	munmap(area, pages * PAGE);
}

/* Two thirds of a small machine: fork has no memory for a copy of it, and needs none. */
static void large(void)
{
	struct sysinfo info;

	sysinfo(&info);
	size_t bytes = info.totalram * info.mem_unit / 3 * 2;
	bytes = bytes < 168 * MIB ? bytes : 168 * MIB;
	unsigned char *area = map(bytes);
	for (size_t at = 0; at < bytes; at += PAGE)
		*(size_t *)(area + at) = at;
	pid_t child = fork_flushed();
	if (child == 0) {
		for (size_t at = 0; at < bytes; at += PAGE)
			if (*(size_t *)(area + at) != at)
				_exit(1);
		for (size_t at = 0; at < bytes; at += 64 * PAGE)
			*(size_t *)(area + at) = ~at;
		_exit(0);
	}
	printf("child of a large process: %d\n", child_ends(child));
	for (size_t at = 0; at < bytes; at += PAGE)
		*(size_t *)(area + at) ^= at;
	size_t bits = 0;
	for (size_t at = 0; at < bytes; at += PAGE)
		bits |= *(size_t *)(area + at);
	check("the parent's bytes", bits == 0);
	munmap(area, bytes);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	both_sides();
	unsigned char *area = map((DEPTH + 1) * PAGE);
	printf("chain: %d\n", chain(area, 0));
	orders();
	zero_page();
	by_the_kernel(argv[0]);
	exec_after_fork(argv[0]);
	races();
	large();
	printf("%u failures\n", failures);
	return failures != 0;
}
