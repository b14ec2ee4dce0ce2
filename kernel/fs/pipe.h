/* pipe.h: pipe(7), fifo(7). */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "lib/types.h"

struct file;
struct inode;
struct io;

/* A new pipe: ends[0] reads, ends[1] writes. flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int pipe_create(unsigned flags, struct file *ends[2]);
/* Open a FIFO; waits for somebody at the other end. -ENOMEM, -ENXIO, -EINTR. */
NODISCARD int pipe_open(struct inode *inode, unsigned flags, struct file **out);

/*
 * What splice(2), tee(2) and vmsplice(2) are made of (pipe_splice.c). All wait until there is
 * anything, or, `wait` false, say -EAGAIN; -EINTR.
 */
/* Write what there is room for; bytes, or -EPIPE, -EFAULT. */
NODISCARD ssize_t pipe_fill(struct file *file, struct io *io, bool wait);
/* Room for how many bytes, at least one; -EPIPE. */
NODISCARD ssize_t pipe_wait_for_room(struct file *file, bool wait);
/* Copy up to `max` bytes; 0: there are no writers any more. They stay in the pipe. */
NODISCARD ssize_t pipe_peek(struct file *file, char *to, size_t max, bool wait);
/* The same, and they go. Then pipe_settle() says how many of them could be used after all: the
 * others, the last ones of `taken` at `from`, come back. */
NODISCARD ssize_t pipe_take(struct file *file, char *to, size_t max, bool wait);
void pipe_settle(struct file *file, const char *from, size_t taken, size_t used);

bool file_is_pipe(const struct file *file);
size_t pipe_capacity(struct file *file); /* bytes */
/* Room for at least so many bytes. -EBUSY: there are more in it; -EINVAL, -ENOMEM. */
NODISCARD int pipe_resize(struct file *file, uint64_t wanted);

#endif
