/*
 * inode.h: the tree of files. An inode is a file of any kind; directories give inodes names. What a
 * kind of file system does differently stands in its inode_ops: tmpfs.h is the root and is
 * writable, others are mounted on its directories. docs/files.md draws all this.
 *
 * References: inode_get and inode_put. A name, an open file, a mapping, a working directory and a
 * child's way up hold one each. A regular file and its page cache are one thing with one count,
 * that of the object, so that a mapping keeps its file.
 *
 * Lock letters: (t) inode_tree_mutex; (m) inode->mutex, readers may see an older value; (c) changed
 * atomically; (i) set at creation.
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include "lib/types.h"
#include "sync/mutex.h"

struct attribute;
struct file;
struct file_lock;
struct inode;
struct pipe;
struct stat;
struct vm_object;
struct watch;

#define NAME_BYTES_MAX  255u  /* NAME_MAX */
#define PATH_BYTES_MAX  4096u /* PATH_MAX, the NUL included */
#define PATH_LINKS_MAX  40u   /* MAXSYMLINKS */
#define FILE_BYTES_MAX  ((uint64_t)INT64_MAX)
#define INODE_MODE_BITS 07777u

struct inode_time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

/* What a new inode is to be. */
struct inode_new {
	uint32_t mode; /* S_IF* and permissions, umask applied */
	uint32_t uid, gid;
	uint64_t device;    /* st_rdev of S_IFCHR and S_IFBLK */
	const char *target; /* of S_IFLNK, NUL-terminated */
};

/* Takes one entry of a directory; mode: its S_IF* bits count; next: the position behind it. False:
 * no room for it, stop. */
typedef bool (*inode_entry_fn)(void *context, const char *name, uint64_t number, uint32_t mode,
			       uint64_t next);

/*
 * What a file system does. NULL is: none of its inodes can do that. Those on directories are called
 * with inode_tree_mutex held; a name is 1 to NAME_BYTES_MAX bytes without "/", not terminated, and
 * never "." or "..", which are not the file system's business.
 */
struct inode_ops {
	uint64_t magic; /* f_type of statfs(2) */

	/* The entry of that name, with a reference. -ENOENT, -ENOMEM. NULL: -ENOTDIR. */
	int (*lookup)(struct inode *directory, const char *name, size_t length, struct inode **out);
	/* Pass on the entries from `position` >= 2 on, until `entry` says no. A position stays
	 * good while other entries come and go. */
	int (*read_entries)(struct inode *directory, uint64_t position, inode_entry_fn entry,
			    void *context);
	/* What lseek(2) may make of a directory's position; 0: anything. */
	uint64_t position_max;
	/* A new file of that name, which is free, with a reference for the caller. NULL: -EPERM. */
	int (*create)(struct inode *directory, const char *name, size_t length,
		      const struct inode_new *as, struct inode **out);
	/* One more name, which is free, for `inode`. NULL: -EPERM. */
	int (*link)(struct inode *directory, const char *name, size_t length, struct inode *inode);
	/* Take away the name of `inode`; an empty directory if it is one. NULL: -EPERM. */
	int (*unlink)(struct inode *directory, const char *name, size_t length,
		      struct inode *inode);
	/* A directory without entries? Goes with unlink. */
	bool (*is_empty)(const struct inode *directory);
	/* Give the file named `name` in `from` the name `new_name` in `to` instead. That names
	 * `victim` now, or nothing if NULL; all checks are made. NULL: -EPERM. */
	int (*rename)(struct inode *from, const char *name, size_t length, struct inode *to,
		      const char *new_name, size_t new_length, struct inode *victim);
	/* Two names, which are there, change places. NULL: -EINVAL. */
	void (*exchange)(struct inode *one, const char *name, size_t length, struct inode *two,
			 const char *other, size_t other_length);

	/* A symbolic link's target, as snprintf; or negative. */
	ssize_t (*target)(struct inode *link, char *to, size_t size);
	/* Where a symbolic link leads, if not by its text, with a reference. May be NULL. */
	int (*follow)(struct inode *link, struct inode **out);

	/* Make the open file; flags: O_*. NULL: a regular file by its object, a device by its
	 * number. */
	int (*open)(struct inode *inode, unsigned flags, struct file **out);
	/* Put right what is not in struct inode. May be NULL. */
	void (*stat)(const struct inode *inode, struct stat *out);
	/* The last reference is gone: free it, but for `parent` and `name`. */
	void (*release)(struct inode *inode);
};

struct inode {
	uint32_t count;              /* (c) unused where there is an object */
	const struct inode_ops *ops; /* (i) */
	struct vm_object *object;    /* (i) page cache of a regular file that has one, or NULL */
	struct mutex mutex;          /* size, contents that grow or shrink, attributes */
	uint64_t number;             /* (i) st_ino */
	uint64_t device;             /* (i) st_rdev */
	uint32_t mode;               /* (m) S_IF*, which is (i), and permissions */
	uint32_t uid, gid;           /* (m) */
	int32_t writers;             /* (c) > 0: open for writing; < 0: programs that run it */
	uint32_t links;              /* (t) st_nlink */
	uint64_t bytes;              /* (t) st_size of what has no object */
	struct inode_time accessed, modified, changed; /* (m) */
	struct inode *parent; /* (t) the directory it is named in, with a reference; NULL: root */
	char *name;           /* (t) there, from kmalloc; the last one it had if `nameless` */
	bool nameless;        /* (t) that name is gone */
	bool linkable;        /* (t) O_TMPFILE's: it may get a name though it never had one */
	unsigned seals;       /* (m) F_SEAL_* */
	struct pipe *pipe;    /* of S_IFIFO, while it is open: guarded by pipe.c's pipes_mutex */
	struct file_lock *locks;      /* guarded by lock.c's locks_mutex */
	struct attribute *attributes; /* guarded by mutex; see attribute.h */
	struct watch *watches;        /* guarded by watch.c's watch_lock */
	struct inode *mounted;        /* (t) on a directory: the root that is seen in its place */
};

/* Guards names: who is in which directory under which name. Above it are file->mutex and
 * inode->mutex, below it vm_space->lock. */
extern struct mutex inode_tree_mutex;

/* ---- an inode (inode.c) ---- */

void inode_init(void); /* a root without anything in it; panics without memory */
struct inode *inode_root(void);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);

/*
 * Begin an inode that the file system has zeroed: one reference, times of now, a number of its own.
 * It has no name yet. `object`: see above, or NULL; its context is the inode, its release is
 * inode_object_release, and its one reference is the inode's.
 */
void inode_begin(struct inode *inode, const struct inode_ops *ops, uint32_t mode,
		 struct vm_object *object);
void inode_object_release(struct vm_object *object);
/* Its place: takes over `name`, from kmalloc; gets `parent`. Under inode_tree_mutex, or before
 * anybody else sees the inode. */
void inode_set_name(struct inode *inode, struct inode *parent, char *name);

char *inode_copy_name(const char *name, size_t length); /* terminated; NULL: no memory */

/* From now on `root` (one reference is taken over, it has no name yet) is seen where the directory
 * `path` is, over what was mounted there before. -ENOENT, -ENOTDIR, -ENOMEM, -EBUSY: the root of
 * all, or a directory of /proc or /sys. */
NODISCARD int inode_mount(const char *path, struct inode *root);
/* The directory is seen again; the caller's reference to `root` stays its own. -EINVAL: it is not
 * mounted; -EBUSY: it is in use, or not empty. */
NODISCARD int inode_unmount(struct inode *root);

/* The absolute path; its length, or -ENAMETOOLONG if it does not fit with its NUL. " (deleted)"
 * follows the last name of what has none now. */
NODISCARD ssize_t inode_path(struct inode *inode, char *to, size_t size);
/* A symbolic link's target, NUL-terminated; its length, or -ENAMETOOLONG. */
NODISCARD ssize_t inode_target(struct inode *inode, char *to, size_t size);
uint64_t inode_size(const struct inode *inode); /* st_size */
void inode_stat(const struct inode *inode, struct stat *out);
/* The page cache of a regular file, with a reference. -ENODEV: it has none. */
NODISCARD int inode_object(struct inode *inode, struct vm_object **out);
/* The file whose page cache that is, without a reference; NULL: it is no file's. */
struct inode *inode_of_object(const struct vm_object *object);

/* Who writes a file and who runs it keep each other out: -ETXTBSY. Ended by the other call. */
NODISCARD int inode_begin_write(struct inode *inode);
void inode_end_write(struct inode *inode);
NODISCARD int inode_begin_run(struct inode *inode);
void inode_end_run(struct inode *inode);

/* Attributes; chmod(2), chown(2) (UINT32_MAX: as it is), utimensat(2) (NULL: as it is). */
void inode_set_mode(struct inode *inode, uint32_t mode);
void inode_set_owner(struct inode *inode, uint32_t uid, uint32_t gid);
void inode_set_times(struct inode *inode, const struct inode_time *accessed,
		     const struct inode_time *modified);
struct inode_time inode_now(void);
void inode_touch(struct inode *inode);          /* modified and changed now */
void inode_touch_accessed(struct inode *inode); /* read now, if that says anything new */
/* A regular file's size, as ftruncate(2). -EFBIG, -EINVAL for another kind, -EPERM: sealed. */
NODISCARD int inode_resize(struct inode *inode, uint64_t bytes);
/* Of a regular file: fcntl(2), F_ADD_SEALS. -EPERM: no more of them; -EBUSY: it is mapped. */
NODISCARD int inode_seal(struct inode *inode, unsigned seals);

/* ---- following paths (path.c) ---- */

/*
 * Follow `path` from `start`; *out has a reference. WALK_NOFOLLOW: a symbolic link at the end is
 * itself what is meant, unless a slash follows it. 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG,
 * -ENOMEM.
 */
#define WALK_NOFOLLOW 0x1u
NODISCARD int path_walk(struct inode *start, const char *path, unsigned flags, struct inode **out);

/* The same, with openat2(2)'s RESOLVE_*: -EXDEV: it would leave `start`, or its file system;
 * -ELOOP. */
NODISCARD int path_walk_within(struct inode *start, const char *path, unsigned flags,
			       unsigned resolve, struct inode **out);

/* All of a path but its last name. */
struct path_end {
	struct inode *directory; /* with a reference */
	const char *name;        /* not terminated; "" for the root, may be "." or ".." */
	size_t length;
	bool slash;   /* one follows the name */
	char *buffer; /* NULL, or what holds the name */
};
NODISCARD int path_parent(struct inode *start, const char *path, struct path_end *out);
void path_end_put(struct path_end *end);
/* A name, and not "", "." or "..". */
bool path_end_is_name(const struct path_end *end);

/* open(2)'s walk: what `path` leads to, made as a regular file as `as` says if there is nothing and
 * *flags have O_CREAT. What is new need not be emptied: O_TRUNC is taken from *flags then. */
NODISCARD int path_open(struct inode *start, const char *path, unsigned *flags,
			const struct inode_new *as, struct inode **out);
/* The same, with RESOLVE_*. */
NODISCARD int path_open_within(struct inode *start, const char *path, unsigned *flags,
			       unsigned resolve, const struct inode_new *as, struct inode **out);

/* ---- names (names.c): the system calls' checks, in Linux's order ---- */

/* The entry, with a reference, as path_walk sees it. -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
NODISCARD int name_lookup(struct inode *directory, const char *name, size_t length,
			  struct inode **out);
/* A new file. -EEXIST, -ENOENT in a directory that is gone, -ENOSPC, -ENOMEM, -EPERM. */
NODISCARD int name_create(struct inode *directory, const char *name, size_t length,
			  const struct inode_new *as, struct inode **out);
/* mkdir, mknod, symlink: anything but a regular file may be made with a slash behind the name. */
NODISCARD int path_create(struct inode *start, const char *path, const struct inode_new *as);
NODISCARD int path_link(struct inode *inode, struct inode *start, const char *path);
NODISCARD int path_unlink(struct inode *start, const char *path);
NODISCARD int path_rmdir(struct inode *start, const char *path);
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE or 0; others are -EINVAL. */
NODISCARD int path_rename(struct inode *old_start, const char *old_path, struct inode *new_start,
			  const char *new_path, unsigned flags);

#endif
