/*
 * prog_signal_xstate.c: a handler returns with an XSAVE header that the processor refuses, which is
 * the process's end by SIGSEGV. Meanwhile another process in the same space keeps its lock busy, so
 * that the end, which walks a long list of the program's, sleeps and goes on many times.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE          4096
#define ENTRIES       200
#define ROUNDS        20
#define STACK_BYTES   65536
#define HEADER_AT     512
#define COMPACT_WORD  1 /* of the header: XCOMP_BV */
#define NO_SUCH_STATE (1ull << 62)

/* Shared by all processes: */
static volatile int *stop;

/* In another process of the space. */
static int keep_busy(void *argument)
{
	while (!*stop) {
		void *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(at, PAGE);
	}
	return 0;
}

static void spoil(int signal, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;
	uint64_t *header = (uint64_t *)((char *)frame->uc_mcontext.fpregs + HEADER_AT);

	header[COMPACT_WORD] = NO_SUCH_STATE;
}

/* A list with an entry in each page of a file, of which none is mapped yet. */
static void make_list(void)
{
	int file = memfd_create("list", 0);
	struct robust_list_head *head;

	ftruncate(file, (off_t)ENTRIES * PAGE);
	char *pages =
		mmap(NULL, (size_t)ENTRIES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	head = (struct robust_list_head *)pages;
	for (int i = 0; i < ENTRIES; i++)
		((struct robust_list *)(pages + (size_t)i * PAGE))->next =
			(void *)(pages + (size_t)((i + 1) % ENTRIES) * PAGE);
	head->futex_offset = 64;
	head->list_op_pending = NULL;
	madvise(pages, (size_t)ENTRIES * PAGE, MADV_DONTNEED);
	syscall(SYS_set_robust_list, head, sizeof(*head));
}

static void end_badly(void)
{
	char *stack = malloc(STACK_BYTES);

	clone(keep_busy, stack + STACK_BYTES, CLONE_VM | CLONE_PARENT | SIGCHLD, NULL);
	set_info_handler(SIGUSR1, spoil, 0);
	make_list();
	raise(SIGUSR1);
	_exit(1);
}

int main(void)
{
	int status, ended = 0, helped = 0;

	stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < ROUNDS; i++) {
		*stop = 0;
		pid_t child = fork();
		if (child == 0)
			end_badly();
		waitpid(child, &status, 0);
		ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
		*stop = 1;
		wait(&status);
		helped += WIFEXITED(status);
	}
	say("ended by SIGSEGV", ended);
	say("the others ended by themselves", helped);
	return 0;
}
