/* sys_data.c: system calls on the contents of files as a whole: their size, copies between them,
 * files without a name. */
#include <asm/fcntl.h>
#include <asm/statfs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/stat.h>

#include <arch/mmu.h>

#include "fs/file.h"
#include "fs/regular_file.h"
#include "fs/tmpfs.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/object.h"
#include "vm/user_copy.h"

#define COPY_BYTES     (16 * KIB)    /* at a time */
#define COPY_MAX       0x7ffff000ull /* in one call: Linux's MAX_RW_COUNT */
#define MEMFD_NAME_MAX 249u          /* NAME_MAX less "memfd:" */
/* Newer than the header. */
#ifndef MFD_EXEC
#define MFD_NOEXEC_SEAL 0x8u
#define MFD_EXEC        0x10u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20u
#endif
#define MEMFD_FLAGS    (MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)
#define ALLOCATE_MODES (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)
#define NO_POSITION    UINT64_MAX

/* ---- size ---- */

/* May the calling process make the file so long? */
static int check_length(const struct inode *inode, uint64_t bytes)
{
	if (bytes <= file_bytes_max() || !inode->object || bytes <= inode->object->bytes)
		return 0;
	signal_write_error(-EFBIG);
	return -EFBIG;
}

static int resize_open(struct inode *inode, uint64_t bytes)
{
	int error = check_length(inode, bytes);

	if (!error)
		error = inode_resize(inode, bytes);
	if (!error)
		watch_tell(inode, IN_MODIFY);
	return error;
}

static int resize(struct inode *inode, uint64_t bytes)
{
	int error = inode_begin_write(inode);

	if (error)
		return error;
	error = resize_open(inode, bytes);
	inode_end_write(inode);
	return error;
}

int64_t sys_truncate(const struct syscall *call)
{
	int64_t bytes = (int64_t)call->a[1];
	struct inode *inode;

	if (bytes < 0)
		return -EINVAL;
	int error = get_inode(AT_FDCWD, call->a[0], 0, &inode);
	if (error)
		return error;
	if ((inode->mode & S_IFMT) == S_IFDIR)
		error = -EISDIR;
	else if ((inode->mode & S_IFMT) != S_IFREG)
		error = -EINVAL;
	else
		error = resize(inode, (uint64_t)bytes);
	inode_put(inode);
	return error;
}

int64_t sys_ftruncate(const struct syscall *call)
{
	int64_t bytes = (int64_t)call->a[1];

	if (bytes < 0)
		return -EINVAL;
	struct file *file = get_file(call->a[0]);
	if (!file)
		return -EBADF;
	int error = -EINVAL;
	if (file->flags & O_PATH)
		error = -EBADF;
	else if (file_is_regular(file) && file_may_write(file))
		error = resize_open(file->inode, (uint64_t)bytes);
	file_put(file);
	return error;
}

static int allocate(struct file *file, unsigned mode, int64_t offset, int64_t bytes)
{
	if (offset < 0 || bytes <= 0)
		return -EINVAL;
	if ((mode & ~(unsigned)ALLOCATE_MODES) || mode == FALLOC_FL_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if (!file_may_write(file))
		return -EBADF;
	if (file->ops->is_stream)
		return -ESPIPE;
	if (!file_is_regular(file))
		return -ENODEV;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return regular_punch(file, (uint64_t)offset, (uint64_t)bytes);
	int error = check_length(file->inode, (uint64_t)offset + (uint64_t)bytes);
	return error ? error : regular_allocate(file, mode, (uint64_t)offset, (uint64_t)bytes);
}

int64_t sys_fallocate(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);

	if (!file)
		return -EBADF;
	int error = allocate(file, arg_unsigned(call, 1), (int64_t)call->a[2], (int64_t)call->a[3]);
	if (!error && file->inode)
		watch_tell(file->inode, IN_MODIFY);
	file_put(file);
	return error;
}

/* ---- there is no disk to wait for ---- */

static int64_t check_syncable(uint64_t fd, bool needs_contents)
{
	struct file *file = get_file(fd);

	if (!file)
		return -EBADF;
	int error = 0;
	if (file->flags & O_PATH)
		error = -EBADF;
	else if (needs_contents && (file->ops->is_stream || !file->inode))
		error = -EINVAL;
	file_put(file);
	return error;
}

int64_t sys_fsync(const struct syscall *call)
{
	return check_syncable(call->a[0], true);
}

int64_t sys_syncfs(const struct syscall *call)
{
	return check_syncable(call->a[0], false);
}

int64_t sys_fadvise64(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);
	int advice = arg_int(call, 3), error = 0;

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		error = -EBADF;
	else if (file->ops->is_stream)
		error = -ESPIPE;
	else if ((int64_t)call->a[2] < 0 || advice < POSIX_FADV_NORMAL ||
		 advice > POSIX_FADV_NOREUSE)
		error = -EINVAL;
	file_put(file);
	return error;
}

/* ---- copies ---- */

/* Where to read and write; NO_POSITION: at the file's own, for writing. */
struct copy {
	struct file *in, *out;
	uint64_t from, to;
};

/* One bufferful. Bytes, 0 at the end, or negative. */
static ssize_t copy_some(struct copy *copy, char *buffer, size_t bytes)
{
	struct io_part part = {.address = (vaddr_t)buffer, .bytes = MIN(bytes, COPY_BYTES)};
	struct io io = io_of_kernel(&part, part.bytes);

	ssize_t done = file_read_at(copy->in, &io, copy->from);
	if (done <= 0)
		return done;
	part.bytes = (uint64_t)done;
	io = io_of_kernel(&part, part.bytes);
	io.file_max = file_bytes_max();
	done = copy->to == NO_POSITION ? file_write(copy->out, &io)
				       : file_write_at(copy->out, &io, copy->to);
	if (done > 0) {
		copy->from += (uint64_t)done;
		copy->to += copy->to == NO_POSITION ? 0 : (uint64_t)done;
	}
	return done;
}

/* Bytes copied, or negative. `copy` says how far it came. */
static ssize_t copy_all(struct copy *copy, uint64_t bytes)
{
	char *buffer = kmalloc(COPY_BYTES);
	ssize_t done = 0, part = 0;

	if (!buffer)
		return -ENOMEM;
	bytes = MIN(bytes, COPY_MAX);
	while ((uint64_t)done < bytes && (part = copy_some(copy, buffer, bytes - done)) > 0) {
		done += part;
		if (wait_break())
			break;
	}
	kfree(buffer);
	signal_write_error(part);
	return done ? done : part;
}

/* The position a call gives by pointer, or else the file's own. */
static int get_position(struct file *file, vaddr_t user, uint64_t *position)
{
	int64_t at;

	if (!user)
		at = file_seek(file, 0, SEEK_CUR);
	else if (copy_from_user(&at, user, sizeof(at)))
		return -EFAULT;
	else if (file->ops->is_stream)
		return -ESPIPE;
	else if (at < 0)
		return -EINVAL;
	*position = (uint64_t)at;
	return at < 0 ? (int)at : 0;
}

static int put_position(struct file *file, vaddr_t user, uint64_t position)
{
	if (user)
		return copy_to_user(user, &position, sizeof(position));
	int64_t at = file_seek(file, (int64_t)position, SEEK_SET);
	return at < 0 ? (int)at : 0;
}

static int64_t send_file(struct file *out, struct file *in, vaddr_t offset, uint64_t bytes)
{
	struct copy copy = {.in = in, .out = out, .to = NO_POSITION};

	if (!file_may_read(in) || !file_may_write(out))
		return -EBADF;
	/* From what is no file Linux refuses too, and callers read and write then. */
	if (in->ops->is_stream)
		return offset ? -ESPIPE : -EINVAL;
	if (out->flags & O_APPEND)
		return -EINVAL;
	int error = get_position(in, offset, &copy.from);
	if (error)
		return error;
	ssize_t done = copy_all(&copy, bytes);
	error = put_position(in, offset, copy.from);
	return error ? error : done;
}

int64_t sys_sendfile(const struct syscall *call)
{
	struct file *out = get_file(call->a[0]), *in = get_file(call->a[1]);

	int64_t result = in && out ? send_file(out, in, call->a[2], call->a[3]) : -EBADF;
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return result;
}

static int check_range(const struct copy *copy, uint64_t bytes)
{
	const struct inode *in = copy->in->inode, *out = copy->out->inode;

	if ((in && (in->mode & S_IFMT) == S_IFDIR) || (out && (out->mode & S_IFMT) == S_IFDIR))
		return -EISDIR;
	if (!file_is_regular(copy->in) || !file_is_regular(copy->out))
		return -EINVAL;
	if (!file_may_read(copy->in) || !file_may_write(copy->out) || (copy->out->flags & O_APPEND))
		return -EBADF;
	if (copy->from + bytes < copy->from || copy->to + bytes < copy->to)
		return -EOVERFLOW;
	if (in == out && copy->from < copy->to + bytes && copy->to < copy->from + bytes)
		return -EINVAL;
	return 0;
}

static int64_t copy_range(const struct syscall *call, struct file *in, struct file *out)
{
	struct copy copy = {.in = in, .out = out};
	uint64_t bytes = call->a[4];

	if (arg_unsigned(call, 5))
		return -EINVAL;
	if (in->ops->is_stream || out->ops->is_stream)
		return -EINVAL;
	int error = get_position(in, call->a[1], &copy.from);
	if (!error)
		error = get_position(out, call->a[3], &copy.to);
	if (!error)
		error = check_range(&copy, bytes);
	/* Before it is known whether there is anything to copy. */
	if (!error && copy.to >= file_bytes_max()) {
		error = -EFBIG;
		signal_write_error(error);
	}
	if (error)
		return error;
	ssize_t done = copy_all(&copy, bytes);
	if (done <= 0)
		return done;
	error = put_position(in, call->a[1], copy.from);
	if (!error)
		error = put_position(out, call->a[3], copy.to);
	return error ? error : done;
}

int64_t sys_copy_file_range(const struct syscall *call)
{
	struct file *in = get_file(call->a[0]), *out = get_file(call->a[2]);

	int64_t result = in && out ? copy_range(call, in, out) : -EBADF;
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return result;
}

/* ---- files without a name ---- */

int64_t sys_memfd_create(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 1);
	char given[MEMFD_NAME_MAX + 1], name[MEMFD_NAME_MAX + sizeof("memfd:")];
	struct inode *inode;
	struct file *file;

	if ((flags & ~MEMFD_FLAGS) ||
	    (flags & (MFD_EXEC | MFD_NOEXEC_SEAL)) == (MFD_EXEC | MFD_NOEXEC_SEAL))
		return -EINVAL;
	ssize_t length = copy_string_from_user(given, call->a[0], sizeof(given));
	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	format(name, sizeof(name), "memfd:%s", given);
	int error = tmpfs_create_nameless(name, flags & MFD_NOEXEC_SEAL ? 0666 : 0777, &inode);
	if (error)
		return error;
	/* Nobody else has it yet. */
	if (flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL))
		inode->seals = flags & MFD_NOEXEC_SEAL ? F_SEAL_EXEC : 0;
	error = file_open(inode, O_RDWR | O_LARGEFILE, &file);
	inode_put(inode);
	return error ? error : install_file(file, 0, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}

/* ---- statfs ---- */

static int64_t give_statfs(const struct inode *inode, vaddr_t to)
{
	struct tmpfs_usage usage;
	struct statfs out = {
		.f_type = (long)(inode ? inode->ops->magic : PIPEFS_MAGIC),
		.f_bsize = PAGE_SIZE,
		.f_frsize = PAGE_SIZE,
		.f_namelen = NAME_BYTES_MAX,
	};

	if (out.f_type == TMPFS_MAGIC) {
		tmpfs_usage(&usage);
		out.f_blocks = (long)usage.frames_max;
		out.f_bfree = out.f_bavail = (long)(usage.frames_max - usage.frames);
		out.f_files = (long)usage.files_max;
		out.f_ffree = (long)(usage.files_max - usage.files);
	}
	return copy_to_user(to, &out, sizeof(out));
}

int64_t sys_statfs(const struct syscall *call)
{
	struct inode *inode;
	int64_t error = get_inode(AT_FDCWD, call->a[0], 0, &inode);

	if (error)
		return error;
	error = give_statfs(inode, call->a[1]);
	inode_put(inode);
	return error;
}

int64_t sys_fstatfs(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);

	if (!file)
		return -EBADF;
	int64_t error = give_statfs(file->inode, call->a[1]);
	file_put(file);
	return error;
}
