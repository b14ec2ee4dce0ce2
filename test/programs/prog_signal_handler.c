/*
 * prog_signal_handler.c: handlers: how they are called, what is blocked in them, and what fork and
 * exec leave of them.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define LOOPS 1000

static volatile sig_atomic_t calls, last;
static volatile int *volatile nowhere = (volatile int *)8;

static void count(int signal)
{
	calls++;
	last = signal;
}

static void simple(void)
{
	set_handler(SIGUSR1, count, 0);
	raise(SIGUSR1);
	say("called", calls);
	say("with", last);
	for (int i = 0; i < LOOPS; i++)
		kill(getpid(), SIGUSR1);
	say("called for each kill of oneself", calls);
	set_handler(SIGUSR1, SIG_IGN, 0);
	raise(SIGUSR1);
	say("ignored", calls);
}

/* ---- what is blocked in a handler ---- */

static void look_at_mask(int signal)
{
	printf("in the handler of %d:", signal);
	for (int other = 1; other <= 64; other++)
		if (is_blocked(other) == 1)
			printf(" %d", other);
	printf("\n");
}

static void masks(void)
{
	struct sigaction action = {.sa_handler = look_at_mask};

	mask_signal(SIG_BLOCK, SIGTERM);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaddset(&action.sa_mask, SIGKILL);
	sigaddset(&action.sa_mask, SIGSTOP);
	sigaddset(&action.sa_mask, SIGRTMAX);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	action.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("afterwards SIGUSR1", is_blocked(SIGUSR1));
	say("SIGTERM", is_blocked(SIGTERM));
	mask_signal(SIG_UNBLOCK, SIGTERM);
}

static volatile int depth, deepest;

static void nest(int signal)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (calls++ < 4)
		kill(getpid(), signal);
	depth--;
}

static void nested(void)
{
	calls = 0;
	set_handler(SIGUSR1, nest, 0);
	raise(SIGUSR1);
	say("one after the other: calls", calls);
	say("depth", deepest);
	calls = deepest = 0;
	set_handler(SIGUSR1, nest, SA_NODEFER);
	raise(SIGUSR1);
	say("SA_NODEFER, one in the other: calls", calls);
	say("depth", deepest);
}

static void name(int signal)
{
	printf("%d begins\n", signal);
	if (signal == SIGUSR1)
		raise(SIGUSR2);
	printf("%d ends\n", signal);
}

/* Of several that are pending, each handler begins before the next one's; the last one runs first.
 */
static void order(void)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGSEGV, SIGUSR2, SIGINT};
	sigset_t all, old;

	set_handler(SIGUSR1, name, 0);
	set_handler(SIGUSR2, name, 0);
	raise(SIGUSR1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		set_handler(signals[i], name, 0);
		raise(signals[i]);
		raise(signals[i]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	fflush(stdout);
}

static void once(void)
{
	struct sigaction now;
	int status;
	pid_t child = fork();

	if (child == 0) {
		calls = 0;
		set_handler(SIGUSR1, count, (int)SA_RESETHAND);
		raise(SIGUSR1);
		sigaction(SIGUSR1, NULL, &now);
		say("SA_RESETHAND: called", calls);
		say("then it is the default", now.sa_handler == SIG_DFL);
		say("with the flag", (now.sa_flags & (int)SA_RESETHAND) != 0);
		raise(SIGUSR1);
		_exit(0);
	}
	waitpid(child, &status, 0);
	say_status("the second time", status);
}

/* ---- longjmp ---- */

static sigjmp_buf place;

static void jump(int signal)
{
	calls++;
	siglongjmp(place, signal);
}

static void fault(int signal)
{
	calls++;
	*nowhere = 1;
}

static void jumps(void)
{
	volatile int i;

	calls = 0;
	set_handler(SIGSEGV, jump, 0);
	for (i = 0; i < LOOPS; i++)
		if (sigsetjmp(place, 1) == 0)
			*nowhere = 1;
	say("faults left by longjmp", calls);
	calls = 0;
	set_handler(SIGUSR1, fault, 0);
	for (i = 0; i < LOOPS; i++)
		if (sigsetjmp(place, 1) == 0)
			raise(SIGUSR1);
	say("faults in a handler, left by longjmp", calls);
	say("nothing is blocked", is_blocked(SIGSEGV) || is_blocked(SIGUSR1));
	pid_t child = fork();
	if (child == 0) {
		set_handler(SIGSEGV, fault, 0);
		*nowhere = 1;
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	say_status("a fault in its own handler", status);
	signal(SIGSEGV, SIG_DFL);
}

/* ---- pending, suspended ---- */

static void suspended(void)
{
	sigset_t none;

	calls = 0;
	sigemptyset(&none);
	set_handler(SIGUSR1, count, 0);
	set_handler(SIGUSR2, look_at_mask, 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	say("pending", is_pending(SIGUSR1));
	say("not called", calls);
	say_result("sigsuspend", sigsuspend(&none));
	say("called once", calls);
	say("not pending", is_pending(SIGUSR1));
	say("blocked again", is_blocked(SIGUSR1));
	raise(SIGUSR2);
	say_result("sigsuspend", sigsuspend(&none));
	say_result("a mask of a wrong size", syscall(SYS_rt_sigsuspend, &none, 4));
	say_result("a mask that is nowhere", syscall(SYS_rt_sigsuspend, (void *)8, 8));
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	mask_signal(SIG_UNBLOCK, SIGUSR2);
}

/* ---- fork and exec ---- */

static void after_fork(void)
{
	struct sigaction action;
	int status;

	calls = 0;
	set_handler(SIGUSR1, count, SA_RESTART);
	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGUSR2);
	raise(SIGUSR1);
	pid_t child = fork();
	if (child == 0) {
		say("child: pending is not inherited", is_pending(SIGUSR1));
		say("the mask is", is_blocked(SIGUSR1));
		sigaction(SIGUSR1, NULL, &action);
		say("the handler is", action.sa_handler == count);
		mask_signal(SIG_UNBLOCK, SIGUSR1);
		raise(SIGUSR1);
		say("it is called", calls);
		set_handler(SIGUSR1, SIG_IGN, 0);
		_exit(0);
	}
	waitpid(child, &status, 0);
	sigaction(SIGUSR1, NULL, &action);
	say("the parent's handler stays", action.sa_handler == count);
	set_handler(SIGHUP, SIG_IGN, 0);
	if ((child = fork()) == 0) {
		raise(SIGUSR2);
		execl("/proc/self/exe", "prog_signal_handler", "after exec", NULL);
		_exit(98);
	}
	waitpid(child, &status, 0);
	say_status("the child that called exec", status);
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	mask_signal(SIG_UNBLOCK, SIGUSR2);
}

static int after_exec(void)
{
	struct sigaction action;
	stack_t stack;

	sigaction(SIGUSR1, NULL, &action);
	say("after exec: the handler is the default", action.sa_handler == SIG_DFL);
	say("flags", action.sa_flags & SA_RESTART);
	sigaction(SIGHUP, NULL, &action);
	say("what was ignored is", action.sa_handler == SIG_IGN);
	say("the mask is the same", is_blocked(SIGUSR1) && is_blocked(SIGUSR2));
	say("what was pending is", is_pending(SIGUSR2));
	sigaltstack(NULL, &stack);
	say("no alternate stack", stack.ss_flags == SS_DISABLE && stack.ss_size == 0);
	return 17;
}

/* ---- what sigaction refuses and remembers ---- */

struct raw_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static long raw(int signal, const struct raw_action *set, struct raw_action *get, size_t bytes)
{
	return syscall(SYS_rt_sigaction, signal, set, get, bytes);
}

static void actions(void)
{
	struct raw_action set = {.handler = count, .flags = ~0ul, .mask = ~0ull}, get;
	sigset_t mask;

	say_result("SIGKILL can't be handled", raw(SIGKILL, &set, NULL, 8));
	say_result("nor SIGSTOP be ignored", (long)signal(SIGSTOP, SIG_IGN));
	say_result("but asked", raw(SIGKILL, NULL, &get, 8));
	say_result("signal 0", raw(0, NULL, &get, 8));
	say_result("signal 65", raw(65, NULL, &get, 8));
	say_result("signal 64", raw(64, NULL, &get, 8));
	say_result("a mask of a wrong size", raw(SIGUSR1, NULL, &get, 16));
	say_result("a bad pointer", raw(SIGUSR1, (void *)8, NULL, 8));
	say_result("a bad pointer to the old one", raw(SIGUSR1, NULL, (void *)8, 8));
	say_result("all flags, all signals", raw(SIGUSR2, &set, NULL, 8));
	say_result("are read back", raw(SIGUSR2, NULL, &get, 8));
	printf("flags %#lx mask %#lx\n", get.flags, get.mask);
	set_handler(SIGUSR2, SIG_DFL, 0);
	sigemptyset(&mask);
	say_result("sigprocmask with an odd how", syscall(SYS_rt_sigprocmask, 3, &mask, NULL, 8));
	say_result("without a set", syscall(SYS_rt_sigprocmask, 3, NULL, &mask, 8));
	say_result("with a wrong size", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 4));
	say_result("with a bad set", syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8));
	say_result("with a bad old set", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8));
	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	say("SIGKILL is not blocked", is_blocked(SIGKILL));
	say("SIGSTOP is not blocked", is_blocked(SIGSTOP));
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	say_result("sigpending of a wrong size", syscall(SYS_rt_sigpending, &mask, 16));
	say_result("sigpending of a small size", syscall(SYS_rt_sigpending, &mask, 4));
}

/* Ignoring takes away what is pending; blocked signals that are ignored by default are not kept. */
static void ignoring(void)
{
	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGWINCH);
	set_handler(SIGUSR1, count, 0);
	raise(SIGUSR1);
	raise(SIGWINCH);
	say("pending", is_pending(SIGUSR1));
	say("SIGWINCH, blocked", is_pending(SIGWINCH));
	set_handler(SIGUSR1, SIG_IGN, 0);
	say("ignored", is_pending(SIGUSR1));
	raise(SIGUSR1);
	say("blocked and ignored", is_pending(SIGUSR1));
	set_handler(SIGWINCH, SIG_DFL, 0);
	say("SIGWINCH again by default", is_pending(SIGWINCH));
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	mask_signal(SIG_UNBLOCK, SIGWINCH);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return after_exec();
	simple();
	masks();
	nested();
	order();
	once();
	jumps();
	suspended();
	after_fork();
	actions();
	ignoring();
	return 0;
}
