/* prog_thread_futex.c: futex(2) among threads, and what a thread that ends does to its futexes. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/futex.h is not among every C library's headers. */
enum {
	WAIT = 0,
	WAKE = 1,
	WAKE_OP = 5,
	WAIT_BITSET = 9,
	WAKE_BITSET = 10,
	PRIVATE = 128,
	REALTIME = 256
};
enum { SET, ADD, OR, ANDN, XOR, SHIFT = 8 };
enum { EQ, NE, LT, LE, GT, GE };
#define OPERATION(op, argument, compare, with)                                          \
	((uint32_t)(op) << 28 | (uint32_t)(compare) << 24 | ((argument)&0xfffu) << 12 | \
	 ((with)&0xfffu))

#define OWNER_DIED 0x40000000u
#define WAITERS    0x80000000u

/* As the kernel has it. */
struct robust {
	struct robust *next;
};
struct robust_head {
	struct robust list;
	long offset;
	struct robust *pending;
};
/* A lock in such a list. */
struct lock {
	struct robust link;
	uint32_t word;
};

static uint32_t words[2];
static atomic_int woken;

static long futex(void *word, int operation, long value, const void *more, void *other,
		  uint32_t last)
{
	long result = syscall(SYS_futex, word, operation, value, more, other, last);

	return result < 0 ? -errno : result;
}

static void tell(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror((int)-result));
	else
		printf("%s: %ld\n", what, result);
}

static pthread_t start(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, argument))
		abort();
	return thread;
}

static void *wait_for(void *argument)
{
	uint32_t *word = argument;
	long result = futex(word, WAIT | PRIVATE, *word, NULL, NULL, 0);

	atomic_fetch_add(&woken, 1);
	return (void *)result;
}

/* Moving to the same word counts who waits there. */
static void await_waiters(uint32_t *word, long count)
{
	while (futex(word, 3 | PRIVATE, 0, (void *)100L, word, 0) < count)
		sched_yield();
}

/* ---- waking ---- */

static void operate(const char *what, uint32_t before, uint32_t operation)
{
	pthread_t one, other;

	words[0] = 7;
	words[1] = before;
	woken = 0;
	one = start(wait_for, &words[0]);
	other = start(wait_for, &words[1]);
	await_waiters(&words[0], 1);
	await_waiters(&words[1], 1);
	long result = futex(&words[0], WAKE_OP | PRIVATE, 1, (void *)1L, &words[1], operation);
	printf("%s: ", what);
	tell("result", result);
	printf("  the word is %#x\n", words[1]);
	futex(&words[0], WAKE | PRIVATE, 1, NULL, NULL, 0);
	futex(&words[1], WAKE | PRIVATE, 1, NULL, NULL, 0);
	pthread_join(one, NULL);
	pthread_join(other, NULL);
}

static void operations(void)
{
	operate("set, equal", 3, OPERATION(SET, 9, EQ, 3));
	operate("set, not equal", 3, OPERATION(SET, 9, EQ, 4));
	operate("add", 5, OPERATION(ADD, 2, NE, 5));
	operate("add a negative", 5, OPERATION(ADD, -2, GT, -1));
	operate("or", 5, OPERATION(OR, 0x12, LT, 6));
	operate("and not", 0xff, OPERATION(ANDN, 0xf, LE, 0xff));
	operate("xor", 0xff, OPERATION(XOR, 0x7f, GE, 0x100));
	operate("or with a shift", 0, OPERATION(OR | SHIFT, 31, EQ, 0));
	operate("no such operation", 1, OPERATION(5, 1, EQ, 1));
	operate("no such comparison", 1, OPERATION(SET, 2, 7, 1));
	tell("nowhere", futex(&words[0], WAKE_OP | PRIVATE, 1, (void *)1L, (void *)16,
			      OPERATION(SET, 1, EQ, 1)));
	tell("not aligned", futex(&words[0], WAKE_OP | PRIVATE, 1, (void *)1L, (char *)words + 1,
				  OPERATION(SET, 1, EQ, 1)));
	static const uint32_t constant = 4;
	tell("read-only", futex(&words[0], WAKE_OP | PRIVATE, 1, (void *)1L, (void *)&constant,
				OPERATION(SET, 1, EQ, 1)));
}

static void *wait_for_bit(void *argument)
{
	uint32_t bits = (uint32_t)(long)argument;

	return (void *)futex(&words[0], WAIT_BITSET | PRIVATE, 7, NULL, NULL, bits);
}

static void bits(void)
{
	words[0] = 7;
	pthread_t one = start(wait_for_bit, (void *)1L), two = start(wait_for_bit, (void *)6L);
	await_waiters(&words[0], 2);
	tell("no bit", futex(&words[0], WAKE_BITSET | PRIVATE, 9, NULL, NULL, 0));
	tell("another bit", futex(&words[0], WAKE_BITSET | PRIVATE, 9, NULL, NULL, 8));
	tell("one bit", futex(&words[0], WAKE_BITSET | PRIVATE, 9, NULL, NULL, 4));
	pthread_join(two, NULL);
	tell("all", futex(&words[0], WAKE | PRIVATE, 9, NULL, NULL, 0));
	pthread_join(one, NULL);
	tell("wait for no bit", futex(&words[0], WAIT_BITSET | PRIVATE, 7, NULL, NULL, 0));
	tell("a negative count wakes", futex(&words[0], WAKE | PRIVATE, -1, NULL, NULL, 0));
}

static void timeouts(void)
{
	struct timespec short_time = {.tv_nsec = 1000000}, past = {.tv_sec = 1}, now;
	struct timespec bad = {.tv_nsec = 1000000000}, before = {.tv_sec = -1};

	words[0] = 7;
	tell("relative", futex(&words[0], WAIT | PRIVATE, 7, &short_time, NULL, 0));
	tell("absolute, past", futex(&words[0], WAIT_BITSET | PRIVATE, 7, &past, NULL, ~0u));
	tell("time of day, past",
	     futex(&words[0], WAIT_BITSET | PRIVATE | REALTIME, 7, &past, NULL, ~0u));
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec += 2000000;
	if (now.tv_nsec >= 1000000000) {
		now.tv_nsec -= 1000000000;
		now.tv_sec++;
	}
	tell("time of day", futex(&words[0], WAIT_BITSET | PRIVATE | REALTIME, 7, &now, NULL, ~0u));
	tell("no time", futex(&words[0], WAIT | PRIVATE, 7, &bad, NULL, 0));
	tell("before 1970", futex(&words[0], WAIT | PRIVATE, 7, &before, NULL, 0));
	tell("another value", futex(&words[0], WAIT | PRIVATE, 8, NULL, NULL, 0));
}

/* Shared and private are apart in shared memory alone. */
static void shared(void)
{
	uint32_t *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*word = 7;
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		_exit(futex(word, WAIT, 7, NULL, NULL, 0) == 0 ? 0 : 1);
	while (futex(word, WAKE, 1, NULL, NULL, 0) != 1)
		sched_yield();
	int status = -1;
	waitpid(child, &status, 0);
	printf("among processes: %d\n", status);
	munmap(word, 4096);
}

/* ---- ends ---- */

/* A thread whose end is told at a word of ours. */
static uint32_t end_word;

static void *tell_end(void *argument)
{
	end_word = 7;
	long id = syscall(SYS_set_tid_address, argument ? &end_word : (void *)24);
	if (id != syscall(SYS_gettid))
		printf("set_tid_address has another number\n");
	atomic_store(&woken, 1);
	syscall(SYS_exit, 0);
	return NULL;
}

static void end_is_told(void)
{
	woken = 0;
	start(tell_end, &end_word);
	while (!woken)
		sched_yield();
	long result = futex(&end_word, WAIT, 7, NULL, NULL, 0);
	printf("told at the end: %d, the word is %u\n", result == 0 || result == -EAGAIN, end_word);
}

/* ---- robust lists ---- */

static struct lock locks[4];
static struct robust_head head, *kept;
static atomic_int dying;

static void list_up(int count)
{
	head.list.next = &locks[0].link;
	for (int i = 0; i < count; i++)
		locks[i].link.next = i + 1 < count ? &locks[i + 1].link : &head.list;
	head.offset = (long)((char *)&locks[0].word - (char *)&locks[0]);
	head.pending = NULL;
}

/* Each case sets the list and what is in it up, in the thread that is about to end. */
static void end_with_list(void)
{
	if (syscall(SYS_set_robust_list, &head, sizeof(head)))
		printf("set_robust_list: %s\n", strerror(errno));
	atomic_store(&dying, (int)syscall(SYS_gettid));
	syscall(SYS_exit, 0);
}

static void *hold_all(void *argument)
{
	uint32_t id = (uint32_t)syscall(SYS_gettid);

	list_up(4);
	locks[0].word = id;
	locks[1].word = id | WAITERS;
	locks[2].word = id + 1; /* another's */
	locks[3].word = 0;
	end_with_list();
	return NULL;
}

static void *hold_pending(void *argument)
{
	uint32_t id = (uint32_t)syscall(SYS_gettid);

	list_up(0);
	head.list.next = &head.list;
	head.pending = &locks[1].link;
	locks[1].word = id;
	end_with_list();
	return NULL;
}

static void *hold_circle(void *argument)
{
	uint32_t id = (uint32_t)syscall(SYS_gettid);

	list_up(2);
	locks[1].link.next = &locks[0].link; /* it never comes back to the head */
	locks[0].word = locks[1].word = id;
	end_with_list();
	return NULL;
}

static void *hold_broken(void *argument)
{
	uint32_t id = (uint32_t)syscall(SYS_gettid);

	list_up(3);
	locks[0].word = locks[1].word = locks[2].word = id;
	locks[1].link.next = argument;
	end_with_list();
	return NULL;
}

static void *hold_offset(void *argument)
{
	list_up(1);
	locks[0].word = (uint32_t)syscall(SYS_gettid);
	head.offset = (long)argument;
	end_with_list();
	return NULL;
}

static void *hold_nothing(void *argument)
{
	if (syscall(SYS_set_robust_list, argument, sizeof(head)))
		printf("set_robust_list: %s\n", strerror(errno));
	atomic_store(&dying, (int)syscall(SYS_gettid));
	syscall(SYS_exit, 0);
	return NULL;
}

static void tell_locks(const char *what, void *(*function)(void *), void *argument)
{
	memset(locks, 0, sizeof(locks));
	dying = 0;
	start(function, argument);
	/* Not the way that the C library ends a thread, so it can't be joined. */
	while (!dying || !syscall(SYS_tgkill, getpid(), dying, 0))
		sched_yield();
	printf("%s:", what);
	for (int i = 0; i < 4; i++)
		printf(" %s%s%s", locks[i].word & OWNER_DIED ? "died" : "-",
		       locks[i].word & WAITERS ? "+waiters" : "",
		       locks[i].word & 0x3fffffff ? "+held" : "");
	printf("\n");
}

static void robust_lists(void)
{
	void *list = NULL;
	size_t bytes = 0;

	tell("a list of another size", syscall(SYS_set_robust_list, &head, 8) ? -errno : 0);
	syscall(SYS_get_robust_list, 0, &kept, &bytes);
	tell_locks("held", hold_all, NULL);
	tell_locks("about to be held", hold_pending, NULL);
	tell_locks("a circle", hold_circle, NULL);
	tell_locks("leads nowhere", hold_broken, (void *)16);
	tell_locks("leads to the kernel", hold_broken, (void *)0xffffffff80000000);
	tell_locks("leads past the end", hold_broken, (void *)-8);
	tell_locks("an offset that wraps", hold_offset, (void *)(1ul << 63));
	tell_locks("an offset that is odd", hold_offset, (void *)9);
	tell_locks("no list", hold_nothing, (void *)40);
	tell_locks("a list in the kernel", hold_nothing, (void *)0xffff800000000000);
	syscall(SYS_get_robust_list, 0, &list, &bytes);
	printf("main's list is what it was: %d, %zu bytes\n", list == kept, bytes);
	tell("another's list", syscall(SYS_get_robust_list, 1 << 30, &list, &bytes) ? -errno : 0);
}

/* What the C library makes of it. */
static pthread_mutex_t robust;

static void *die_with_it(void *argument)
{
	pthread_mutex_lock(&robust);
	return NULL;
}

static void robust_mutex(void)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attributes);
	pthread_join(start(die_with_it, NULL), NULL);
	int error = pthread_mutex_lock(&robust);
	printf("a robust mutex: %s\n", error == EOWNERDEAD ? "its owner died" : "?");
	printf("consistent: %d\n", pthread_mutex_consistent(&robust));
	printf("unlock: %d\n", pthread_mutex_unlock(&robust));
	printf("lock: %d\n", pthread_mutex_lock(&robust));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	operations();
	bits();
	timeouts();
	shared();
	end_is_told();
	robust_lists();
	robust_mutex();
	return 0;
}
