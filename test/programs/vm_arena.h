/*
 * vm_arena.h: for the programs prog_vm_*: memory of every kind side by side at an address that is
 * the same everywhere, a picture of what may be read and written in it, and names for errors.
 */
#ifndef TEST_PROGRAMS_VM_ARENA_H
#define TEST_PROGRAMS_VM_ARENA_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE        4096ul
#define ARENA       0x100000000000ul /* free on Linux and on Quire, wherever programs are put */
#define ARENA_PAGES 32u

/* Page numbers in the arena. */
enum {
	AT_RW = 0,      /* 4 pages, private */
	AT_HOLE = 4,    /* 2 pages */
	AT_RO = 6,      /* 4 pages, private */
	AT_NONE = 10,   /* 2 pages, private, PROT_NONE */
	AT_SHARED = 12, /* 4 pages, anonymous */
	AT_FILE = 16,   /* 2 pages of the program itself, private, read-only */
	AT_WFILE = 18,  /* 2 pages of it, private, writable */
	AT_TAIL = 20,   /* 4 pages, private; nothing behind it */
	AT_SPARE = 24,  /* 8 pages of nothing */
};

static inline char *arena_page(unsigned page)
{
	return (char *)(ARENA + page * PAGE);
}

static inline void arena_map(unsigned page, unsigned pages, int prot, int flags, int fd)
{
	if (mmap(arena_page(page), pages * PAGE, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
		perror("arena");
		exit(2);
	}
}

/* Make it, over whatever is left of an earlier one. */
static inline void arena_make(const char *program)
{
	const int private = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
	int fd = open(program, O_RDONLY);

	munmap(arena_page(0), ARENA_PAGES * PAGE);
	arena_map(AT_RW, 4, rw, private, -1);
	arena_map(AT_RO, 4, PROT_READ, private, -1);
	arena_map(AT_NONE, 2, PROT_NONE, private, -1);
	arena_map(AT_SHARED, 4, rw, MAP_SHARED | MAP_ANONYMOUS, -1);
	arena_map(AT_FILE, 2, PROT_READ, MAP_PRIVATE, fd);
	arena_map(AT_WFILE, 2, rw, MAP_PRIVATE, fd);
	arena_map(AT_TAIL, 4, rw, private, -1);
	close(fd);
}

/* What the kernel may do at `at` for this program: '-' nothing, 'r' read, 'w' write. */
static inline char access_at(char *at, const int pipe_ends[2])
{
	char byte = 'x';

	if (write(pipe_ends[1], at, 1) == 1)
		return read(pipe_ends[0], at, 1) == 1      ? 'w'
		       : read(pipe_ends[0], &byte, 1) == 1 ? 'r'
							   : '?';
	return '-';
}

/* The whole arena, a letter a page. */
static inline void arena_picture(char *picture)
{
	int pipe_ends[2];

	if (pipe(pipe_ends) != 0)
		exit(2);
	for (unsigned page = 0; page < ARENA_PAGES; page++)
		picture[page] = access_at(arena_page(page), pipe_ends);
	picture[ARENA_PAGES] = '\0';
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static inline const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{0, "ok"},
		{EPERM, "EPERM"},
		{ENOENT, "ENOENT"},
		{E2BIG, "E2BIG"},
		{ENOEXEC, "ENOEXEC"},
		{EBADF, "EBADF"},
		{EAGAIN, "EAGAIN"},
		{ENOMEM, "ENOMEM"},
		{EACCES, "EACCES"},
		{EFAULT, "EFAULT"},
		{EBUSY, "EBUSY"},
		{EEXIST, "EEXIST"},
		{ENODEV, "ENODEV"},
		{EINVAL, "EINVAL"},
		{ENOSYS, "ENOSYS"},
		{EOVERFLOW, "EOVERFLOW"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{ENAMETOOLONG, "ENAMETOOLONG"},
		{ESRCH, "ESRCH"},
		{ENOTTY, "ENOTTY"},
		{ESPIPE, "ESPIPE"},
		{ECHILD, "ECHILD"},
		{ENOTDIR, "ENOTDIR"},
		{EISDIR, "EISDIR"},
		{ERANGE, "ERANGE"},
		{EPIPE, "EPIPE"},
		{ENXIO, "ENXIO"},
	};
	static char number[24];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	snprintf(number, sizeof(number), "error %d", error);
	return number;
}

/* How a child ended: its exit status, or 256 + the signal. */
static inline int child_ends(pid_t child)
{
	int how;

	while (waitpid(child, &how, 0) != child)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(how) ? 256 + WTERMSIG(how) : WEXITSTATUS(how);
}

/* The signal that an access to `at` in a child ends with; 0: none. */
static inline int dies_of(volatile char *at, int write)
{
	fflush(stdout);
	pid_t child = fork();

	/* Through a register that does not imply the stack: an address that is not canonical is
	 * another exception there, on some processors. */
	if (child == 0) {
		if (write)
			__asm__ volatile("movb $1, (%0)" : : "a"(at) : "memory");
		else
			__asm__ volatile("movb (%0), %%cl" : : "a"(at) : "memory", "cl");
		_exit(0);
	}
	int end = child_ends(child);
	return end >= 256 ? end - 256 : 0;
}

#endif
