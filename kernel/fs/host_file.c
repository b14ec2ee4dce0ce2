/*
 * host_file.c: see host_file.h. Input that is no terminal is asked for when a program reads and
 * nothing is left of what came before, and never more than it reads.
 *
 * If input and output are a terminal, it is the guest's: keys come as they are typed, and are asked
 * for all the time, since they may interrupt a program that does not read. If only one of them is,
 * others may use it at the same time; the host has its line discipline on then, and this one's
 * leaves to it what both would do.
 *
 * Lock letters: (h) host.lock, RANK_FILES; (f) who has set `feeding`.
 */
#include "fs/host_file.h"

#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <linux/major.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "dev/host_channel.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/input.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define STREAM_INPUT  0u
#define STREAM_OUTPUT 1u
#define STREAM_ERROR  2u
#define CONTROL_D     4
#define SERIAL_MINOR  65u /* of TTY_MAJOR: the second serial port */

static struct {
	struct tty tty;
	unsigned terminals; /* bit fd; set before a job starts */
	struct input input; /* if stream 0 is no terminal */
	struct spinlock lock;
	bool asked;                /* (h) an answer is due */
	bool discard;              /* (h) and it is for a job that is over */
	bool feeding;              /* (h) somebody gives `arrived` to the terminal */
	size_t fed, left;          /* (f) bytes of `arrived` that it has, and those it has not */
	char arrived[INPUT_BYTES]; /* (h) the answer on its way into `input` */
} host = {.lock = SPINLOCK_INIT(RANK_FILES)};

_Static_assert(INPUT_BYTES >= HOST_CHANNEL_MAX, "an answer fits the empty ring");

static bool is_terminal(unsigned stream)
{
	return host.terminals & 1u << stream;
}

static bool is_interactive(void)
{
	return is_terminal(STREAM_INPUT) && is_terminal(STREAM_OUTPUT);
}

/* ---- the terminal ---- */

static void request(size_t bytes)
{
	spin_lock(&host.lock);
	bool mine = !host.asked;
	host.asked = true;
	spin_unlock(&host.lock);
	if (mine)
		host_channel_request(MIN(bytes, (size_t)HOST_CHANNEL_MAX));
}

static bool start_feeding(void)
{
	spin_lock(&host.lock);
	bool mine = !host.feeding && host.left;
	host.feeding |= mine;
	spin_unlock(&host.lock);
	return mine;
}

/* Returns whether all of the answer was taken. */
static bool stop_feeding(void)
{
	spin_lock(&host.lock);
	bool all = !host.left;
	host.feeding = false;
	if (all)
		host.asked = false;
	spin_unlock(&host.lock);
	return all;
}

static bool may_type(void)
{
	spin_lock(&host.tty.lock);
	bool may = line_has_room(&host.tty.line);
	spin_unlock(&host.tty.lock);
	return may;
}

/* Type what has arrived, as far as the terminal takes it; then ask for more. Any context. */
static void feed(void)
{
	while (start_feeding()) {
		size_t typed = tty_receive(&host.tty, host.arrived + host.fed, host.left);
		host.fed += typed;
		host.left -= typed;
		if (stop_feeding()) {
			if (is_interactive())
				request(HOST_CHANNEL_MAX);
			return;
		}
		/* Whoever made room meanwhile found us feeding. */
		if (!may_type())
			return;
	}
}

static size_t room(struct tty *tty)
{
	return HOST_CHANNEL_MAX;
}

static void write(struct tty *tty, const char *bytes, size_t count)
{
	host_channel_write(is_terminal(STREAM_OUTPUT) ? 'O' : 'E', bytes, count);
}

static void wake(struct tty *tty)
{
	feed();
}

static void want(struct tty *tty)
{
	spin_lock(&tty->lock);
	bool readable = line_readable(&tty->line, 1);
	spin_unlock(&tty->lock);
	if (is_terminal(STREAM_INPUT) && !readable)
		request(HOST_CHANNEL_MAX);
}

static const struct tty_driver driver = {.room = room, .write = write, .wake = wake, .want = want};

/* ---- what comes from the host ---- */

static void arrived_typed(size_t bytes)
{
	if (!bytes && is_interactive()) {
		tty_hangup(&host.tty); /* and nothing is asked for any more */
		return;
	}
	spin_lock(&host.lock);
	/* The host's own line discipline has seen the key that ends the input. */
	if (!bytes)
		host.arrived[bytes++] = CONTROL_D;
	host.fed = 0;
	host.left = bytes;
	spin_unlock(&host.lock);
	feed();
}

/* The answer is there. */
static void arrived(void)
{
	size_t bytes = 0;

	spin_lock(&host.lock);
	bool taken = host_channel_take(host.arrived, &bytes);
	bool discard = host.discard;
	spin_unlock(&host.lock);
	if (!taken)
		return;
	if (!discard && is_terminal(STREAM_INPUT)) {
		arrived_typed(bytes);
		return;
	}
	if (!discard && bytes)
		input_add(&host.input, host.arrived, bytes);
	else if (!discard)
		input_add_end(&host.input);
	/* Only now: another answer would come into the same buffer. */
	spin_lock(&host.lock);
	host.asked = host.discard = false;
	spin_unlock(&host.lock);
	if (!discard)
		return;
	if (is_interactive())
		request(HOST_CHANNEL_MAX);
	/* Who waits has not asked: an answer was due. */
	wait_wake_all(&host.tty.queue);
	wait_wake_all(&host.input.queue);
}

/* If not, an answer is on its way: also where another reader has had what this one was woken for.
 */
static bool is_there(size_t bytes)
{
	if (!input_ready(&host.input))
		request(bytes);
	return input_ready(&host.input);
}

static ssize_t host_read(struct file *file, struct io *io, uint64_t *position)
{
	if (!io->left)
		return 0;
	for (;;) {
		ssize_t done = input_take(&host.input, io, false);
		if (done != -EAGAIN)
			return done;
		if (!is_there(io->left) && (file->flags & O_NONBLOCK))
			return -EAGAIN;
		int error = wait_until(&host.input.queue, WAIT_FOREVER, is_there(io->left));
		if (error)
			return error;
	}
}

static char frame_type(const struct file *file)
{
	return (uintptr_t)file->context == STREAM_ERROR ? 'E' : 'O';
}

static ssize_t host_write(struct file *file, struct io *io, uint64_t *position)
{
	size_t size = MIN(io->left, (size_t)HOST_CHANNEL_MAX);
	ssize_t done = 0;
	int error = 0;

	if (!size)
		return 0;
	char *bytes = kmalloc(size);
	if (!bytes)
		return -ENOMEM;
	while (io->left && !error) {
		/* One frame for several buffers; page by page only if that fails. */
		size_t step = MIN(io->left, size);
		error = io_get(io, bytes, step);
		if (error) {
			step = io_step(io, size);
			error = io_get(io, bytes, step);
		}
		if (!error) {
			host_channel_write(frame_type(file), bytes, step);
			done += (ssize_t)step;
			if (wait_break())
				break;
		}
	}
	kfree(bytes);
	return done ? done : error;
}

static void host_stat(struct file *file, struct stat *out)
{
	unsigned stream = (unsigned)(uintptr_t)file->context;

	*out = (struct stat){
		.st_ino = stream + 1,
		.st_nlink = 1,
		.st_mode = S_IFIFO | 0600,
		.st_blksize = HOST_CHANNEL_MAX,
	};
}

static unsigned host_poll(struct file *file, struct wait_queue **queue)
{
	unsigned events = 0;
	unsigned access = file->flags & O_ACCMODE;

	if (access != O_WRONLY) {
		*queue = &host.input.queue;
		events |= is_there(HOST_CHANNEL_MAX) ? POLLIN | POLLRDNORM : 0u;
	}
	if (access != O_RDONLY)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static const struct file_ops host_ops = {
	.read = host_read,
	.write = host_write,
	.stat = host_stat,
	.poll = host_poll,
	.is_stream = true,
};

static int open_terminal(struct inode *inode, unsigned flags, struct file **out)
{
	return host.terminals ? tty_open(&host.tty, inode, flags, TTY_PLAIN, out) : -ENXIO;
}

/* Whoever made the terminal opened it for both. */
static int open_by_name(struct file **out)
{
	struct inode *inode;
	int error = path_walk(inode_root(), "/dev/ttyS1", 0, &inode);

	if (error)
		return error;
	error = open_terminal(inode, O_RDWR | O_NOCTTY, out);
	inode_put(inode);
	return error;
}

int host_file_open(unsigned stream, struct file **out)
{
	assert(stream <= STREAM_ERROR);
	if (is_terminal(stream))
		return open_by_name(out);
	return file_create(&host_ops, stream == STREAM_INPUT ? O_RDONLY : O_WRONLY, NULL,
			   (void *)(uintptr_t)stream, out);
}

void host_file_begin(unsigned terminals, unsigned columns, unsigned rows)
{
	spin_lock(&host.tty.lock);
	line_init(&host.tty.line);
	host.terminals = terminals;
	if (!is_interactive()) {
		host.tty.line.settings.c_lflag &= ~(tcflag_t)ECHO;
		host.tty.line.settings.c_oflag &= ~(tcflag_t)OPOST;
	}
	host.tty.window =
		(struct winsize){.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
	spin_unlock(&host.tty.lock);
	input_clear(&host.input);
	spin_lock(&host.lock);
	host.discard = host.asked;
	host.left = 0;
	spin_unlock(&host.lock);
	if (is_interactive())
		request(HOST_CHANNEL_MAX);
}

void host_file_control(int session)
{
	if (host.terminals)
		tty_give(&host.tty, session);
}

int host_file_init(void)
{
	uint64_t number = device_number(TTY_MAJOR, SERIAL_MINOR);

	input_init(&host.input);
	tty_init(&host.tty, &driver, number);
	device_add("/dev/ttyS1", 0620, number, open_terminal);
	return host_channel_init(arrived);
}
