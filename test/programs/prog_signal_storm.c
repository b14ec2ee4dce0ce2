/*
 * prog_signal_storm.c: processes that send one another all kinds of signals while they fork, stop,
 * sleep, set timers and change masks. What counts is that all of them come to their end, in the
 * state that they should be in.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <sched.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#define PROCESSES 5
#define ROUNDS    400
#define MIX       2654435761u
#define ROOM      32768

struct shared {
	pid_t pids[PROCESSES];
	int started, ended;
};

static struct shared *shared;
static unsigned state;
static sigjmp_buf place;
static volatile sig_atomic_t may_jump;
static char alternate[ROOM];

static unsigned next(unsigned below)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % below;
}

static void add(int *number)
{
	__atomic_fetch_add(number, 1, __ATOMIC_SEQ_CST);
}

static int get(int *number)
{
	return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static void handler(int signal, siginfo_t *info, void *context)
{
	volatile double number = signal;

	number = number / 3;
	if (signal == SIGUSR2 && may_jump) {
		may_jump = 0;
		siglongjmp(place, 1);
	}
}

/* A fault that the handler of SIGSEGV leaves. */
static void fault(void)
{
	static volatile int *volatile nowhere = (volatile int *)16;

	if (sigsetjmp(place, 1) == 0)
		*nowhere = 1;
}

static void leave_fault(int signal)
{
	siglongjmp(place, 1);
}

static void set_handlers(void)
{
	static const int handled[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGCONT, SIGTERM};
	const stack_t stack = {.ss_sp = alternate, .ss_size = ROOM};

	sigaltstack(&stack, NULL);
	for (unsigned i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		set_info_handler(handled[i], handler, i & 1 ? SA_ONSTACK : SA_RESTART);
	for (int signal = SIGRTMIN; signal < SIGRTMIN + 4; signal++)
		set_info_handler(signal, handler, 0);
	set_handler(SIGSEGV, leave_fault, SA_NODEFER);
}

static void send(void)
{
	static const int sent[] = {SIGUSR1, SIGTERM, SIGALRM, SIGCONT, SIGTSTP, SIGSTOP, SIGWINCH};
	pid_t to = shared->pids[next(PROCESSES)];

	if (next(2))
		kill(to, sent[next(sizeof(sent) / sizeof(sent[0]))]);
	else
		sigqueue(to, SIGRTMIN + (int)next(4), (union sigval){.sival_int = 1});
}

static void make_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		if (next(2))
			raise(SIGKILL);
		_exit(0);
	}
	if (child > 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
}

static void jump(void)
{
	if (sigsetjmp(place, 1) == 0) {
		may_jump = 1;
		raise(SIGUSR2);
	}
	may_jump = 0;
}

static void one_round(void)
{
	const struct itimerval soon = {.it_value.tv_usec = 1 + next(2000),
				       .it_interval.tv_usec = next(2) ? 500 : 0};
	const struct timespec short_time = {.tv_nsec = next(300000)};
	sigset_t set;

	switch (next(9)) {
	case 0:
		setitimer(ITIMER_REAL, &soon, NULL);
		break;
	case 1:
		nanosleep(&short_time, NULL);
		break;
	case 2:
		make_child();
		break;
	case 3:
		jump();
		break;
	case 4:
		fault();
		break;
	case 5:
		sigemptyset(&set);
		sigaddset(&set, (int)next(64) + 1);
		sigdelset(&set, SIGSEGV); /* blocked, a fault is the end */
		sigprocmask(next(2) ? SIG_BLOCK : SIG_SETMASK, &set, NULL);
		break;
	case 6:
		sigfillset(&set);
		sigtimedwait(&set, NULL, &short_time);
		break;
	default:
		send();
	}
}

/* All wait until nobody sends any more, so that no number is another's by then. */
static void storm(int number)
{
	sigset_t all;

	state = (unsigned)(number + 1) * MIX;
	set_handlers();
	add(&shared->started);
	while (get(&shared->started) < PROCESSES)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++)
		one_round();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	add(&shared->ended);
	while (get(&shared->ended) < PROCESSES)
		sched_yield();
	_exit(10 + number);
}

static int give_up(int status)
{
	say_status("an end that should not be", status);
	for (int i = 0; i < PROCESSES; i++)
		kill(shared->pids[i], SIGKILL);
	return 1;
}

int main(void)
{
	int status, ended = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();
		if (child == 0) {
			shared->pids[i] = getpid();
			storm(i);
		}
		shared->pids[i] = child;
	}
	/* Whoever is stopped goes on. */
	while (ended < PROCESSES) {
		pid_t child = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		if (child <= 0)
			return 1;
		if (WIFSTOPPED(status))
			kill(child, SIGCONT);
		if (WIFEXITED(status) && WEXITSTATUS(status) >= 10 &&
		    shared->pids[WEXITSTATUS(status) - 10] == child)
			ended++;
		else if (WIFEXITED(status) || WIFSIGNALED(status))
			return give_up(status);
	}
	say("all have come to their end", ended);
	say("nobody is left", waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	return 0;
}
