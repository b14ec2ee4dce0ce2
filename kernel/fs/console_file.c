/*
 * console_file.c: see console_file.h. A simple line discipline: lines are collected, with echo,
 * erase (DEL or backspace), kill (Ctrl-U) and end of input (Ctrl-D), until ICANON is switched off;
 * then bytes go to the reader as they come. Ctrl-C and job control are not implemented. Ctrl-]
 * never reaches a program: it enters the debug shell.
 *
 * Lock letters: (k) only the receive handler, which runs with interrupts off, on one CPU.
 */
#include "fs/console_file.h"

#include <arch/irq.h>
#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/major.h>

#include "debug/log.h"
#include "debug/shell.h"
#include "dev/console.h"
#include "dev/uart.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/terminal.h"
#include "lib/errno.h"

#define LINE_BYTES    256u
#define WRITE_BYTES   256u
#define CONSOLE_MINOR 1u /* of TTYAUX_MAJOR */
/* How long a reader sleeps before it looks itself, where COM1 has no interrupt. */
#define POLL_NS       10000000ull

static struct {
	struct terminal terminal;
	struct input input;    /* lines that are complete */
	char line[LINE_BYTES]; /* (k) the line being typed */
	size_t length;         /* (k) */
} console;

static void echo(const char *text, size_t bytes)
{
	if (terminal_has(&console.terminal, ECHO))
		console_write(text, bytes);
}

static void erase_one(void)
{
	if (!console.length)
		return;
	console.length--;
	echo("\b \b", 3);
}

static void end_line(void)
{
	input_add(&console.input, console.line, console.length);
	console.length = 0;
}

static void add_to_line(char byte)
{
	/* The last place is kept for the newline. */
	if (console.length < LINE_BYTES - 1 || byte == '\n') {
		console.line[console.length++] = byte;
		echo(&byte, 1);
	}
	if (byte == '\n')
		end_line();
}

/* One byte from the keyboard, ICANON. */
static void edit(char byte)
{
	const cc_t *control = console.terminal.settings.c_cc;

	if ((cc_t)byte == control[VERASE] || byte == '\b') {
		erase_one();
	} else if ((cc_t)byte == control[VKILL]) {
		while (console.length)
			erase_one();
	} else if ((cc_t)byte == control[VEOF]) {
		if (console.length)
			end_line();
		else
			input_add_end(&console.input);
	} else if ((unsigned char)byte >= ' ' || byte == '\n' || byte == '\t') {
		add_to_line(byte);
	}
}

static void receive_byte(char byte)
{
	if (byte == SHELL_KEY) {
		shell_run("Ctrl-]");
		return;
	}
	if (byte == '\r' && (console.terminal.settings.c_iflag & ICRNL))
		byte = '\n';
	if (terminal_has(&console.terminal, ICANON)) {
		edit(byte);
		return;
	}
	input_add(&console.input, &byte, 1);
	echo(&byte, 1);
}

/* Interrupts off. */
static void receive(void *argument)
{
	char byte;

	/* One at a time: what follows the debug shell's key is the shell's. */
	while (uart_read(UART_COM1, &byte, 1) > 0)
		receive_byte(byte);
}

static void receive_now(void)
{
	bool were_on = irq_save();

	receive(NULL);
	irq_restore(were_on);
}

static ssize_t console_read(struct file *file, struct io *io, uint64_t *position)
{
	for (;;) {
		receive_now();
		ssize_t done =
			input_take(&console.input, io, terminal_has(&console.terminal, ICANON));
		if (done != -EAGAIN || (file->flags & O_NONBLOCK))
			return done;
		int error = wait_until(&console.input.queue, time_now() + POLL_NS,
				       input_ready(&console.input));
		if (error && error != -ETIMEDOUT)
			return error;
	}
}

static ssize_t console_file_write(struct file *file, struct io *io, uint64_t *position)
{
	char bytes[WRITE_BYTES];
	ssize_t done = 0;
	size_t step;

	while ((step = io_step(io, sizeof(bytes)))) {
		int error = io_get(io, bytes, step);
		if (error)
			return done ? done : error;
		console_write(bytes, step);
		done += (ssize_t)step;
		if (wait_break())
			break;
	}
	return done;
}

static void console_stat(struct file *file, struct stat *out)
{
	terminal_stat(&console.terminal, out);
}

static int console_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	return terminal_ioctl(&console.terminal, &console.input, command, argument);
}

static unsigned console_poll(struct file *file, struct wait_queue **queue)
{
	receive_now();
	*queue = &console.input.queue;
	return (input_ready(&console.input) ? POLLIN | POLLRDNORM : 0u) | POLLOUT | POLLWRNORM;
}

static const struct file_ops console_ops = {
	.read = console_read,
	.write = console_file_write,
	.stat = console_stat,
	.ioctl = console_ioctl,
	.poll = console_poll,
	.is_stream = true,
};

int console_file_open(unsigned flags, struct file **out)
{
	return file_create(&console_ops, flags, NULL, NULL, out);
}

static int open_inode(struct inode *inode, unsigned flags, struct file **out)
{
	return console_file_open(flags, out);
}

void console_file_init(void)
{
	uint64_t number = device_number(TTYAUX_MAJOR, CONSOLE_MINOR);

	terminal_init(&console.terminal, number, 0, 0);
	input_init(&console.input);
	device_add("/dev/console", 0600, number, open_inode);
	if (uart_on_receive(UART_COM1, receive, NULL))
		log_info("console: no interrupt for input, polling");
}
