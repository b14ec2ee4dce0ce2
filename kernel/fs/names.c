/* names.c: making and taking away names: what all file systems have in common. The checks come in
 * Linux's order (fs/namei.c there), so that programs see its errors. */
#include <linux/fs.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "fs/inode.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

static bool is_directory(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFDIR;
}

/* The entry itself, whatever is mounted on it. */
static int lookup_locked(struct inode *directory, const char *name, size_t length,
			 struct inode **out)
{
	assert(mutex_held(&inode_tree_mutex));
	if (!is_directory(directory) || !directory->ops->lookup)
		return -ENOTDIR;
	if (length > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	return directory->ops->lookup(directory, name, length, out);
}

int name_lookup(struct inode *directory, const char *name, size_t length, struct inode **out)
{
	mutex_lock(&inode_tree_mutex);
	int error = lookup_locked(directory, name, length, out);
	while (!error && (*out)->mounted) {
		struct inode *covered = *out;
		*out = covered->mounted;
		inode_get(*out);
		inode_put(covered);
	}
	mutex_unlock(&inode_tree_mutex);
	return error;
}

/* May `name` be added to the directory? */
static int check_free_locked(struct inode *directory, const char *name, size_t length)
{
	struct inode *found;
	int error = lookup_locked(directory, name, length, &found);

	if (!error) {
		inode_put(found);
		return -EEXIST;
	}
	if (error != -ENOENT)
		return error;
	return directory->links ? 0 : -ENOENT; /* it was removed itself */
}

/* ---- new names ---- */

static int create_locked(struct inode *directory, const char *name, size_t length,
			 const struct inode_new *as, struct inode **out)
{
	int error = check_free_locked(directory, name, length);

	if (error)
		return error;
	if (!directory->ops->create)
		return (as->mode & S_IFMT) == S_IFREG ? -EACCES : -EPERM;
	struct inode_new inherited = *as;
	/* A directory with this bit gives its group to what is made in it (inode(7)). */
	if (directory->mode & S_ISGID) {
		inherited.gid = directory->gid;
		if ((as->mode & S_IFMT) == S_IFDIR)
			inherited.mode |= S_ISGID;
	}
	error = directory->ops->create(directory, name, length, &inherited, out);
	if (error)
		return error;
	inode_touch(directory);
	watch_tell_name(directory, IN_CREATE, name, length, is_directory(*out), 0);
	return 0;
}

int name_create(struct inode *directory, const char *name, size_t length,
		const struct inode_new *as, struct inode **out)
{
	mutex_lock(&inode_tree_mutex);
	int error = create_locked(directory, name, length, as, out);
	mutex_unlock(&inode_tree_mutex);
	return error;
}

/* Walk to where a new name is to be. -EEXIST if there can't be a new one, -ENOENT for a slash
 * behind the name of what is no directory. */
static int walk_to_new(struct inode *start, const char *path, bool directory, struct path_end *end)
{
	int error = path_parent(start, path, end);

	if (error)
		return error;
	if (!path_end_is_name(end)) {
		error = -EEXIST;
	} else if (end->slash && !directory) {
		mutex_lock(&inode_tree_mutex);
		error = check_free_locked(end->directory, end->name, end->length);
		mutex_unlock(&inode_tree_mutex);
		error = error ? error : -ENOENT;
	}
	if (error)
		path_end_put(end);
	return error;
}

int path_create(struct inode *start, const char *path, const struct inode_new *as)
{
	struct path_end end;
	struct inode *made;

	int error = walk_to_new(start, path, (as->mode & S_IFMT) == S_IFDIR, &end);
	if (error)
		return error;
	error = name_create(end.directory, end.name, end.length, as, &made);
	if (!error)
		inode_put(made);
	path_end_put(&end);
	return error;
}

static int link_locked(struct inode *inode, const struct path_end *end)
{
	int error = check_free_locked(end->directory, end->name, end->length);

	if (error)
		return error;
	if (inode->ops != end->directory->ops)
		return -EXDEV;
	if (is_directory(inode) || !inode->ops->link)
		return -EPERM;
	if (!inode->links && !inode->linkable)
		return -ENOENT;
	char *name = inode->nameless ? inode_copy_name(end->name, end->length) : NULL;
	if (inode->nameless && !name)
		return -ENOMEM;
	error = inode->ops->link(end->directory, end->name, end->length, inode);
	if (error) {
		kfree(name);
		return error;
	}
	if (name)
		inode_set_name(inode, end->directory, name);
	inode->links++;
	inode->linkable = false;
	inode->changed = inode_now();
	inode_touch(end->directory);
	watch_tell_self(inode, IN_ATTRIB);
	watch_tell_name(end->directory, IN_CREATE, end->name, end->length, false, 0);
	return 0;
}

int path_link(struct inode *inode, struct inode *start, const char *path)
{
	struct path_end end;

	int error = walk_to_new(start, path, false, &end);
	if (error)
		return error;
	mutex_lock(&inode_tree_mutex);
	error = link_locked(inode, &end);
	mutex_unlock(&inode_tree_mutex);
	path_end_put(&end);
	return error;
}

/* ---- names that go ---- */

static bool is_named(const struct inode *inode, const struct path_end *end)
{
	return !inode->nameless && inode->parent == end->directory &&
	       strlen(inode->name) == end->length && !strncmp(inode->name, end->name, end->length);
}

/* `inode` is not in the directory under that name any more. */
static void lose_name(struct inode *inode, const struct path_end *end)
{
	inode->nameless = inode->nameless || is_named(inode, end);
	inode->changed = inode_now();
	if (is_directory(inode)) {
		inode->links = 0;
		end->directory->links--;
	} else {
		inode->links--;
	}
}

static int unlink_locked(const struct path_end *end, struct inode *inode)
{
	if (inode->mounted)
		return -EBUSY;
	if (!end->directory->ops->unlink)
		return -EPERM;
	if (is_directory(inode) && !inode->ops->is_empty(inode))
		return -ENOTEMPTY;
	int error = end->directory->ops->unlink(end->directory, end->name, end->length, inode);
	if (!error) {
		lose_name(inode, end);
		inode_touch(end->directory);
	}
	return error;
}

/* unlink(2) or rmdir(2) of the last name, which is one. */
static int remove_locked(const struct path_end *end, bool directory)
{
	struct inode *inode;
	int error = lookup_locked(end->directory, end->name, end->length, &inode);

	if (error)
		return error;
	if (directory && !is_directory(inode))
		error = -ENOTDIR;
	else if (!directory && is_directory(inode))
		error = -EISDIR;
	else if (!directory && end->slash)
		error = -ENOTDIR;
	else
		error = unlink_locked(end, inode);
	if (!error && !directory)
		watch_tell_self(inode, IN_ATTRIB);
	inode_put(inode);
	/* In Linux's order: the inode is gone by now, if nobody has it. */
	if (!error)
		watch_tell_name(end->directory, IN_DELETE, end->name, end->length, directory, 0);
	return error;
}

/* What rmdir says of a path that does not end with a name. */
static int refuse_directory(const struct path_end *end)
{
	if (!end->length)
		return -EBUSY;
	return end->length == 1 ? -EINVAL : -ENOTEMPTY;
}

static int path_remove(struct inode *start, const char *path, bool directory)
{
	struct path_end end;

	int error = path_parent(start, path, &end);
	if (error)
		return error;
	if (path_end_is_name(&end)) {
		mutex_lock(&inode_tree_mutex);
		error = remove_locked(&end, directory);
		mutex_unlock(&inode_tree_mutex);
	} else {
		error = directory ? refuse_directory(&end) : -EISDIR;
	}
	path_end_put(&end);
	return error;
}

int path_unlink(struct inode *start, const char *path)
{
	return path_remove(start, path, false);
}

int path_rmdir(struct inode *start, const char *path)
{
	return path_remove(start, path, true);
}

/* ---- names that change ---- */

/* Is `inode` the directory, or one that it is in? */
static bool is_above(const struct inode *inode, const struct inode *directory)
{
	while (directory && directory != inode)
		directory = directory->parent;
	return directory != NULL;
}

static int check_rename_locked(const struct path_end *old, const struct path_end *new,
			       struct inode *inode, struct inode *victim)
{
	if (!is_directory(inode) && (old->slash || new->slash))
		return -ENOTDIR;
	if (is_above(inode, new->directory))
		return -EINVAL;
	if (victim && is_above(victim, old->directory))
		return -ENOTEMPTY;
	if (victim == inode)
		return 0;
	if (!new->directory->links)
		return -ENOENT;
	if (victim && is_directory(inode) != is_directory(victim))
		return is_directory(inode) ? -ENOTDIR : -EISDIR;
	if (inode->mounted || (victim && victim->mounted))
		return -EBUSY;
	if (!old->directory->ops->rename)
		return -EPERM;
	if (victim && is_directory(victim) && !victim->ops->is_empty(victim))
		return -ENOTEMPTY;
	return 0;
}

/* The inode has the name `to` from now on, and `name` is the text of that; taken over. */
static void change_name(struct inode *inode, const struct path_end *from, const struct path_end *to,
			char *name)
{
	if (is_named(inode, from))
		inode_set_name(inode, to->directory, name);
	else
		kfree(name);
	if (is_directory(inode)) {
		from->directory->links--;
		to->directory->links++;
	}
	inode->changed = inode_now();
}

/* In Linux's order; victim: whose name that was, or NULL. */
static void tell_move(const struct path_end *old, const struct path_end *new, struct inode *inode,
		      struct inode *victim)
{
	if (!watch_any())
		return;
	uint32_t cookie = watch_new_cookie();
	watch_tell_name(old->directory, IN_MOVED_FROM, old->name, old->length, is_directory(inode),
			cookie);
	watch_tell_name(new->directory, IN_MOVED_TO, new->name, new->length, is_directory(inode),
			cookie);
	if (victim)
		watch_tell_self(victim, IN_ATTRIB);
	watch_tell_self(inode, IN_MOVE_SELF);
}

static int rename_inode_locked(const struct path_end *old, const struct path_end *new,
			       struct inode *inode, struct inode *victim)
{
	char *name = inode_copy_name(new->name, new->length);

	if (!name)
		return -ENOMEM;
	int error = old->directory->ops->rename(old->directory, old->name, old->length,
						new->directory, new->name, new->length, victim);
	if (error) {
		kfree(name);
		return error;
	}
	if (victim)
		lose_name(victim, new);
	change_name(inode, old, new, name);
	inode_touch(old->directory);
	inode_touch(new->directory);
	tell_move(old, new, inode, victim);
	return 0;
}

/* renameat2(2)'s RENAME_EXCHANGE. */
static int exchange_inodes_locked(const struct path_end *old, const struct path_end *new,
				  struct inode *inode, struct inode *other)
{
	if ((!is_directory(inode) && old->slash) || (!is_directory(other) && new->slash))
		return -ENOTDIR;
	if (is_above(inode, new->directory) || is_above(other, old->directory))
		return -EINVAL;
	if (inode == other)
		return 0;
	if (inode->mounted || other->mounted)
		return -EBUSY;
	if (!old->directory->ops->exchange)
		return -EINVAL;
	char *old_name = inode_copy_name(old->name, old->length);
	char *new_name = inode_copy_name(new->name, new->length);
	if (!old_name || !new_name) {
		kfree(old_name);
		kfree(new_name);
		return -ENOMEM;
	}
	old->directory->ops->exchange(old->directory, old->name, old->length, new->directory,
				      new->name, new->length);
	change_name(inode, old, new, new_name);
	change_name(other, new, old, old_name);
	inode_touch(old->directory);
	inode_touch(new->directory);
	tell_move(old, new, inode, NULL);
	tell_move(new, old, other, NULL);
	return 0;
}

static int exchange_locked(const struct path_end *old, const struct path_end *new)
{
	struct inode *inode, *other;
	int error = lookup_locked(old->directory, old->name, old->length, &inode);

	if (error)
		return error;
	error = lookup_locked(new->directory, new->name, new->length, &other);
	if (!error) {
		error = exchange_inodes_locked(old, new, inode, other);
		inode_put(other);
	}
	inode_put(inode);
	return error;
}

static int rename_locked(const struct path_end *old, const struct path_end *new, unsigned flags)
{
	struct inode *inode, *victim;
	int error = lookup_locked(old->directory, old->name, old->length, &inode);

	if (error)
		return error;
	error = lookup_locked(new->directory, new->name, new->length, &victim);
	if (error == -ENOENT) {
		victim = NULL;
		error = 0;
	}
	if (!error) {
		if (victim && (flags & RENAME_NOREPLACE))
			error = -EEXIST;
		else
			error = check_rename_locked(old, new, inode, victim);
		/* Two names of one file: nothing is to be done, says POSIX. */
		if (!error && victim != inode)
			error = rename_inode_locked(old, new, inode, victim);
		if (victim)
			inode_put(victim);
	}
	inode_put(inode);
	return error;
}

int path_rename(struct inode *old_start, const char *old_path, struct inode *new_start,
		const char *new_path, unsigned flags)
{
	struct path_end old, new;

	if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	int error = path_parent(old_start, old_path, &old);
	if (error)
		return error;
	error = path_parent(new_start, new_path, &new);
	if (error) {
		path_end_put(&old);
		return error;
	}
	if (old.directory->ops != new.directory->ops) {
		error = -EXDEV;
	} else if (!path_end_is_name(&old)) {
		error = -EBUSY;
	} else if (!path_end_is_name(&new)) {
		error = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	} else {
		mutex_lock(&inode_tree_mutex);
		error = flags & RENAME_EXCHANGE ? exchange_locked(&old, &new)
						: rename_locked(&old, &new, flags);
		mutex_unlock(&inode_tree_mutex);
	}
	path_end_put(&old);
	path_end_put(&new);
	return error;
}
