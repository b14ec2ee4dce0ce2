/* inode_file.c: open files and directories of the tree. */
#include <asm/fcntl.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sync/wait_queue.h"
#include "vm/object.h"
#include "vm/user_copy.h"

/* What getdents64(2) writes before the name. */
struct directory_entry {
	uint64_t number;
	int64_t next; /* position of the entry behind this one */
	uint16_t bytes;
	uint8_t type;
} PACKED;

#define ENTRY_ALIGNMENT 8u
/* DT_*: the file type bits of a mode, shifted. */
#define MODE_TYPE_SHIFT 12

static int read_page(struct vm_object *object, struct io *io, uint64_t position, size_t bytes)
{
	struct frame *frame;
	int error = vm_object_page(object, position >> PAGE_SHIFT, &frame);

	if (error)
		return error == -EFAULT ? -EIO : error;
	error = io_put(io, (const char *)frame_data(frame) + (position & (PAGE_SIZE - 1)), bytes);
	if (frame_put(frame))
		frame_free(frame);
	return error;
}

static ssize_t regular_read(struct file *file, struct io *io, uint64_t *position)
{
	struct vm_object *object = file->context;
	uint64_t size = file->inode->file.bytes;
	ssize_t done = 0;

	while (*position < size) {
		uint64_t in_page = PAGE_SIZE - (*position & (PAGE_SIZE - 1));
		size_t step = io_step(io, MIN(in_page, size - *position));
		if (!step)
			break;
		int error = read_page(object, io, *position, step);
		if (error)
			return done ? done : error;
		*position += step;
		done += (ssize_t)step;
		if (wait_break())
			break;
	}
	return done;
}

static void regular_release(struct file *file)
{
	vm_object_put(file->context);
}

static const struct file_ops regular_ops = {.read = regular_read, .release = regular_release};

static ssize_t directory_read(struct file *file, struct io *io, uint64_t *position)
{
	return -EISDIR;
}

static const struct file_ops directory_ops = {.read = directory_read};
/* O_PATH: a name, and nothing can be done with it. */
static const struct file_ops path_ops = {.read = NULL};

int file_open(struct inode *inode, unsigned flags, struct file **out)
{
	uint32_t kind = inode->mode & S_IFMT;
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
	struct vm_object *object;

	if ((flags & O_DIRECTORY) && kind != S_IFDIR)
		return -ENOTDIR;
	if (flags & O_PATH)
		return file_create(&path_ops, flags, inode, NULL, out);
	switch (kind) {
	case S_IFLNK: /* only O_NOFOLLOW gets here */
		return -ELOOP;
	case S_IFDIR:
		if (writes || (flags & O_CREAT))
			return -EISDIR;
		return file_create(&directory_ops, flags, inode, NULL, out);
	case S_IFCHR:
		return inode->open(inode, flags, out);
	case S_IFREG:
		break;
	default:
		return -ENXIO;
	}
	if (writes)
		return -EROFS;
	int error = inode_object(inode, &object);
	if (error)
		return error;
	error = file_create(&regular_ops, flags, inode, object, out);
	if (error)
		vm_object_put(object);
	return error;
}

/* ---- getdents64 ---- */

/* Position 0 is ".", 1 is "..", then the entries in order. */
static struct inode *entry_at(struct inode *directory, uint64_t position, const char **name)
{
	struct inode *entry;

	if (position < 2) {
		*name = position ? ".." : ".";
		return position ? directory->parent : directory;
	}
	entry = inode_first(directory);
	for (uint64_t i = 2; i < position && entry; i++)
		entry = inode_next(entry);
	if (entry)
		*name = entry->name;
	return entry;
}

/* Write one entry; its length, or 0 if it does not fit. */
static ssize_t put_entry(const struct inode *inode, const char *name, uint64_t next, vaddr_t to,
			 size_t bytes)
{
	char record[sizeof(struct directory_entry) + NAME_BYTES_MAX + 1 + ENTRY_ALIGNMENT];
	size_t used = sizeof(struct directory_entry) + strlen(name) + 1;
	size_t length = ALIGN_UP(used, ENTRY_ALIGNMENT);

	if (length > bytes)
		return 0;
	struct directory_entry head = {
		.number = inode->number,
		.next = (int64_t)next,
		.bytes = (uint16_t)length,
		.type = (uint8_t)((inode->mode & S_IFMT) >> MODE_TYPE_SHIFT),
	};
	memset(record, 0, sizeof(record));
	memcpy(record, &head, sizeof(head));
	string_copy(record + sizeof(head), name, NAME_BYTES_MAX + 1);
	int error = copy_to_user(to, record, length);
	return error ? error : (ssize_t)length;
}

static ssize_t entries_locked(struct file *file, vaddr_t to, size_t bytes)
{
	const char *name = NULL;
	size_t done = 0;
	struct inode *entry = entry_at(file->inode, file->position, &name);

	while (entry) {
		ssize_t length =
			put_entry(entry, name, file->position + 1, to + done, bytes - done);
		if (length < 0)
			return done ? (ssize_t)done : length;
		if (!length)
			return done ? (ssize_t)done : -EINVAL;
		done += (size_t)length;
		file->position++;
		if (file->position <= 2) {
			entry = entry_at(file->inode, file->position, &name);
		} else {
			entry = inode_next(entry);
			name = entry ? entry->name : NULL;
		}
	}
	return (ssize_t)done;
}

ssize_t file_entries(struct file *file, vaddr_t to, size_t bytes)
{
	if (file->ops != &directory_ops)
		return file->flags & O_PATH ? -EBADF : -ENOTDIR;
	mutex_lock(&file->mutex);
	ssize_t done = entries_locked(file, to, bytes);
	mutex_unlock(&file->mutex);
	return done;
}
