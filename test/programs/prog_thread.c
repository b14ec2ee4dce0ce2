/* prog_thread.c: what the C library makes of threads: locks, conditions, storage, cancellation. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* At once, if the argument does not say how many: what the kernel keeps for them is not counted. */
#define MANY   40
#define MOST   1000
#define ROUNDS 300

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t semaphore;
static int shared, once_runs, destroyed, turn, detached, cleaned;
static __thread long mine = 5;

static void start(pthread_t *thread, void *(*function)(void *), void *argument)
{
	int error = pthread_create(thread, NULL, function, argument);

	if (error) {
		printf("pthread_create: %s\n", strerror(error));
		exit(1);
	}
}

/* Start `count` of them, and the sum of what they return. */
static long run(int count, void *(*function)(void *))
{
	static pthread_t threads[MOST];
	long sum = 0;

	for (long i = 0; i < count; i++)
		start(&threads[i], function, (void *)i);
	for (int i = 0; i < count; i++) {
		void *result;
		if (pthread_join(threads[i], &result))
			printf("join failed\n");
		sum += (long)result;
	}
	return sum;
}

static void *count_up(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		shared++;
		mine++;
		pthread_mutex_unlock(&mutex);
	}
	return (void *)mine;
}

/* One after the other, in a ring. */
static void *take_turns(void *argument)
{
	int me = (int)(long)argument;

	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % 4 != me)
			pthread_cond_wait(&condition, &mutex);
		turn++;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

/* Between two barriers nobody changes anything. */
static void *meet(void *argument)
{
	static int values[4];
	int me = (int)(long)argument, wrong = 0;

	for (int i = 0; i < 50; i++) {
		values[me] = i;
		pthread_barrier_wait(&barrier);
		for (int j = 0; j < 4; j++)
			wrong += values[j] != i;
		pthread_barrier_wait(&barrier);
	}
	return (void *)(long)wrong;
}

static void *read_and_write(void *argument)
{
	static int a, b;
	long wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		if ((long)argument % 2) {
			pthread_rwlock_wrlock(&rwlock);
			a++;
			b++;
		} else {
			pthread_rwlock_rdlock(&rwlock);
			wrong += a != b;
		}
		pthread_rwlock_unlock(&rwlock);
	}
	return (void *)wrong;
}

static void count_once(void)
{
	once_runs++;
}

static void destroy(void *value)
{
	__atomic_fetch_add(&destroyed, *(int *)value, __ATOMIC_RELAXED);
	free(value);
}

static void *use_key(void *argument)
{
	int *value = malloc(sizeof(*value));

	pthread_once(&once, count_once);
	*value = (int)(long)argument;
	pthread_setspecific(key, value);
	if (pthread_getspecific(key) != value)
		return (void *)1L;
	if ((long)argument % 2)
		pthread_exit(NULL);
	return NULL;
}

static void *detach(void *argument)
{
	pthread_detach(pthread_self());
	__atomic_fetch_add(&detached, 1, __ATOMIC_RELAXED);
	sem_post(&semaphore);
	return NULL;
}

static void clean(void *argument)
{
	cleaned++;
	pthread_mutex_unlock(&mutex);
}

static void *wait_for_ever(void *argument)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(clean, NULL);
	sem_post(&semaphore);
	for (;;)
		pthread_cond_wait(&condition, &mutex);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *sleep_for_ever(void *argument)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_post(&semaphore);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	for (;;)
		pause();
	return NULL;
}

static void *spin_for_ever(void *argument)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	sem_post(&semaphore);
	for (;;)
		__asm__ volatile("" : : : "memory");
	return NULL;
}

static void cancel(const char *what, void *(*function)(void *))
{
	pthread_t thread;
	void *result;

	start(&thread, function, NULL);
	sem_wait(&semaphore);
	printf("cancel %s: %d", what, pthread_cancel(thread));
	pthread_join(thread, &result);
	printf(", canceled %d\n", result == PTHREAD_CANCELED);
}

static void time_out(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 2000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	int error = pthread_cond_timedwait(&condition, &mutex, &end);
	pthread_mutex_unlock(&mutex);
	printf("timed wait: %s\n", error == ETIMEDOUT ? "timed out" : "?");
	printf("semaphore: %d\n", sem_timedwait(&semaphore, &end) < 0 && errno == ETIMEDOUT);
}

/* Not before all are there. */
static void *meet_all(void *argument)
{
	pthread_barrier_wait(&barrier);
	return argument;
}

static void *nothing(void *argument)
{
	return argument;
}

static void types_of_mutexes(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t checked;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &attributes);
	pthread_mutex_lock(&checked);
	printf("locked twice: %d\n", pthread_mutex_lock(&checked) == EDEADLK);
	pthread_mutex_unlock(&checked);
	printf("unlocked twice: %d\n", pthread_mutex_unlock(&checked) == EPERM);
}

int main(int argc, char **argv)
{
	int many = argc > 1 ? atoi(argv[1]) : MANY;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 4);
	pthread_key_create(&key, destroy);
	sem_init(&semaphore, 0, 0);
	printf("own variables: %ld\n", run(8, count_up));
	printf("shared: %d, main's own %ld\n", shared, mine);
	run(4, take_turns);
	printf("turns: %d\n", turn);
	printf("barrier: %ld wrong\n", run(4, meet));
	printf("rwlock: %ld wrong\n", run(6, read_and_write));
	printf("keys: %ld wrong", run(10, use_key));
	printf(", destroyed %d, once %d\n", destroyed, once_runs);
	for (int i = 0; i < 10; i++)
		start(&thread, detach, NULL);
	for (int i = 0; i < 10; i++)
		sem_wait(&semaphore);
	printf("detached: %d\n", detached);
	cancel("a condition", wait_for_ever);
	cancel("a call", sleep_for_ever);
	cancel("a loop", spin_for_ever);
	printf("cleaned up: %d\n", cleaned);
	time_out();
	types_of_mutexes();
	pthread_barrier_destroy(&barrier);
	pthread_barrier_init(&barrier, NULL, (unsigned)many);
	printf("%d at once: %ld\n", many, run(many, meet_all));
	start(&thread, nothing, (void *)77L);
	pthread_exit(NULL); /* the process ends with its last thread, with status 0 */
}
