/* pty_pair.h: a pseudo terminal for the programs that test terminals: its master, and the terminal.
 * What is typed at the master takes effect later on Linux, so nothing is looked at without waiting
 * for it. */
#ifndef TEST_PROGRAMS_PTY_PAIR_H
#define TEST_PROGRAMS_PTY_PAIR_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LIMIT_MS  3000 /* for what must come */
#define BYTES_MAX 16384
#define MARK      "$"

struct pty_pair {
	int master, terminal;
};

/* Bytes in visible form, and what an error is called. */
static inline void show(const char *what, const char *bytes, ssize_t count)
{
	printf("%s:", what);
	if (count < 0)
		printf(" %s", strerror(errno));
	for (ssize_t i = 0; i < count; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte > ' ' && byte < 0x7f && byte != '\\')
			printf("%s%c", i ? "" : " ", byte);
		else
			printf("%s\\%o", i ? "" : " ", byte);
	}
	printf(count ? "\n" : " end\n");
	fflush(stdout);
}

static inline void say(const char *what, long value)
{
	if (value < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, value);
	fflush(stdout);
}

static inline struct pty_pair pty_open(void)
{
	char name[64];
	struct pty_pair pair = {posix_openpt(O_RDWR | O_NOCTTY), -1};

	if (pair.master < 0 || grantpt(pair.master) || unlockpt(pair.master) ||
	    ptsname_r(pair.master, name, sizeof(name)) ||
	    (pair.terminal = open(name, O_RDWR | O_NOCTTY)) < 0) {
		perror("a pseudo terminal");
		exit(1);
	}
	return pair;
}

static inline void pty_close(struct pty_pair pair)
{
	close(pair.terminal);
	close(pair.master);
}

static inline void type(struct pty_pair pair, const char *keys)
{
	ssize_t length = (ssize_t)strlen(keys);

	if (write(pair.master, keys, (size_t)length) != length)
		say("write to the master", -1);
}

/* Bytes from `fd`: up to `wanted` of them, or fewer if no more come. */
static inline ssize_t gather(int fd, char *to, ssize_t wanted)
{
	ssize_t done = 0;

	while (done < wanted) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		if (poll(&poll_fd, 1, LIMIT_MS) != 1)
			break;
		ssize_t count = read(fd, to + done, (size_t)(wanted - done));
		if (count <= 0)
			return done ? done : count;
		done += count;
	}
	return done;
}

/* What appears on the screen: `wanted` bytes of it. */
static inline void show_part_of_screen(struct pty_pair pair, ssize_t wanted)
{
	char bytes[BYTES_MAX];

	show("  screen", bytes, gather(pair.master, bytes, wanted));
}

/* All that stands on the screen. What was typed has taken effect, and has no MARK in it. */
static inline void show_screen(struct pty_pair pair)
{
	char bytes[BYTES_MAX];
	ssize_t count = 0;

	if (write(pair.terminal, MARK, 1) != 1)
		say("write", -1);
	while (count < BYTES_MAX && gather(pair.master, bytes + count, 1) == 1 &&
	       bytes[count] != MARK[0])
		count++;
	show("  screen", bytes, count);
}

/* One read at the terminal. */
static inline void show_read(struct pty_pair pair, size_t size)
{
	char bytes[BYTES_MAX];

	show("  read", bytes, read(pair.terminal, bytes, size));
}

/* Other flags: what is in `off` goes, what is in `on` comes. */
static inline void set_flags(struct pty_pair pair, tcflag_t i_off, tcflag_t i_on, tcflag_t o_off,
			     tcflag_t o_on, tcflag_t l_off, tcflag_t l_on)
{
	struct termios settings;

	if (tcgetattr(pair.terminal, &settings))
		perror("tcgetattr");
	settings.c_iflag = (settings.c_iflag & ~i_off) | i_on;
	settings.c_oflag = (settings.c_oflag & ~o_off) | o_on;
	settings.c_lflag = (settings.c_lflag & ~l_off) | l_on;
	if (tcsetattr(pair.terminal, TCSANOW, &settings))
		perror("tcsetattr");
}

#endif
