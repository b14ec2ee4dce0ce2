/* prog_thread_life.c: threads begin and end: numbers, who waits, exec, fork, and the end of all. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int gates[2]; /* a pipe: who reads from it waits until it is closed, or for a byte */

static int gettid_(void)
{
	return (int)syscall(SYS_gettid);
}

static pthread_t start(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, argument))
		abort();
	return thread;
}

static void *block(void *argument)
{
	char byte;

	return (void *)read(gates[0], &byte, 1);
}

/* Run it in a child, and tell how that ended. */
static void in_child(const char *what, void (*function)(void))
{
	int status = -1;

	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		if (pipe(gates))
			_exit(99);
		function();
		_exit(98);
	}
	pid_t ended = waitpid(child, &status, 0);
	printf("%s: %s %d, waited for %d\n", what, WIFEXITED(status) ? "exit" : "signal",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), ended == child);
}

/* ---- who ends the process ---- */

static void *exit_all(void *argument)
{
	syscall(SYS_exit_group, 21);
	return NULL;
}

static void thread_exits_all(void)
{
	start(block, NULL);
	start(exit_all, NULL);
	block(NULL);
}

static void main_exits_all(void)
{
	for (int i = 0; i < 5; i++)
		start(block, NULL);
	_exit(22);
}

static void *exit_later(void *argument)
{
	char stat[256], path[64];

	/* The leader has ended once it is a zombie. */
	snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
	do {
		FILE *file = fopen(path, "r");
		if (!file || !fgets(stat, sizeof(stat), file))
			_exit(97);
		fclose(file);
		sched_yield();
	} while (!strstr(stat, ") Z "));
	syscall(SYS_exit, 24);
	return NULL;
}

static void leader_first(void)
{
	start(exit_later, NULL);
	syscall(SYS_exit, 23);
}

static void *crash(void *argument)
{
	raise(SIGABRT);
	return NULL;
}

static void thread_is_killed(void)
{
	start(block, NULL);
	start(crash, NULL);
	block(NULL);
}

static void *touch_nothing(void *argument)
{
	static int *volatile nowhere;

	*nowhere = 1;
	return NULL;
}

static void thread_faults(void)
{
	start(touch_nothing, NULL);
	block(NULL);
}

static void killed(void)
{
	start(block, NULL);
	kill(getpid(), SIGKILL);
	block(NULL);
}

static void *kill_leader(void *argument)
{
	syscall(SYS_tgkill, getpid(), getpid(), SIGKILL);
	return block(NULL);
}

static void killed_by_number(void)
{
	start(kill_leader, NULL);
	block(NULL);
}

/* ---- exec ---- */

static void *execute(void *argument)
{
	char *arguments[] = {"prog", "executed", argument, NULL};

	/* Linux has no /proc/self/exe any more once the leader has ended. */
	execv("/proc/thread-self/exe", arguments);
	_exit(96);
}

static void thread_executes(void)
{
	static char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	for (int i = 0; i < 3; i++)
		start(block, NULL);
	start(execute, pid);
	block(NULL);
}

static void leader_executes(void)
{
	static char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	for (int i = 0; i < 3; i++)
		start(block, NULL);
	execute(pid);
}

static void *execute_too(void *argument)
{
	return execute(argument);
}

static void all_execute(void)
{
	static char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	for (int i = 0; i < 4; i++)
		start(execute_too, pid);
	execute(pid);
}

static void executed_after_leader(void)
{
	static char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	start(execute, pid);
	syscall(SYS_exit, 25);
}

static void *try_nothing(void *argument)
{
	char *arguments[] = {"none", NULL};

	execv("/nowhere", arguments);
	return (void *)(long)errno;
}

static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	if (!tasks)
		return -1;
	for (struct dirent *entry; (entry = readdir(tasks));)
		count += entry->d_name[0] != '.';
	closedir(tasks);
	return count;
}

static int threads_in_status(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	int count = -1;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "Threads: %d", &count);
	if (file)
		fclose(file);
	return count;
}

/* What is left after an exec by another thread than the first. */
static int executed(const char *pid)
{
	int same = atoi(pid) == getpid() && getpid() == gettid_();

	return same && count_threads() == 1 && threads_in_status() == 1 ? 40 : 41;
}

/* ---- fork ---- */

static void *fork_here(void *argument)
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(getpid() == gettid_() && threads_in_status() == 1 ? 50 : 51);
	waitpid(child, &status, 0);
	return (void *)(long)WEXITSTATUS(status);
}

static void *fork_only(void *argument)
{
	pid_t child = fork();

	if (!child)
		_exit(52);
	return (void *)(long)child;
}

static void *spawn(void *argument)
{
	char *arguments[] = {"prog", "exit", NULL};
	int status = -1;
	pid_t child = vfork();

	if (!child) {
		execv("/proc/self/exe", arguments);
		_exit(95);
	}
	waitpid(child, &status, 0);
	return (void *)(long)WEXITSTATUS(status);
}

static void forks(void)
{
	void *result;
	int status;

	pthread_t blocked = start(block, NULL);
	pthread_join(start(fork_here, NULL), &result);
	printf("fork in a thread: %ld\n", (long)result);
	pthread_join(start(spawn, NULL), &result);
	printf("vfork and exec in a thread: %ld\n", (long)result);
	pthread_join(start(fork_only, NULL), &result);
	pid_t child = (pid_t)(long)result;
	printf("another thread's child: %d", waitpid(child, &status, 0) == child);
	printf(" %d\n", WEXITSTATUS(status));
	/* All threads are back when the pipe gives each of them a byte. */
	printf("wake: %zd\n", write(gates[1], "x", 1));
	pthread_join(blocked, &result);
	printf("woken: %ld\n", (long)result);
}

/* ---- numbers and names ---- */

static void *numbers(void *argument)
{
	char name[32] = "";

	prctl(PR_SET_NAME, "another");
	pthread_getname_np(pthread_self(), name, sizeof(name));
	printf("in a thread: pid the same %d, a number of its own %d, name %s\n",
	       getpid() == *(int *)argument, gettid_() != getpid(), name);
	printf("threads: %d, %d\n", threads_in_status(), count_threads());
	return NULL;
}

static void *use_time(void *argument)
{
	struct timespec own, all;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
	} while (own.tv_sec == 0 && own.tv_nsec < 20000000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &all);
	return (void *)(long)(all.tv_sec > 0 || all.tv_nsec >= own.tv_nsec);
}

static void times(void)
{
	struct rusage thread, process;
	clockid_t clock;
	void *result;

	pthread_join(start(use_time, NULL), &result);
	getrusage(RUSAGE_THREAD, &thread);
	getrusage(RUSAGE_SELF, &process);
	long of_thread = thread.ru_utime.tv_usec + thread.ru_stime.tv_usec;
	long of_process = process.ru_utime.tv_usec + process.ru_stime.tv_usec +
			  1000000 * (process.ru_utime.tv_sec + process.ru_stime.tv_sec);
	printf("times: %ld, the process's are more %d\n", (long)result,
	       of_process >= of_thread + 15000);
	printf("clock of a thread: %d\n", pthread_getcpuclockid(pthread_self(), &clock));
	struct timespec now;
	printf("read: %d\n", clock_gettime(clock, &now));
}

/* ---- limits ---- */

/* RLIMIT_NPROC counts threads. */
static void limited(void)
{
	const struct rlimit limit = {5, 5};
	pthread_t thread;
	int made = 0;

	if (setrlimit(RLIMIT_NPROC, &limit) || setuid(54321))
		_exit(97);
	while (made < 20 && !pthread_create(&thread, NULL, block, NULL))
		made++;
	_exit(80 + made);
}

/* ---- nice values and barriers ---- */

static void *be_nice(void *argument)
{
	int before = (int)syscall(SYS_getpriority, 0, 0);

	if (syscall(SYS_setpriority, 0, gettid_(), 19))
		return NULL;
	return (void *)(long)(before * 100 + (int)syscall(SYS_getpriority, 0, 0));
}

/* Each thread has its own. */
static void priorities(void)
{
	void *result;
	long before = syscall(SYS_getpriority, 0, 0);

	pthread_join(start(be_nice, NULL), &result);
	printf("nice values: %d,", (long)result == before * 100 + 1);
	printf(" main's stays %d\n", syscall(SYS_getpriority, 0, 0) == before);
}

enum { REGISTER = 16, EXPEDITED = 8 };

static void barriers(void)
{
	printf("barrier: %d", syscall(SYS_membarrier, EXPEDITED, 0) < 0 && errno == EPERM);
	printf(", %ld", syscall(SYS_membarrier, REGISTER, 0));
	printf(", %ld", syscall(SYS_membarrier, EXPEDITED, 0));
	printf(", with a flag %d\n", syscall(SYS_membarrier, EXPEDITED, 8) < 0 && errno == EINVAL);
}

static void tell_name(void)
{
	char name[32] = "";

	pthread_getname_np(pthread_self(), name, sizeof(name));
	printf("main is %s\n", name);
}

int main(int argc, char **argv)
{
	int pid = getpid();

	if (argc == 3 && !strcmp(argv[1], "executed"))
		return executed(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "exit"))
		return 60;
	if (pipe(gates))
		return 1;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	printf("main: %d\n", gettid_() == pid);
	tell_name();
	pthread_join(start(numbers, &pid), NULL);
	tell_name();
	in_child("a thread ends all", thread_exits_all);
	in_child("main ends all", main_exits_all);
	in_child("the leader ends first", leader_first);
	in_child("a thread aborts", thread_is_killed);
	in_child("a thread faults", thread_faults);
	in_child("killed", killed);
	in_child("killed by the leader's number", killed_by_number);
	in_child("as many threads as are allowed", limited);
	in_child("a thread executes", thread_executes);
	in_child("the leader executes", leader_executes);
	in_child("all execute", all_execute);
	in_child("a thread executes after the leader's end", executed_after_leader);
	void *result;
	pthread_join(start(try_nothing, NULL), &result);
	printf("exec of nothing: %ld\n", (long)result);
	forks();
	times();
	priorities();
	barriers();
	printf("at the end: %d\n", threads_in_status());
	return 7;
}
