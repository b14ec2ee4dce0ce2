/*
 * pty.c: see pty.h. The terminal is an ordinary one (tty.h), whose device is this side, the master:
 * what it writes is typed there, and what it reads is what was written there.
 *
 * Lock letters: (l) the terminal's lock; (i) set at creation; (o) who opens and closes the master.
 *
 * Not implemented: packet mode (TIOCPKT).
 */
#include "fs/pty.h"

#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/major.h>
#include <linux/signal.h>

#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "vm/user_copy.h"

#define PTMX_MINOR 2u /* of TTYAUX_MAJOR */
#define PTY_BYTES  8192u
#define STEP_BYTES 256u

struct pty {
	struct tty tty;          /* its count is that of the pty: files of both sides */
	unsigned index;          /* (i) */
	struct inode *inode;     /* (o) in /dev/pts */
	bool locked;             /* (l) TIOCSPTLCK: the terminal can't be opened */
	bool closed;             /* (l) it was open, and is not any more */
	uint32_t head, tail;     /* (l) of what was written at the terminal */
	struct wait_queue queue; /* the master's: something to read, room to write */
	char ring[PTY_BYTES];    /* (l) */
};

static struct pty *pty_of(struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* ---- what the terminal asks of its device ---- */

static size_t room(struct tty *tty)
{
	const struct pty *pty = pty_of(tty);

	return PTY_BYTES - (pty->head - pty->tail);
}

static void write(struct tty *tty, const char *bytes, size_t count)
{
	struct pty *pty = pty_of(tty);

	for (size_t i = 0; i < count; i++)
		pty->ring[pty->head++ % PTY_BYTES] = bytes[i];
}

static void wake(struct tty *tty)
{
	wait_wake_all(&pty_of(tty)->queue);
}

static void opened(struct tty *tty, bool open)
{
	pty_of(tty)->closed = !open;
}

static void release_pty(struct tty *tty)
{
	kfree(pty_of(tty));
}

static const struct tty_driver driver = {
	.room = room,
	.write = write,
	.wake = wake,
	.opened = opened,
	.free = release_pty,
	.is_pty = true,
};

int pty_open_terminal(struct pty *pty, struct inode *inode, unsigned flags, struct file **out)
{
	spin_lock(&pty->tty.lock);
	bool refused = pty->locked || pty->tty.gone;
	spin_unlock(&pty->tty.lock);
	return refused ? -EIO : tty_open(&pty->tty, inode, flags, TTY_PLAIN, out);
}

/* ---- the master ---- */

/* Bytes; 0: nothing is there; -EIO: nor will be. */
static ssize_t take(struct pty *pty, char *to, size_t max)
{
	size_t done = 0;

	spin_lock(&pty->tty.lock);
	while (done < max && pty->tail != pty->head)
		to[done++] = pty->ring[pty->tail++ % PTY_BYTES];
	bool closed = pty->closed;
	spin_unlock(&pty->tty.lock);
	return done || !closed ? (ssize_t)done : -EIO;
}

static bool has_output(struct pty *pty)
{
	spin_lock(&pty->tty.lock);
	bool any = pty->head != pty->tail || pty->closed;
	spin_unlock(&pty->tty.lock);
	return any;
}

static ssize_t read_some(struct pty *pty, struct io *io)
{
	char bytes[STEP_BYTES];
	ssize_t done = 0;

	while (io->left) {
		ssize_t step = take(pty, bytes, MIN(io->left, sizeof(bytes)));
		int error = step > 0 ? io_put(io, bytes, (size_t)step) : (int)step;
		if (step <= 0 || error)
			return done ? done : error;
		done += step;
	}
	return done;
}

static ssize_t master_read(struct file *file, struct io *io, uint64_t *position)
{
	struct pty *pty = file->context;

	if (!io->left)
		return 0;
	for (;;) {
		ssize_t done = read_some(pty, io);
		if (done > 0)
			tty_output_room(&pty->tty);
		if (done)
			return done;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int error = wait_until(&pty->queue, WAIT_FOREVER, has_output(pty));
		if (error)
			return error;
	}
}

/* Room to type? The line that is being typed takes any number of bytes, if not all are kept. */
static bool may_type(struct pty *pty)
{
	spin_lock(&pty->tty.lock);
	bool may = line_has_room(&pty->tty.line);
	spin_unlock(&pty->tty.lock);
	return may;
}

static ssize_t type_all(struct file *file, const char *bytes, size_t count)
{
	struct pty *pty = file->context;
	size_t done = 0;

	for (;;) {
		done += tty_receive(&pty->tty, bytes + done, count - done);
		if (done == count)
			return (ssize_t)done;
		int error = file->flags & O_NONBLOCK
				    ? -EAGAIN
				    : wait_until(&pty->queue, WAIT_FOREVER, may_type(pty));
		if (error)
			return done ? (ssize_t)done : error;
	}
}

static ssize_t master_write(struct file *file, struct io *io, uint64_t *position)
{
	char bytes[STEP_BYTES];
	ssize_t done = 0;
	size_t step;

	while ((step = io_step(io, sizeof(bytes)))) {
		int error = io_get(io, bytes, step);
		ssize_t typed = error ? error : type_all(file, bytes, step);
		if (typed < 0)
			return done ? done : typed;
		done += typed;
		if ((size_t)typed < step || wait_break())
			break;
	}
	return done;
}

static unsigned master_poll(struct file *file, struct wait_queue **queue)
{
	struct pty *pty = file->context;
	unsigned events = 0;

	*queue = &pty->queue;
	spin_lock(&pty->tty.lock);
	if (pty->head != pty->tail)
		events |= POLLIN | POLLRDNORM;
	if (pty->closed)
		events |= POLLHUP;
	if (line_has_room(&pty->tty.line))
		events |= POLLOUT | POLLWRNORM;
	spin_unlock(&pty->tty.lock);
	return events;
}

static void master_release(struct file *file)
{
	struct pty *pty = file->context;

	devpts_remove(pty->inode);
	spin_lock(&pty->tty.lock);
	pty->tty.gone = true;
	spin_unlock(&pty->tty.lock);
	tty_hangup(&pty->tty);
	tty_put(&pty->tty);
}

/* ---- the master's requests ---- */

static int put_int(uint64_t argument, int value)
{
	return copy_to_user(argument, &value, sizeof(value));
}

static int count_output(struct pty *pty, uint64_t argument)
{
	spin_lock(&pty->tty.lock);
	int bytes = (int)(pty->head - pty->tail);
	spin_unlock(&pty->tty.lock);
	return put_int(argument, bytes);
}

static int set_lock(struct pty *pty, uint64_t argument)
{
	int locked;

	if (copy_from_user(&locked, argument, sizeof(locked)))
		return -EFAULT;
	spin_lock(&pty->tty.lock);
	pty->locked = locked;
	spin_unlock(&pty->tty.lock);
	return 0;
}

static int send_signal(struct pty *pty, uint64_t signal)
{
	if (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP)
		return -EINVAL;
	tty_signal_foreground(&pty->tty, (int)signal);
	return 0;
}

static int master_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	struct pty *pty = file->context;

	switch (command) {
	case TIOCGPTN:
		return put_int(argument, (int)pty->index);
	case TIOCSPTLCK:
		return set_lock(pty, argument);
	case TIOCGPTLCK:
		return put_int(argument, pty->locked);
	case TIOCSIG:
		return send_signal(pty, argument);
	case FIONREAD:
		return count_output(pty, argument);
	default:
		return tty_ioctl(&pty->tty, true, file, command, argument);
	}
}

static const struct file_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.ioctl = master_ioctl,
	.poll = master_poll,
	.release = master_release,
	.is_stream = true,
};

int pty_open_peer(struct file *file, unsigned flags, struct file **out)
{
	struct pty *pty = file->context;

	if (file->ops != &master_ops)
		return -ENOTTY;
	spin_lock(&pty->tty.lock);
	bool refused = pty->locked;
	spin_unlock(&pty->tty.lock);
	return refused ? -EIO : tty_open(&pty->tty, pty->inode, flags, TTY_PLAIN, out);
}

/* open(2) of /dev/ptmx */
static int ptmx_open(struct inode *inode, unsigned flags, struct file **out)
{
	struct pty *pty = kzalloc(sizeof(*pty));

	if (!pty)
		return -ENOMEM;
	pty->locked = true;
	wait_queue_init(&pty->queue);
	tty_init(&pty->tty, &driver, 0);
	pty->tty.line.settings.c_cflag &= ~(tcflag_t)HUPCL;
	int error = devpts_add(pty, &pty->index, &pty->inode);
	if (error) {
		tty_put(&pty->tty);
		return error;
	}
	pty->tty.number = device_number(UNIX98_PTY_SLAVE_MAJOR, pty->index);
	error = file_create(&master_ops, flags, inode, pty, out);
	if (error) {
		devpts_remove(pty->inode);
		tty_put(&pty->tty);
	}
	return error;
}

void pty_init(void)
{
	devpts_init();
	device_add("/dev/ptmx", 0666, device_number(TTYAUX_MAJOR, PTMX_MINOR), ptmx_open);
}
