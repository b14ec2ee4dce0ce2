/*
 * inode.h: the tree of files: what the initial RAM disk holds, and the devices. Read-only once it
 * is built, so no lock guards its shape, and an inode lives for ever.
 *
 * Lock letters: (i) set while the tree is built; (n) inode_lock, RANK_FILES.
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include "lib/tree.h"
#include "lib/types.h"

struct file;
struct inode;
struct stat;
struct vm_object;

#define NAME_BYTES_MAX 255u  /* NAME_MAX */
#define PATH_BYTES_MAX 4096u /* PATH_MAX, the NUL included */
#define PATH_LINKS_MAX 40u   /* MAXSYMLINKS */

/* A device: makes the open file. flags: O_*. */
typedef int (*inode_open_fn)(struct inode *inode, unsigned flags, struct file **out);
/* A symbolic link whose target depends on who asks: as snprintf, but negative errno. */
typedef ssize_t (*inode_target_fn)(char *to, size_t size);

struct inode {
	struct tree_node node; /* (i) in the parent's entries, by name */
	struct inode *parent;  /* (i) the root's is itself */
	const char *name;      /* (i) */
	uint32_t mode;         /* (i) S_IF* and permissions */
	uint32_t uid, gid;     /* (i) */
	uint32_t links;        /* (i) */
	uint64_t number;       /* (i) */
	int64_t modified;      /* (i) seconds since 1970 */
	uint64_t device;       /* (i) st_rdev */
	union {
		struct {
			const void *data;         /* (i) in the archive */
			uint64_t bytes;           /* (i) */
			struct vm_object *object; /* (n) its page cache, once it was used */
		} file;
		struct {
			struct tree entries; /* (i) */
			unsigned count;      /* (i) */
		} directory;
		struct {
			const char *target;      /* (i) NUL-terminated; or NULL: */
			inode_target_fn dynamic; /* (i) */
		} link;
		inode_open_fn open; /* (i) of a device */
	};
};

/* ---- building ---- */

void inode_init(void); /* an empty root */
/*
 * The entry `name` of `directory`, made or made anew as `mode` says: a directory stays one, with
 * what is in it; anything else is replaced. name is copied. -ENOMEM, -EINVAL for a bad name,
 * -EISDIR where a directory would be replaced.
 */
NODISCARD int inode_make(struct inode *directory, const char *name, size_t length, uint32_t mode,
			 struct inode **out);
/* The same by path, making directories on the way; symbolic links are not followed. */
NODISCARD int inode_make_path(const char *path, uint32_t mode, struct inode **out);

/* ---- use ---- */

struct inode *inode_root(void);
struct inode *inode_lookup(const struct inode *directory, const char *name, size_t length);
struct inode *inode_first(const struct inode *directory);
struct inode *inode_next(const struct inode *inode);

/* The absolute path; its length, or -ENAMETOOLONG if it does not fit with its NUL. */
NODISCARD ssize_t inode_path(const struct inode *inode, char *to, size_t size);
/* A symbolic link's target, NUL-terminated; its length, or -ENAMETOOLONG. */
NODISCARD ssize_t inode_target(const struct inode *inode, char *to, size_t size);
/* Bytes of a file, entries of a directory, length of a link's target; 0 for a device. */
uint64_t inode_size(const struct inode *inode);
void inode_stat(const struct inode *inode, struct stat *out);

/* The page cache of a regular file, with a reference for the caller. -ENOMEM, -EFBIG. */
NODISCARD int inode_object(struct inode *inode, struct vm_object **out);
/* Forget page caches that nothing maps and nobody has open; how many. */
unsigned inode_drop_caches(void);

/*
 * Follow `path` from `start`. WALK_NOFOLLOW: a symbolic link at the end is itself what is meant,
 * unless a slash follows it. 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -ENOMEM.
 */
#define WALK_NOFOLLOW 0x1u
NODISCARD int path_walk(struct inode *start, const char *path, unsigned flags, struct inode **out);
/* After -ENOENT: is only the last name missing, so that it could be created? */
bool path_parent_exists(struct inode *start, const char *path);

#endif
