/* path.c: following a path name (path_resolution(7)). */
#include <asm/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

struct walk {
	struct inode *at; /* with a reference */
	const char *path; /* what is left behind `name` */
	const char *name; /* the last name, once walk_to_last() is there; not terminated */
	size_t length;
	bool slash;          /* one follows that name */
	unsigned links;      /* followed so far */
	unsigned resolve;    /* RESOLVE_*, of openat2(2) */
	struct inode *start; /* where it began; the caller's reference keeps it */
	char *buffer;        /* after the first link `path` is in here; PATH_BYTES_MAX */
};

static bool is_kind(const struct inode *inode, uint32_t kind)
{
	return (inode->mode & S_IFMT) == kind;
}

static void begin(struct walk *walk, struct inode *start, const char *path, unsigned resolve)
{
	bool from_root = *path == '/' && !(resolve & RESOLVE_IN_ROOT);

	*walk = (struct walk){
		.at = from_root ? inode_root() : start,
		.path = path,
		.resolve = resolve,
		.start = start,
	};
	inode_get(walk->at);
}

static void end(struct walk *walk)
{
	inode_put(walk->at);
	kfree(walk->buffer);
}

/* The walk goes on at `inode`, whose reference it takes over. */
static void move_to(struct walk *walk, struct inode *inode)
{
	inode_put(walk->at);
	walk->at = inode;
}

/* The same, if the walk may go there: into another file system it may not always. */
static int enter(struct walk *walk, struct inode *inode)
{
	if ((walk->resolve & RESOLVE_NO_XDEV) && inode->ops != walk->at->ops) {
		inode_put(inode);
		return -EXDEV;
	}
	move_to(walk, inode);
	return 0;
}

/* Put the link's target in front of what is left. No recursion: the kernel's stack is small. */
static int follow_text(struct walk *walk, struct inode *link)
{
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
	if (*buffer == '/') {
		struct inode *to = walk->resolve & RESOLVE_IN_ROOT ? walk->start : inode_root();
		if (walk->resolve & RESOLVE_BENEATH)
			return -EXDEV;
		inode_get(to);
		return enter(walk, to);
	}
	return 0;
}

static int follow(struct walk *walk, struct inode *link)
{
	struct inode *to;

	if (++walk->links > PATH_LINKS_MAX || (walk->resolve & RESOLVE_NO_SYMLINKS))
		return -ELOOP;
	if (link->ops->follow && (walk->resolve & RESOLVE_NO_MAGICLINKS))
		return -ELOOP;
	if (link->ops->follow && (walk->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)))
		return -EXDEV;
	if (!link->ops->follow)
		return follow_text(walk, link);
	int error = link->ops->follow(link, &to);
	return error ? error : enter(walk, to);
}

static int go_up(struct walk *walk)
{
	if (walk->at == walk->start && (walk->resolve & RESOLVE_BENEATH))
		return -EXDEV;
	if (walk->at == walk->start && (walk->resolve & RESOLVE_IN_ROOT))
		return 0;
	mutex_lock(&inode_tree_mutex);
	struct inode *up = walk->at->parent;
	if (up)
		inode_get(up);
	mutex_unlock(&inode_tree_mutex);
	return up ? enter(walk, up) : 0;
}

static int step(struct walk *walk, const char *name, size_t length, bool follow_link)
{
	struct inode *next;

	if (!is_kind(walk->at, S_IFDIR))
		return -ENOTDIR;
	if (length == 1 && name[0] == '.')
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.')
		return go_up(walk);
	int error = name_lookup(walk->at, name, length, &next);
	if (error)
		return error;
	/* A link is relative to the directory it stands in, where the walk still is. */
	if (is_kind(next, S_IFLNK) && follow_link) {
		error = follow(walk, next);
		inode_put(next);
		return error;
	}
	return enter(walk, next);
}

/* Walk until only one name is left, which becomes walk->name; length 0: there is none. */
static int walk_to_last(struct walk *walk)
{
	for (;;) {
		while (*walk->path == '/')
			walk->path++;
		walk->name = walk->path;
		walk->length = 0;
		while (walk->name[walk->length] && walk->name[walk->length] != '/')
			walk->length++;
		if (!walk->length)
			return 0;
		walk->path += walk->length;
		walk->slash = *walk->path == '/';
		const char *next = walk->path;
		while (*next == '/')
			next++;
		if (!*next)
			return is_kind(walk->at, S_IFDIR) ? 0 : -ENOTDIR;
		int error = step(walk, walk->name, walk->length, true);
		if (error)
			return error;
	}
}

static int walk_all(struct walk *walk, unsigned flags)
{
	for (;;) {
		int error = walk_to_last(walk);
		if (error)
			return error;
		/* A link at the end may have put another path in its place: then there is more. */
		if (!walk->length)
			return walk->slash && !is_kind(walk->at, S_IFDIR) ? -ENOTDIR : 0;
		error = step(walk, walk->name, walk->length,
			     walk->slash || !(flags & WALK_NOFOLLOW));
		if (error)
			return error;
	}
}

int path_walk(struct inode *start, const char *path, unsigned flags, struct inode **out)
{
	return path_walk_within(start, path, flags, 0, out);
}

int path_walk_within(struct inode *start, const char *path, unsigned flags, unsigned resolve,
		     struct inode **out)
{
	struct walk walk;

	if (!*path)
		return -ENOENT;
	if (*path == '/' && (resolve & RESOLVE_BENEATH))
		return -EXDEV;
	begin(&walk, start, path, resolve);
	int error = walk_all(&walk, flags);
	if (!error) {
		*out = walk.at;
		inode_get(*out);
	}
	end(&walk);
	return error;
}

int path_parent(struct inode *start, const char *path, struct path_end *out)
{
	struct walk walk;

	if (!*path)
		return -ENOENT;
	begin(&walk, start, path, 0);
	int error = walk_to_last(&walk);
	if (error) {
		end(&walk);
		return error;
	}
	*out = (struct path_end){
		.directory = walk.at,
		.name = walk.name,
		.length = walk.length,
		.slash = walk.slash,
		.buffer = walk.buffer,
	};
	return 0;
}

void path_end_put(struct path_end *path_end)
{
	inode_put(path_end->directory);
	kfree(path_end->buffer);
}

bool path_end_is_name(const struct path_end *path_end)
{
	const char *name = path_end->name;

	return path_end->length && !(name[0] == '.' && path_end->length == 1) &&
	       !(name[0] == '.' && name[1] == '.' && path_end->length == 2);
}

/* ---- open ---- */

/* The last name of an open with O_CREAT: 0 and *found has a reference, *made: it is new; 1: it was
 * a link, go on. */
static int open_last(struct walk *walk, unsigned flags, const struct inode_new *as,
		     struct inode **found, bool *made)
{
	int error = name_lookup(walk->at, walk->name, walk->length, found);

	if (error == -ENOENT) {
		*made = true;
		return name_create(walk->at, walk->name, walk->length, as, found);
	}
	if (error)
		return error;
	if (flags & O_EXCL)
		error = -EEXIST;
	else if (!is_kind(*found, S_IFLNK) || (flags & O_NOFOLLOW))
		return 0;
	else
		error = follow(walk, *found);
	inode_put(*found);
	return error ? error : 1;
}

static int open_or_create(struct walk *walk, unsigned *flags_used, const struct inode_new *as,
			  struct inode **out)
{
	unsigned flags = *flags_used;

	for (;;) {
		int error = walk_to_last(walk);
		if (error)
			return error;
		struct path_end last = {.name = walk->name, .length = walk->length};
		/* A link led to a file without a name: what is open, by /proc/<pid>/fd. */
		if (!last.length && !is_kind(walk->at, S_IFDIR)) {
			*out = walk->at;
			inode_get(*out);
			return 0;
		}
		if (!path_end_is_name(&last))
			return flags & O_EXCL ? -EEXIST : -EISDIR;
		if (walk->slash)
			return -EISDIR;
		struct inode *found;
		bool made = false;
		error = open_last(walk, flags, as, &found, &made);
		/* Another thread was faster, and that is as good. */
		if (error == -EEXIST && !(flags & O_EXCL)) {
			walk->path = walk->name;
			continue;
		}
		if (error < 0)
			return error;
		if (!error) {
			*out = found;
			*flags_used = made ? flags & ~(unsigned)O_TRUNC : flags;
			return 0;
		}
	}
}

int path_open(struct inode *start, const char *path, unsigned *flags, const struct inode_new *as,
	      struct inode **out)
{
	return path_open_within(start, path, flags, 0, as, out);
}

int path_open_within(struct inode *start, const char *path, unsigned *flags, unsigned resolve,
		     const struct inode_new *as, struct inode **out)
{
	struct walk walk;

	if (!(*flags & O_CREAT))
		return path_walk_within(start, path, *flags & O_NOFOLLOW ? WALK_NOFOLLOW : 0,
					resolve, out);
	if (!*path)
		return -ENOENT;
	if (*path == '/' && (resolve & RESOLVE_BENEATH))
		return -EXDEV;
	begin(&walk, start, path, resolve);
	int error = open_or_create(&walk, flags, as, out);
	end(&walk);
	return error;
}
