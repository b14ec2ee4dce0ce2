/* sys_fcntl.c: fcntl(2), flock(2). */
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/lock.h"
#include "fs/pipe.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* What F_SETFL may change. */
#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT | FASYNC)

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static struct fd_table *files(void)
{
	return current_process()->files;
}

/* ---- locks ---- */

/* The bytes that a struct flock means. */
static int get_range(struct file *file, const struct flock *given, struct lock_request *request)
{
	int64_t base, start, last;

	if (given->l_whence == SEEK_SET)
		base = 0;
	else if (given->l_whence == SEEK_CUR)
		base = file->ops->is_stream ? 0 : (int64_t)file->position;
	else if (given->l_whence == SEEK_END)
		base = (int64_t)inode_size(file->inode);
	else
		return -EINVAL;
	if (__builtin_add_overflow(base, (int64_t)given->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (given->l_len > 0) {
		if (__builtin_add_overflow(start, (int64_t)given->l_len - 1, &last))
			return -EOVERFLOW;
	} else if (given->l_len < 0) {
		/* The bytes before it. */
		last = start - 1;
		if (__builtin_add_overflow(start, (int64_t)given->l_len, &start) || start < 0)
			return -EINVAL;
	} else {
		last = (int64_t)LOCK_END;
	}
	request->start = (uint64_t)start;
	request->last = (uint64_t)last;
	return 0;
}

static int get_type(int given, enum lock_type *type)
{
	switch (given) {
	case F_RDLCK:
		*type = LOCK_SHARED;
		return 0;
	case F_WRLCK:
		*type = LOCK_EXCLUSIVE;
		return 0;
	case F_UNLCK:
		*type = LOCK_NONE;
		return 0;
	default:
		return -EINVAL;
	}
}

static int get_lock(struct file *file, bool of_file, vaddr_t user, struct flock *given,
		    struct lock_request *request)
{
	if (copy_from_user(given, user, sizeof(*given)))
		return -EFAULT;
	if (of_file && given->l_pid)
		return -EINVAL;
	*request = (struct lock_request){
		.kind = of_file ? LOCK_FILE : LOCK_RECORD,
		.owner = of_file ? (const void *)file : files(),
		.pid = of_file ? -1 : current_process()->pid,
	};
	int error = get_type(given->l_type, &request->type);
	return error ? error : get_range(file, given, request);
}

/* Closing a file gives up its records, and another thread may have closed it before there was this
 * one to give up. */
static void drop_if_closed(struct file *file, unsigned fd)
{
	struct file *now = fd_table_get(files(), fd);

	if (now != file)
		lock_forget_records(file, files());
	if (now)
		file_put(now);
}

static int64_t set_lock(struct file *file, unsigned fd, bool of_file, bool wait, vaddr_t user)
{
	struct lock_request request;
	struct flock given;

	if (!file->inode)
		return -EINVAL;
	int error = get_lock(file, of_file, user, &given, &request);
	if (error)
		return error;
	if ((request.type == LOCK_SHARED && !file_may_read(file)) ||
	    (request.type == LOCK_EXCLUSIVE && !file_may_write(file)))
		return -EBADF;
	error = lock_set(file->inode, &request, wait);
	if (!error && !of_file && request.type != LOCK_NONE)
		drop_if_closed(file, fd);
	return error;
}

static int64_t test_lock(struct file *file, bool of_file, vaddr_t user)
{
	struct lock_request request;
	struct flock given;

	if (!file->inode)
		return -EINVAL;
	int error = get_lock(file, of_file, user, &given, &request);
	if (error)
		return error;
	if (request.type == LOCK_NONE && !of_file)
		return -EINVAL;
	if (request.type != LOCK_NONE)
		lock_test(file->inode, &request);
	if (request.type == LOCK_NONE) {
		given.l_type = F_UNLCK;
	} else {
		given.l_type = request.type == LOCK_SHARED ? F_RDLCK : F_WRLCK;
		given.l_whence = SEEK_SET;
		given.l_start = (__kernel_off_t)request.start;
		given.l_len = request.last == LOCK_END
				      ? 0
				      : (__kernel_off_t)(request.last - request.start + 1);
		given.l_pid = request.pid;
	}
	return copy_to_user(user, &given, sizeof(given));
}

int64_t sys_flock(const struct syscall *call)
{
	unsigned operation = arg_unsigned(call, 1);
	struct file *file = get_file(call->a[0]);
	struct lock_request request = {.kind = LOCK_WHOLE, .last = LOCK_END, .owner = file};
	int64_t result = -EBADF;

	if (!file)
		return -EBADF;
	switch (operation & ~(unsigned)LOCK_NB) {
	case LOCK_SH:
		request.type = LOCK_SHARED;
		break;
	case LOCK_EX:
		request.type = LOCK_EXCLUSIVE;
		break;
	case LOCK_UN:
		break;
	default:
		result = -EINVAL;
		operation = 0;
	}
	if (operation && !(file->flags & O_PATH))
		result = file->inode ? lock_set(file->inode, &request, !(operation & LOCK_NB))
				     : -EINVAL;
	file_put(file);
	return result;
}

/* ---- fcntl ---- */

static int64_t duplicate(struct file *file, uint64_t minimum, unsigned flags)
{
	if (minimum >= file_limit())
		return -EINVAL;
	file_get(file);
	return install_file(file, (unsigned)minimum, flags);
}

static void set_flags(struct file *file, unsigned flags)
{
	unsigned kept = file->flags & ~(unsigned)SETTABLE_FLAGS;

	__atomic_store_n(&file->flags, kept | (flags & SETTABLE_FLAGS), __ATOMIC_RELAXED);
}

static int64_t resize_pipe(struct file *file, uint64_t bytes)
{
	if (!file_is_pipe(file))
		return -EBADF;
	int error = pipe_resize(file, (uint32_t)bytes);
	return error ? error : (int64_t)pipe_capacity(file);
}

/* Seals are tmpfs's files'. */
static int64_t read_seals(const struct file *file)
{
	bool has = file->inode && file->inode->object && file->inode->ops->magic == TMPFS_MAGIC;

	return has ? (int64_t)file->inode->seals : -EINVAL;
}

static int64_t add_seals(struct file *file, uint64_t seals)
{
	int64_t now = read_seals(file);

	if (now < 0)
		return now;
	if (!file_may_write(file))
		return -EPERM;
	if (seals & ~(uint64_t)SEALS)
		return -EINVAL;
	return inode_seal(file->inode, (unsigned)seals);
}

/* All that an open file for nothing but its name has too. */
static int64_t control_descriptor(unsigned fd, struct file *file, unsigned command,
				  uint64_t argument)
{
	switch (command) {
	case F_DUPFD:
		return duplicate(file, argument, 0);
	case F_DUPFD_CLOEXEC:
		return duplicate(file, argument, O_CLOEXEC);
	case F_GETFD:
		return fd_table_close_flag(files(), fd);
	case F_SETFD:
		return fd_table_set_close_flag(files(), fd, argument & FD_CLOEXEC);
	case F_GETFL:
		return file->flags;
	default:
		return file->flags & O_PATH ? -EBADF : -ENOSYS;
	}
}

static int64_t control(unsigned fd, struct file *file, unsigned command, uint64_t argument)
{
	switch (command) {
	case F_SETFL:
		set_flags(file, (unsigned)argument);
		return 0;
	case F_GETLK:
		return test_lock(file, false, argument);
	case F_SETLK:
	case F_SETLKW:
		return set_lock(file, fd, false, command == F_SETLKW, argument);
	case F_OFD_GETLK:
		return test_lock(file, true, argument);
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return set_lock(file, fd, true, command == F_OFD_SETLKW, argument);
	case F_GETPIPE_SZ:
		return file_is_pipe(file) ? (int64_t)pipe_capacity(file) : -EBADF;
	case F_SETPIPE_SZ:
		return resize_pipe(file, argument);
	case F_GET_SEALS:
		return read_seals(file);
	case F_ADD_SEALS:
		return add_seals(file, (uint32_t)argument);
	/* Nobody is sent SIGIO. */
	case F_SETOWN:
	case F_GETOWN:
		return 0;
	case F_GETOWN_EX: /* as fcntl(3) asks for F_GETOWN */
		return copy_to_user(argument, &(struct f_owner_ex){F_OWNER_TID, 0},
				    sizeof(struct f_owner_ex));
	default:
		return -EINVAL;
	}
}

int64_t sys_fcntl(const struct syscall *call)
{
	unsigned fd = arg_unsigned(call, 0), command = arg_unsigned(call, 1);
	struct file *file = get_file(fd);

	if (!file)
		return -EBADF;
	int64_t result = control_descriptor(fd, file, command, call->a[2]);
	if (result == -ENOSYS)
		result = control(fd, file, command, call->a[2]);
	file_put(file);
	return result;
}
