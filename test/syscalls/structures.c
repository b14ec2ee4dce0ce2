/* structures.c: arguments that are pointers, and what they point to. */
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>

#include "fuzz.h"

#define WILD_IN 12u /* one pointer in so many */

/*
 * Memory for `bytes` bytes, zeros. It goes round, so what a call still needs is not overwritten by
 * its other arguments. Now and then it ends where the memory ends.
 */
void *structure(struct child *child, size_t bytes)
{
	unsigned char *end = (unsigned char *)STRUCTURES + STRUCTURES_BYTES;
	unsigned char *at = child->next;

	if (at + bytes > end)
		at = (unsigned char *)STRUCTURES;
	child->next = at + bytes + 16;
	if (one_in(&child->random, 16))
		at = end - bytes;
	for (size_t i = 0; i < bytes; i++)
		at[i] = 0;
	return at;
}

static uint64_t pointer(struct child *child, void *good)
{
	return one_in(&child->random, WILD_IN) ? make_wild(child) : (uint64_t)good;
}

/* To where the kernel may write: the arena, which may be anything, or surely good memory. */
uint64_t make_out(struct child *child, uint64_t bytes)
{
	struct random *random = &child->random;

	if (one_in(random, WILD_IN))
		return make_wild(child);
	if (one_in(random, 2))
		return (uint64_t)structure(child, bytes ? bytes : 8192);
	return ARENA + random_below(random, ARENA_PAGES * PAGE);
}

uint64_t make_random_bytes(struct child *child, uint64_t bytes)
{
	unsigned char *at = structure(child, bytes);

	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(one_in(&child->random, 2) ? 0
								  : random_next(&child->random));
	return pointer(child, at);
}

uint64_t make_offset_pointer(struct child *child, uint64_t what)
{
	uint64_t *at = structure(child, sizeof(*at));

	if (one_in(&child->random, 2))
		return 0;
	*at = make_offset(child, what);
	return pointer(child, at);
}

uint64_t make_iovec(struct child *child, uint64_t what)
{
	size_t count = 8;
	struct iovec *at = structure(child, count * sizeof(*at));

	(void)what;
	for (size_t i = 0; i < count; i++) {
		at[i].iov_base = (void *)make_out(child, 4096);
		at[i].iov_len = one_in(&child->random, 32) ? make_any(child, 0)
							   : random_below(&child->random, 5000);
	}
	return pointer(child, at);
}

static int64_t nanoseconds(struct child *child)
{
	if (one_in(&child->random, 32))
		return (int64_t)make_any(child, 0);
	return (int64_t)random_below(&child->random, 3000000);
}

/* Short, so that who waits goes on soon; or what is not a time at all. */
uint64_t make_timespec(struct child *child, uint64_t is_microseconds)
{
	struct timespec *at = structure(child, 2 * sizeof(*at));

	if (one_in(&child->random, 16))
		return 0;
	for (int i = 0; i < 2; i++) {
		at[i].tv_nsec = nanoseconds(child) / (is_microseconds ? 1000 : 1);
		at[i].tv_sec = one_in(&child->random, 32) ? (time_t)make_any(child, 0) : 0;
	}
	return pointer(child, at);
}

uint64_t make_interval(struct child *child, uint64_t what)
{
	return make_timespec(child, what);
}

uint64_t make_sigset(struct child *child, uint64_t what)
{
	uint64_t *at = structure(child, sizeof(*at));

	(void)what;
	if (one_in(&child->random, 8))
		return 0;
	*at = one_in(&child->random, 4) ? UINT64_MAX : make_flags(child, UINT64_MAX);
	return pointer(child, at);
}

uint64_t make_sigaction(struct child *child, uint64_t what)
{
	static const uint64_t known = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK |
				      SA_RESTART | SA_NODEFER | SA_RESETHAND;
	struct {
		uint64_t handler, flags, restorer, mask;
	} *at = structure(child, sizeof(*at));

	(void)what;
	switch (random_below(&child->random, 8)) {
	case 0:
		return 0;
	case 1:
		at->handler = make_wild(child);
		break;
	case 2:
	case 3:
		at->handler = random_below(&child->random, 3);
		break;
	default:
		at->handler = (uint64_t)fuzz_handler;
	}
	at->flags = 0x04000000 | make_flags(child, known); /* SA_RESTORER */
	at->restorer = one_in(&child->random, 32) ? make_wild(child) : (uint64_t)fuzz_restorer;
	at->mask = make_flags(child, UINT64_MAX);
	return pointer(child, at);
}

uint64_t make_altstack(struct child *child, uint64_t what)
{
	stack_t *at = structure(child, sizeof(*at));

	(void)what;
	at->ss_sp = (void *)make_address(child, 0);
	at->ss_size = one_in(&child->random, 2) ? 8 * PAGE : make_length(child, 0);
	at->ss_flags = (int)make_below(child, 3);
	return one_in(&child->random, 4) ? 0 : pointer(child, at);
}

uint64_t make_pollfds(struct child *child, uint64_t what)
{
	size_t count = 16;
	struct pollfd *at = structure(child, count * sizeof(*at));

	(void)what;
	for (size_t i = 0; i < count; i++) {
		at[i].fd = (int)make_fd(child, 0);
		at[i].events = (short)make_flags(child, 0x3fff);
	}
	return pointer(child, at);
}

/* Seldom so low that nothing works any more. */
uint64_t make_limits(struct child *child, uint64_t what)
{
	struct rlimit *at = structure(child, sizeof(*at));

	(void)what;
	if (one_in(&child->random, 2))
		return 0;
	at->rlim_max = one_in(&child->random, 4) ? make_any(child, 0) : RLIM_INFINITY;
	at->rlim_cur = one_in(&child->random, 8) ? random_below(&child->random, 1 << 20)
						 : at->rlim_max - random_below(&child->random, 2);
	return pointer(child, at);
}

/* argv or envp: strings, wild pointers, none, very many, no end. */
uint64_t make_strings(struct child *child, uint64_t what)
{
	size_t count = one_in(&child->random, 16) ? 1000 : random_below(&child->random, 5);
	uint64_t *at = structure(child, (count + 1) * sizeof(*at));

	(void)what;
	for (size_t i = 0; i < count; i++)
		at[i] = one_in(&child->random, 24)
				? make_wild(child)
				: (uint64_t)STRUCTURES + random_below(&child->random, 999);
	if (one_in(&child->random, 32))
		at[count] = STRUCTURES;
	return pointer(child, at);
}

uint64_t make_event(struct child *child, uint64_t what)
{
	struct epoll_event *at = structure(child, sizeof(*at));

	(void)what;
	at->events = (uint32_t)make_flags(child, 0xf000201fu);
	at->data.u64 = random_next(&child->random);
	return pointer(child, at);
}

uint64_t make_ioctl(struct child *child, uint64_t what)
{
	static const unsigned commands[] = {
		TCGETS,     TCSETS,     TCSETSW,  TCSETSF,  TIOCGWINSZ, TIOCSWINSZ, FIONREAD,
		FIONBIO,    FIOCLEX,    FIONCLEX, FIOASYNC, TIOCGPGRP,  TIOCSCTTY,  TIOCNOTTY,
		TIOCGPTN,   TIOCSPTLCK, TCFLSH,   TCXONC,   TIOCOUTQ,   TIOCGSID,   TCSBRK,
		TIOCGPTLCK, TCGETA,     TIOCEXCL, TIOCGETD, FIONREAD,   FIOQSIZE,
	};

	(void)what;
	if (one_in(&child->random, 8))
		return make_any(child, 0);
	return commands[random_below(&child->random, sizeof(commands) / sizeof(commands[0]))];
}

/* A futex's word: in shared or private memory, at times not aligned. */
uint64_t make_futex(struct child *child, uint64_t what)
{
	(void)what;
	if (one_in(&child->random, 6))
		return make_out(child, 4);
	return STRUCTURES + random_below(&child->random, 64) * 4;
}

uint64_t make_clone_args(struct child *child, uint64_t what)
{
	struct clone_args *at = structure(child, sizeof(*at));

	(void)what;
	at->flags = make_flags(child, UINT64_MAX);
	at->exit_signal = make_signal(child, 0);
	if (one_in(&child->random, 4)) {
		at->stack = ARENA;
		at->stack_size = PAGE;
	}
	if (one_in(&child->random, 8))
		at->pidfd = make_out(child, 4);
	return pointer(child, at);
}
