/* mount.h: the file systems that are mounted. inode_mount() is in inode.h. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "lib/types.h"

struct inode;
struct text_sink;

/* What /proc/<pid>/mounts holds; `info`: mountinfo (proc(5)). -ENOMEM. */
NODISCARD int mount_print(struct text_sink *sink, bool info);

/* inode_mount() on a directory that was found already. -ENOTDIR, -EBUSY, -ENOMEM. */
NODISCARD int mount_at(struct inode *directory, struct inode *root);
/* Is it the root of a file system that can be seen? */
bool mount_is_root(struct inode *inode);

#endif
