/* pipe.h: pipe(7), fifo(7). */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "lib/types.h"

struct file;
struct inode;

/* A new pipe: ends[0] reads, ends[1] writes. flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int pipe_create(unsigned flags, struct file *ends[2]);
/* Open a FIFO; waits for somebody at the other end. -ENOMEM, -ENXIO, -EINTR. */
NODISCARD int pipe_open(struct inode *inode, unsigned flags, struct file **out);

bool file_is_pipe(const struct file *file);
size_t pipe_capacity(struct file *file); /* bytes */
/* Room for at least so many bytes. -EBUSY: there are more in it; -EINVAL, -ENOMEM. */
NODISCARD int pipe_resize(struct file *file, uint64_t wanted);

#endif
