/* inotify.h: inotify(7): files that tell what happens to other files. */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

#include "lib/types.h"

struct file;
struct inode;

/* flags: O_NONBLOCK counts. -ENOMEM; -EMFILE: there are too many. */
NODISCARD int inotify_create(unsigned flags, struct file **out);
bool file_is_inotify(const struct file *file);
/* The number of the watch on `inode`; mask: IN_*. -EEXIST, -ENOSPC, -ENOMEM. */
NODISCARD int inotify_add(struct file *file, struct inode *inode, uint32_t mask);
/* -EINVAL: there is no such watch. */
NODISCARD int inotify_remove(struct file *file, int id);

#endif
