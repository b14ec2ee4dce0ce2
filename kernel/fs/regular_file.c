/*
 * regular_file.c: open regular files, whose contents are an object (vm/object.h). Reading takes no
 * lock but the object's for each page: it sees a write that goes on at the same time page by page.
 */
#include "fs/regular_file.h"

#include <asm/fcntl.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "sync/wait_queue.h"
#include "vm/object.h"

static void put(struct frame *frame)
{
	if (frame_put(frame))
		frame_free(frame);
}

/* Part of one page to the program; a hole takes no frame. */
static int read_page(struct vm_object *object, struct io *io, uint64_t position, size_t bytes)
{
	struct frame *frame = vm_object_find(object, position >> PAGE_SHIFT);

	if (!frame)
		return io_clear(io, bytes);
	int error =
		io_put(io, (const char *)frame_data(frame) + (position & (PAGE_SIZE - 1)), bytes);
	put(frame);
	return error;
}

static ssize_t regular_read(struct file *file, struct io *io, uint64_t *position)
{
	struct vm_object *object = file->inode->object;
	ssize_t done = 0;
	uint64_t end;

	/* Loaded once: others may cut the file off between two looks. */
	while (*position < (end = __atomic_load_n(&object->bytes, __ATOMIC_RELAXED))) {
		uint64_t in_page = PAGE_SIZE - (*position & (PAGE_SIZE - 1));
		size_t step = io_step(io, MIN(in_page, end - *position));
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
	if (!(file->flags & O_NOATIME))
		inode_touch_accessed(file->inode);
	return done;
}

/* Part of one page from the program, and the end behind it if it was before. */
static int write_page(struct vm_object *object, struct io *io, uint64_t position, size_t bytes)
{
	struct frame *frame;
	int error = vm_object_page_to_write(object, position >> PAGE_SHIFT, &frame);

	if (error)
		return error;
	error = io_get(io, (char *)frame_data(frame) + (position & (PAGE_SIZE - 1)), bytes);
	put(frame);
	if (!error && position + bytes > object->bytes)
		vm_object_extend(object, position, position + bytes);
	return error;
}

static ssize_t write_locked(struct file *file, struct io *io, uint64_t *position)
{
	struct vm_object *object = file->inode->object;
	const uint64_t max = MIN(FILE_BYTES_MAX, io->file_max);
	ssize_t done = 0;
	int error = 0;

	if (file->flags & O_APPEND)
		*position = object->bytes;
	if (!io->left)
		return 0;
	if (*position >= max)
		return -EFBIG;
	if (file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if ((file->inode->seals & F_SEAL_GROW) && *position + io->left > object->bytes)
		return -EPERM;
	while (*position < max) {
		uint64_t in_page = PAGE_SIZE - (*position & (PAGE_SIZE - 1));
		size_t step = io_step(io, MIN(in_page, max - *position));
		if (!step)
			break;
		error = write_page(object, io, *position, step);
		if (error)
			break;
		*position += step;
		done += (ssize_t)step;
		if (wait_break())
			break;
	}
	/* The page that could not be written may lie behind the end. */
	if (error)
		vm_object_resize(object, object->bytes);
	if (done)
		inode_touch(file->inode);
	return done ? done : error;
}

static ssize_t regular_write(struct file *file, struct io *io, uint64_t *position)
{
	mutex_lock(&file->inode->mutex);
	ssize_t done = write_locked(file, io, position);
	mutex_unlock(&file->inode->mutex);
	return done;
}

static bool is_writer(unsigned flags)
{
	unsigned access = flags & O_ACCMODE;

	return access == O_WRONLY || access == O_RDWR;
}

static void regular_release(struct file *file)
{
	if (is_writer(file->flags))
		inode_end_write(file->inode);
}

static const struct file_ops regular_ops = {
	.read = regular_read,
	.write = regular_write,
	.release = regular_release,
};

/* O_TRUNC writes even if the file is not opened for that. */
static int empty(struct inode *inode)
{
	int error = inode_begin_write(inode);

	if (error)
		return error;
	error = inode_resize(inode, 0);
	inode_end_write(inode);
	return error;
}

int regular_open(struct inode *inode, unsigned flags, struct file **out)
{
	int error = is_writer(flags) ? inode_begin_write(inode) : 0;

	if (error)
		return error;
	error = file_create(&regular_ops, flags, inode, NULL, out);
	if (error) {
		if (is_writer(flags))
			inode_end_write(inode);
		return error;
	}
	error = flags & O_TRUNC ? empty(inode) : 0;
	if (error)
		file_put(*out);
	return error;
}

bool file_is_regular(const struct file *file)
{
	return file->ops == &regular_ops;
}

int regular_punch(struct file *file, uint64_t offset, uint64_t bytes)
{
	struct inode *inode = file->inode;
	int error = 0;

	assert(file_is_regular(file));
	if (bytes > FILE_BYTES_MAX || offset > FILE_BYTES_MAX - bytes)
		return -EFBIG;
	mutex_lock(&inode->mutex);
	uint64_t end = MIN(offset + bytes, inode->object->bytes);
	if (inode->seals & F_SEAL_WRITE)
		error = -EPERM;
	else if (offset < end)
		vm_object_clear(inode->object, offset, end);
	if (!error)
		inode_touch(inode);
	mutex_unlock(&inode->mutex);
	return error;
}

int regular_allocate(struct file *file, unsigned mode, uint64_t offset, uint64_t bytes)
{
	struct vm_object *object = file->inode->object;
	uint64_t end = offset + bytes;
	int error = 0;

	assert(file_is_regular(file));
	if (end > FILE_BYTES_MAX)
		return -EFBIG;
	mutex_lock(&file->inode->mutex);
	if (end > object->bytes && !(mode & FALLOC_FL_KEEP_SIZE) &&
	    (file->inode->seals & F_SEAL_GROW))
		error = -EPERM;
	for (uint64_t at = ALIGN_DOWN(offset, PAGE_SIZE); at < end && !error; at += PAGE_SIZE) {
		struct frame *frame;
		error = vm_object_page_to_write(object, at >> PAGE_SHIFT, &frame);
		if (!error)
			put(frame);
		if (!error && wait_break())
			error = -EINTR;
	}
	/* What is behind the end stays only if the end moves, or is meant to be there. */
	if (!error && end > object->bytes && !(mode & FALLOC_FL_KEEP_SIZE))
		vm_object_extend(object, end, end);
	else if (error)
		vm_object_resize(object, object->bytes);
	if (!error)
		file->inode->changed = inode_now();
	mutex_unlock(&file->inode->mutex);
	return error;
}
