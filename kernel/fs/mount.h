/* mount.h: the file systems that are mounted. inode_mount() is in inode.h. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "lib/types.h"

struct text_sink;

/* What /proc/<pid>/mounts holds; `info`: mountinfo (proc(5)). -ENOMEM. */
NODISCARD int mount_print(struct text_sink *sink, bool info);

#endif
