/* tmpfs_make.c: files by path at boot, whatever was there before: the initial RAM disk's, devices.
 */
#include <linux/stat.h>

#include "fs/tmpfs.h"
#include "lib/errno.h"

#define LINKS_MAX    8u
#define TARGET_BYTES 256u

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

static int make_path(struct inode *at, const char *path, const struct inode_new *as, unsigned links,
		     struct inode **out);

/* The directory that the link leads to, made if it is not there. */
static int follow(struct inode *directory, struct inode *link, const struct inode_new *as,
		  unsigned links, struct inode **out)
{
	char target[TARGET_BYTES];

	if (links == LINKS_MAX)
		return -ELOOP;
	ssize_t length = inode_target(link, target, sizeof(target));
	if (length < 0)
		return (int)length;
	return make_path(target[0] == '/' ? inode_root() : directory, target, as, links + 1, out);
}

/* One name of the path. A directory stays, and so does a link where one is wanted; anything else
 * makes way. */
static int make_locked(struct inode *directory, const char *name, size_t length,
		       const struct inode_new *as, unsigned links, struct inode **out)
{
	bool wants_directory = (as->mode & S_IFMT) == S_IFDIR;
	struct inode *found;

	if (length > NAME_BYTES_MAX || is_dots(name, length))
		return -EINVAL;
	int error = directory->ops->lookup(directory, name, length, &found);
	if (error == -ENOENT)
		return directory->ops->create(directory, name, length, as, out);
	if (error)
		return error;
	if (is_kind(found, S_IFDIR)) {
		*out = found;
		if (wants_directory)
			return 0;
		error = -EISDIR;
	} else if (is_kind(found, S_IFLNK) && wants_directory) {
		error = follow(directory, found, as, links, out);
		inode_put(found);
		return error;
	} else {
		error = clear_way(directory, name, length, found);
	}
	inode_put(found);
	return error ? error : directory->ops->create(directory, name, length, as, out);
}

/* From `at`; under inode_tree_mutex. */
static int make_path(struct inode *at, const char *path, const struct inode_new *as, unsigned links,
		     struct inode **out)
{
	const struct inode_new directory = {.mode = S_IFDIR | 0755};
	struct inode *next;

	inode_get(at);
	for (;;) {
		while (*path == '/')
			path++;
		size_t length = 0;
		while (path[length] && path[length] != '/')
			length++;
		if (!length)
			break;
		int error =
			make_locked(at, path, length, path[length] ? &directory : as, links, &next);
		inode_put(at);
		if (error)
			return error;
		at = next;
		path += length;
	}
	*out = at;
	return 0;
}

int tmpfs_make(const char *path, const struct inode_new *as, struct inode **out)
{
	struct inode *made;

	mutex_lock(&inode_tree_mutex);
	int error = make_path(inode_root(), path, as, 0, &made);
	mutex_unlock(&inode_tree_mutex);
	if (error)
		return error;
	/* The path of the root, or one that a slash ends. */
	if ((made->mode & S_IFMT) != (as->mode & S_IFMT)) {
		inode_put(made);
		return -EISDIR;
	}
	made->mode = as->mode;
	made->uid = as->uid;
	made->gid = as->gid;
	*out = made;
	return 0;
}
