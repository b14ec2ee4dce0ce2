/*
 * prog_badptr.c: system calls that are given pointers no program may use. Each must say EFAULT, and
 * the kernel must live. The calls are made directly: a library might look at the pointer itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096ul

static int pipe_ends[2];
static int full_pipe[2]; /* with bytes to read in it */
static char *pages;      /* readable and writable; read-only; unmapped */

struct pointer {
	const char *name;
	uintptr_t value;
	int readable; /* the program may read there: a call that only reads would succeed */
};

static struct pointer pointers[] = {
	{"null", 0, 0},
	{"low", 0x10, 0},
	{"unmapped", 0, 0},
	{"no access", 0, 0},
	{"across the end", 0, 0},
	{"read-only", 0, 1},
	{"end of user space", 0x00007ffffffff000, 0},
	{"below the hole", 0x00007fffffffffff, 0},
	{"in the hole", 0x0000800000000000, 0},
	{"middle of the hole", 0x8000000000000000, 0},
	{"kernel, direct map", 0xffff888000000000, 0},
	{"kernel, first byte", 0xffff800000000000, 0},
	{"kernel, image", 0xffffffff80200000, 0},
	{"wrapping", 0xfffffffffffffff8, 0},
	{"last byte", 0xffffffffffffffff, 0},
};

#define POINTERS (sizeof(pointers) / sizeof(pointers[0]))

static long do_read(uintptr_t p)
{
	return syscall(SYS_read, full_pipe[0], p, 16);
}

static long do_write(uintptr_t p)
{
	return syscall(SYS_write, pipe_ends[1], p, 16);
}

static long do_readv_array(uintptr_t p)
{
	return syscall(SYS_readv, full_pipe[0], p, 2);
}

static long do_writev_array(uintptr_t p)
{
	return syscall(SYS_writev, pipe_ends[1], p, 2);
}

static long do_writev_bytes(uintptr_t p)
{
	struct iovec one = {(void *)p, 16};

	return syscall(SYS_writev, pipe_ends[1], &one, 1);
}

static long do_open(uintptr_t p)
{
	return syscall(SYS_open, p, O_RDONLY);
}

static long do_openat(uintptr_t p)
{
	return syscall(SYS_openat, AT_FDCWD, p, O_RDONLY);
}

static long do_execve(uintptr_t p)
{
	return syscall(SYS_execve, p, NULL, NULL);
}

static long do_execve_argv(uintptr_t p)
{
	return syscall(SYS_execve, "/proc/self/exe", p, NULL);
}

static long do_readlink(uintptr_t p)
{
	return syscall(SYS_readlink, p, pages, 16);
}

static long do_getcwd(uintptr_t p)
{
	return syscall(SYS_getcwd, p, 256);
}

static long do_fstat(uintptr_t p)
{
	return syscall(SYS_fstat, 1, p);
}

static long do_pipe(uintptr_t p)
{
	return syscall(SYS_pipe, p);
}

static long do_pipe2(uintptr_t p)
{
	return syscall(SYS_pipe2, p, 0);
}

static long do_uname(uintptr_t p)
{
	return syscall(SYS_uname, p);
}

static long do_clock_gettime(uintptr_t p)
{
	return syscall(SYS_clock_gettime, 1, p);
}

static long do_nanosleep(uintptr_t p)
{
	return syscall(SYS_nanosleep, p, NULL);
}

static long do_sigaction(uintptr_t p)
{
	return syscall(SYS_rt_sigaction, 10, p, NULL, 8);
}

static long do_sigaction_old(uintptr_t p)
{
	return syscall(SYS_rt_sigaction, 10, NULL, p, 8);
}

static long do_sigprocmask(uintptr_t p)
{
	return syscall(SYS_rt_sigprocmask, 0, NULL, p, 8);
}

static long do_getrandom(uintptr_t p)
{
	return syscall(SYS_getrandom, p, 16, 0);
}

static long do_prlimit(uintptr_t p)
{
	return syscall(SYS_prlimit64, 0, 3, NULL, p);
}

static long do_ioctl(uintptr_t p)
{
	return syscall(SYS_ioctl, full_pipe[0], 0x541b /* FIONREAD */, p);
}

static const struct call {
	const char *name;
	long (*make)(uintptr_t p);
	int only_reads; /* the kernel only reads through the pointer */
	int null_is_valid;
} calls[] = {
	{"read", do_read, 0, 0},
	{"write", do_write, 1, 0},
	{"readv, the array", do_readv_array, 1, 0},
	{"writev, the array", do_writev_array, 1, 0},
	{"writev, the bytes", do_writev_bytes, 1, 0},
	{"open", do_open, 1, 0},
	{"openat", do_openat, 1, 0},
	{"execve, the path", do_execve, 1, 0},
	{"execve, the array", do_execve_argv, 1, 1},
	{"readlink", do_readlink, 1, 0},
	{"getcwd", do_getcwd, 0, 0},
	{"fstat", do_fstat, 0, 0},
	{"pipe", do_pipe, 0, 0},
	{"pipe2", do_pipe2, 0, 0},
	{"uname", do_uname, 0, 0},
	{"clock_gettime", do_clock_gettime, 0, 0},
	{"nanosleep", do_nanosleep, 1, 0},
	{"rt_sigaction, new", do_sigaction, 1, 1},
	{"rt_sigaction, old", do_sigaction_old, 0, 1},
	{"rt_sigprocmask, old", do_sigprocmask, 0, 1},
	{"getrandom", do_getrandom, 0, 0},
	{"prlimit64", do_prlimit, 0, 1},
	{"ioctl FIONREAD", do_ioctl, 0, 0},
};

static int prepare(void)
{
	pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || pipe(pipe_ends) != 0 || pipe(full_pipe) != 0)
		return 0;
	memset(pages, 'x', 4 * PAGE);
	if (mprotect(pages + PAGE, PAGE, PROT_READ) != 0 ||
	    mprotect(pages + 2 * PAGE, PAGE, PROT_NONE) != 0 || munmap(pages + 3 * PAGE, PAGE) != 0)
		return 0;
	pointers[2].value = (uintptr_t)pages + 3 * PAGE;
	pointers[3].value = (uintptr_t)pages + 2 * PAGE;
	pointers[4].value = (uintptr_t)pages + 2 * PAGE - 1;
	pointers[5].value = (uintptr_t)pages + PAGE;
	return write(full_pipe[1], pages, 2048) == 2048;
}

static void try(const struct call *call)
{
	printf("%s:", call->name);
	for (unsigned i = 0; i < POINTERS; i++) {
		if (pointers[i].readable && call->only_reads)
			continue;
		if (pointers[i].value == 0 && call->null_is_valid)
			continue;
		errno = 0;
		long result = call->make(pointers[i].value);
		if (result == -1 && errno == EFAULT)
			continue;
		printf(" [%s: %ld %s]", pointers[i].name, result, strerror(errno));
	}
	printf(" EFAULT\n");
}

int main(void)
{
	if (!prepare()) {
		puts("could not prepare");
		return 1;
	}
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		try(&calls[i]);
	printf("read into good memory: %ld\n", do_read((uintptr_t)pages));
	return 0;
}
