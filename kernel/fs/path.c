/* path.c: following a path name (path_resolution(7)). */
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

struct walk {
	struct inode *at;
	const char *path; /* what is left */
	unsigned links;   /* followed so far */
	char *buffer;     /* after the first link `path` is in here; PATH_BYTES_MAX */
};

static bool is_kind(const struct inode *inode, uint32_t kind)
{
	return (inode->mode & S_IFMT) == kind;
}

/* Put the link's target in front of what is left. No recursion: the kernel's stack is small. */
static int follow(struct walk *walk, const struct inode *link)
{
	if (++walk->links > PATH_LINKS_MAX)
		return -ELOOP;
	char *buffer = kmalloc(PATH_BYTES_MAX);
	if (!buffer)
		return -ENOMEM;
	ssize_t length = inode_target(link, buffer, PATH_BYTES_MAX);
	size_t rest = strlen(walk->path);
	int error = 0;
	if (length < 0)
		error = (int)length;
	else if (!length)
		error = -ENOENT;
	else if ((size_t)length + rest >= PATH_BYTES_MAX)
		error = -ENAMETOOLONG;
	if (error) {
		kfree(buffer);
		return error;
	}
	memcpy(buffer + length, walk->path, rest + 1);
	kfree(walk->buffer);
	walk->path = walk->buffer = buffer;
	if (*buffer == '/')
		walk->at = inode_root();
	return 0;
}

static int step(struct walk *walk, const char *name, size_t length, bool follow_link)
{
	struct inode *here = walk->at, *next;

	if (!is_kind(here, S_IFDIR))
		return -ENOTDIR;
	if (length > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	if (length == 1 && name[0] == '.')
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.') {
		walk->at = here->parent;
		return 0;
	}
	next = inode_lookup(here, name, length);
	if (!next)
		return -ENOENT;
	/* A link is relative to the directory it stands in, where the walk still is. */
	if (is_kind(next, S_IFLNK) && follow_link)
		return follow(walk, next);
	walk->at = next;
	return 0;
}

static int walk_all(struct walk *walk, unsigned flags)
{
	bool slash_behind = false;

	if (*walk->path == '/')
		walk->at = inode_root();
	for (;;) {
		while (*walk->path == '/')
			walk->path++;
		if (!*walk->path)
			break;
		const char *name = walk->path;
		size_t length = 0;
		while (name[length] && name[length] != '/')
			length++;
		slash_behind = name[length] == '/';
		walk->path = name + length;
		bool keep_link = !slash_behind && (flags & WALK_NOFOLLOW);
		int error = step(walk, name, length, !keep_link);
		if (error)
			return error;
	}
	return slash_behind && !is_kind(walk->at, S_IFDIR) ? -ENOTDIR : 0;
}

int path_walk(struct inode *start, const char *path, unsigned flags, struct inode **out)
{
	struct walk walk = {.at = start, .path = path};

	if (!*path)
		return -ENOENT;
	int error = walk_all(&walk, flags);
	kfree(walk.buffer);
	if (!error)
		*out = walk.at;
	return error;
}

bool path_parent_exists(struct inode *start, const char *path)
{
	size_t length = strlen(path);
	struct inode *parent = start;

	/* A name with a slash behind it can't be created as a file. */
	if (!length || path[length - 1] == '/' || length >= PATH_BYTES_MAX)
		return false;
	const char *slash = strrchr(path, '/');
	if (!slash)
		return true;
	char *copy = kmalloc(length + 1);
	if (!copy)
		return false;
	string_copy(copy, path, (size_t)(slash - path) + 2);
	bool exists = !path_walk(start, copy, 0, &parent) && is_kind(parent, S_IFDIR);
	kfree(copy);
	return exists;
}
