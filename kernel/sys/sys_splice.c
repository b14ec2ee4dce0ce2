/*
 * sys_splice.c: splice(2), tee(2), vmsplice(2). Bytes are copied, by a buffer on the way; a program
 * can't tell, but by the time it takes.
 */
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/pipe.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* SPLICE_F_*, which no header of Linux gives to programs but the C library's. */
#define SPLICE_NONBLOCK 0x2u
#define SPLICE_ALL      0xfu
#define SPLICE_BYTES    (64 * KIB) /* at a time: what a pipe holds */

struct splice {
	struct file *in, *out;
	vaddr_t from, to; /* where positions are given, or 0: the file's own */
	uint64_t bytes;
	bool wait;
};

/* Read or write at the position that the program gave, which moves, or at the file's own. */
static ssize_t move(struct file *file, struct io *io, vaddr_t position, bool write)
{
	uint64_t at;

	if (!position)
		return write ? file_write(file, io) : file_read(file, io);
	if (copy_from_user(&at, position, sizeof(at)))
		return -EFAULT;
	if ((int64_t)at < 0)
		return -EINVAL;
	ssize_t done = write ? file_write_at(file, io, at) : file_read_at(file, io, at);
	if (done > 0) {
		at += (uint64_t)done;
		if (copy_to_user(position, &at, sizeof(at)))
			return -EFAULT;
	}
	return done;
}

static ssize_t from_file(const struct splice *splice, char *buffer)
{
	/* What is read has to go into the pipe: no more than it has room for. */
	ssize_t room = pipe_wait_for_room(splice->out, splice->wait);

	if (room < 0)
		return room;
	if (!splice->wait && splice->in->ops->poll) {
		struct wait_queue *queue;
		if (!(file_poll(splice->in, &queue) & (POLLIN | POLLHUP | POLLERR)))
			return -EAGAIN;
	}
	struct io_part part = {
		.address = (vaddr_t)buffer,
		.bytes = MIN(MIN(splice->bytes, (uint64_t)room), SPLICE_BYTES),
	};
	struct io io = io_of_kernel(&part, part.bytes);
	ssize_t done = move(splice->in, &io, splice->from, false);
	if (done <= 0)
		return done;
	part.bytes = (uint64_t)done;
	io = io_of_kernel(&part, part.bytes);
	/* All of it, even if another writer was faster: it is nowhere else any more. */
	ssize_t total = 0;
	while (total < done) {
		ssize_t step = pipe_fill(splice->out, &io, true);
		if (step < 0)
			return total ? total : step;
		total += step;
	}
	return total;
}

/* What is in the pipe by now, and waits for nothing but the first byte. */
static ssize_t to_file(const struct splice *splice, char *buffer)
{
	ssize_t total = 0, done = 0;

	while ((uint64_t)total < splice->bytes) {
		size_t max = MIN(splice->bytes - (uint64_t)total, SPLICE_BYTES);
		ssize_t taken = pipe_take(splice->in, buffer, max, splice->wait && !total);
		if (taken <= 0)
			return total ? total : taken;
		struct io_part part = {.address = (vaddr_t)buffer, .bytes = (uint64_t)taken};
		struct io io = io_of_kernel(&part, part.bytes);
		io.file_max = file_bytes_max();
		done = move(splice->out, &io, splice->to, true);
		pipe_settle(splice->in, buffer, (size_t)taken, (size_t)MAX(done, 0));
		if (done <= 0)
			break;
		total += done;
		if (done < taken)
			break;
	}
	signal_write_error(done);
	return total ? total : done;
}

/* Between two pipes: what is there and fits. keep: it stays in the first one (tee). */
static ssize_t between(const struct splice *splice, char *buffer, bool keep)
{
	size_t max = MIN(splice->bytes, SPLICE_BYTES);
	ssize_t taken = pipe_peek(splice->in, buffer, 1, splice->wait);

	if (taken <= 0)
		return taken;
	ssize_t room = pipe_wait_for_room(splice->out, splice->wait);
	if (room < 0)
		return room;
	max = MIN(max, (size_t)room);
	taken = keep ? pipe_peek(splice->in, buffer, max, splice->wait)
		     : pipe_take(splice->in, buffer, max, splice->wait);
	if (taken <= 0)
		return taken;
	struct io_part part = {.address = (vaddr_t)buffer, .bytes = (uint64_t)taken};
	struct io io = io_of_kernel(&part, part.bytes);
	ssize_t done = pipe_fill(splice->out, &io, splice->wait);
	if (!keep)
		pipe_settle(splice->in, buffer, (size_t)taken, (size_t)MAX(done, 0));
	return done;
}

static bool is_nonblocking(const struct file *file)
{
	return file->flags & O_NONBLOCK;
}

/* The checks of splice(2), in Linux's order. */
static int check(const struct splice *splice)
{
	const struct file *in = splice->in, *out = splice->out;
	bool from_pipe = file_is_pipe(in), to_pipe = file_is_pipe(out);

	if ((from_pipe && splice->from) || (to_pipe && splice->to))
		return -ESPIPE;
	if (!file_may_read(in) || !file_may_write(out))
		return -EBADF;
	if (from_pipe && to_pipe)
		return in->context == out->context ? -EINVAL : 0;
	if ((int64_t)splice->bytes < 0)
		return -EINVAL;
	if (from_pipe)
		return (splice->to && out->ops->is_stream) || (out->flags & O_APPEND) ? -EINVAL : 0;
	return !to_pipe || (splice->from && in->ops->is_stream) ? -EINVAL : 0;
}

static ssize_t splice_any(struct splice *splice)
{
	bool from_pipe = file_is_pipe(splice->in), to_pipe = file_is_pipe(splice->out);
	ssize_t done = check(splice);

	if (done)
		return done;
	char *buffer = kmalloc(SPLICE_BYTES);
	if (!buffer)
		return -ENOMEM;
	if (from_pipe && to_pipe) {
		splice->wait =
			splice->wait && !is_nonblocking(splice->in) && !is_nonblocking(splice->out);
		done = between(splice, buffer, false);
	} else if (from_pipe) {
		done = to_file(splice, buffer);
	} else {
		splice->wait = splice->wait && !is_nonblocking(splice->out);
		done = from_file(splice, buffer);
	}
	kfree(buffer);
	if (to_pipe)
		signal_write_error(done);
	return done;
}

static int64_t with_files(const struct syscall *call, unsigned out,
			  ssize_t (*function)(struct splice *splice), struct splice *splice)
{
	splice->in = get_file(call->a[0]);
	splice->out = get_file(call->a[out]);
	int64_t result = splice->in && splice->out ? function(splice) : -EBADF;
	if (splice->in)
		file_put(splice->in);
	if (splice->out)
		file_put(splice->out);
	return result;
}

int64_t sys_splice(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 5);
	struct splice splice = {
		.from = call->a[1],
		.to = call->a[3],
		.bytes = call->a[4],
		.wait = !(flags & SPLICE_NONBLOCK),
	};

	if (!splice.bytes)
		return 0;
	return flags & ~SPLICE_ALL ? -EINVAL : with_files(call, 2, splice_any, &splice);
}

static ssize_t tee_any(struct splice *splice)
{
	const struct file *in = splice->in, *out = splice->out;

	if (!file_may_read(in) || !file_may_write(out))
		return -EBADF;
	if (!file_is_pipe(in) || !file_is_pipe(out) || in->context == out->context)
		return -EINVAL;
	splice->wait = splice->wait && !is_nonblocking(in) && !is_nonblocking(out);
	char *buffer = kmalloc(SPLICE_BYTES);
	if (!buffer)
		return -ENOMEM;
	ssize_t done = between(splice, buffer, true);
	kfree(buffer);
	signal_write_error(done);
	return done;
}

int64_t sys_tee(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 3);
	struct splice splice = {.bytes = call->a[2], .wait = !(flags & SPLICE_NONBLOCK)};

	if (flags & ~SPLICE_ALL)
		return -EINVAL;
	return splice.bytes ? with_files(call, 1, tee_any, &splice) : 0;
}

/* To a pipe's writing end, or from its reading end. */
static int64_t move_memory(const struct syscall *call, struct file *file, bool wait)
{
	struct io_part *parts;
	size_t total;

	if (!file_may_read(file) && !file_may_write(file))
		return -EBADF;
	int error = get_parts(call->a[1], call->a[2], &parts, &total);
	if (error)
		return error;
	struct io io = io_of(parts, total);
	ssize_t done = 0;
	if (total && !file_is_pipe(file)) {
		done = -EBADF;
	} else if (total && file_may_write(file)) {
		done = pipe_fill(file, &io, wait);
		signal_write_error(done);
	} else if (total) {
		/* A byte is waited for only if that is wanted. */
		char first;
		done = pipe_peek(file, &first, 1, wait);
		if (done > 0)
			done = file_read(file, &io);
	}
	kfree(parts);
	return done;
}

int64_t sys_vmsplice(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 3);

	if (flags & ~SPLICE_ALL)
		return -EINVAL;
	struct file *file = get_file(call->a[0]);
	if (!file)
		return -EBADF;
	int64_t done = move_memory(call, file, !(flags & SPLICE_NONBLOCK));
	file_put(file);
	return done;
}
