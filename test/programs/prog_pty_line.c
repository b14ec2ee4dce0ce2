/* prog_pty_line.c: the line discipline, by way of a pseudo terminal: what a program reads and what
 * is seen on the screen for what is typed. */
#include "pty_pair.h"

#include <sys/ioctl.h>

static void initial(void)
{
	struct pty_pair pair = pty_open();
	struct termios settings;

	tcgetattr(pair.terminal, &settings);
	printf("settings: %x %x %x %x, line %d\n", settings.c_iflag, settings.c_oflag,
	       settings.c_cflag, settings.c_lflag, settings.c_line);
	for (int i = 0; i < 17; i++)
		printf("%d ", settings.c_cc[i]);
	printf("\nspeed %u %u\n", cfgetispeed(&settings), cfgetospeed(&settings));
	pty_close(pair);
}

/* Type keys, read a line, and see the screen. */
static void line(struct pty_pair pair, const char *what, const char *keys)
{
	printf("%s\n", what);
	fflush(stdout);
	type(pair, keys);
	show_read(pair, BYTES_MAX);
	show_screen(pair);
}

static void editing(void)
{
	struct pty_pair pair = pty_open();

	line(pair, "a line", "hello\r");
	line(pair, "erase", "hellp\177o\r");
	line(pair, "erase at the beginning", "\177\177x\r");
	line(pair, "erase a control character", "a\001\177b\r");
	line(pair, "kill", "wrong\025right\r");
	line(pair, "word", "one two_2 ++\027\027three\r");
	line(pair, "literal", "a\026\003b\026\nc\r");
	line(pair, "reprint", "abc\022d\r");
	line(pair, "tab", "a\tb\177\177c\r");
	line(pair, "end of input behind bytes", "abc\004");
	line(pair, "end of input", "\004");
	printf("lines that are read in parts, or wait\n");
	type(pair, "1\r2\rlong line\rab\004c\r");
	show_read(pair, BYTES_MAX);
	show_read(pair, BYTES_MAX);
	show_read(pair, 4);
	show_read(pair, 100);
	show_read(pair, 2);
	show_read(pair, 10);
	show_screen(pair);
	pty_close(pair);
}

static void editing_otherwise(void)
{
	struct pty_pair pair = pty_open();

	set_flags(pair, 0, 0, 0, 0, ECHOE, 0);
	line(pair, "erase without ECHOE", "ab\177c\r");
	set_flags(pair, 0, 0, 0, 0, ECHOKE, ECHOE);
	line(pair, "kill without ECHOKE", "ab\025c\r");
	set_flags(pair, 0, 0, 0, 0, ECHOK, 0);
	line(pair, "kill without ECHOK", "ab\025c\r");
	set_flags(pair, 0, 0, 0, 0, ECHOCTL, ECHOK | ECHOKE);
	line(pair, "no ECHOCTL", "a\001\177b\r");
	set_flags(pair, 0, 0, 0, 0, ECHO, ECHONL);
	line(pair, "ECHONL alone", "secret\r");
	set_flags(pair, 0, 0, 0, 0, ECHONL | IEXTEN, ECHO | ECHOCTL);
	line(pair, "no IEXTEN", "a\027b\026\r");
	set_flags(pair, 0, IUTF8, 0, 0, 0, IEXTEN);
	line(pair, "a character of two bytes", "\303\244x\303\244\177\r");
	pty_close(pair);
}

static void other_keys(void)
{
	struct pty_pair pair = pty_open();
	struct termios settings;

	tcgetattr(pair.terminal, &settings);
	settings.c_cc[VEOL] = ';';
	settings.c_cc[VEOL2] = '!';
	settings.c_cc[VERASE] = '#';
	settings.c_cc[VEOF] = 0;
	tcsetattr(pair.terminal, TCSANOW, &settings);
	line(pair, "VEOL", "one;");
	line(pair, "VEOL2", "two!");
	line(pair, "another VERASE", "abc#\177\004\r");
	pty_close(pair);
}

static void input_flags(void)
{
	struct pty_pair pair = pty_open();

	set_flags(pair, 0, IGNCR, 0, 0, 0, 0);
	line(pair, "IGNCR", "a\rb\n");
	set_flags(pair, IGNCR | ICRNL, INLCR, 0, 0, 0, 0);
	line(pair, "INLCR", "a\nb\004");
	set_flags(pair, INLCR, ISTRIP | ICRNL, 0, 0, 0, 0);
	line(pair, "ISTRIP", "\341\342\r");
	set_flags(pair, ISTRIP | IXON, 0, 0, 0, 0, 0);
	line(pair, "no IXON", "\023\021\r");
	pty_close(pair);
}

static void put(struct pty_pair pair, const char *text)
{
	ssize_t length = (ssize_t)strlen(text);

	if (write(pair.terminal, text, (size_t)length) != length)
		say("write", -1);
}

static void output_flags(void)
{
	static const tcflag_t flags[][2] = {
		{0, 0},          {ONLCR, 0},      {ONLCR, OCRNL}, {OCRNL, ONOCR},
		{ONOCR, ONLRET}, {ONLRET, XTABS}, {XTABS, ONLCR}, {OPOST, 0},
	};
	struct pty_pair pair = pty_open();

	printf("output\n");
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		set_flags(pair, 0, 0, flags[i][0], flags[i][1], 0, 0);
		put(pair, "\rab\tc\nd\r\te\b\b");
		show_screen(pair);
	}
	pty_close(pair);
}

/* Output stops and goes on by keys. */
static void flow(void)
{
	struct pty_pair pair = pty_open();
	struct pollfd master = {.fd = pair.master, .events = POLLIN};

	printf("flow\n");
	tcflow(pair.terminal, TCOOFF);
	fcntl(pair.terminal, F_SETFL, O_NONBLOCK);
	say("write while stopped", write(pair.terminal, "x", 1));
	say("poll of the master", poll(&master, 1, 0));
	tcflow(pair.terminal, TCOON);
	say("write again", write(pair.terminal, "y", 1));
	show_screen(pair);
	type(pair, "\023k\r");
	show_read(pair, 0);
	fcntl(pair.terminal, F_SETFL, 0);
	show_read(pair, 10);
	fcntl(pair.terminal, F_SETFL, O_NONBLOCK);
	say("write after ^S", write(pair.terminal, "z", 1));
	type(pair, "\021l\r");
	fcntl(pair.terminal, F_SETFL, 0);
	show_read(pair, 10);
	show_screen(pair);
	pty_close(pair);
}

static void set_raw(struct pty_pair pair, int min, int time)
{
	struct termios settings;

	tcgetattr(pair.terminal, &settings);
	cfmakeraw(&settings);
	settings.c_cc[VMIN] = (cc_t)min;
	settings.c_cc[VTIME] = (cc_t)time;
	tcsetattr(pair.terminal, TCSANOW, &settings);
}

static void raw(void)
{
	struct pty_pair pair = pty_open();
	struct pollfd terminal = {.fd = pair.terminal, .events = POLLIN};
	int count = -1;

	printf("raw\n");
	set_raw(pair, 1, 0);
	type(pair, "\003a\r\177\004\377");
	poll(&terminal, 1, LIMIT_MS);
	char bytes[10];
	show("  gathered", bytes, gather(pair.terminal, bytes, 6));
	printf("VMIN 4\n");
	set_raw(pair, 4, 0);
	type(pair, "ab");
	type(pair, "cdef");
	show_read(pair, 3);
	show("  the rest", bytes, gather(pair.terminal, bytes, 0));
	fcntl(pair.terminal, F_SETFL, O_NONBLOCK);
	say("poll of three bytes, VMIN 4", poll(&terminal, 1, 100));
	show_read(pair, 10);
	show_read(pair, 10);
	fcntl(pair.terminal, F_SETFL, 0);
	printf("VMIN 0\n");
	set_raw(pair, 0, 0);
	show_read(pair, 10);
	set_raw(pair, 0, 1);
	show_read(pair, 10);
	type(pair, "x");
	show_read(pair, 10);
	printf("VMIN 5, VTIME 2\n");
	set_raw(pair, 5, 2);
	type(pair, "12");
	show_read(pair, 10);
	type(pair, "12345");
	show("  gathered", bytes, gather(pair.terminal, bytes, 5));
	type(pair, "bytes");
	while (ioctl(pair.terminal, FIONREAD, &count) == 0 && count < 5)
		;
	say("FIONREAD", count);
	say("tcflush", tcflush(pair.terminal, TCIFLUSH));
	ioctl(pair.terminal, FIONREAD, &count);
	say("FIONREAD", count);
	pty_close(pair);
}

static void modes_change(void)
{
	struct pty_pair pair = pty_open();

	printf("no lines, but echo\n");
	set_flags(pair, 0, 0, 0, 0, ICANON, 0);
	type(pair, "a\r\n\t\177\004");
	show_part_of_screen(pair, 10);
	show_read(pair, 10);
	set_flags(pair, 0, 0, 0, 0, 0, ICANON);
	printf("from a line to raw and back\n");
	type(pair, "abc");
	show_part_of_screen(pair, 3);
	set_flags(pair, 0, 0, 0, 0, ICANON, 0);
	show_read(pair, 2);
	set_flags(pair, 0, 0, 0, 0, 0, ICANON);
	show_read(pair, 10);
	type(pair, "flushed");
	show_part_of_screen(pair, 7);
	struct termios settings;
	tcgetattr(pair.terminal, &settings);
	tcsetattr(pair.terminal, TCSAFLUSH, &settings);
	line(pair, "TCSAFLUSH", "kept\r");
	pty_close(pair);
}

int main(void)
{
	initial();
	editing();
	editing_otherwise();
	other_keys();
	input_flags();
	output_flags();
	flow();
	raw();
	modes_change();
	return 0;
}
