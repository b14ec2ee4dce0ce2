/* sys_io.c: system calls on open files: reading, writing, pipes. */
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <linux/uio.h>

#include "fs/file.h"
#include "fs/pipe.h"
#include "fs/pty.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* What one call moves at most: Linux's MAX_RW_COUNT. */
#define MOVE_MAX 0x7ffff000ull
#define CURRENT  UINT64_MAX /* at the file's own position */

enum way { READ, WRITE };

_Static_assert(sizeof(struct io_part) == sizeof(struct iovec), "readv's array is copied as it is");

static int64_t move(uint64_t fd, enum way way, struct io *io, uint64_t position)
{
	struct file *file = get_file(fd);
	int64_t done;

	if (!file)
		return -EBADF;
	io->file_max = file_bytes_max();
	if (way == READ)
		done = position == CURRENT ? file_read(file, io) : file_read_at(file, io, position);
	else
		done = position == CURRENT ? file_write(file, io)
					   : file_write_at(file, io, position);
	file_put(file);
	signal_write_error(done);
	return done;
}

static int64_t move_one(const struct syscall *call, enum way way, uint64_t position)
{
	struct io_part part = {.address = call->a[1], .bytes = MIN(call->a[2], MOVE_MAX)};
	struct io io = io_of(&part, part.bytes);

	return move(call->a[0], way, &io, position);
}

int64_t sys_read(const struct syscall *call)
{
	return move_one(call, READ, CURRENT);
}

int64_t sys_write(const struct syscall *call)
{
	return move_one(call, WRITE, CURRENT);
}

int64_t sys_pread64(const struct syscall *call)
{
	return (int64_t)call->a[3] < 0 ? -EINVAL : move_one(call, READ, call->a[3]);
}

int64_t sys_pwrite64(const struct syscall *call)
{
	return (int64_t)call->a[3] < 0 ? -EINVAL : move_one(call, WRITE, call->a[3]);
}

/* Check and sum up; what is too long is cut off as Linux does. */
static int sum_parts(struct io_part *parts, uint64_t count, size_t *total)
{
	*total = 0;
	for (uint64_t i = 0; i < count; i++) {
		if ((int64_t)parts[i].bytes < 0)
			return -EINVAL;
		parts[i].bytes = MIN(parts[i].bytes, MOVE_MAX - *total);
		*total += parts[i].bytes;
	}
	return 0;
}

int get_parts(vaddr_t user, uint64_t count, struct io_part **out, size_t *total)
{
	if (count > UIO_MAXIOV)
		return -EINVAL;
	struct io_part *parts = kmalloc((count + 1) * sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	int error = copy_from_user(parts, user, count * sizeof(*parts));
	if (!error)
		error = sum_parts(parts, count, total);
	if (error)
		kfree(parts);
	else
		*out = parts;
	return error;
}

static int64_t move_parts(const struct syscall *call, enum way way, uint64_t position)
{
	struct io_part *parts;
	size_t total;

	int64_t result = get_parts(call->a[1], call->a[2], &parts, &total);
	if (result)
		return result;
	struct io io = io_of(parts, total);
	result = move(call->a[0], way, &io, position);
	kfree(parts);
	return result;
}

int64_t sys_readv(const struct syscall *call)
{
	return move_parts(call, READ, CURRENT);
}

int64_t sys_writev(const struct syscall *call)
{
	return move_parts(call, WRITE, CURRENT);
}

/* The position's upper half comes in an argument of its own, and is all of it here. */
int64_t sys_preadv(const struct syscall *call)
{
	return (int64_t)call->a[3] < 0 ? -EINVAL : move_parts(call, READ, call->a[3]);
}

int64_t sys_pwritev(const struct syscall *call)
{
	return (int64_t)call->a[3] < 0 ? -EINVAL : move_parts(call, WRITE, call->a[3]);
}

/* preadv2(2) and pwritev2(2) without any of their flags. */
static int64_t move_parts_flagged(const struct syscall *call, enum way way)
{
	if (arg_unsigned(call, 5))
		return -EOPNOTSUPP;
	if ((int64_t)call->a[3] < -1)
		return -EINVAL;
	return move_parts(call, way, call->a[3]); /* -1 is CURRENT */
}

int64_t sys_preadv2(const struct syscall *call)
{
	return move_parts_flagged(call, READ);
}

int64_t sys_pwritev2(const struct syscall *call)
{
	return move_parts_flagged(call, WRITE);
}

int64_t sys_lseek(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);

	if (!file)
		return -EBADF;
	int64_t result = file_seek(file, (int64_t)call->a[1], arg_unsigned(call, 2));
	file_put(file);
	return result;
}

/* FIONBIO: O_NONBLOCK, for files of any kind. */
static int set_nonblocking(struct file *file, vaddr_t argument)
{
	int on;

	if (copy_from_user(&on, argument, sizeof(on)))
		return -EFAULT;
	if (on)
		__atomic_fetch_or(&file->flags, O_NONBLOCK, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&file->flags, ~(unsigned)O_NONBLOCK, __ATOMIC_RELAXED);
	return 0;
}

/* TIOCGPTPEER: the terminal of a pseudo terminal's master, as open(2) would open it. */
static int open_peer(struct file *master, unsigned flags)
{
	struct file *peer;
	int error = pty_open_peer(master, flags, &peer);

	return error ? error : install_file(peer, 0, flags);
}

int64_t sys_ioctl(const struct syscall *call)
{
	unsigned command = arg_unsigned(call, 1);
	struct file *file = get_file(call->a[0]);
	int result;

	if (!file)
		return -EBADF;
	switch (command) {
	case FIOCLEX:
	case FIONCLEX:
		result = fd_table_set_close_flag(current_process()->files, arg_unsigned(call, 0),
						 command == FIOCLEX);
		break;
	case FIONBIO:
		result = set_nonblocking(file, call->a[2]);
		break;
	case TIOCGPTPEER:
		result = open_peer(file, (unsigned)call->a[2]);
		break;
	default:
		result = file_ioctl(file, command, call->a[2]);
	}
	file_put(file);
	return result;
}

int64_t sys_getdents64(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);

	if (!file)
		return -EBADF;
	int64_t result = file_entries(file, call->a[1], arg_unsigned(call, 2));
	file_put(file);
	return result;
}

/* ---- pipes ---- */

static int64_t make_pipe(vaddr_t to, unsigned flags)
{
	struct fd_table *files = current_process()->files;
	struct file *ends[2];
	int fds[2];

	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	int error = pipe_create(flags, ends);
	if (error)
		return error;
	fds[0] = install_file(ends[0], 0, flags);
	if (fds[0] < 0) {
		file_put(ends[1]);
		return fds[0];
	}
	fds[1] = install_file(ends[1], 0, flags);
	error = fds[1] < 0 ? fds[1] : copy_to_user(to, fds, sizeof(fds));
	if (error) {
		(void)fd_table_close(files, (unsigned)fds[0]); /* it was opened just now */
		if (fds[1] >= 0)
			(void)fd_table_close(files, (unsigned)fds[1]);
	}
	return error;
}

int64_t sys_pipe(const struct syscall *call)
{
	return make_pipe(call->a[0], 0);
}

int64_t sys_pipe2(const struct syscall *call)
{
	return make_pipe(call->a[0], arg_unsigned(call, 1));
}
