/*
 * prog_vm_pointers.c: every system call that takes a pointer, with pointers that no program should
 * pass: it must say so and live. And with memory that is not there yet: it must work.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "vm_arena.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PIPE_OUT     10 /* the ends of a pipe with bytes in it */
#define PIPE_IN      11
#define THIS_FILE    12
#define ROOT_FOLDER  13
#define STRING       100 /* the pointer is to a path; the others are to `bytes` of memory */
#define AT_CWD       (unsigned long)AT_FDCWD

static struct timespec no_time;
static struct iovec one_vector;
static struct rlimit limit;
static char scratch[PAGE];

struct call {
	const char *name;
	long number;
	unsigned pointer;   /* which argument it is */
	unsigned long a[6]; /* the others */
};

static const struct call calls[] = {
	{"read", SYS_read, 1, {PIPE_OUT, 0, 8}},
	{"read file", SYS_read, 1, {THIS_FILE, 0, 8}},
	{"write", SYS_write, 1, {PIPE_IN, 0, 8}},
	{"readv", SYS_readv, 1, {PIPE_OUT, 0, 1}},
	{"writev", SYS_writev, 1, {PIPE_IN, 0, 1}},
	{"pread64", SYS_pread64, 1, {THIS_FILE, 0, 8, 0}},
	{"getdents64", SYS_getdents64, 1, {ROOT_FOLDER, 0, 4096}},
	{"pipe", SYS_pipe, 0, {0}},
	{"pipe2", SYS_pipe2, 0, {0, O_CLOEXEC}},
	{"poll", SYS_poll, 0, {0, 1, 0}},
	{"open", SYS_open, 0 + STRING, {0, O_RDONLY}},
	{"openat", SYS_openat, 1 + STRING, {AT_CWD, 0, O_RDONLY}},
	{"access", SYS_access, 0 + STRING, {0, F_OK}},
	{"faccessat", SYS_faccessat, 1 + STRING, {AT_CWD, 0, F_OK}},
	{"readlink path", SYS_readlink, 0 + STRING, {0, (unsigned long)scratch, PAGE}},
	{"readlink to", SYS_readlink, 1, {(unsigned long)"/proc/self/exe", 0, 8}},
	{"readlinkat", SYS_readlinkat, 1 + STRING, {AT_CWD, 0, (unsigned long)scratch, PAGE}},
	{"getcwd", SYS_getcwd, 0, {0, 8}},
	{"chdir", SYS_chdir, 0 + STRING, {0}},
	{"stat path", SYS_stat, 0 + STRING, {0, (unsigned long)scratch}},
	{"stat to", SYS_stat, 1, {(unsigned long)"/", 0}},
	{"fstat", SYS_fstat, 1, {ROOT_FOLDER, 0}},
	{"lstat to", SYS_lstat, 1, {(unsigned long)"/", 0}},
	{"newfstatat", SYS_newfstatat, 1 + STRING, {AT_CWD, 0, (unsigned long)scratch, 0}},
	{"newfstatat to", SYS_newfstatat, 2, {AT_CWD, (unsigned long)"/", 0, 0}},
	{"statx", SYS_statx, 4, {AT_CWD, (unsigned long)"/", 0, 0xfff, 0}},
	{"mincore", SYS_mincore, 2, {ARENA, 4 * PAGE, 0}},
	{"execve path", SYS_execve, 0 + STRING, {0, 0, 0}},
	{"execve argv", SYS_execve, 1, {(unsigned long)"/nothing", 0, 0}},
	{"wait4 status", SYS_wait4, 1, {-1ul, 0, 0, 0}},
	{"wait4 rusage", SYS_wait4, 3, {-1ul, 0, 0, 0}},
	{"futex wake", SYS_futex, 0, {0, 1, 1}},
	{"futex wait", SYS_futex, 0, {0, 0, 1, (unsigned long)&no_time}},
	{"futex timeout", SYS_futex, 3, {(unsigned long)&no_time, 0, 0, 0}},
	{"arch_prctl", SYS_arch_prctl, 1, {0x1003, 0}},
	{"prctl set name", SYS_prctl, 1, {PR_SET_NAME, 0}},
	{"prctl get name", SYS_prctl, 1, {PR_GET_NAME, 0}},
	{"sched_getaffinity", SYS_sched_getaffinity, 2, {0, 128, 0}},
	{"getcpu", SYS_getcpu, 0, {0, 0, 0}},
	{"getcpu node", SYS_getcpu, 1, {0, 0, 0}},
	{"rt_sigaction", SYS_rt_sigaction, 1, {SIGUSR1, 0, 0, 8}},
	{"rt_sigaction old", SYS_rt_sigaction, 2, {SIGUSR1, 0, 0, 8}},
	{"rt_sigprocmask", SYS_rt_sigprocmask, 1, {SIG_BLOCK, 0, 0, 8}},
	{"rt_sigprocmask old", SYS_rt_sigprocmask, 2, {SIG_BLOCK, 0, 0, 8}},
	{"rt_sigpending", SYS_rt_sigpending, 0, {0, 8}},
	{"sigaltstack old", SYS_sigaltstack, 1, {0, 0}},
	{"nanosleep", SYS_nanosleep, 0, {0, 0}},
	{"clock_nanosleep", SYS_clock_nanosleep, 2, {CLOCK_MONOTONIC, 0, 0, 0}},
	{"clock_gettime", SYS_clock_gettime, 1, {CLOCK_MONOTONIC, 0}},
	{"clock_getres", SYS_clock_getres, 1, {CLOCK_MONOTONIC, 0}},
	{"gettimeofday", SYS_gettimeofday, 0, {0, 0}},
	{"gettimeofday zone", SYS_gettimeofday, 1, {0, 0}},
	{"time", SYS_time, 0, {0}},
	{"times", SYS_times, 0, {0}},
	{"getrusage", SYS_getrusage, 1, {RUSAGE_SELF, 0}},
	{"getresuid", SYS_getresuid, 1, {(unsigned long)scratch, 0, (unsigned long)scratch}},
	{"getresgid", SYS_getresgid, 2, {(unsigned long)scratch, (unsigned long)scratch, 0}},
	{"uname", SYS_uname, 0, {0}},
	{"sysinfo", SYS_sysinfo, 0, {0}},
	{"getrandom", SYS_getrandom, 0, {0, 8, 0}},
	{"getrlimit", SYS_getrlimit, 1, {RLIMIT_STACK, 0}},
	{"setrlimit", SYS_setrlimit, 1, {RLIMIT_CORE, 0}},
	{"prlimit64", SYS_prlimit64, 2, {0, RLIMIT_CORE, 0, 0}},
	{"prlimit64 old", SYS_prlimit64, 3, {0, RLIMIT_CORE, 0, 0}},
};

struct place {
	const char *name;
	unsigned long address;
};

static const struct place bad[] = {
	{"NULL", 0},
	{"wild", 0x123456789000},
	{"hole", ARENA + AT_HOLE *PAGE},
	{"read-only", ARENA + AT_RO *PAGE},
	{"no access", ARENA + AT_NONE *PAGE},
	{"last byte", ARENA + AT_HOLE *PAGE - 1},
	{"before a page without access", ARENA + AT_NONE *PAGE - 1},
	{"end of the half", 0x7ffffffff000},
	{"before it", 0x7fffffffffff},
	{"not canonical", 0x800000000000},
	{"kernel", 0xffff800000000000},
	{"kernel's image", 0xffffffff80000000},
	{"wrapping", -8ul},
	{"last", -1ul},
};

/* What a call may need: a child to wait for, bytes to read, and contents where it reads. */
static void prepare(const struct call *call)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[0], PIPE_OUT) < 0 || dup2(ends[1], PIPE_IN) < 0 ||
	    write(PIPE_IN, "0123456789abcdef", 16) != 16)
		_exit(2);
	one_vector = (struct iovec){scratch, 8};
	if (call->number == SYS_wait4 && fork() == 0)
		_exit(7);
}

static long make(const struct call *call, unsigned long pointer)
{
	unsigned long a[6];

	memcpy(a, call->a, sizeof(a));
	a[call->pointer % STRING] = pointer;
	return syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void in_child(const struct call *call, const char *what, unsigned long pointer)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		prepare(call);
		long result = make(call, pointer);
		printf("%s, %s: %s\n", call->name, what, result == -1 ? error_name(errno) : "ok");
		fflush(stdout);
		_exit(0);
	}
	int end = child_ends(child);
	if (end)
		printf("%s, %s: ends with %d\n", call->name, what, end);
}

/* ---- memory that is good, but not there yet ---- */

/* Contents that make sense to whoever reads them there: a path, or numbers that are small. */
static void fill(const struct call *call, char *at)
{
	static const char *const path = "/";
	struct timespec *time = (struct timespec *)at;

	if (call->pointer >= STRING)
		strcpy(at, path);
	else if (call->number == SYS_nanosleep || call->number == SYS_clock_nanosleep)
		*time = (struct timespec){0, 1};
	else if (call->number == SYS_readv || call->number == SYS_writev)
		memcpy(at, &one_vector, sizeof(one_vector));
	else if (call->number == SYS_setrlimit || call->number == SYS_prlimit64)
		memcpy(at, &limit, sizeof(limit));
}

static char *below(size_t bytes)
{
	return (char *)(((uintptr_t)__builtin_frame_address(0) - bytes) & ~(PAGE - 1));
}

static void not_there_yet(const struct call *call)
{
	char *lazy =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *cow = lazy + 2 * PAGE;
	char *file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, THIS_FILE, 0);
	char over_border[64] = {0};

	one_vector = (struct iovec){scratch, 8};
	fill(call, cow + 64);
	fill(call, over_border);
	if (call->pointer < STRING) {
		/* Zeros mean something to most, and never more than a short wait. */
		in_child(call, "lazy", (unsigned long)lazy);
		in_child(call, "lazy, over a border", (unsigned long)lazy + PAGE - 4);
		in_child(call, "ungrown stack", (unsigned long)below(3ul << 20));
	}
	in_child(call, "copy-on-write", (unsigned long)cow + 64);
	memcpy(lazy + PAGE - 1, over_border, sizeof(over_border));
	in_child(call, "copy-on-write, over a border", (unsigned long)lazy + PAGE - 1);
	fill(call, file + 512);
	in_child(call, "file page", (unsigned long)file + 512);
	munmap(lazy, 4 * PAGE);
	munmap(file, PAGE);
}

/* A path that ends with its page, one that does not end, and one that is too long. */
static void strings(const struct call *call)
{
	char *end = arena_page(AT_HOLE), *start = arena_page(AT_RW);

	memcpy(end - 2, "/", 2);
	in_child(call, "ends with its mapping", (unsigned long)end - 2);
	memset(start, '/', 4 * PAGE);
	in_child(call, "unterminated", (unsigned long)end - 100);
	in_child(call, "unterminated, over a border", (unsigned long)end - PAGE - 100);
	in_child(call, "too long", (unsigned long)start);
	start[2 * PAGE + 10] = '\0';
	in_child(call, "over a border", (unsigned long)start + 2 * PAGE - 20);
	memset(start, 0, 4 * PAGE);
}

int main(int argc, char **argv)
{
	arena_make(argv[argc - 1]);
	if (dup2(open(argv[0], O_RDONLY), THIS_FILE) < 0 ||
	    dup2(open("/", O_RDONLY), ROOT_FOLDER) < 0)
		return 2;
	getrlimit(RLIMIT_CORE, &limit);
	for (unsigned i = 0; i < COUNT(calls); i++) {
		for (unsigned j = 0; j < COUNT(bad); j++)
			in_child(&calls[i], bad[j].name, bad[j].address);
		if (calls[i].pointer >= STRING)
			strings(&calls[i]);
		not_there_yet(&calls[i]);
	}
	printf("%zu calls\n", COUNT(calls));
	return 0;
}
