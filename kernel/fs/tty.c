/* tty.c: see tty.h: open files on terminals, and what devices bring. */
#include "fs/tty.h"

#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/signal.h>

#include "debug/assert.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define STEP_BYTES     256u
#define NS_PER_TENTH   100000000ull /* VTIME's unit */
/* A poll says that there is room once there is so much of it. */
#define WRITABLE_BYTES LINE_EXPANSION

/* A file's own. */
struct opened {
	struct tty *tty;
	uint32_t hangups; /* of the terminal when it was opened */
	enum tty_open_kind kind;
};

static bool is_hung_up_locked(const struct opened *opened)
{
	return opened->kind != TTY_CONSOLE && opened->tty->hangups != opened->hangups;
}

static bool is_hung_up(const struct opened *opened)
{
	spin_lock(&opened->tty->lock);
	bool hung_up = is_hung_up_locked(opened);
	spin_unlock(&opened->tty->lock);
	return hung_up;
}

/* ---- from and to the device ---- */

static bool may_output_locked(const struct tty *tty)
{
	return !tty->line.stopped && !tty->line.stopped_by_ioctl;
}

static void show_echo_locked(struct tty *tty)
{
	char bytes[STEP_BYTES];
	size_t count;

	while (may_output_locked(tty) &&
	       (count = line_take_echo(&tty->line, bytes,
				       MIN(sizeof(bytes), tty->driver->room(tty)))))
		tty->driver->write(tty, bytes, count);
}

static void wake_device(struct tty *tty)
{
	if (tty->driver->wake)
		tty->driver->wake(tty);
}

void tty_output_room(struct tty *tty)
{
	spin_lock(&tty->lock);
	show_echo_locked(tty);
	spin_unlock(&tty->lock);
	wait_wake_all(&tty->queue);
	wake_device(tty);
}

/* Up to a byte that sends a signal, which can't be done under the lock. What they echo is shown
 * after the last: a signal's key takes back the echo of those before it, as on Linux. False: there
 * is no room for bytes[*done]. */
static bool receive_some(struct tty *tty, const char *bytes, size_t count, size_t *done,
			 bool *changed)
{
	struct line_effect effect = {.signal = 0};
	bool room = true;

	spin_lock(&tty->lock);
	for (size_t i = 0; room && *done < count && !effect.signal && i < STEP_BYTES; i++) {
		room = line_receive(&tty->line, (uint8_t)bytes[*done], &effect);
		*done += room;
		*changed |= effect.readable | effect.started;
	}
	show_echo_locked(tty);
	spin_unlock(&tty->lock);
	if (effect.signal)
		tty_signal_foreground(tty, effect.signal);
	return room;
}

size_t tty_receive(struct tty *tty, const char *bytes, size_t count)
{
	bool changed = false;
	size_t done = 0;

	while (done < count && receive_some(tty, bytes, count, &done, &changed))
		;
	if (changed)
		wait_wake_all(&tty->queue);
	wake_device(tty);
	return done;
}

void tty_end_files(struct tty *tty)
{
	spin_lock(&tty->lock);
	tty->hangups++;
	line_flush(&tty->line);
	tty->line.stopped = tty->line.stopped_by_ioctl = false;
	spin_unlock(&tty->lock);
	wait_wake_all(&tty->queue);
}

void tty_hangup(struct tty *tty)
{
	int group, session = tty_leave_session(tty, &group);

	tty_end_files(tty);
	if (session)
		tty_processes()->hang_up(session, group);
}

void tty_set_window(struct tty *tty, const struct winsize *window)
{
	spin_lock(&tty->lock);
	bool changed = memcmp(&tty->window, window, sizeof(*window)) != 0;
	tty->window = *window;
	spin_unlock(&tty->lock);
	if (changed && tty->driver->resized)
		tty->driver->resized(tty, window);
	if (changed)
		tty_signal_foreground(tty, SIGWINCH);
}

/* ---- reading ---- */

/* VMIN and VTIME, as they are when the read begins. */
struct read_rule {
	bool canonical;
	size_t least;      /* bytes that the read wants; 0: what there is */
	uint64_t deadline; /* before the first byte */
	uint64_t gap;      /* nanoseconds between two bytes; 0: any */
};

static struct read_rule read_rule(struct tty *tty)
{
	struct read_rule rule = {.least = 1, .deadline = WAIT_FOREVER};

	spin_lock(&tty->lock);
	const cc_t *control = tty->line.settings.c_cc;
	rule.canonical = line_is_canonical(&tty->line);
	uint64_t time = control[VTIME] * NS_PER_TENTH;
	size_t least = control[VMIN];
	spin_unlock(&tty->lock);
	if (rule.canonical)
		return rule;
	rule.least = least;
	if (least)
		rule.gap = time;
	else
		rule.deadline = time ? time_now() + time : 0;
	return rule;
}

/* As much as there is, up to a line's end. Bytes; *ended: do not wait for more. */
static ssize_t take(struct tty *tty, struct io *io, bool *ended)
{
	char bytes[STEP_BYTES];
	ssize_t done = 0;

	*ended = false;
	while (io->left && !*ended) {
		spin_lock(&tty->lock);
		bool canonical = line_is_canonical(&tty->line);
		size_t step = line_take(&tty->line, bytes, MIN(io->left, sizeof(bytes)), ended);
		spin_unlock(&tty->lock);
		if (!step)
			break;
		int error = io_put(io, bytes, step);
		if (error)
			return done ? done : error;
		done += (ssize_t)step;
		*ended |= canonical && !io->left;
	}
	if (done || *ended)
		wake_device(tty);
	return done;
}

static bool is_readable(const struct opened *opened, uint32_t least)
{
	struct tty *tty = opened->tty;

	if (tty->driver->want)
		tty->driver->want(tty);
	spin_lock(&tty->lock);
	bool readable = line_readable(&tty->line, least) || tty->gone || is_hung_up_locked(opened);
	spin_unlock(&tty->lock);
	return readable;
}

/* Nothing is there: why not to wait for it, or 0. 1: the input is at its end. */
static int why_not_wait(const struct file *file, const struct read_rule *rule)
{
	const struct opened *opened = file->context;

	spin_lock(&opened->tty->lock);
	bool gone = opened->tty->gone, hung_up = is_hung_up_locked(opened);
	spin_unlock(&opened->tty->lock);
	if (gone)
		return -EIO;
	if (hung_up || !rule->deadline)
		return 1;
	return file->flags & O_NONBLOCK ? -EAGAIN : 0;
}

static ssize_t read_input(struct file *file, struct io *io)
{
	struct opened *opened = file->context;
	struct tty *tty = opened->tty;
	struct read_rule rule = read_rule(tty);
	ssize_t done = 0;
	int error = 0;

	while (io->left && !error) {
		bool ended;
		if (tty->driver->want)
			tty->driver->want(tty);
		ssize_t step = take(tty, io, &ended);
		if (step < 0)
			return done ? done : step;
		done += step;
		if (ended || (step && (rule.canonical || (size_t)done >= rule.least)))
			break;
		if (step && rule.gap)
			rule.deadline = time_now() + rule.gap;
		if (!io->left)
			break;
		error = why_not_wait(file, &rule);
		if (!error)
			error = wait_until(&tty->queue, rule.deadline, is_readable(opened, 1));
	}
	if (error == 1 || error == -ETIMEDOUT)
		error = 0;
	return done ? done : error;
}

static ssize_t tty_read(struct file *file, struct io *io, uint64_t *position)
{
	struct opened *opened = file->context;

	if (is_hung_up(opened))
		return 0;
	int error = opened->kind == TTY_CONSOLE ? 0 : tty_check_foreground(opened->tty, SIGTTIN);
	return error ? error : read_input(file, io);
}

/* ---- writing ---- */

/* Output some of `bytes`, as far as there is room; -EIO: nobody will see it. One piece at a time: a
 * real port takes a while, and interrupts are off. */
static ssize_t output(const struct opened *opened, const char *bytes, size_t count)
{
	struct tty *tty = opened->tty;
	char made[STEP_BYTES];
	size_t done = 0;

	spin_lock(&tty->lock);
	bool dead = tty->gone || is_hung_up_locked(opened);
	show_echo_locked(tty);
	if (!dead && may_output_locked(tty)) {
		size_t room = MIN(sizeof(made), tty->driver->room(tty));
		size_t out = line_output(&tty->line, bytes, count, &done, made, room);
		tty->driver->write(tty, made, out);
	}
	spin_unlock(&tty->lock);
	if (done)
		wake_device(tty);
	return dead ? -EIO : (ssize_t)done;
}

static bool is_writable(const struct opened *opened)
{
	struct tty *tty = opened->tty;

	spin_lock(&tty->lock);
	bool writable = tty->gone || is_hung_up_locked(opened) ||
			(may_output_locked(tty) && tty->driver->room(tty) >= WRITABLE_BYTES);
	spin_unlock(&tty->lock);
	return writable;
}

static ssize_t write_all(struct file *file, const char *bytes, size_t count)
{
	struct opened *opened = file->context;
	size_t done = 0;

	while (done < count) {
		ssize_t step = output(opened, bytes + done, count - done);
		int error = step < 0 ? (int)step : 0;
		done += error ? 0 : (size_t)step;
		if (!step && (file->flags & O_NONBLOCK))
			error = -EAGAIN;
		else if (!step)
			error = wait_until(&opened->tty->queue, WAIT_FOREVER, is_writable(opened));
		if (error)
			return done ? (ssize_t)done : error;
	}
	return (ssize_t)done;
}

static bool stops_background(struct tty *tty)
{
	spin_lock(&tty->lock);
	bool stops = tty->line.settings.c_lflag & TOSTOP;
	spin_unlock(&tty->lock);
	return stops;
}

static ssize_t tty_write(struct file *file, struct io *io, uint64_t *position)
{
	struct opened *opened = file->context;
	char bytes[STEP_BYTES];
	ssize_t done = 0;
	size_t step;

	if (is_hung_up(opened))
		return -EIO;
	int error = opened->kind != TTY_CONSOLE && stops_background(opened->tty)
			    ? tty_check_foreground(opened->tty, SIGTTOU)
			    : 0;
	while (!error && (step = io_step(io, sizeof(bytes)))) {
		error = io_get(io, bytes, step);
		ssize_t written = error ? error : write_all(file, bytes, step);
		if (written < 0)
			return done ? done : written;
		done += written;
		if ((size_t)written < step || wait_break())
			break;
	}
	return error ? error : done;
}

/* ---- the rest of a file ---- */

static int ioctl(struct file *file, unsigned command, uint64_t argument)
{
	struct opened *opened = file->context;

	if (is_hung_up(opened))
		return command == TIOCSPGRP ? -ENOTTY : -EIO;
	return tty_ioctl(opened->tty, false, file, command, argument);
}

static unsigned tty_poll(struct file *file, struct wait_queue **queue)
{
	struct opened *opened = file->context;
	struct tty *tty = opened->tty;
	unsigned events = 0;

	if (tty->driver->want)
		tty->driver->want(tty);
	*queue = &tty->queue;
	spin_lock(&tty->lock);
	const cc_t *control = tty->line.settings.c_cc;
	if (is_hung_up_locked(opened))
		events = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	else if (tty->gone)
		events = POLLHUP;
	if (line_readable(&tty->line, control[VTIME] ? 1 : control[VMIN]))
		events |= POLLIN | POLLRDNORM;
	if (may_output_locked(tty) && tty->driver->room(tty) >= WRITABLE_BYTES)
		events |= POLLOUT | POLLWRNORM;
	spin_unlock(&tty->lock);
	return events;
}

static void tell_opened_locked(struct tty *tty, bool open)
{
	if (tty->driver->opened)
		tty->driver->opened(tty, open);
}

static void release(struct file *file)
{
	struct opened *opened = file->context;
	struct tty *tty = opened->tty;

	spin_lock(&tty->lock);
	bool last = --tty->files == 0;
	if (last) {
		tty->exclusive = false;
		tell_opened_locked(tty, false);
	}
	spin_unlock(&tty->lock);
	if (last && tty->driver->opened)
		wake_device(tty);
	tty_put(tty);
	kfree(opened);
}

static const struct file_ops tty_ops = {
	.read = tty_read,
	.write = tty_write,
	.ioctl = ioctl,
	.poll = tty_poll,
	.release = release,
	.is_stream = true,
};

int tty_open(struct tty *tty, struct inode *inode, unsigned flags, enum tty_open_kind kind,
	     struct file **out)
{
	struct opened *opened = kmalloc(sizeof(*opened));

	if (!opened)
		return -ENOMEM;
	int error = file_create(&tty_ops, flags, inode, opened, out);
	if (error) {
		kfree(opened);
		return error;
	}
	tty_get(tty);
	spin_lock(&tty->lock);
	*opened = (struct opened){.tty = tty, .hangups = tty->hangups, .kind = kind};
	bool first = tty->files++ == 0;
	if (first)
		tell_opened_locked(tty, true);
	spin_unlock(&tty->lock);
	if (first && tty->driver->opened)
		wake_device(tty);
	if (kind == TTY_PLAIN && !(flags & O_NOCTTY) && (flags & O_ACCMODE) != O_WRONLY)
		tty_adopt(tty);
	return 0;
}

void tty_init(struct tty *tty, const struct tty_driver *driver, uint64_t number)
{
	tty->driver = driver;
	tty->number = number;
	tty->lock = (struct spinlock)SPINLOCK_INIT(RANK_TTY);
	line_init(&tty->line);
	wait_queue_init(&tty->queue);
	tty_list(tty);
}
