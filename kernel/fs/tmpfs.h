/* tmpfs.h: the file system in memory: the root, and files without a name. */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/inode.h"

/* Frames that files may take, and those that they have. */
struct tmpfs_usage {
	uint64_t frames, frames_max, files, files_max;
};
void tmpfs_usage(struct tmpfs_usage *out);
/* Frames at most; files that are there already stay. At boot. */
void tmpfs_set_limit(uint64_t frames);

/* An empty directory, with a reference, which is nowhere yet. -ENOMEM. */
NODISCARD int tmpfs_create_root(uint32_t mode, struct inode **out);
/* memfd_create(2): a regular file without a name; its path reads "/NAME (deleted)". -ENOMEM,
 * -ENOSPC. */
NODISCARD int tmpfs_create_nameless(const char *name, uint32_t mode, struct inode **out);

/* open(2)'s O_TMPFILE: a regular file without a name, which reads "DIRECTORY/#NUMBER (deleted)".
 * linkable: link(2) may give it one. -ENOMEM, -ENOSPC. */
NODISCARD int tmpfs_create_unlinked(struct inode *directory, uint32_t mode, bool linkable,
				    struct inode **out);

/*
 * For boot: the entry at `path` made or made anew, with directories on the way. A directory stays
 * one, with what is in it, and where one is wanted a symbolic link is followed; anything else is
 * replaced. `as`->target is copied. -ENOMEM, -EINVAL for a bad name, -EISDIR where a directory
 * would be replaced, -ELOOP.
 */
NODISCARD int tmpfs_make(const char *path, const struct inode_new *as, struct inode **out);

/* A symbolic link whose target depends on who asks: as snprintf, but negative errno. */
typedef ssize_t (*tmpfs_target_fn)(char *to, size_t size);
NODISCARD int tmpfs_make_dynamic_link(const char *path, tmpfs_target_fn target);

#endif
