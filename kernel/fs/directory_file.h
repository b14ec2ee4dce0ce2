/* directory_file.h: open directories; what they hold is read by file_entries() of file.h. */
#ifndef FS_DIRECTORY_FILE_H
#define FS_DIRECTORY_FILE_H

#include "lib/types.h"

struct file;
struct inode;

NODISCARD int directory_open(struct inode *inode, unsigned flags, struct file **out); /* -ENOMEM */

#endif
