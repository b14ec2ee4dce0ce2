/* mount.c: which file system is seen where: /proc/mounts, mount(2). */
#include "fs/mount.h"

#include <asm/stat.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/text.h"
#include "mm/slab.h"

#define MOUNTS_MAX 32u

/* The roots that were mounted, in that order; their directories hold them: inode_tree_mutex. */
static struct inode *mounts[MOUNTS_MAX];
/* (inode_tree_mutex) how many */
static unsigned mount_count;

static bool is_mounted_locked(const struct inode *root)
{
	bool found = false;

	for (unsigned i = 0; i < mount_count; i++)
		found |= mounts[i] == root;
	return found;
}

/* Is an inode of it made anew whenever it is looked up? Then nothing can be seen in its place. */
static bool is_passing_locked(const struct inode *directory)
{
	uint64_t magic = directory->ops->magic;

	return (magic == PROC_SUPER_MAGIC || magic == SYSFS_MAGIC) && !is_mounted_locked(directory);
}

static int mount_locked(struct inode *directory, struct inode *mounted)
{
	/* What is mounted there already is covered in its turn. */
	while (directory->mounted)
		directory = directory->mounted;
	if ((directory->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	/* It was removed, by who is still in it. */
	if (!directory->links)
		return -ENOENT;
	if (!directory->parent || is_passing_locked(directory))
		return -EBUSY;
	char *name = mount_count < MOUNTS_MAX
			     ? inode_copy_name(directory->name, strlen(directory->name))
			     : NULL;
	if (!name)
		return -ENOMEM;
	inode_set_name(mounted, directory->parent, name);
	directory->mounted = mounted;
	mounts[mount_count++] = mounted;
	return 0;
}

int mount_at(struct inode *directory, struct inode *mounted)
{
	mutex_lock(&inode_tree_mutex);
	int error = mount_locked(directory, mounted);
	mutex_unlock(&inode_tree_mutex);
	return error;
}

int inode_mount(const char *path, struct inode *mounted)
{
	struct inode *directory;
	int error = path_walk(inode_root(), path, 0, &directory);

	if (error)
		return error;
	error = mount_at(directory, mounted);
	inode_put(directory);
	return error;
}

bool mount_is_root(struct inode *inode)
{
	mutex_lock(&inode_tree_mutex);
	bool found = is_mounted_locked(inode);
	mutex_unlock(&inode_tree_mutex);
	return found || inode == inode_root();
}

static int unmount_locked(struct inode *mounted, struct inode **directory)
{
	unsigned at = 0;

	while (at < mount_count && mounts[at] != mounted)
		at++;
	if (at == mount_count)
		return -EINVAL;
	/* Who is in it, or has a file of it, has a reference; and so has each name in it. What
	 * covers it has none: it came after the caller's path was followed. */
	if (mounted->mounted || __atomic_load_n(&mounted->count, __ATOMIC_ACQUIRE) != 2)
		return -EBUSY;
	struct inode *above = mounted->parent;
	int error = above->ops->lookup(above, mounted->name, strlen(mounted->name), directory);
	if (error)
		return error;
	struct inode *covered = *directory;
	while (covered->mounted != mounted) {
		covered = covered->mounted;
		assert(covered);
	}
	covered->mounted = NULL;
	mounts[at] = mounts[--mount_count];
	return 0;
}

int inode_unmount(struct inode *mounted)
{
	struct inode *directory;

	mutex_lock(&inode_tree_mutex);
	int error = unmount_locked(mounted, &directory);
	mutex_unlock(&inode_tree_mutex);
	if (error)
		return error;
	inode_put(directory);
	inode_put(mounted); /* the directory's */
	return 0;
}

static const char *type_of(const struct inode *root)
{
	switch (root->ops->magic) {
	case PROC_SUPER_MAGIC:
		return "proc";
	case SYSFS_MAGIC:
		return "sysfs";
	case DEVPTS_SUPER_MAGIC:
		return "devpts";
	default:
		return "tmpfs";
	}
}

/* The file system number `index`, with a reference; NULL: there are no more. */
static struct inode *root_at(unsigned index)
{
	struct inode *found = NULL;

	mutex_lock(&inode_tree_mutex);
	if (index == 0)
		found = inode_root();
	else if (index <= mount_count)
		found = mounts[index - 1];
	if (found)
		inode_get(found);
	mutex_unlock(&inode_tree_mutex);
	return found;
}

/* A path as a field of a line: what would end it is written in octal (proc(5)). */
static void put_path(struct text_sink *sink, const char *path)
{
	for (; *path; path++) {
		if (*path == ' ' || *path == '\t' || *path == '\n' || *path == '\\')
			text_print(sink, "\\%03o", (unsigned)*path);
		else
			sink->put(sink, path, 1);
	}
}

static void print_one(struct inode *root, unsigned index, bool info, const char *path,
		      struct text_sink *sink)
{
	const char *type = type_of(root);
	struct stat stat;

	inode_stat(root, &stat);
	if (info)
		text_print(sink, "%u %u 0:%u / ", index + 1, index ? 1 : 0,
			   (unsigned)stat.st_dev & 0xff);
	else
		text_print(sink, "%s ", type);
	put_path(sink, path);
	if (info)
		text_print(sink, " rw,relatime - %s %s rw\n", type, type);
	else
		text_print(sink, " %s rw,relatime 0 0\n", type);
}

int mount_print(struct text_sink *sink, bool info)
{
	char *path = kmalloc(PATH_BYTES_MAX);
	struct inode *root;

	if (!path)
		return -ENOMEM;
	for (unsigned i = 0; (root = root_at(i)); i++) {
		if (inode_path(root, path, PATH_BYTES_MAX) > 0)
			print_one(root, i, info, path, sink);
		inode_put(root);
	}
	kfree(path);
	return 0;
}
