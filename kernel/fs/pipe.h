/* pipe.h: pipe(2). */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "lib/types.h"

struct file;

/* Two files: what is written to ends[1] is read from ends[0]. flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int pipe_create(unsigned flags, struct file *ends[2]);

#endif
