/* directory_file.c: open directories, and reading their entries. */
#include "fs/directory_file.h"

#include <asm/fcntl.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "lib/string.h"
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
/* Positions: "." is 0, ".." is 1, the file system's entries follow. */
#define FIRST_POSITION  2u

static ssize_t directory_read(struct file *file, struct io *io, uint64_t *position)
{
	return -EISDIR;
}

static const struct file_ops directory_ops = {.read = directory_read};

int directory_open(struct inode *inode, unsigned flags, struct file **out)
{
	return file_create(&directory_ops, flags, inode, NULL, out);
}

struct listing {
	vaddr_t to;
	size_t bytes, done;
	uint64_t position; /* behind what was written */
	int error;         /* why it ended, if not at the end */
};

static bool put_entry(void *context, const char *name, uint64_t number, uint32_t mode,
		      uint64_t next)
{
	struct listing *listing = context;
	char record[sizeof(struct directory_entry) + NAME_BYTES_MAX + 1 + ENTRY_ALIGNMENT];
	size_t used = sizeof(struct directory_entry) + strlen(name) + 1;
	size_t length = ALIGN_UP(used, ENTRY_ALIGNMENT);

	if (length > listing->bytes - listing->done) {
		listing->error = -EINVAL;
		return false;
	}
	struct directory_entry head = {
		.number = number,
		.next = (int64_t)next,
		.bytes = (uint16_t)length,
		.type = (uint8_t)((mode & S_IFMT) >> MODE_TYPE_SHIFT),
	};
	memset(record, 0, sizeof(record));
	memcpy(record, &head, sizeof(head));
	string_copy(record + sizeof(head), name, NAME_BYTES_MAX + 1);
	listing->error = copy_to_user(listing->to + listing->done, record, length);
	if (listing->error)
		return false;
	listing->done += length;
	listing->position = next;
	return true;
}

/* "." and "..", then the file system's entries. */
static int list_locked(struct inode *directory, struct listing *listing)
{
	struct inode *up = directory->parent ? directory->parent : directory;

	if (!directory->links)
		return -ENOENT;
	if (listing->position == 0 &&
	    !put_entry(listing, ".", directory->number, directory->mode, 1))
		return listing->error;
	if (listing->position == 1 &&
	    !put_entry(listing, "..", up->number, up->mode, FIRST_POSITION))
		return listing->error;
	int error = directory->ops->read_entries(directory, listing->position, put_entry, listing);
	return error ? error : listing->error;
}

ssize_t file_entries(struct file *file, vaddr_t to, size_t bytes)
{
	if (file->ops != &directory_ops)
		return file->flags & O_PATH ? -EBADF : -ENOTDIR;
	mutex_lock(&file->mutex);
	struct listing listing = {.to = to, .bytes = bytes, .position = file->position};
	mutex_lock(&inode_tree_mutex);
	int error = list_locked(file->inode, &listing);
	mutex_unlock(&inode_tree_mutex);
	file->position = listing.position;
	mutex_unlock(&file->mutex);
	watch_tell(file->inode, IN_ACCESS);
	if (!(file->flags & O_NOATIME))
		inode_touch_accessed(file->inode);
	return listing.done ? (ssize_t)listing.done : error;
}
