/*
 * console_file.c: see console_file.h. What is typed at the serial console and at keyboards comes
 * here, and Ctrl-] never reaches a program: it enters the debug shell.
 */
#include "fs/console_file.h"

#include <arch/irq.h>
#include <linux/major.h>

#include "debug/log.h"
#include "debug/shell.h"
#include "dev/console.h"
#include "dev/keyboard.h"
#include "dev/uart.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/options.h"
#include "lib/string.h"

#define CONSOLE_MINOR 1u  /* of TTYAUX_MAJOR */
#define SERIAL_MINOR  64u /* of TTY_MAJOR */
/* Written at once with interrupts off: 6 ms on a real port. */
#define WRITE_BYTES   64u

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
	char byte;

	/* One at a time: what follows the debug shell's key is the shell's. */
	while ((serial && uart_read(serial, &byte, 1) > 0) || keyboard_read(&byte, 1) > 0) {
		if (byte == SHELL_KEY)
			shell_run("Ctrl-]");
		else
			/* What does not fit is lost, as on a real line. */
			(void)tty_receive(&console, &byte, 1);
	}
}

static void look(struct tty *tty)
{
	bool were_on = irq_save();

	receive(NULL);
	irq_restore(were_on);
}

static const struct tty_driver by_interrupt = {.room = room, .write = write};
static const struct tty_driver by_looking = {.room = room, .write = write, .look = look};

static int open_console(struct inode *inode, unsigned flags, struct file **out)
{
	return tty_open(&console, inode, flags, TTY_CONSOLE, out);
}

static int open_serial(struct inode *inode, unsigned flags, struct file **out)
{
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

/* The option window=COLUMNS,ROWS; 0: not known. */
static struct winsize window_size(void)
{
	struct winsize window = {.ws_col = 0};
	const char *given = option("window"), *comma = given ? strchr(given, ',') : NULL;
	uint64_t columns, rows;

	if (!given)
		return window;
	if (comma && string_to_u64(given, (size_t)(comma - given), &columns) &&
	    string_to_u64(comma + 1, strlen(comma + 1), &rows) && columns && rows &&
	    columns <= UINT16_MAX && rows <= UINT16_MAX) {
		window.ws_col = (unsigned short)columns;
		window.ws_row = (unsigned short)rows;
	} else {
		log_warning("window=%s is not COLUMNS,ROWS", given);
	}
	return window;
}

void console_file_init(void)
{
	uint64_t number = device_number(TTY_MAJOR, SERIAL_MINOR);

	tty_init(&console, &by_interrupt, number);
	console.window = window_size();
	device_add("/dev/console", 0600, device_number(TTYAUX_MAJOR, CONSOLE_MINOR), open_console);
	device_add("/dev/ttyS0", 0600, number, open_serial);
	uint64_t serial = uart_console_port();
	bool serial_polled = serial && uart_on_receive(serial, receive, NULL) != 0;
	bool keyboard_polled = keyboard_on_input(receive, NULL) != 0;
	if (serial_polled || keyboard_polled) {
		log_info("console: no interrupt for %s, polling",
			 keyboard_polled ? "a keyboard" : "serial input");
		console.driver = &by_looking;
	}
}
