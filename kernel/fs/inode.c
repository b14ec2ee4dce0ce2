/* inode.c: the tree of files in memory. */
#include "fs/inode.h"

#include <asm/stat.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define STAT_BLOCK_BYTES 512u
#define STAT_IO_BYTES    4096u
/* st_dev: major 0, as for all file systems without a device. */
#define STAT_DEVICE      1u

/* (i) The root, and the last number given out. */
static struct inode root;
static uint64_t last_number;

void inode_init(void)
{
	root = (struct inode){
		.parent = &root,
		.name = "",
		.mode = S_IFDIR | 0755,
		.links = 2,
		.number = ++last_number,
	};
}

struct inode *inode_root(void)
{
	return &root;
}

/* As strcmp for names, of which one is not terminated. */
static int compare(const char *name, size_t length, const struct inode *inode)
{
	int order = strncmp(name, inode->name, length);

	return order ? order : (inode->name[length] ? -1 : 0);
}

struct inode *inode_lookup(const struct inode *directory, const char *name, size_t length)
{
	struct tree_node *at = directory->directory.entries.root;

	while (at) {
		struct inode *inode = container_of(at, struct inode, node);
		int order = compare(name, length, inode);
		if (!order)
			return inode;
		at = at->child[order > 0];
	}
	return NULL;
}

struct inode *inode_first(const struct inode *directory)
{
	struct tree_node *node = tree_first(&directory->directory.entries);

	return node ? container_of(node, struct inode, node) : NULL;
}

struct inode *inode_next(const struct inode *inode)
{
	struct tree_node *node = tree_next(&inode->node);

	return node ? container_of(node, struct inode, node) : NULL;
}

/* ---- building ---- */

static bool is_name(const char *name, size_t length)
{
	if (!length || length > NAME_BYTES_MAX || (length == 1 && name[0] == '.') ||
	    (length == 2 && name[0] == '.' && name[1] == '.'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!name[i] || name[i] == '/')
			return false;
	return true;
}

static struct inode *inode_create(struct inode *directory, const char *name, size_t length)
{
	struct inode *inode = kzalloc(sizeof(*inode));
	char *copy = kzalloc(length + 1);

	if (!inode || !copy) {
		kfree(inode);
		kfree(copy);
		return NULL;
	}
	memcpy(copy, name, length);
	inode->name = copy;
	inode->parent = directory;
	inode->number = ++last_number;
	return inode;
}

static void link_inode(struct inode *directory, struct inode *inode)
{
	struct tree_node *parent = NULL, **link = &directory->directory.entries.root;

	while (*link) {
		parent = *link;
		int order = compare(inode->name, strlen(inode->name),
				    container_of(parent, struct inode, node));
		assert(order);
		link = &parent->child[order > 0];
	}
	tree_insert(&directory->directory.entries, parent, link, &inode->node);
	directory->directory.count++;
}

int inode_make(struct inode *directory, const char *name, size_t length, uint32_t mode,
	       struct inode **out)
{
	bool is_directory = (mode & S_IFMT) == S_IFDIR;

	if (!is_name(name, length))
		return -EINVAL;
	struct inode *inode = inode_lookup(directory, name, length);
	if (inode) {
		bool was_directory = (inode->mode & S_IFMT) == S_IFDIR;
		if (was_directory && !is_directory)
			return -EISDIR;
		if (!was_directory)
			memset(&inode->file, 0, sizeof(*inode) - offsetof(struct inode, file));
		if (!was_directory && is_directory)
			directory->links++;
	} else {
		inode = inode_create(directory, name, length);
		if (!inode)
			return -ENOMEM;
		link_inode(directory, inode);
		directory->links += is_directory;
	}
	inode->mode = mode;
	if (!inode->links)
		inode->links = is_directory ? 2 : 1;
	*out = inode;
	return 0;
}

int inode_make_path(const char *path, uint32_t mode, struct inode **out)
{
	struct inode *at = &root;

	for (;;) {
		while (*path == '/')
			path++;
		size_t length = 0;
		while (path[length] && path[length] != '/')
			length++;
		if (!length) {
			/* The root itself, or a name with a slash behind it. */
			if ((mode & S_IFMT) != S_IFDIR)
				return -EISDIR;
			at->mode = mode;
			*out = at;
			return 0;
		}
		bool last = !path[length];
		struct inode *next = inode_lookup(at, path, length);
		if (last)
			return inode_make(at, path, length, mode, out);
		if (!next || (next->mode & S_IFMT) != S_IFDIR) {
			int error = inode_make(at, path, length, S_IFDIR | 0755, &next);
			if (error)
				return error;
		}
		at = next;
		path += length;
	}
}

/* ---- use ---- */

ssize_t inode_path(const struct inode *inode, char *to, size_t size)
{
	size_t length = 0;

	for (const struct inode *at = inode; at != &root; at = at->parent)
		length += 1 + strlen(at->name);
	if (inode == &root) {
		if (size < 2)
			return -ENAMETOOLONG;
		memcpy(to, "/", 2);
		return 1;
	}
	if (length >= size)
		return -ENAMETOOLONG;
	to[length] = 0;
	char *end = to + length;
	for (const struct inode *at = inode; at != &root; at = at->parent) {
		size_t bytes = strlen(at->name);
		end -= bytes;
		memcpy(end, at->name, bytes);
		*--end = '/';
	}
	return (ssize_t)length;
}

ssize_t inode_target(const struct inode *inode, char *to, size_t size)
{
	assert((inode->mode & S_IFMT) == S_IFLNK);
	if (inode->link.dynamic)
		return inode->link.dynamic(to, size);
	size_t length = string_copy(to, inode->link.target, size);
	return length < size ? (ssize_t)length : -ENAMETOOLONG;
}

uint64_t inode_size(const struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return inode->file.bytes;
	case S_IFDIR:
		return inode->directory.count;
	case S_IFLNK:
		return inode->link.target ? strlen(inode->link.target) : 0;
	default:
		return 0;
	}
}

void inode_stat(const struct inode *inode, struct stat *out)
{
	uint64_t bytes = inode_size(inode);

	*out = (struct stat){
		.st_dev = STAT_DEVICE,
		.st_ino = inode->number,
		.st_nlink = inode->links,
		.st_mode = inode->mode,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_rdev = inode->device,
		.st_size = (int64_t)bytes,
		.st_blksize = STAT_IO_BYTES,
		.st_blocks = (int64_t)(ALIGN_UP(bytes, STAT_BLOCK_BYTES) / STAT_BLOCK_BYTES),
		.st_atime = (uint64_t)inode->modified,
		.st_mtime = (uint64_t)inode->modified,
		.st_ctime = (uint64_t)inode->modified,
	};
}
