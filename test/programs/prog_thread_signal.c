/* prog_thread_signal.c: which thread gets a signal, and what stops and goes on. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_t main_thread, other;
static volatile sig_atomic_t in_main, in_other, in_any, on_stack;
static sem_t ready, go;
static char *stack;

static void handle(int signal, siginfo_t *info, void *context)
{
	char here;

	if (pthread_equal(pthread_self(), main_thread))
		in_main++;
	else if (pthread_equal(pthread_self(), other))
		in_other++;
	else
		in_any++;
	on_stack = stack && &here >= stack && &here < stack + SIGSTKSZ;
}

static void tell(const char *what)
{
	printf("%s: main %d, other %d, any %d, on its stack %d\n", what, (int)in_main,
	       (int)in_other, (int)in_any, (int)on_stack);
	in_main = in_other = in_any = on_stack = 0;
}

static sigset_t set_of(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return set;
}

static void mask(int how, int signal)
{
	sigset_t set = set_of(signal);

	pthread_sigmask(how, &set, NULL);
}

static pthread_t start(void *(*function)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, NULL))
		abort();
	return thread;
}

static int gettid_(void)
{
	return (int)syscall(SYS_gettid);
}

/* ---- to whom ---- */

static volatile int other_id;

/* Until it is told to end; signals come at any time. */
static void *wait_to_end(void *argument)
{
	other_id = gettid_();
	sem_post(&ready);
	while (sem_wait(&go))
		;
	return NULL;
}

static void *wait_blocking(void *argument)
{
	mask(SIG_BLOCK, SIGUSR2);
	return wait_to_end(argument);
}

static void begin(void *(*function)(void *))
{
	other = start(function);
	sem_wait(&ready);
}

static void end(void)
{
	sem_post(&go);
	pthread_join(other, NULL);
}

static void tell_kill(const char *what, int process, int thread, int signal)
{
	long result = syscall(SYS_tgkill, process, thread, signal);

	printf("%s: %s\n", what, result ? strerror(errno) : "0");
}

static void directed(void)
{
	int pid = getpid();

	begin(wait_to_end);
	pthread_kill(other, SIGUSR1);
	while (!in_other)
		sched_yield();
	tell("to a thread");
	raise(SIGUSR1);
	tell("to itself");
	kill(pid, SIGUSR1);
	while (!in_main && !in_other)
		sched_yield();
	tell("to the process");
	kill(other_id, SIGUSR1);
	while (!in_main && !in_other)
		sched_yield();
	printf("kill by a thread's number: %d\n", in_main + in_other);
	in_main = in_other = 0;
	tell_kill("tgkill", pid, other_id, 0);
	tell_kill("another process", other_id, other_id, 0);
	tell_kill("no thread", pid, -1, 0);
	tell_kill("no signal", pid, other_id, 65);
	tell_kill("the leader", pid, pid, 0);
	end();
}

/* Main blocks it: another thread gets what is sent to the process. */
static void blocked_in_main(void)
{
	mask(SIG_BLOCK, SIGUSR1);
	begin(wait_to_end); /* it inherits the mask */
	kill(getpid(), SIGUSR1);
	raise(SIGUSR1);
	sigset_t pending;
	sigpending(&pending);
	printf("pending: %d\n", sigismember(&pending, SIGUSR1));
	tell("blocked by all");
	mask(SIG_UNBLOCK, SIGUSR1);
	tell("unblocked by main");
	end();
	mask(SIG_BLOCK, SIGUSR2);
	begin(wait_to_end);
	end();
	mask(SIG_UNBLOCK, SIGUSR2);
}

static void *unblock_and_wait(void *argument)
{
	mask(SIG_UNBLOCK, SIGUSR1);
	return wait_to_end(argument);
}

static void blocked_in_main_alone(void)
{
	mask(SIG_BLOCK, SIGUSR1);
	begin(unblock_and_wait);
	kill(getpid(), SIGUSR1);
	while (!in_other)
		sched_yield();
	tell("blocked by main alone");
	end();
	/* Nobody wants it: it waits for whoever comes. */
	kill(getpid(), SIGUSR1);
	begin(unblock_and_wait);
	while (!in_other)
		sched_yield();
	tell("sent before the thread was there");
	end();
	mask(SIG_UNBLOCK, SIGUSR1);
}

static void blocked_in_other(void)
{
	begin(wait_blocking);
	pthread_kill(other, SIGUSR2);
	tell("to a thread that blocks it");
	kill(getpid(), SIGUSR2);
	while (!in_main)
		sched_yield();
	tell("to the process");
	end(); /* what was sent to it alone is gone with it */
	tell("after its end");
}

/* ---- waiting for signals ---- */

static void *wait_for_signal(void *argument)
{
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;

	sem_post(&ready);
	int signal = sigwaitinfo(&set, &info);
	return (void *)(long)(signal * 10 + (info.si_pid == getpid()));
}

static void waits(void)
{
	void *result;

	mask(SIG_BLOCK, SIGUSR1);
	other = start(wait_for_signal);
	sem_wait(&ready);
	kill(getpid(), SIGUSR1);
	pthread_join(other, &result);
	printf("sigwaitinfo, to the process: %ld\n", (long)result);
	other = start(wait_for_signal);
	sem_wait(&ready);
	pthread_kill(other, SIGUSR1);
	pthread_join(other, &result);
	printf("sigwaitinfo, to the thread: %ld\n", (long)result);
	mask(SIG_UNBLOCK, SIGUSR1);
	tell("no handler was called");
}

static void *own_stack(void *argument)
{
	stack_t old;

	sigaltstack(NULL, &old);
	printf("a new thread's signal stack is off: %d\n", old.ss_flags == SS_DISABLE);
	stack_t fresh = {.ss_sp = stack, .ss_size = SIGSTKSZ};
	sigaltstack(&fresh, NULL);
	raise(SIGUSR1);
	return NULL;
}

static void stacks(void)
{
	static char of_main[1 << 16];
	stack_t fresh = {.ss_sp = of_main, .ss_size = sizeof(of_main)};

	stack = malloc(SIGSTKSZ);
	sigaltstack(&fresh, NULL);
	pthread_t thread = start(own_stack);
	pthread_join(thread, NULL);
	tell("an own signal stack");
	fresh.ss_flags = SS_DISABLE;
	sigaltstack(&fresh, NULL);
	free(stack);
	stack = NULL;
}

/* A timer's signal comes to the thread that it names. */
static void *with_timer(void *argument)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	struct itimerspec once = {.it_value = {.tv_nsec = 1000000}};
	int timer; /* the kernel's number */

	other = pthread_self();
	/* sigev_notify_thread_id, which is not in every C library's header. */
	memcpy((char *)&event + 16, &(int){gettid_()}, sizeof(int));
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer))
		printf("timer_create: %s\n", strerror(errno));
	syscall(SYS_timer_settime, timer, 0, &once, NULL);
	while (!in_other)
		sched_yield();
	return NULL;
}

/* ---- stop and continue ---- */

static volatile int counters[4];

static void *count_for_ever(void *argument)
{
	static int next;
	int me = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);

	sem_post(&ready);
	for (;;)
		counters[me]++;
	return NULL;
}

static void *read_for_ever(void *argument)
{
	char byte;
	int *pipe = argument;

	sem_post(&ready);
	return (void *)read(pipe[0], &byte, 1);
}

static void busy_child(const int *pipe)
{
	pthread_t reader;

	for (int i = 0; i < 3; i++)
		start(count_for_ever);
	for (int i = 0; i < 3; i++)
		sem_wait(&ready);
	pthread_create(&reader, NULL, read_for_ever, (void *)pipe);
	sem_wait(&ready);
	if (write(pipe[3], "x", 1) != 1)
		_exit(90);
	void *result;
	pthread_join(reader, &result);
	_exit(70 + (int)(long)result);
}

static void stop_and_go(void)
{
	int pipes[4], status;
	char byte;

	if (pipe(pipes) || pipe(pipes + 2))
		abort();
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		busy_child(pipes);
	if (read(pipes[2], &byte, 1) != 1)
		abort();
	for (int i = 0; i < 3; i++) {
		kill(child, SIGSTOP);
		waitpid(child, &status, WUNTRACED);
		printf("stopped %d by %d", WIFSTOPPED(status), WSTOPSIG(status));
		kill(child, SIGCONT);
		waitpid(child, &status, WCONTINUED);
		printf(", continued %d\n", WIFCONTINUED(status));
	}
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	/* It does not read while it is stopped. */
	if (write(pipes[1], "y", 1) != 1)
		abort();
	printf("stopped: %d", waitpid(child, &status, WNOHANG));
	kill(child, SIGCONT);
	waitpid(child, &status, 0);
	printf(", then exit %d\n", WEXITSTATUS(status));
	child = fork();
	if (!child)
		busy_child(pipes);
	if (read(pipes[2], &byte, 1) != 1)
		abort();
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("killed while stopped: %d\n", WTERMSIG(status));
}

/* A signal without a handler ends all, whichever thread it comes to. */
static void deadly(void)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		begin(wait_to_end);
		pthread_kill(other, SIGTERM);
		pthread_join(other, NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	printf("to a thread: killed by %d\n", WTERMSIG(status));
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	main_thread = pthread_self();
	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	directed();
	blocked_in_main();
	blocked_in_main_alone();
	blocked_in_other();
	waits();
	stacks();
	other = start(with_timer);
	pthread_join(other, NULL);
	tell("a thread's timer");
	stop_and_go();
	deadly();
	return 0;
}
