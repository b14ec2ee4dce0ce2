/* tmpfs_make.c: files by path at boot, whatever was there before: the initial RAM disk's, devices.
 */
#include <linux/stat.h>

#include "fs/tmpfs.h"
#include "lib/errno.h"

static bool is_kind(const struct inode *inode, uint32_t kind)
{
	return (inode->mode & S_IFMT) == kind;
}

static bool is_dots(const char *name, size_t length)
{
	return name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
}

/* Take what is there away, if it is no directory. */
static int clear_way(struct inode *directory, const char *name, size_t length,
		     struct inode *in_the_way)
{
	const struct inode_ops *ops = directory->ops;

	int error = ops->unlink(directory, name, length, in_the_way);
	if (!error) {
		in_the_way->links--;
		in_the_way->nameless = true;
	}
	return error;
}

/* One name of the path. A directory stays; anything else makes way. */
static int make_locked(struct inode *directory, const char *name, size_t length,
		       const struct inode_new *as, struct inode **out)
{
	struct inode *found;

	if (length > NAME_BYTES_MAX || is_dots(name, length))
		return -EINVAL;
	int error = directory->ops->lookup(directory, name, length, &found);
	if (!error) {
		bool stays = is_kind(found, S_IFDIR);
		if (stays && (as->mode & S_IFMT) != S_IFDIR)
			error = -EISDIR;
		if (stays && !error) {
			*out = found;
			return 0;
		}
		if (!error)
			error = clear_way(directory, name, length, found);
		inode_put(found);
		if (error)
			return error;
	} else if (error != -ENOENT) {
		return error;
	}
	return directory->ops->create(directory, name, length, as, out);
}

int tmpfs_make(const char *path, const struct inode_new *as, struct inode **out)
{
	const struct inode_new directory = {.mode = S_IFDIR | 0755};
	struct inode *at = inode_root(), *next;
	int error = 0;

	inode_get(at);
	mutex_lock(&inode_tree_mutex);
	for (;;) {
		while (*path == '/')
			path++;
		size_t length = 0;
		while (path[length] && path[length] != '/')
			length++;
		if (!length)
			break;
		error = make_locked(at, path, length, path[length] ? &directory : as, &next);
		inode_put(at);
		at = error ? NULL : next;
		if (error)
			break;
		path += length;
	}
	mutex_unlock(&inode_tree_mutex);
	/* The path of the root, or one that a slash ends. */
	if (!error && (at->mode & S_IFMT) != (as->mode & S_IFMT)) {
		inode_put(at);
		error = -EISDIR;
	}
	if (error)
		return error;
	at->mode = as->mode;
	at->uid = as->uid;
	at->gid = as->gid;
	*out = at;
	return 0;
}
