/*
 * prog_thread_stress.c [SEED [OPERATIONS [THREADS]]]: threads of one process do at random what
 * changes what they share: they map, fault, protect, unmap and discard the same pages, open and
 * close the same descriptors, fork, signal each other, and end. What must hold is little: nobody
 * hangs, and whoever looks at a page finds what some thread may have written there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE        4096ul
#define SLOTS       12
#define SLOT_PAGES  24
#define SLOT_BYTES  (SLOT_PAGES * PAGE)
#define THREADS_MAX 16
#define FIRST_FD    20
#define FDS         8
/* Far from where mmap puts what has no address: nothing else gets into its holes. */
#define ARENA       ((void *)0x200000000000)

static unsigned char *arena;
static int file; /* one page of it for each of a slot */
static atomic_int ids[THREADS_MAX];
static atomic_int left, working; /* operations, threads */
static atomic_long births;
static int operations = 400, count = 6;
static uint64_t seed = 1;

static __thread uint64_t state;
static __thread sigjmp_buf way_out;
static __thread volatile sig_atomic_t has_way_out;

static uint32_t random_below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % limit;
}

static void fail(const char *what)
{
	printf("failed: %s\n", what);
	fflush(stdout);
	_exit(1);
}

static void on_fault(int signal)
{
	if (!has_way_out)
		fail("a fault outside of the arena");
	has_way_out = 0;
	siglongjmp(way_out, 1);
}

static void on_signal(int signal)
{
}

static unsigned char *slot(uint32_t i)
{
	return arena + i * SLOT_BYTES;
}

/* Some pages of one slot. */
static unsigned char *range(size_t *bytes)
{
	uint32_t first = random_below(SLOT_PAGES), pages = 1 + random_below(SLOT_PAGES - first);

	*bytes = pages * PAGE;
	return slot(random_below(SLOTS)) + first * PAGE;
}

/* ---- memory ---- */

static void map(void)
{
	static const int prots[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
				    PROT_READ | PROT_WRITE};
	size_t bytes;
	unsigned char *at = range(&bytes);
	int prot = prots[random_below(4)], flags = MAP_FIXED;
	bool of_file = random_below(3) == 0;

	flags |= random_below(3) ? MAP_PRIVATE : MAP_SHARED;
	if (mmap(at, bytes, prot, of_file ? flags : flags | MAP_ANONYMOUS, of_file ? file : -1,
		 (off_t)(at - arena) % (off_t)SLOT_BYTES) != at &&
	    errno != ENOMEM)
		fail("mmap");
}

static void unmap(void)
{
	size_t bytes;
	unsigned char *at = range(&bytes);

	if (munmap(at, bytes) && errno != ENOMEM)
		fail("munmap");
}

static void protect(void)
{
	size_t bytes;
	unsigned char *at = range(&bytes);
	int prot = (int)random_below(4) & (PROT_READ | PROT_WRITE);

	if (mprotect(at, bytes, prot) && errno != ENOMEM)
		fail("mprotect");
}

static void discard(void)
{
	size_t bytes;
	unsigned char *at = range(&bytes);

	if (madvise(at, bytes, MADV_DONTNEED) && errno != ENOMEM)
		fail("madvise");
}

/* A page holds zeros, or its own number in each byte: whoever writes writes that. */
static void touch(void)
{
	uint32_t page = random_below(SLOTS * SLOT_PAGES), at = random_below(PAGE);
	volatile unsigned char *byte = arena + page * PAGE + at;
	unsigned char mark = (unsigned char)(page % SLOT_PAGES + 1);

	has_way_out = 1;
	if (sigsetjmp(way_out, 1))
		return;
	unsigned char seen = *byte;
	if (seen && seen != mark) {
		has_way_out = 0;
		fail("a page of another's");
	}
	if (random_below(2))
		*byte = mark;
	has_way_out = 0;
}

/* The kernel's copies, too. */
static void copy(void)
{
	size_t bytes;
	unsigned char *at = range(&bytes);
	char stat[64];
	int pipes[2];

	if (random_below(2)) {
		if (pipe(pipes))
			return; /* there may be no descriptors left */
		if (write(pipes[1], at, MIN(bytes, PAGE)) < 0 && errno != EFAULT && errno != EBADF)
			fail("write");
		close(pipes[0]);
		close(pipes[1]);
	} else if (readlink("/proc/thread-self/exe", stat, sizeof(stat)) < 0) {
		fail("readlink");
	}
}

/* ---- descriptors ---- */

static int any_fd(void)
{
	return FIRST_FD + (int)random_below(FDS);
}

static void descriptors(void)
{
	struct stat stat;
	char byte = 'x';

	switch (random_below(5)) {
	case 0:
		(void)!dup2(file, any_fd());
		break;
	case 1:
		close(any_fd());
		break;
	case 2:
		(void)!pread(any_fd(), &byte, 1, 0);
		break;
	case 3:
		(void)!fcntl(any_fd(), F_SETFD, FD_CLOEXEC);
		break;
	default:
		if (!fstat(any_fd(), &stat) && stat.st_size != (off_t)SLOT_BYTES)
			fail("a file of another size");
	}
}

/* ---- processes and threads ---- */

static void fork_one(void)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < 5; i++)
			touch();
		_exit(0);
	}
	if (child < 0) {
		if (errno != ENOMEM && errno != EAGAIN)
			fail("fork");
		return;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		fail("a child");
}

static void signal_one(void)
{
	int id = ids[random_below((uint32_t)count)];

	if (random_below(4) == 0)
		kill(getpid(), SIGUSR1);
	else if (id && syscall(SYS_tgkill, getpid(), id, SIGUSR1) && errno != ESRCH)
		fail("tgkill");
}

static void *work(void *argument);

static void begin(long me)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	while (pthread_create(&thread, &attributes, work, (void *)me))
		sched_yield();
	pthread_attr_destroy(&attributes);
}

static void *work(void *argument)
{
	long me = (long)argument;
	atomic_fetch_add(&births, 1);
	state = seed * 1000003 + (uint64_t)me * 7919 + (uint64_t)births * 104729;
	for (int i = 0; i < 8; i++)
		random_below(2);
	int lifetime = 20 + (int)random_below(80);
	ids[me] = (int)syscall(SYS_gettid);
	for (; lifetime; lifetime--) {
		if (atomic_fetch_sub(&left, 1) <= 0) {
			ids[me] = 0;
			if (atomic_fetch_sub(&working, 1) == 1)
				printf("done\n");
			return NULL;
		}
		switch (random_below(16)) {
		case 0:
		case 1:
			map();
			break;
		case 2:
			unmap();
			break;
		case 3:
			protect();
			break;
		case 4:
			discard();
			break;
		case 5:
			copy();
			break;
		case 6:
		case 7:
			descriptors();
			break;
		case 8:
			if (random_below(3) == 0)
				fork_one();
			break;
		case 9:
			signal_one();
			break;
		default:
			for (int i = 0; i < 10; i++)
				touch();
		}
	}
	ids[me] = 0;
	begin(me); /* another one goes on */
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : seed;
	operations = argc > 2 ? atoi(argv[2]) : operations;
	count = argc > 3 ? MIN(atoi(argv[3]), THREADS_MAX) : count;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = on_fault;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	file = memfd_create("stress", 0);
	arena = mmap(ARENA, SLOTS * SLOT_BYTES, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (file < 0 || ftruncate(file, (off_t)SLOT_BYTES) || arena == MAP_FAILED)
		return 1;
	atomic_store(&left, operations);
	atomic_store(&working, count);
	for (long me = 0; me < count; me++)
		begin(me);
	/* The last one ends the process. */
	pthread_exit(NULL);
}
