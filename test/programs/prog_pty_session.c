/* prog_pty_session.c: who a terminal belongs to: sessions, groups in the foreground, the signals
 * that it sends, and its end. Only one process at a time prints. */
#include "pty_pair.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct pty_pair pair;
static char name[64];

/* ---- processes ---- */

static const char *signal_word(int number)
{
	switch (number) {
	case SIGHUP:
		return "SIGHUP";
	case SIGINT:
		return "SIGINT";
	case SIGQUIT:
		return "SIGQUIT";
	case SIGTSTP:
		return "SIGTSTP";
	case SIGTTIN:
		return "SIGTTIN";
	case SIGTTOU:
		return "SIGTTOU";
	case SIGCONT:
		return "SIGCONT";
	case SIGWINCH:
		return "SIGWINCH";
	default:
		return number ? "another" : "none";
	}
}

/* Wait for it, and tell what became of it. */
static void tell_end(const char *what, pid_t child, int options)
{
	int status;

	if (waitpid(child, &status, options) != child)
		printf("%s: %s\n", what, strerror(errno));
	else if (WIFSTOPPED(status))
		printf("%s: stopped by %s\n", what, signal_word(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		printf("%s: continued\n", what);
	else if (WIFSIGNALED(status))
		printf("%s: killed by %s\n", what, signal_word(WTERMSIG(status)));
	else
		printf("%s: exited with %d\n", what, WEXITSTATUS(status));
	fflush(stdout);
}

/* Blocked signals that are pending and are one of these; waits for the first. */
static void tell_signals(const char *what, const sigset_t *set)
{
	const struct timespec limit = {.tv_sec = LIMIT_MS / 1000};
	const struct timespec none = {0};
	int got = sigtimedwait(set, NULL, &limit);

	printf("%s:", what);
	for (; got > 0; got = sigtimedwait(set, NULL, &none))
		printf(" %s", signal_word(got));
	printf("\n");
	fflush(stdout);
}

static sigset_t block_signals(void)
{
	static const int all[] = {SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sigaddset(&set, all[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

/* Run `body` in the leader of a new session, and wait for all its processes to end. */
static void in_session(const char *what, void (*body)(void))
{
	int alive[2];
	char byte;

	printf("%s\n", what);
	fflush(stdout);
	pair = pty_open();
	ptsname_r(pair.master, name, sizeof(name));
	pid_t child = pipe(alive) ? -1 : fork();
	if (!child) {
		close(alive[0]);
		setsid();
		body();
		fflush(stdout);
		_exit(0);
	}
	close(alive[1]);
	pty_close(pair);
	while (read(alive[0], &byte, 1) < 0)
		;
	close(alive[0]);
	tell_end("  the leader", child, 0);
}

static void take_terminal(void)
{
	if (ioctl(pair.terminal, TIOCSCTTY, 0))
		say("TIOCSCTTY", -1);
}

/* A child in a group of its own. */
static pid_t in_group(void (*body)(void))
{
	pid_t child = fork();

	if (!child) {
		setpgid(0, 0);
		body();
		fflush(stdout);
		_exit(0);
	}
	setpgid(child, child);
	return child;
}

/* ---- whose terminal ---- */

/* What /proc says of it. */
static void tell_stat(void)
{
	char text[1024] = "";
	int number = -1, group = -1;
	struct stat status;
	int fd = open("/proc/self/stat", O_RDONLY);

	if (read(fd, text, sizeof(text) - 1) > 0)
		sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %d %d", &number, &group);
	close(fd);
	fstat(pair.terminal, &status);
	printf("  /proc: a terminal: %d, this one: %d, foreground: %d\n", number != 0,
	       number == (int)status.st_rdev, group == getpgrp());
}

static void controlling(void)
{
	int fd = open("/dev/tty", O_RDWR);

	tell_stat();
	say("  /dev/tty without a terminal", fd);
	say("  tcgetpgrp", tcgetpgrp(pair.terminal));
	say("  tcgetsid", tcgetsid(pair.terminal));
	say("  tcsetpgrp", tcsetpgrp(pair.terminal, getpid()));
	fd = open(name, O_RDWR | O_NOCTTY);
	say("  O_NOCTTY", tcgetpgrp(fd));
	close(fd);
	fd = open(name, O_RDWR);
	say("  opened: foreground is this group", tcgetpgrp(fd) == getpgrp());
	say("  session is this", tcgetsid(fd) == getsid(0));
	close(fd);
	fd = open("/dev/tty", O_RDWR);
	say("  /dev/tty", fd >= 0);
	say("  is a terminal", isatty(fd));
	tell_stat();
	say("  write to it", write(fd, "x", 1));
	show_screen(pair);
	close(fd);
	struct pty_pair other = pty_open();
	say("  a second terminal", ioctl(other.terminal, TIOCSCTTY, 0));
	pty_close(other);
	say("  again the first", ioctl(pair.terminal, TIOCSCTTY, 0));
	say("  no such group", tcsetpgrp(pair.terminal, 0x7fffffff));
	say("  a group of another session", tcsetpgrp(pair.terminal, getppid()));
	say("  a negative group", tcsetpgrp(pair.terminal, -5));
	say("  asked at the master", tcgetpgrp(pair.master) == getpgrp());
	signal(SIGHUP, SIG_IGN);
	say("  TIOCNOTTY", ioctl(pair.terminal, TIOCNOTTY));
	say("  TIOCNOTTY again", ioctl(pair.terminal, TIOCNOTTY));
	say("  /dev/tty", open("/dev/tty", O_RDWR));
}

static void not_a_leader(void)
{
	pid_t child = fork();

	if (!child) {
		say("  TIOCSCTTY", ioctl(pair.terminal, TIOCSCTTY, 0));
		int fd = open(name, O_RDWR);
		say("  open", fd >= 0);
		say("  tcgetpgrp", tcgetpgrp(fd));
		_exit(0);
	}
	tell_end("  child", child, 0);
}

/* ---- signals from keys ---- */

static void keys(void)
{
	take_terminal();
	sigset_t set = block_signals();
	type(pair, "lost\003");
	tell_signals("  ^C", &set);
	show_screen(pair);
	type(pair, "\034");
	tell_signals("  ^\\", &set);
	show_screen(pair);
	type(pair, "\032");
	tell_signals("  ^Z", &set);
	show_screen(pair);
	set_flags(pair, 0, 0, 0, 0, 0, NOFLSH);
	type(pair, "kept\003\r");
	tell_signals("  ^C with NOFLSH", &set);
	show_read(pair, 100);
	show_screen(pair);
	set_flags(pair, 0, 0, 0, 0, ISIG, 0);
	type(pair, "\003\032\r");
	show_read(pair, 100);
	show_screen(pair);
	set_flags(pair, 0, 0, 0, 0, 0, ISIG);
	say("  TIOCSIG", ioctl(pair.master, TIOCSIG, SIGINT));
	tell_signals("  by TIOCSIG", &set);
	say("  TIOCSIG of another", ioctl(pair.master, TIOCSIG, SIGTERM));
}

static void window(void)
{
	struct winsize size = {0};

	take_terminal();
	sigset_t set = block_signals();
	say("  TIOCGWINSZ", ioctl(pair.terminal, TIOCGWINSZ, &size));
	printf("  %d x %d\n", size.ws_col, size.ws_row);
	size.ws_col = 100;
	size.ws_row = 30;
	say("  TIOCSWINSZ", ioctl(pair.master, TIOCSWINSZ, &size));
	tell_signals("  it changed", &set);
	memset(&size, 0, sizeof(size));
	ioctl(pair.terminal, TIOCGWINSZ, &size);
	printf("  %d x %d\n", size.ws_col, size.ws_row);
	ioctl(pair.master, TIOCSWINSZ, &size);
	kill(getpid(), SIGHUP);
	tell_signals("  the same size", &set);
	say("  a bad address", ioctl(pair.terminal, TIOCSWINSZ, 8));
}

/* A read that the key interrupts. */
static void reading(void)
{
	char bytes[10];

	signal(SIGINT, SIG_DFL);
	(void)!write(pair.terminal, "r", 1);
	(void)!read(pair.terminal, bytes, sizeof(bytes));
}

static void interrupted(void)
{
	take_terminal();
	signal(SIGTTOU, SIG_IGN);
	pid_t child = in_group(reading);
	tcsetpgrp(pair.terminal, child);
	show_part_of_screen(pair, 1);
	type(pair, "\003");
	tell_end("  reader", child, 0);
}

/* ---- the background ---- */

static void background_read(void)
{
	signal(SIGTTIN, SIG_DFL);
	show_read(pair, 100);
}

static void background_write(void)
{
	signal(SIGTTOU, SIG_DFL);
	say("  write", write(pair.terminal, "w", 1));
	set_flags(pair, 0, 0, 0, 0, 0, TOSTOP);
	say("  write with TOSTOP", write(pair.terminal, "s", 1));
}

static void background_ignoring(void)
{
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	show_read(pair, 100);
	say("  write with TOSTOP", write(pair.terminal, "i", 1));
	say("  tcsetpgrp", tcsetpgrp(pair.terminal, getpgrp()));
	say("  in the foreground", tcgetpgrp(pair.terminal) == getpgrp());
}

static void background(void)
{
	take_terminal();
	signal(SIGTTOU, SIG_IGN);
	pid_t reader = in_group(background_read);
	tell_end("  reader", reader, WUNTRACED);
	tcsetpgrp(pair.terminal, reader);
	type(pair, "typed\r");
	kill(-reader, SIGCONT);
	tell_end("  reader", reader, 0);
	tcsetpgrp(pair.terminal, getpgrp());

	pid_t writer = in_group(background_write);
	tell_end("  writer, at tcsetattr", writer, WUNTRACED);
	tcsetpgrp(pair.terminal, writer);
	kill(-writer, SIGCONT);
	tell_end("  writer", writer, 0);
	tcsetpgrp(pair.terminal, getpgrp());
	show_screen(pair);
	pid_t ignoring = in_group(background_ignoring);
	tell_end("  one that ignores", ignoring, WUNTRACED);
	tcsetpgrp(pair.terminal, getpgrp());
	show_screen(pair);
}

/* Nobody could continue it, so it is not stopped. */
static void orphaned(void)
{
	int alive[2];
	char byte;

	take_terminal();
	pid_t child = pipe(alive) ? -1 : fork();
	if (!child) {
		pid_t parent = getpid();
		close(alive[0]);
		if (fork())
			_exit(0);
		setpgid(0, 0);
		while (getppid() == parent)
			;
		show_read(pair, 100);
		set_flags(pair, 0, 0, 0, 0, 0, TOSTOP);
		say("  write", write(pair.terminal, "x", 1));
		_exit(0);
	}
	close(alive[1]);
	(void)!read(alive[0], &byte, 1); /* until the orphan has ended */
	tell_end("  its parent", child, 0);
	show_screen(pair);
}

/* ---- stopping ---- */

static void spin(void)
{
	for (;;)
		pause();
}

static void stop_and_go(void)
{
	take_terminal();
	signal(SIGTTOU, SIG_IGN);
	pid_t child = in_group(spin);
	tcsetpgrp(pair.terminal, child);
	type(pair, "\032");
	tell_end("  ^Z", child, WUNTRACED);
	tcsetpgrp(pair.terminal, getpgrp());
	kill(-child, SIGCONT);
	tell_end("  SIGCONT", child, WCONTINUED);
	tcsetpgrp(pair.terminal, child);
	type(pair, "\034");
	tell_end("  ^\\", child, 0);
}

/* ---- the end ---- */

static void master_closes(void)
{
	struct pollfd terminal = {.fd = pair.terminal, .events = POLLIN | POLLOUT};
	char byte;

	take_terminal();
	sigset_t set = block_signals();
	type(pair, "never read\r");
	int own = open("/dev/tty", O_RDWR);
	close(pair.master);
	tell_signals("  signals", &set);
	say("  read", read(pair.terminal, &byte, 1));
	say("  write", write(pair.terminal, "x", 1));
	say("  poll", poll(&terminal, 1, 0));
	printf("  events %x\n", terminal.revents);
	struct termios settings;
	say("  tcgetattr", tcgetattr(pair.terminal, &settings));
	say("  isatty", isatty(pair.terminal));
	say("  tcsetpgrp", tcsetpgrp(pair.terminal, getpgrp()));
	say("  read of /dev/tty", read(own, &byte, 1));
	say("  /dev/tty", open("/dev/tty", O_RDWR));
	say("  by name", open(name, O_RDWR));
}

static void leader_ends(void)
{
	int ready[2];
	char byte;

	take_terminal();
	signal(SIGTTOU, SIG_IGN);
	if (pipe(ready))
		return;
	pid_t child = fork();
	if (!child) {
		setpgid(0, 0);
		tcsetpgrp(pair.terminal, getpgrp());
		sigset_t set = block_signals();
		while (sigpending(&set) == 0 && sigismember(&set, SIGINT))
			;
		set = block_signals();
		(void)!write(ready[1], "x", 1);
		tell_signals("  foreground", &set);
		say("  its terminal", tcgetpgrp(pair.terminal));
		show("  read", &byte, read(pair.terminal, &byte, 0));
		_exit(0);
	}
	(void)!read(ready[0], &byte, 1);
}

int main(void)
{
	in_session("the controlling terminal", controlling);
	in_session("one that is no leader", not_a_leader);
	in_session("signals from keys", keys);
	in_session("the window", window);
	in_session("a read that is interrupted", interrupted);
	in_session("in the background", background);
	in_session("an orphan", orphaned);
	in_session("stopped and continued", stop_and_go);
	in_session("the master closes", master_closes);
	in_session("the leader ends", leader_ends);
	return 0;
}
