/* file.c: what all open files have in common. */
#include "fs/file.h"

#include <asm/stat.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "fs/devices.h"
#include "fs/directory_file.h"
#include "fs/epoll.h"
#include "fs/inode.h"
#include "fs/lock.h"
#include "fs/pipe.h"
#include "fs/regular_file.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "vm/object.h"

int file_create(const struct file_ops *ops, unsigned flags, struct inode *inode, void *context,
		struct file **out)
{
	struct file *file = kzalloc(sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->count = 1;
	file->ops = ops;
	/* These act at the time of opening only. */
	file->flags = flags & ~(unsigned)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	file->inode = inode;
	if (inode)
		inode_get(inode);
	file->context = context;
	*out = file;
	return 0;
}

void file_get(struct file *file)
{
	uint32_t before = __atomic_fetch_add(&file->count, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
}

/* O_PATH: a name, and nothing can be done with it. */
static const struct file_ops path_ops = {.read = NULL};

bool file_may_read(const struct file *file)
{
	unsigned access = file->flags & O_ACCMODE;

	return !(file->flags & O_PATH) && (access == O_RDONLY || access == O_RDWR);
}

bool file_may_write(const struct file *file)
{
	unsigned access = file->flags & O_ACCMODE;

	return !(file->flags & O_PATH) && (access == O_WRONLY || access == O_RDWR);
}

void file_put(struct file *file)
{
	uint32_t before = __atomic_fetch_sub(&file->count, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before != 1)
		return;
	if (__atomic_load_n(&file->watches, __ATOMIC_ACQUIRE))
		epoll_forget(file);
	lock_forget_file(file);
	if (file->inode && file->ops != &path_ops)
		watch_tell(file->inode, file_may_write(file) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (file->ops->release)
		file->ops->release(file);
	if (file->inode)
		inode_put(file->inode);
	kfree(file);
}

static int open_any(struct inode *inode, unsigned flags, struct file **out)
{
	uint32_t kind = inode->mode & S_IFMT;
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

	if ((flags & O_DIRECTORY) && kind != S_IFDIR)
		return -ENOTDIR;
	if (flags & O_PATH)
		return file_create(&path_ops, flags, inode, NULL, out);
	if (kind == S_IFLNK) /* only O_NOFOLLOW gets here */
		return -ELOOP;
	if (kind == S_IFDIR && (writes || (flags & O_CREAT)))
		return -EISDIR;
	if (inode->ops->open)
		return inode->ops->open(inode, flags, out);
	switch (kind) {
	case S_IFDIR:
		return directory_open(inode, flags, out);
	case S_IFCHR:
		return device_open(inode, flags, out);
	case S_IFIFO:
		return pipe_open(inode, flags, out);
	case S_IFREG:
		return regular_open(inode, flags, out);
	default:
		return -ENXIO;
	}
}

int file_open(struct inode *inode, unsigned flags, struct file **out)
{
	int error = open_any(inode, flags, out);

	if (!error && !(flags & O_PATH)) {
		watch_tell(inode, IN_OPEN);
		if ((flags & O_TRUNC) && (inode->mode & S_IFMT) == S_IFREG)
			watch_tell(inode, IN_MODIFY);
	}
	return error;
}

static ssize_t read_or_write(struct file *file, struct io *io, bool write, uint64_t *position)
{
	if (write ? !file_may_write(file) : !file_may_read(file))
		return -EBADF;
	ssize_t (*op)(struct file *, struct io *, uint64_t *) =
		write ? file->ops->write : file->ops->read;
	ssize_t done = op ? op(file, io, position) : -EINVAL;
	if (done > 0 && file->inode)
		watch_tell(file->inode, write ? IN_MODIFY : IN_ACCESS);
	return done;
}

static ssize_t move(struct file *file, struct io *io, bool write)
{
	/* A stream may sleep for long, and has no position to guard. */
	if (file->ops->is_stream)
		return read_or_write(file, io, write, NULL);
	mutex_lock(&file->mutex);
	ssize_t done = read_or_write(file, io, write, &file->position);
	mutex_unlock(&file->mutex);
	return done;
}

ssize_t file_read(struct file *file, struct io *io)
{
	return move(file, io, false);
}

ssize_t file_write(struct file *file, struct io *io)
{
	return move(file, io, true);
}

ssize_t file_read_at(struct file *file, struct io *io, uint64_t position)
{
	if (file->ops->is_stream)
		return -ESPIPE;
	return read_or_write(file, io, false, &position);
}

ssize_t file_write_at(struct file *file, struct io *io, uint64_t position)
{
	if (file->ops->is_stream)
		return -ESPIPE;
	return read_or_write(file, io, true, &position);
}

/* A file without a page cache is all data. */
static int seek_data(const struct file *file, int64_t offset, bool hole, int64_t *target)
{
	uint64_t size = file->inode ? inode_size(file->inode) : 0, found = size;

	if (offset < 0 || (uint64_t)offset >= size)
		return -ENXIO;
	if (file->inode->object)
		found = vm_object_seek(file->inode->object, (uint64_t)offset, hole);
	else if (!hole)
		found = (uint64_t)offset;
	if (found == UINT64_MAX)
		return -ENXIO;
	*target = (int64_t)found;
	return 0;
}

/* The highest position that the file may be given. */
static int64_t position_max(const struct file *file)
{
	uint64_t max = file->inode ? file->inode->ops->position_max : 0;

	return max && (file->inode->mode & S_IFMT) == S_IFDIR ? (int64_t)max : INT64_MAX;
}

static int seek_target(const struct file *file, int64_t offset, unsigned whence, int64_t *target)
{
	int64_t base, size = file->inode ? (int64_t)inode_size(file->inode) : 0;

	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = (int64_t)file->position;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		return seek_data(file, offset, whence == SEEK_HOLE, target);
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, target))
		return -EINVAL;
	return *target < 0 || *target > position_max(file) ? -EINVAL : 0;
}

int64_t file_seek(struct file *file, int64_t offset, unsigned whence)
{
	int64_t target;

	if (file->flags & O_PATH)
		return -EBADF;
	if (file->ops->ignores_seek)
		return 0;
	if (file->ops->is_stream)
		return -ESPIPE;
	mutex_lock(&file->mutex);
	int error = seek_target(file, offset, whence, &target);
	if (!error)
		file->position = (uint64_t)target;
	mutex_unlock(&file->mutex);
	return error ? error : target;
}

void file_stat(struct file *file, struct stat *out)
{
	assert(file->ops->stat || file->inode);
	if (file->ops->stat)
		file->ops->stat(file, out);
	else
		inode_stat(file->inode, out);
}

int file_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	if (file->flags & O_PATH)
		return -EBADF;
	return file->ops->ioctl ? file->ops->ioctl(file, command, argument) : -ENOTTY;
}

unsigned file_poll(struct file *file, struct wait_queue **queue)
{
	*queue = NULL;
	if (!file->ops->poll)
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
	return file->ops->poll(file, queue);
}
