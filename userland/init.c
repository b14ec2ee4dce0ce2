/*
 * init.c: process 1, when the machine was not started to run something else. It starts a shell on
 * the console, and another when that one has ended; it waits for processes whose parents are gone,
 * and ends the machine when busybox's poweroff, reboot or halt, or Ctrl-Alt-Del, ask it to, by a
 * signal. The kernel has mounted what there is to mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SERIAL        "/dev/ttyS0"
#define SCREEN        "/dev/tty1" /* the only one where there is no serial port */
#define SHELL         "/bin/sh"
#define COLUMNS       80
#define ROWS          24
#define ANSWER_TENTHS 5 /* that a terminal has to say how large it is */
#define ANSWER_BYTES  32
#define GRACE_SECONDS 2 /* for programs to end by themselves */
/* A shell that ends sooner than this can't work, and is not started again at once. */
#define SHELL_SECONDS 1
#define NO_SHELL      127

static int open_terminal(int flags)
{
	int fd = open(SERIAL, O_RDWR | flags);

	if (fd < 0)
		fd = open(SCREEN, O_RDWR | flags);
	if (fd < 0) {
		printf("init: %s: %s\n", SCREEN, strerror(errno));
		exit(EXIT_FAILURE);
	}
	return fd;
}

/* ---- the window ---- */

/* The cursor is sent to the far corner, and its place asked for (ECMA-48: CUP, DSR). False: nobody
 * answers. */
static bool ask_size(int fd, struct winsize *size)
{
	static const char question[] = "\0337\033[999;999H\033[6n\0338";
	char answer[ANSWER_BYTES + 1];
	size_t used = 0;

	if (write(fd, question, sizeof(question) - 1) < 0)
		return false;
	/* Each read ends after ANSWER_TENTHS. */
	while (used < ANSWER_BYTES && read(fd, answer + used, 1) == 1)
		if (answer[used++] == 'R')
			break;
	answer[used] = '\0';
	const char *start = strchr(answer, '\033');
	return start && sscanf(start, "\033[%hu;%huR", &size->ws_row, &size->ws_col) == 2;
}

static unsigned short least(unsigned short a, unsigned short b)
{
	return a < b ? a : b;
}

/* What the machine was started with counts; else the terminal is asked. A screen is known by its
 * pixels: where there is a terminal at the serial port as well, the smaller of both counts, and
 * where nobody answers there, the screen. */
static void set_size(void)
{
	int fd = open_terminal(O_NOCTTY);
	struct winsize size = {.ws_col = 0}, screen;
	struct termios before, raw;

	if (ioctl(fd, TIOCGWINSZ, &screen) == 0 && (!screen.ws_col || screen.ws_xpixel) &&
	    tcgetattr(fd, &before) == 0) {
		raw = before;
		cfmakeraw(&raw);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = ANSWER_TENTHS;
		tcsetattr(fd, TCSANOW, &raw);
		bool answered = ask_size(fd, &size);
		if (!answered && !screen.ws_col)
			size = (struct winsize){.ws_col = COLUMNS, .ws_row = ROWS};
		else if (!answered)
			size = screen;
		else if (screen.ws_col)
			size = (struct winsize){.ws_col = least(size.ws_col, screen.ws_col),
						.ws_row = least(size.ws_row, screen.ws_row)};
		tcsetattr(fd, TCSANOW, &before);
		ioctl(fd, TIOCSWINSZ, &size);
	}
	close(fd);
}

/* ---- the shell ---- */

static void greet(void)
{
	struct utsname name;

	if (uname(&name) != 0)
		strcpy(name.version, "Quire");
	printf("\n%s, a small kernel about virtual memory.\n"
	       "The commands are busybox's. Ctrl-] asks the kernel itself; poweroff ends the "
	       "machine."
	       "\n\n",
	       name.version);
	fflush(stdout);
}

/* In the child: a session of its own, with the console as its terminal. */
static void become_shell(const sigset_t *signals)
{
	setsid();
	int fd = open_terminal(0);
	for (int stream = 0; stream < 3; stream++)
		dup2(fd, stream);
	if (fd > STDERR_FILENO)
		close(fd);
	sigprocmask(SIG_UNBLOCK, signals, NULL);
	if (chdir(getenv("HOME")) != 0)
		(void)!chdir("/");
	execl(SHELL, "-sh", (char *)NULL);
	printf("init: %s: %s\n", SHELL, strerror(errno));
	fflush(stdout);
	_exit(NO_SHELL);
}

static pid_t start_shell(const sigset_t *signals)
{
	pid_t child = fork();

	if (child == 0)
		become_shell(signals);
	if (child < 0)
		printf("init: no shell: %s\n", strerror(errno));
	fflush(stdout);
	return child;
}

/* ---- the end ---- */

static bool is_over(time_t deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= deadline;
}

/* Wait until all other processes have ended, or for GRACE_SECONDS. */
static void wait_for_all(void)
{
	const struct timespec second = {.tv_sec = 1};
	struct timespec now;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t deadline = now.tv_sec + GRACE_SECONDS;
	while (kill(-1, 0) == 0 && !is_over(deadline)) {
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			sigtimedwait(&child, NULL, &second);
	}
}

static void end_machine(int how)
{
	/* A shell at its prompt ends by SIGHUP only. */
	kill(-1, SIGTERM);
	kill(-1, SIGHUP);
	kill(-1, SIGCONT);
	wait_for_all();
	kill(-1, SIGKILL);
	wait_for_all();
	sync();
	reboot(how);
	printf("init: reboot: %s\n", strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- all of it ---- */

/* Collect who has ended. Is the shell among them? */
static bool reap(pid_t shell, int *shell_status)
{
	bool ended = false;
	int status;

	for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (child == shell) {
			ended = true;
			*shell_status = status;
		}
	}
	return ended;
}

/* A shell that ended as soon as it had begun: not again before SHELL_SECONDS are over. */
static void hold_back(const struct timespec *started)
{
	const struct timespec pause = {.tv_sec = SHELL_SECONDS};

	if (!is_over(started->tv_sec + SHELL_SECONDS))
		nanosleep(&pause, NULL);
}

static void serve(const sigset_t *signals)
{
	struct timespec started;
	int status = 0;

	clock_gettime(CLOCK_MONOTONIC, &started);
	pid_t shell = start_shell(signals);
	for (;;) {
		siginfo_t info;
		switch (sigwaitinfo(signals, &info)) {
		case SIGUSR1:
			end_machine(RB_HALT_SYSTEM);
			break;
		case SIGUSR2:
			end_machine(RB_POWER_OFF);
			break;
		case SIGTERM:
			end_machine(RB_AUTOBOOT);
			break;
		case SIGINT: /* Ctrl-Alt-Del, unless somebody just sent it */
			if (info.si_code == SI_KERNEL)
				end_machine(RB_AUTOBOOT);
			break;
		default:
			if (!reap(shell, &status))
				break;
			if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SHELL)
				exit(EXIT_FAILURE);
			hold_back(&started);
			clock_gettime(CLOCK_MONOTONIC, &started);
			shell = start_shell(signals);
		}
	}
}

int main(void)
{
	static const int wanted[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
	sigset_t signals;

	if (getpid() != 1) {
		fputs("init: this is for process 1\n", stderr);
		return EXIT_FAILURE;
	}
	sigemptyset(&signals);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaddset(&signals, wanted[i]);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	reboot(RB_DISABLE_CAD); /* as a signal from now on */
	set_size();
	greet();
	serve(&signals);
}
