/*
 * console_file.c: see console_file.h. What is typed at the serial console and at keyboards comes
 * here, and Ctrl-] never reaches a program: it enters the debug shell. What is written goes to the
 * serial console and to the screen.
 */
#include "fs/console_file.h"

#include <linux/major.h>

#include "debug/log.h"
#include "debug/shell.h"
#include "dev/console.h"
#include "dev/fbcon.h"
#include "dev/keyboard.h"
#include "dev/uart.h"
#include "dev/usb.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/options.h"
#include "lib/string.h"

#define CONSOLE_MINOR 1u  /* of TTYAUX_MAJOR */
#define SERIAL_MINOR  64u /* of TTY_MAJOR */
#define SCREEN_MINOR  1u  /* the same */
#define ANSWER_BYTES  64u
/* Written at once with interrupts off: 6 ms on a real port. */
#define WRITE_BYTES   64u
/* For keyboards on USB to be found: a hub behind a hub takes half a second in the emulator. */
#define KEYBOARD_NS   2000000000ull

/* Its own locks guard it. */
static struct tty console;

static size_t room(struct tty *tty)
{
	return WRITE_BYTES;
}

static void write(struct tty *tty, const char *bytes, size_t count)
{
	console_write_as_is(bytes, count);
}

/* Interrupts off. */
static void receive(void *argument)
{
	uint64_t serial = uart_console_port();
	bool any = false;
	char byte;

	/* One at a time: what follows the debug shell's key is the shell's. */
	while ((serial && uart_read(serial, &byte, 1) > 0) || keyboard_read(&byte, 1) > 0) {
		/* Whatever is typed shows the screen itself again. */
		if (!any)
			console_look_back(0);
		any = true;
		if (byte == SHELL_KEY)
			shell_run("Ctrl-]");
		else
			/* What does not fit is lost, as on a real line. */
			(void)tty_receive(&console, &byte, 1);
	}
	if (keyboard_take_restart())
		tty_processes()->restart();
	int pages = keyboard_take_pages();
	if (pages)
		console_look_back(pages);
	if (any || pages)
		fbcon_refresh();
}

/* What was written may be a question to the screen, and it is to be seen. */
static void wake(struct tty *tty)
{
	char answer[ANSWER_BYTES];
	size_t bytes = console_answer(answer, sizeof(answer));

	if (bytes > 0)
		(void)tty_receive(tty, answer, bytes);
	fbcon_refresh();
}

/* The screen is made as small as the window, or lines would end in different places on both. */
static void resized(struct tty *tty, const struct winsize *window)
{
	console_resize(window->ws_col, window->ws_row);
	fbcon_refresh();
}

static const struct tty_driver driver = {
	.room = room, .write = write, .wake = wake, .resized = resized};

static int open_console(struct inode *inode, unsigned flags, struct file **out)
{
	return tty_open(&console, inode, flags, TTY_CONSOLE, out);
}

static int open_terminal(struct inode *inode, unsigned flags, struct file **out)
{
	console_hand_over();
	return tty_open(&console, inode, flags, TTY_PLAIN, out);
}

int console_file_open(unsigned flags, struct file **out)
{
	struct inode *inode;
	int error = path_walk(inode_root(), "/dev/console", 0, &inode);

	if (error)
		return error;
	error = open_console(inode, flags, out);
	inode_put(inode);
	return error;
}

/* The option window=COLUMNS,ROWS. False: it is not there. */
static bool window_option(struct winsize *window)
{
	const char *given = option("window"), *comma = given ? strchr(given, ',') : NULL;
	uint64_t columns, rows;

	if (!given)
		return false;
	if (!comma || !string_to_u64(given, (size_t)(comma - given), &columns) ||
	    !string_to_u64(comma + 1, strlen(comma + 1), &rows) || !columns || !rows ||
	    columns > UINT16_MAX || rows > UINT16_MAX) {
		log_warning("window=%s is not COLUMNS,ROWS", given);
		return false;
	}
	window->ws_col = (unsigned short)columns;
	window->ws_row = (unsigned short)rows;
	return true;
}

/* The option, or the screen's, told by its pixels: a terminal at the serial port may be smaller,
 * which init asks it. 0: not known. */
static struct winsize window_size(void)
{
	struct winsize window = {.ws_col = 0};
	struct fbcon_size size;

	if (window_option(&window)) {
		console_resize(window.ws_col, window.ws_row);
	} else if (fbcon_size(&size)) {
		window = (struct winsize){.ws_col = (unsigned short)size.columns,
					  .ws_row = (unsigned short)size.rows,
					  .ws_xpixel = (unsigned short)size.width,
					  .ws_ypixel = (unsigned short)size.height};
	}
	return window;
}

/* The terminal is named after what there is: where there is no serial port, after the screen. */
static uint64_t add_devices(bool has_serial)
{
	uint64_t serial = device_number(TTY_MAJOR, SERIAL_MINOR);
	uint64_t screen = device_number(TTY_MAJOR, SCREEN_MINOR);

	device_add("/dev/console", 0600, device_number(TTYAUX_MAJOR, CONSOLE_MINOR), open_console);
	device_add("/dev/tty1", 0600, screen, open_terminal);
	if (has_serial)
		device_add("/dev/ttyS0", 0600, serial, open_terminal);
	return has_serial ? serial : screen;
}

void console_file_init(void)
{
	uint64_t serial = uart_console_port();

	tty_init(&console, &driver, add_devices(serial));
	console.window = window_size();
	/* Two answers would be one too many. */
	fbcon_set_answers(!serial);
	if (serial)
		uart_on_receive(serial, receive, NULL);
	keyboard_on_input(receive, NULL);
}

void console_file_await_keyboard(void)
{
	struct fbcon_size size;

	if (!fbcon_size(&size))
		return;
	usb_settle(KEYBOARD_NS);
	if (!keyboard_found())
		log_warning(
			"keyboard: none was found; one at a port of USB 3 (xHCI) may be plugged "
			"in at any time");
}
