/* regular_file.h: open regular files in the page cache. */
#ifndef FS_REGULAR_FILE_H
#define FS_REGULAR_FILE_H

#include "lib/types.h"

struct file;
struct inode;

/* Open one, and empty it if flags have O_TRUNC. -ENOMEM, -ETXTBSY. */
NODISCARD int regular_open(struct inode *inode, unsigned flags, struct file **out);
/* Was it opened by regular_open? */
bool file_is_regular(const struct file *file);
/* fallocate(2) of a regular file, mode 0 or FALLOC_FL_KEEP_SIZE: frames for [offset, offset +
 * bytes), which does not wrap. -EFBIG, -ENOSPC, -ENOMEM, -EINTR: no end has moved. */
NODISCARD int regular_allocate(struct file *file, unsigned mode, uint64_t offset, uint64_t bytes);

/* fallocate(2)'s FALLOC_FL_PUNCH_HOLE. -EFBIG, -EPERM. */
NODISCARD int regular_punch(struct file *file, uint64_t offset, uint64_t bytes);

#endif
