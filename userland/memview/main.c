/*
 * main.c: memview: memory as a picture that moves. Physical memory frame by frame, the processes,
 * the page faults as they are counted, and one process's address space page by page.
 *
 *   memview [-d MILLISECONDS] [-c 0|16|256|24] [--once]
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "memview.h"

#define DELAY_MS     200
#define ONCE_COLUMNS 100
#define ONCE_ROWS    40

/* Set by signals. */
static volatile sig_atomic_t ended, stopped, resized;

static struct termios settings; /* the terminal's, before */
static struct snapshot snapshot;
static struct screen screen;
static struct view view = {.fits = true};

/* ---- the terminal ---- */

static void note_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else if (number == SIGTSTP)
		stopped = 1;
	else
		ended = number;
}

static void write_text(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		ended = SIGHUP;
}

static void enter(void)
{
	struct termios raw = settings;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	/* Another screen where there is one, and no cursor (xterm's private modes). */
	write_text("\033[?1049h\033[?25l");
	resized = 1;
}

static void leave(void)
{
	write_text("\033[0m\033[H\033[2J\033[?25h\033[?1049l");
	tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
}

static void follow_size(void)
{
	struct winsize size = {.ws_col = 80, .ws_row = 24};

	resized = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		size = (struct winsize){.ws_col = 80, .ws_row = 24};
	if (!screen_resize(&screen, size.ws_col, size.ws_row))
		ended = SIGTERM;
}

static void stop(void)
{
	stopped = 0;
	leave();
	raise(SIGSTOP);
	enter();
}

/* ---- keys ---- */

enum { KEY_UP = 256, KEY_DOWN, KEY_RIGHT, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_NONE };

/* The key at *at, which moves behind it: a byte, or an escape's (ECMA-48 control sequence). */
static int next_key(const char **at, const char *end)
{
	const char *byte = (*at)++;

	if (*byte != '\033' || *at == end || (**at != '[' && **at != 'O'))
		return (unsigned char)*byte;
	const char *first = ++*at;
	while (*at < end && (**at < '@' || **at > '~'))
		(*at)++;
	char last = *at < end ? *(*at)++ : '\0';
	switch (last) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case '~':
		return *first == '5' ? KEY_PAGE_UP : *first == '6' ? KEY_PAGE_DOWN : KEY_NONE;
	default:
		return KEY_NONE;
	}
}

static void select_process(bool next)
{
	if (next && snapshot.selected + 1 < snapshot.process_count)
		snapshot.selected++;
	else if (!next && snapshot.selected)
		snapshot.selected--;
	snapshot.selected_pid = snapshot.processes[snapshot.selected].pid;
	view.first_region = 0;
}

/* Zoomed in, half of the map's screenful of memory or so; else the regions. */
static void scroll(bool down)
{
	size_t *first = view.fits ? &view.first_region : &view.first;
	size_t by = (size_t)screen.rows / 4;

	if (!view.fits)
		by *= (size_t)screen.columns * view.scale;
	if (down)
		*first += by; /* drawing keeps it within bounds */
	else
		*first -= *first < by ? *first : by;
}

/* To the next power of two. */
static void zoom(bool in)
{
	size_t scale = 1;

	while (in ? 2 * scale < view.scale : scale <= view.scale)
		scale *= 2;
	if (in && view.scale > 1)
		view.fits = false;
	view.scale = scale; /* drawing does not let it grow above what fits */
}

/* Is there something new to read, not only to draw? */
static bool obey(int key)
{
	switch (key) {
	case 'q':
		ended = -1;
		return false;
	case ' ':
		view.paused = !view.paused;
		return !view.paused;
	case 'h':
		view.help = !view.help;
		return false;
	case 'o':
		view.by_owner = !view.by_owner;
		return true;
	case '+':
	case '=':
	case '-':
		zoom(key != '-');
		return false;
	case KEY_PAGE_UP:
	case KEY_PAGE_DOWN:
		scroll(key == KEY_PAGE_DOWN);
		return false;
	case KEY_UP:
	case KEY_DOWN:
		select_process(key == KEY_DOWN);
		return true;
	default:
		return key == KEY_RIGHT && view.paused;
	}
}

/* Wait for keys, at most `wait` milliseconds; -1: for ever. True: read memory anew. */
static bool read_keys(int64_t wait)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char bytes[64];
	bool anew = false;

	if (poll(&input, 1, wait < 0 ? -1 : (int)wait) <= 0)
		return false;
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (count <= 0 && errno != EINTR)
		ended = SIGHUP;
	for (const char *at = bytes; count > 0 && at < bytes + count;)
		anew |= obey(next_key(&at, bytes + count));
	return anew;
}

/* ---- all of it ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static void fail(const char *what)
{
	fprintf(stderr, "memview: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void watch(int delay)
{
	struct sigaction action = {.sa_handler = note_signal};
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
	int64_t next = 0;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	enter();
	while (!ended) {
		if (stopped)
			stop();
		if (resized)
			follow_size();
		if (now_ms() >= next && !view.paused) {
			if (!snapshot_read(&snapshot, view.by_owner))
				break;
			next = now_ms() + delay;
		}
		draw(&screen, &snapshot, &view);
		if (!screen_show(&screen, STDOUT_FILENO))
			break;
		int64_t left = next - now_ms();
		if (read_keys(view.paused ? -1
			      : left > 0  ? left
					  : 0) &&
		    !snapshot_read(&snapshot, view.by_owner))
			break;
	}
	leave();
	if (ended > 0) { /* as if it had not been caught */
		signal(ended, SIG_DFL);
		raise(ended);
	}
}

static int number_after(char **argument, const char *option)
{
	char *end;
	long value = argument[1] ? strtol(argument[1], &end, 10) : -1;

	if (value < 0 || value > 60000 || *end) {
		fprintf(stderr, "memview: %s needs a number\n", option);
		exit(2);
	}
	return (int)value;
}

int main(int count, char **arguments)
{
	int delay = DELAY_MS;
	bool once = false;

	screen.colours = screen_colours();
	for (char **argument = arguments + 1; count > 1 && *argument; argument++) {
		if (!strcmp(*argument, "--once")) {
			once = true;
		} else if (!strcmp(*argument, "-d")) {
			delay = number_after(argument++, "-d");
		} else if (!strcmp(*argument, "-c")) {
			int wanted = number_after(argument++, "-c");
			screen.colours = wanted == 24    ? COLOURS_ALL
					 : wanted == 256 ? COLOURS_256
					 : wanted == 16  ? COLOURS_16
							 : COLOURS_NONE;
		} else {
			fprintf(stderr,
				"usage: memview [-d MILLISECONDS] [-c 0|16|256|24] [--once]\n");
			return 2;
		}
	}
	if (once)
		screen.colours = COLOURS_NONE;
	if (!snapshot_read(&snapshot, false))
		fail("/proc/framemap");
	if (once) {
		if (!screen_resize(&screen, ONCE_COLUMNS, ONCE_ROWS))
			fail("--once");
		draw(&screen, &snapshot, &view);
		return screen_print(&screen, STDOUT_FILENO) ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &settings))
		fail("a terminal is wanted, or --once");
	watch(delay);
	return EXIT_SUCCESS;
}
