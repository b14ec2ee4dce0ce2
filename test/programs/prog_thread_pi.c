/* prog_thread_pi.c: locks that inherit priorities: the futex itself, and pthreads' mutexes. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/futex.h is not there for every C library. */
#define FUTEX_LOCK_PI         6
#define FUTEX_UNLOCK_PI       7
#define FUTEX_TRYLOCK_PI      8
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_CMP_REQUEUE_PI  12
#define LOCK_PI2              13
#define FUTEX_TID_MASK        0x3fffffffu
#define FUTEX_OWNER_DIED      0x40000000u
#define FUTEX_WAITERS         0x80000000u

static uint32_t word;
static int inside, most;

static long futex(uint32_t *at, int operation, uint32_t value, void *timeout, uint32_t *second,
		  uint32_t third)
{
	return syscall(SYS_futex, at, operation, value, timeout, second, third);
}

static void show(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
	fflush(stdout);
}

static void tell_word(const char *what, uint32_t found)
{
	printf("%s: owner %s%s%s\n", what,
	       !(found & FUTEX_TID_MASK)                                   ? "nobody"
	       : (found & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid) ? "this one"
									   : "another",
	       found & FUTEX_WAITERS ? ", waiters" : "", found & FUTEX_OWNER_DIED ? ", died" : "");
}

static void *try_it(void *argument)
{
	(void)argument;
	show("another tries", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	show("another unlocks", futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	struct timespec now, soon;
	clock_gettime(CLOCK_MONOTONIC, &now);
	soon = now;
	soon.tv_nsec += 20000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	show("another waits", futex(&word, LOCK_PI2, 0, &soon, NULL, 0));
	clock_gettime(CLOCK_REALTIME, &soon);
	show("another waits no time", futex(&word, FUTEX_LOCK_PI, 0, &soon, NULL, 0));
	return NULL;
}

static void words(void)
{
	pthread_t thread;

	show("lock", futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	tell_word("locked", word);
	show("lock again", futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	show("try again", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	pthread_create(&thread, NULL, try_it, NULL);
	pthread_join(thread, NULL);
	tell_word("afterwards", word);
	show("unlock", futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	tell_word("unlocked", word);
	show("unlock again", futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	show("try", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	show("unlock", futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	word = 0x3ffffffe;
	show("of nobody", futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	word = FUTEX_OWNER_DIED;
	show("of who died", futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	tell_word("taken", word);
	word = 0;
	show("not aligned",
	     futex((uint32_t *)((char *)&word + 1), FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	show("a bad address", futex((uint32_t *)8, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	struct timespec bad = {.tv_nsec = -1};
	show("a bad time", futex(&word, FUTEX_LOCK_PI, 0, &bad, NULL, 0));
	show("requeue two", futex(&word, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &word, 0));
	show("wait for itself", futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0));
}

static pthread_mutex_t mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long sum;

static void make_mutex(pthread_mutex_t *at, int robust, int shared)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	if (pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT))
		puts("no protocol");
	if (robust)
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	if (shared)
		pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	if (pthread_mutex_init(at, &attributes))
		puts("no mutex");
}

static void *count(void *argument)
{
	(void)argument;
	for (int i = 0; i < 300; i++) {
		pthread_mutex_lock(&mutex);
		int now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		most = now > most ? now : most;
		long old = sum;
		if (i % 16 == 0)
			sched_yield();
		sum = old + 1;
		__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *wait_for_sum(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	while (sum < 1300)
		pthread_cond_wait(&condition, &mutex);
	sum += 10;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void mutexes(void)
{
	pthread_t threads[6];
	struct timespec time;

	make_mutex(&mutex, 0, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("sum %ld, at most %d inside\n", sum, most);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, wait_for_sum, NULL);
	pthread_mutex_lock(&mutex);
	sum += 100;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("sum %ld\n", sum);
	pthread_mutex_lock(&mutex);
	clock_gettime(CLOCK_REALTIME, &time);
	printf("lock again, for a while: %s\n", strerror(pthread_mutex_trylock(&mutex)));
	pthread_mutex_unlock(&mutex);
}

static void *die_with_it(void *argument)
{
	pthread_mutex_lock(argument);
	return NULL;
}

static void robust(void)
{
	pthread_mutex_t *shared =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;
	int status;

	make_mutex(&mutex, 1, 0);
	pthread_create(&thread, NULL, die_with_it, &mutex);
	pthread_join(thread, NULL);
	printf("after its end: %s\n", pthread_mutex_lock(&mutex) == EOWNERDEAD ? "died" : "?");
	printf("consistent: %d\n", pthread_mutex_consistent(&mutex));
	printf("unlock: %d\n", pthread_mutex_unlock(&mutex));
	printf("lock: %d\n", pthread_mutex_lock(&mutex));
	pthread_mutex_unlock(&mutex);
	make_mutex(shared, 1, 1);
	int ready[2];
	char byte;
	if (pipe(ready))
		exit(1);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		pthread_mutex_lock(shared);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		usleep(50000); /* so that the other one most often waits by then */
		raise(SIGKILL);
	}
	if (read(ready[0], &byte, 1) != 1)
		exit(1);
	printf("of a process that is killed: %s\n",
	       pthread_mutex_lock(shared) == EOWNERDEAD ? "died" : "?");
	waitpid(child, &status, 0);
	pthread_mutex_consistent(shared);
	printf("unlock: %d\n", pthread_mutex_unlock(shared));
}

/* ---- handing over: the owner gives it to who waits, and does not get it back at once ---- */

static int turns[2];

static void *take_turns(void *argument)
{
	long me = (long)argument;

	for (int i = 0; i < 50; i++) {
		futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
		turns[me]++;
		/* Until the other one waits: then it has to come next. */
		while (!(__atomic_load_n(&word, __ATOMIC_SEQ_CST) & FUTEX_WAITERS) &&
		       __atomic_load_n(&turns[!me], __ATOMIC_SEQ_CST) < 50)
			sched_yield();
		int before = turns[!me];
		(void)before;
		futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	}
	return NULL;
}

static int alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void *hold(void *argument)
{
	int *ready = argument;

	futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	__atomic_store_n(ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&alarms, __ATOMIC_SEQ_CST))
		sched_yield();
	futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void handing(void)
{
	pthread_t threads[2];
	struct sigaction action = {.sa_handler = on_alarm};
	int ready = 0;

	word = 0;
	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, take_turns, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("turns %d %d\n", turns[0], turns[1]);
	word = 0;
	/* A handler without SA_RESTART does not end it. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&threads[0], NULL, hold, &ready);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
		sched_yield();
	ualarm(50000, 0);
	show("through a signal", futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	printf("heard %d\n", alarms);
	show("unlock", futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	pthread_join(threads[0], NULL);
}

/* ---- requeue, as a condition variable would ---- */

static uint32_t bell;
static int through;

static void *wait_for_bell(void *argument)
{
	long result;

	(void)argument;
	do
		result = futex(&bell, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0);
	while (result < 0 && errno == EINTR);
	if (result)
		show("wait", result);
	__atomic_add_fetch(&through, 1, __ATOMIC_SEQ_CST);
	futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void requeueing(void)
{
	pthread_t threads[3];
	int moved = 0;

	word = 0;
	futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, wait_for_bell, NULL);
	show("another value", futex(&bell, FUTEX_CMP_REQUEUE_PI, 1, (void *)3, &word, 5));
	while (moved < 3) {
		long now = futex(&bell, FUTEX_CMP_REQUEUE_PI, 1, (void *)3, &word, 0);
		if (now < 0)
			exit(1);
		moved += (int)now;
		sched_yield();
	}
	printf("moved %d, through %d\n", moved, through);
	show("unlock", futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("through %d\n", through);
}

/* ---- a circle ---- */

static uint32_t first, second;
static int circle_ready;

static void *other_way(void *argument)
{
	(void)argument;
	futex(&second, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	__atomic_store_n(&circle_ready, 1, __ATOMIC_SEQ_CST);
	futex(&first, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	futex(&first, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	futex(&second, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void circles(void)
{
	pthread_t thread;
	struct timespec step = {.tv_nsec = 50000000};

	futex(&first, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	pthread_create(&thread, NULL, other_way, NULL);
	while (!__atomic_load_n(&circle_ready, __ATOMIC_SEQ_CST) ||
	       !(__atomic_load_n(&first, __ATOMIC_SEQ_CST) & FUTEX_WAITERS))
		sched_yield();
	nanosleep(&step, NULL); /* it stands in the kernel's list soon after */
	show("the other way round", futex(&second, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	show("unlock", futex(&first, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	pthread_join(thread, NULL);
}

int main(void)
{
	words();
	mutexes();
	robust();
	handing();
	requeueing();
	circles();
	return 0;
}
