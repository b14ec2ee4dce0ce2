/*
 * host_file.c: see host_file.h. Input is asked for when a program reads and nothing is left of what
 * came before, and never more than it reads.
 *
 * Lock letters: (h) host.lock, RANK_FILES.
 */
#include "fs/host_file.h"

#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <linux/major.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "dev/host_channel.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/terminal.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define STREAM_INPUT  0u
#define STREAM_OUTPUT 1u
#define STREAM_ERROR  2u
/* How long a reader sleeps before it looks itself, where COM2 has no interrupt. */
#define POLL_NS       10000000ull

static struct {
	struct terminal terminal;
	unsigned terminals; /* bit fd; set before a job starts */
	struct input input;
	struct spinlock lock;
	bool asked;                /* (h) an answer is due */
	bool discard;              /* (h) and it is for a job that is over */
	char arrived[INPUT_BYTES]; /* (h) the answer on its way into `input` */
} host = {.lock = SPINLOCK_INIT(RANK_FILES)};

_Static_assert(INPUT_BYTES >= HOST_CHANNEL_MAX, "an answer fits the empty ring");

static bool is_terminal(unsigned stream)
{
	return host.terminals & 1u << stream;
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
	if (!discard && bytes)
		input_add(&host.input, host.arrived, bytes);
	else if (!discard)
		input_add_end(&host.input);
	/* Only now: another answer would come into the same buffer. */
	spin_lock(&host.lock);
	host.asked = host.discard = false;
	spin_unlock(&host.lock);
}

/* See that an answer is on its way if nothing can be read now. */
static void ask(size_t bytes)
{
	host_channel_poll();
	if (input_ready(&host.input))
		return;
	spin_lock(&host.lock);
	bool mine = !host.asked;
	host.asked = true;
	spin_unlock(&host.lock);
	if (mine)
		host_channel_request(MIN(bytes, (size_t)HOST_CHANNEL_MAX));
}

static ssize_t host_read(struct file *file, struct io *io, uint64_t *position)
{
	if (!io->left)
		return 0;
	for (;;) {
		ssize_t done = input_take(&host.input, io, false);
		if (done != -EAGAIN)
			return done;
		ask(io->left);
		if (file->flags & O_NONBLOCK)
			return input_take(&host.input, io, false);
		int error = wait_until(&host.input.queue, time_now() + POLL_NS,
				       input_ready(&host.input));
		if (error && error != -ETIMEDOUT)
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

	if (is_terminal(stream)) {
		terminal_stat(&host.terminal, out);
		return;
	}
	*out = (struct stat){
		.st_ino = stream + 1,
		.st_nlink = 1,
		.st_mode = S_IFIFO | 0600,
		.st_blksize = HOST_CHANNEL_MAX,
	};
}

static int host_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	if (!is_terminal((unsigned)(uintptr_t)file->context))
		return -ENOTTY;
	return terminal_ioctl(&host.terminal, &host.input, command, argument);
}

static unsigned host_poll(struct file *file, struct wait_queue **queue)
{
	unsigned events = 0;
	unsigned access = file->flags & O_ACCMODE;

	if (access != O_WRONLY) {
		ask(HOST_CHANNEL_MAX);
		*queue = &host.input.queue;
		events |= input_ready(&host.input) ? POLLIN | POLLRDNORM : 0u;
	}
	if (access != O_RDONLY)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static const struct file_ops host_ops = {
	.read = host_read,
	.write = host_write,
	.stat = host_stat,
	.ioctl = host_ioctl,
	.poll = host_poll,
	.is_stream = true,
};

int host_file_open(unsigned stream, struct file **out)
{
	unsigned flags = stream == STREAM_INPUT ? O_RDONLY : O_WRONLY;

	assert(stream <= STREAM_ERROR);
	/* A terminal is opened for both by whoever made it. */
	if (is_terminal(stream))
		flags = O_RDWR;
	return file_create(&host_ops, flags, NULL, (void *)(uintptr_t)stream, out);
}

int host_file_open_terminal(unsigned flags, struct file **out)
{
	for (unsigned stream = STREAM_INPUT; stream <= STREAM_ERROR; stream++)
		if (is_terminal(stream))
			return file_create(&host_ops, flags, NULL, (void *)(uintptr_t)stream, out);
	return -ENXIO;
}

void host_file_begin(unsigned terminals, unsigned columns, unsigned rows)
{
	terminal_init(&host.terminal, device_number(UNIX98_PTY_SLAVE_MAJOR, 0), columns, rows);
	host.terminals = terminals;
	input_clear(&host.input);
	spin_lock(&host.lock);
	host.discard = host.asked;
	spin_unlock(&host.lock);
	devices_set_terminal(terminals ? host_file_open_terminal : NULL);
}

int host_file_init(void)
{
	input_init(&host.input);
	host_file_begin(0, 0, 0);
	return host_channel_init(arrived);
}
