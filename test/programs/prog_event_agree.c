/*
 * prog_event_agree.c: who watches files by epoll learns of each change that poll(2) tells: files of
 * each kind are changed at random, in every way there is, and after each step both are asked. An
 * epoll looks at a file again only when it is told to, so each mention is a wake-up that is
 * missing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define STEPS   1500
#define FILES   4
#define LOOKS   1000
#define ASPECTS 2 /* may be read, may be written */

static int files[FILES];
static int watchers[FILES][ASPECTS];
static char block[70000];
static unsigned seed = 1;

static unsigned any(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static const short aspects[ASPECTS] = {POLLIN, POLLOUT};

static void watch(int number, int fd)
{
	files[number] = fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	for (int i = 0; i < ASPECTS; i++) {
		struct epoll_event event = {.events = (unsigned)aspects[i]};
		watchers[number][i] = epoll_create1(0);
		if (epoll_ctl(watchers[number][i], EPOLL_CTL_ADD, fd, &event))
			perror("watch");
	}
}

static void forget(int number)
{
	for (int i = 0; i < ASPECTS; i++)
		close(watchers[number][i]);
	close(files[number]);
	files[number] = -1;
}

/* What poll says of a file, and in *told what its watcher does. Linux's terminals pass bytes on a
 * little later, perhaps between the two; but a wake-up that was missed does not come later. */
static unsigned look(int number, int aspect, unsigned *told)
{
	struct pollfd now = {files[number], aspects[aspect], 0};

	for (int i = 0; i < LOOKS; i++) {
		struct epoll_event event = {0};
		poll(&now, 1, 0);
		epoll_wait(watchers[number][aspect], &event, 1, 0);
		*told = event.events;
		if ((unsigned)now.revents == *told)
			break;
		sched_yield();
	}
	return (unsigned)now.revents;
}

/* After a step: how many files are in another state than their watchers were told. */
static int disagreements(const char *kind, const char *step)
{
	int count = 0;

	for (int i = 0; i < FILES; i++) {
		for (int j = 0; files[i] >= 0 && j < ASPECTS; j++) {
			unsigned told, is = look(i, j, &told);
			if (is == told)
				continue;
			printf("%s, %s: file %d is %#x, told %#x\n", kind, step, i, is, told);
			count++;
		}
	}
	return count;
}

static void in(int number, unsigned most)
{
	if (read(files[number], block, 1 + any(most)) < 0)
		errno = 0;
}

static void out(int number, unsigned most)
{
	if (write(files[number], block, 1 + any(most)) < 0)
		errno = 0;
}

struct kind {
	const char *name;
	void (*begin)(void);
	const char *(*step)(void);
};

/* ---- pipes ---- */

static void begin_pipe(void)
{
	int ends[2];

	if (pipe(ends))
		exit(1);
	watch(0, ends[0]);
	watch(1, ends[1]);
	if (pipe(ends))
		exit(1);
	watch(2, ends[0]);
	watch(3, ends[1]);
}

static const char *step_pipe(void)
{
	switch (any(8)) {
	case 0:
		in(0, 5000);
		return "read";
	case 1 ... 2:
		out(1, any(2) ? 5000 : 70000);
		return "write";
	case 3 ... 4:
		(void)!splice(files[0], NULL, files[3], NULL, 1 + any(20000), SPLICE_F_NONBLOCK);
		return "splice";
	case 5:
		(void)!tee(files[0], files[3], 1 + any(20000), SPLICE_F_NONBLOCK);
		return "tee";
	case 6:
		fcntl(files[1], F_SETPIPE_SZ, 4096 << any(5));
		return "resize";
	default:
		in(2, any(2) ? 5000 : 70000);
		return "read the other";
	}
}

static void begin_ended_pipe(void)
{
	int ends[2];

	begin_pipe();
	if (pipe(ends))
		exit(1);
	forget(any(4));
	close(ends[0]);
	close(ends[1]);
}

/* With one of the ends gone. */
static const char *step_ended_pipe(void)
{
	int number = (int)any(4);

	if (files[number] < 0)
		return "nothing";
	if (number & 1)
		out(number, 9000);
	else
		in(number, 9000);
	if (any(100))
		return "a byte at one end";
	forget(number);
	return "close";
}

/* ---- sockets ---- */

static void begin_pair(int type)
{
	int ends[2];

	for (int i = 0; i < 2; i++) {
		if (socketpair(AF_UNIX, type, 0, ends))
			exit(1);
		watch(2 * i, ends[0]);
		watch(2 * i + 1, ends[1]);
	}
}

static void begin_stream(void)
{
	begin_pair(SOCK_STREAM);
}

static void begin_packets(void)
{
	begin_pair(SOCK_SEQPACKET);
}

static void begin_datagrams(void)
{
	begin_pair(SOCK_DGRAM);
}

static const char *step_pair(void)
{
	int number = (int)any(4);

	if (files[number] < 0)
		return "nothing";
	switch (any(200)) {
	case 0:
		shutdown(files[number], (int)any(3));
		return "shutdown";
	case 1:
		forget(number);
		return "close";
	case 2 ... 80:
		out(number, any(4) ? 3000 : 40000);
		return "send";
	default:
		in(number, any(4) ? 2000 : 40000);
		return "receive";
	}
}

/* Three that send to a fourth, which is replaced now and then. */
static const char server_name[] = "event agree";

static struct sockaddr_un address(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	strcpy(name.sun_path + 1, server_name);
	return name;
}

static void begin_server(void)
{
	struct sockaddr_un name = address();

	for (int i = 0; i < FILES; i++)
		watch(i, socket(AF_UNIX, SOCK_DGRAM, 0));
	if (bind(files[0], (struct sockaddr *)&name, sizeof(name)))
		perror("bind");
}

static const char *step_server(void)
{
	struct sockaddr_un name = address();
	int number = 1 + (int)any(3);

	switch (any(100)) {
	case 0:
		forget(0);
		watch(0, socket(AF_UNIX, SOCK_DGRAM, 0));
		if (bind(files[0], (struct sockaddr *)&name, sizeof(name)))
			perror("bind");
		return "another server";
	case 1 ... 5:
		connect(files[number], (struct sockaddr *)&name, sizeof(name));
		return "connect";
	case 6 ... 20:
		in(0, 3000);
		return "receive";
	default:
		out(number, 30000);
		return "send";
	}
}

static void begin_listener(void)
{
	struct sockaddr_un name = address();

	for (int i = 0; i < FILES; i++)
		watch(i, socket(AF_UNIX, SOCK_STREAM, 0));
	if (bind(files[0], (struct sockaddr *)&name, sizeof(name)))
		perror("bind");
}

static const char *step_listener(void)
{
	struct sockaddr_un name = address();
	int number = 1 + (int)any(3), accepted;

	switch (any(5)) {
	case 0:
		listen(files[0], (int)any(3));
		return "listen";
	case 1:
		forget(number);
		watch(number, socket(AF_UNIX, SOCK_STREAM, 0));
		return "another client";
	case 2:
		connect(files[number], (struct sockaddr *)&name, sizeof(name));
		return "connect";
	case 3:
		out(number, 3000);
		return "send";
	default:
		accepted = accept(files[0], NULL, NULL);
		if (accepted >= 0) {
			recv(accepted, block, 2000, MSG_DONTWAIT);
			close(accepted);
		}
		return "accept";
	}
}

/* ---- pseudo-terminals: what is printed never fills one, as Linux does not always tell room ----
 */

static void begin_pty(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	grantpt(master);
	unlockpt(master);
	watch(0, master);
	watch(1, open(ptsname(master), O_RDWR | O_NOCTTY));
}

static void type(unsigned most)
{
	static const char keys[] = "abcd efgh\n\n\n\x03\x04\x08\x11\x13\x15\x17\x16";
	char text[64];
	unsigned bytes = 1 + any(most);

	for (unsigned i = 0; i < bytes; i++)
		text[i] = keys[any(sizeof(keys) - 1)];
	if (write(files[0], text, bytes) < 0)
		errno = 0;
}

static const char *step_pty(void)
{
	struct termios mode;

	switch (any(8)) {
	case 0:
		tcgetattr(files[1], &mode);
		mode.c_lflag ^= any(2) ? ICANON : ECHO;
		mode.c_cc[VMIN] = (unsigned char)any(3);
		tcsetattr(files[1], TCSANOW, &mode);
		return "tcsetattr";
	case 1 ... 2:
		type(40);
		return "type";
	case 3:
		out(1, 50);
		return "print";
	case 4 ... 5:
		in(0, 6000);
		return "read all";
	case 6:
		in(0, 100);
		return "read";
	default:
		in(1, 100);
		return "read a line";
	}
}

static void begin_closed_pty(void)
{
	begin_pty();
	type(10);
}

static const char *step_closed_pty(void)
{
	char name[64] = "";

	if (ptsname_r(files[0], name, sizeof(name)))
		return "nothing";
	if (any(3)) {
		in(0, 100);
		return "read";
	}
	if (files[1] >= 0)
		forget(1);
	else
		watch(1, open(name, O_RDWR | O_NOCTTY));
	return files[1] >= 0 ? "open" : "close";
}

/* ---- numbers, signals, watched files ---- */

static void begin_others(void)
{
	static const int blocked[] = {SIGUSR1, SIGUSR2, SIGCHLD};
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < 3; i++)
		sigaddset(&set, blocked[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch(0, eventfd(0, 0));
	watch(1, signalfd(-1, &set, 0));
	watch(2, inotify_init());
	inotify_add_watch(files[2], ".", IN_CREATE | IN_DELETE);
	watch(3, eventfd(0, EFD_SEMAPHORE));
}

static const char *step_others(void)
{
	static const unsigned long long values[] = {0, 1, 2, 0xfffffffffffffffd,
						    0xfffffffffffffffe};
	struct signalfd_siginfo info;
	int number = any(2) ? 3 : 0;
	sigset_t set;

	switch (any(8)) {
	case 0:
		(void)!write(files[number], &values[any(5)], 8);
		return "add";
	case 1:
		(void)!read(files[number], block, 8);
		return "take";
	case 2:
		kill(getpid(), any(2) ? SIGUSR1 : SIGUSR2);
		return "signal";
	case 3:
		(void)!read(files[1], &info, sizeof(info));
		return "take a signal";
	case 4:
		sigemptyset(&set);
		sigaddset(&set, any(2) ? SIGUSR1 : SIGUSR2);
		signalfd(files[1], &set, 0);
		return "another mask";
	case 5:
		mkdir("a", 0700);
		return "make";
	case 6:
		rmdir("a");
		return "remove";
	default:
		(void)!read(files[2], block, 64);
		return "read events";
	}
}

static const struct kind kinds[] = {
	{"pipe", begin_pipe, step_pipe},
	{"pipe with an end", begin_ended_pipe, step_ended_pipe},
	{"stream", begin_stream, step_pair},
	{"packets", begin_packets, step_pair},
	{"datagrams", begin_datagrams, step_pair},
	{"server", begin_server, step_server},
	{"listener", begin_listener, step_listener},
	{"pty", begin_pty, step_pty},
	{"closed pty", begin_closed_pty, step_closed_pty},
	{"others", begin_others, step_others},
};

static void run(const struct kind *kind)
{
	int wrong = 0;

	for (int round = 0; round < 5 && wrong < 10; round++) {
		for (int i = 0; i < FILES; i++)
			files[i] = -1;
		kind->begin();
		disagreements(kind->name, "at first");
		for (int i = 0; i < STEPS / 5 && wrong < 10; i++)
			wrong += disagreements(kind->name, kind->step());
		for (int i = 0; i < FILES; i++)
			if (files[i] >= 0)
				forget(i);
	}
	printf("%s: %d\n", kind->name, wrong);
}

int main(void)
{
	char folder[] = "/tmp/event_agree.XXXXXX";

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		run(&kinds[i]);
	rmdir("a");
	return chdir("/") || rmdir(folder);
}
