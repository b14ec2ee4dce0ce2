/* prog_signal_stack.c: alternate signal stacks (sigaltstack(2)). */
#define _GNU_SOURCE
#include "signal_test.h"

#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define STACK_BYTES 65536
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1 << 31)
#endif

static char stack_memory[STACK_BYTES] __attribute__((aligned(16)));
static char second_memory[STACK_BYTES];

static int is_in(const void *address, const char *memory)
{
	return (uintptr_t)address >= (uintptr_t)memory &&
	       (uintptr_t)address < (uintptr_t)memory + STACK_BYTES;
}

/* musl's sigaltstack() looks for itself. */
static long change(const stack_t *set, stack_t *get)
{
	return syscall(SYS_sigaltstack, set, get);
}

static long set_stack(char *memory, size_t bytes, int flags)
{
	const stack_t stack = {.ss_sp = memory, .ss_size = bytes, .ss_flags = flags};

	return change(&stack, NULL);
}

static void say_stack(const char *what)
{
	stack_t stack = {.ss_flags = 0x55};

	sigaltstack(NULL, &stack);
	printf("%s: flags %#x, bytes %zu, ours %d\n", what, (unsigned)stack.ss_flags, stack.ss_size,
	       stack.ss_sp == stack_memory);
	fflush(stdout);
}

static void where(int signal)
{
	char here;

	printf("signal %d: the stack is the alternate one %d, aligned %d\n", signal,
	       is_in(&here, stack_memory), ((uintptr_t)__builtin_frame_address(0) & 15) == 0);
	say_stack("in the handler");
	say_result("changing it", set_stack(second_memory, STACK_BYTES, 0));
	if (signal == SIGUSR1)
		raise(SIGUSR2);
}

static void simple(void)
{
	say_stack("at first");
	say_result("set", set_stack(stack_memory, STACK_BYTES, 0));
	say_stack("then");
	set_handler(SIGUSR1, where, SA_ONSTACK);
	set_handler(SIGUSR2, where, SA_ONSTACK);
	raise(SIGUSR1);
	set_handler(SIGUSR1, where, 0);
	raise(SIGUSR1);
	say_stack("after it");
}

static void context(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *at = argument;

	printf("uc_stack: ours %d, bytes %zu, flags %#x\n", at->uc_stack.ss_sp == stack_memory,
	       at->uc_stack.ss_size, (unsigned)at->uc_stack.ss_flags);
	say_stack("in the handler");
}

static void change_in_context(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *at = argument;

	at->uc_stack.ss_sp = second_memory;
	at->uc_stack.ss_size = STACK_BYTES / 2;
	at->uc_stack.ss_flags = 0;
}

static void disarmed(void)
{
	say_result("SS_AUTODISARM", set_stack(stack_memory, STACK_BYTES, (int)SS_AUTODISARM));
	say_stack("then");
	set_info_handler(SIGUSR1, context, SA_ONSTACK);
	raise(SIGUSR1);
	say_stack("armed again");
	set_info_handler(SIGUSR1, context, 0);
	raise(SIGUSR1);
	say_stack("also after a handler elsewhere");
	set_stack(stack_memory, STACK_BYTES, 0);
	set_info_handler(SIGUSR1, context, SA_ONSTACK);
	raise(SIGUSR1);
	set_info_handler(SIGUSR1, change_in_context, 0);
	raise(SIGUSR1);
	say_stack("changed in the context");
}

static void refused(void)
{
	say_result("too small", set_stack(stack_memory, 2047, 0));
	say_result("odd flags", set_stack(stack_memory, STACK_BYTES, 4));
	say_result("SS_ONSTACK", set_stack(stack_memory, STACK_BYTES, SS_ONSTACK));
	say_stack("then");
	say_result("SS_DISABLE", set_stack((char *)16, 5, SS_DISABLE));
	say_stack("then");
	say_result("a bad pointer", change((stack_t *)8, NULL));
	say_result("a bad pointer to the old one", change(NULL, (stack_t *)8));
}

/* ---- a stack that has overflowed ---- */

static sigjmp_buf place;
static volatile int depth;

static void leave(int signal, siginfo_t *info, void *argument)
{
	char here;

	printf("overflow: on the alternate stack %d, code %d\n", is_in(&here, stack_memory),
	       info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR);
	siglongjmp(place, 1);
}

static int recurse(int level)
{
	volatile char room[4096];

	room[0] = (char)level;
	depth = level;
	return level < INT_MAX ? recurse(level + 1) + room[0] : 0;
}

static void overflow(void)
{
	set_stack(stack_memory, STACK_BYTES, 0);
	set_info_handler(SIGSEGV, leave, SA_ONSTACK);
	for (int i = 0; i < 2; i++)
		if (sigsetjmp(place, 1) == 0)
			recurse(0);
	say("deep", depth > 100);
	set_handler(SIGSEGV, SIG_DFL, 0);
}

static void die(const char *what, void (*how)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		how();
		_exit(0);
	}
	waitpid(child, &status, 0);
	say_status(what, status);
}

static void nothing(int signal)
{
}

static void overflow_without(void)
{
	set_stack(NULL, 0, SS_DISABLE);
	set_handler(SIGSEGV, nothing, SA_ONSTACK);
	recurse(0);
}

static void nowhere(void)
{
	set_handler(SIGUSR1, nothing, SA_ONSTACK);
	set_stack((char *)4096, STACK_BYTES, 0);
	raise(SIGUSR1);
}

static void exit_by(int signal)
{
	_exit(signal + 100);
}

/* SIGSEGV can be told on the ordinary stack. */
static void nowhere_told(void)
{
	set_handler(SIGSEGV, exit_by, 0);
	nowhere();
}

int main(void)
{
	simple();
	disarmed();
	refused();
	overflow();
	die("an overflow without an alternate stack", overflow_without);
	die("an alternate stack that is nowhere", nowhere);
	die("the same with a handler of SIGSEGV", nowhere_told);
	return 0;
}
