/*
 * bench.c: what the kernel's paths cost a program. The same static binary runs on Quire and, as
 * the first process, on Linux: one line a row, `row NAME COST`, in ticks of the time stamp
 * counter. Under QEMU's `-icount shift=0` a tick is one guest instruction, and the counts repeat
 * exactly.
 *
 * A row is the smallest of several batches: what an interrupt adds to one is not the path's cost.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE    4096ul
#define MIB     (1024ul * 1024)
#define BATCHES 4
#define PAGES   1024ul /* of a batch: two tables' worth */

static const char *self; /* this program's path */

/* What a child measures is told here. */
static volatile uint64_t *told;

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static void fail(const char *what)
{
	printf("failed %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

/* The system call itself: a library's fork does more than the kernel's. */
static pid_t raw_fork(void)
{
	pid_t pid = (pid_t)syscall(SYS_fork);

	if (pid < 0)
		fail("fork");
	return pid;
}

static void await(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		fail("a child");
}

static char *map_at(void *where, size_t bytes, int flags)
{
	char *memory = mmap(where, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static char *map(size_t bytes)
{
	return map_at(NULL, bytes, 0);
}

static void write_pages(char *memory, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		*(volatile char *)(memory + i * PAGE) = 1;
}

static void read_pages(const char *memory, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		(void)*(const volatile char *)(memory + i * PAGE);
}

/* ---- the rows: each gives the cost of one batch, divided by what the batch holds ---- */

static uint64_t null_call(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	return (ticks() - start) / 1000;
}

/* The end of the heap before it grew; whole pages from there are new. */
static char *grow_heap(size_t bytes)
{
	uintptr_t end = ((uintptr_t)syscall(SYS_brk, 0) + PAGE - 1) & ~(PAGE - 1);

	if ((uintptr_t)syscall(SYS_brk, end + bytes) != end + bytes)
		fail("brk");
	return (char *)end;
}

static uint64_t touch_heap(void)
{
	char *memory = grow_heap(PAGES * PAGE);
	uint64_t start = ticks();

	write_pages(memory, PAGES);
	uint64_t cost = (ticks() - start) / PAGES;
	syscall(SYS_brk, memory);
	return cost;
}

static uint64_t touch_map(void)
{
	char *memory = map(PAGES * PAGE);
	uint64_t start = ticks();

	write_pages(memory, PAGES);
	uint64_t cost = (ticks() - start) / PAGES;
	munmap(memory, PAGES * PAGE);
	return cost;
}

static uint64_t read_map(void)
{
	char *memory = map(PAGES * PAGE);
	uint64_t start = ticks();

	read_pages(memory, PAGES);
	uint64_t cost = (ticks() - start) / PAGES;
	munmap(memory, PAGES * PAGE);
	return cost;
}

/* A child's, since a stack does not shrink. */
static uint64_t grow_stack(void)
{
	enum { DEEP = 1024 };
	pid_t pid = raw_fork();

	if (pid == 0) {
		char *here = __builtin_frame_address(0);
		*(volatile char *)(here - 16 * PAGE) = 1; /* the tables are this process's now */
		uint64_t start = ticks();
		for (size_t i = 17; i < 17 + DEEP; i++)
			*(volatile char *)(here - i * PAGE) = 1;
		*told = (ticks() - start) / DEEP;
		_exit(0);
	}
	await(pid);
	return *told;
}

static uint64_t copy_on_write(void)
{
	char *memory = map(PAGES * PAGE);

	write_pages(memory, PAGES);
	pid_t pid = raw_fork();
	if (pid == 0) {
		uint64_t start = ticks();
		write_pages(memory, PAGES);
		*told = (ticks() - start) / PAGES;
		_exit(0);
	}
	await(pid);
	munmap(memory, PAGES * PAGE);
	return *told;
}

/* The child makes the two share pages (not only tables), and is gone when the parent writes. */
static uint64_t reuse(void)
{
	char *memory = map(PAGES * PAGE);

	write_pages(memory, PAGES);
	pid_t pid = raw_fork();
	if (pid == 0) {
		write_pages(memory, 1);
		write_pages(memory + PAGES / 2 * PAGE, 1);
		write_pages(memory + (PAGES - 1) * PAGE, 1);
		_exit(0);
	}
	await(pid);
	uint64_t start = ticks();
	write_pages(memory, PAGES);
	uint64_t cost = (ticks() - start) / PAGES;
	munmap(memory, PAGES * PAGE);
	return cost;
}

/* fork(2) by itself: the parent's side of it. */
static uint64_t fork_alone(size_t bytes)
{
	static char *memory;
	static size_t touched;

	if (bytes && !memory)
		memory = map_at((void *)0x100000000000, 1024 * MIB, MAP_FIXED_NOREPLACE);
	if (bytes > touched) {
		write_pages(memory + touched, (bytes - touched) / PAGE);
		touched = bytes;
	}
	uint64_t start = ticks();
	pid_t pid = raw_fork();
	if (pid == 0)
		_exit(0);
	uint64_t cost = ticks() - start;
	await(pid);
	if (bytes == 1024 * MIB && ++told[1] == BATCHES)
		munmap(memory, 1024 * MIB);
	return cost;
}

static uint64_t fork_0(void)
{
	return fork_alone(0);
}
static uint64_t fork_1(void)
{
	return fork_alone(1 * MIB);
}
static uint64_t fork_16(void)
{
	return fork_alone(16 * MIB);
}
static uint64_t fork_64(void)
{
	return fork_alone(64 * MIB);
}
static uint64_t fork_256(void)
{
	return fork_alone(256 * MIB);
}
static uint64_t fork_1024(void)
{
	return fork_alone(1024 * MIB);
}

static uint64_t fork_exit_wait(void)
{
	uint64_t start = ticks();
	pid_t pid = raw_fork();

	if (pid == 0)
		_exit(0);
	await(pid);
	return ticks() - start;
}

static uint64_t fork_exec_wait(void)
{
	char *arguments[] = {"bench", "nothing", NULL};
	uint64_t start = ticks();
	pid_t pid = raw_fork();

	if (pid == 0) {
		execv(self, arguments);
		_exit(1);
	}
	await(pid);
	return ticks() - start;
}

static uint64_t pipe_round_trip(void)
{
	enum { TRIPS = 500 };
	int there[2], back[2];
	char byte = 0;

	if (pipe(there) || pipe(back))
		fail("pipe");
	pid_t pid = raw_fork();
	if (pid == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1)
			if (write(back[1], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	close(there[0]);
	uint64_t start = ticks();
	for (int i = 0; i < TRIPS; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			fail("a pipe");
	uint64_t cost = (ticks() - start) / TRIPS;
	close(there[1]);
	close(back[0]);
	close(back[1]);
	await(pid);
	return cost;
}

static uint64_t unmap_page(void)
{
	char *memory = map(PAGES * PAGE);

	write_pages(memory, PAGES);
	uint64_t start = ticks();
	munmap(memory, PAGES * PAGE);
	return (ticks() - start) / PAGES;
}

/* From a child's call of exit to the end of its parent's wait. */
static uint64_t exit_with(size_t pages)
{
	pid_t pid = raw_fork();

	if (pid == 0) {
		write_pages(map(PAGES * PAGE), pages);
		*told = ticks();
		_exit(0);
	}
	await(pid);
	return ticks() - *told;
}

static uint64_t exit_page(void)
{
	uint64_t without = exit_with(0), with = exit_with(PAGES);

	return with > without ? (with - without) / PAGES : 0;
}

static uint64_t brk_pair(void)
{
	char *end = (char *)syscall(SYS_brk, 0);
	uint64_t start = ticks();

	for (int i = 0; i < 100; i++) {
		syscall(SYS_brk, end + 16 * PAGE);
		syscall(SYS_brk, end);
	}
	return (ticks() - start) / 100;
}

static uint64_t map_pair(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < 100; i++) {
		void *memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(memory, 16 * PAGE);
	}
	return (ticks() - start) / 100;
}

/* ---- memory ---- */

static uint64_t free_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		fail("sysinfo");
	return (uint64_t)info.freeram * info.mem_unit;
}

/* What one more process costs, all told: a child that waits and has written nothing but its stack.
 */
static uint64_t process_bytes(void)
{
	enum { CHILDREN = 64 };
	int gate[2];
	char byte;

	if (pipe(gate))
		fail("pipe");
	uint64_t before = free_bytes();
	for (int i = 0; i < CHILDREN; i++) {
		if (raw_fork() == 0) {
			close(gate[1]);
			_exit(read(gate[0], &byte, 1) != 0);
		}
		sched_yield();
	}
	uint64_t after = free_bytes();
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < CHILDREN; i++)
		if (wait(NULL) < 0)
			fail("wait");
	return (before - after) / CHILDREN;
}

/* What a resident page costs beyond itself, in hundredths of a byte. */
static uint64_t page_overhead(void)
{
	enum { BYTES = 256 * MIB };
	char *memory = map(BYTES);
	uint64_t before = free_bytes();

	write_pages(memory, BYTES / PAGE);
	uint64_t used = before - free_bytes();
	munmap(memory, BYTES);
	return used > BYTES ? (used - BYTES) * 100 / (BYTES / PAGE) : 0;
}

static const struct row {
	const char *name;
	uint64_t (*measure)(void);
	int batches;
} rows[] = {
	{"null-syscall", null_call, BATCHES},
	{"first-touch-heap", touch_heap, BATCHES},
	{"first-touch-mmap", touch_map, BATCHES},
	{"first-read", read_map, BATCHES},
	{"stack-growth", grow_stack, BATCHES},
	{"cow-fault", copy_on_write, BATCHES},
	{"reuse-fault", reuse, BATCHES},
	{"fork-0", fork_0, BATCHES},
	{"fork-1M", fork_1, BATCHES},
	{"fork-16M", fork_16, BATCHES},
	{"fork-64M", fork_64, BATCHES},
	{"fork-256M", fork_256, BATCHES},
	{"fork-1G", fork_1024, BATCHES},
	{"fork-exit-wait", fork_exit_wait, BATCHES},
	{"fork-exec-wait", fork_exec_wait, BATCHES},
	{"pipe-round-trip", pipe_round_trip, BATCHES},
	{"munmap-page", unmap_page, BATCHES},
	{"exit-page", exit_page, BATCHES},
	{"brk-pair", brk_pair, BATCHES},
	{"mmap-pair", map_pair, BATCHES},
	{"process-bytes", process_bytes, 1},
	{"page-overhead-centibytes", page_overhead, 1},
};

static void run_row(const struct row *row)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < row->batches; i++) {
		uint64_t cost = row->measure();
		if (cost < best)
			best = cost;
	}
	printf("row %s %llu\n", row->name, (unsigned long long)best);
	fflush(stdout);
}

/* How long a tick is, by the clock, over the whole run. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc <= 1;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	self = argv[0];
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		fail("mmap");
	uint64_t start = now_ns(), first = ticks();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wanted(rows[i].name, argc, argv))
			run_row(&rows[i]);
	uint64_t counted = ticks() - first, passed = now_ns() - start;
	printf("ticks %llu ns %llu\n", (unsigned long long)counted, (unsigned long long)passed);
	fflush(stdout);
	if (getpid() == 1 && !access("/bench-on-linux", F_OK))
		reboot(RB_POWER_OFF);
	return 0;
}
