/*
 * io.h: the program's memory that a read fills or a write empties: one buffer or several, in order.
 * The only way for a file to touch it, and it goes through vm/user_copy.h: never under a spinlock.
 */
#ifndef FS_IO_H
#define FS_IO_H

#include "lib/types.h"

struct io_part { /* struct iovec */
	vaddr_t address;
	uint64_t bytes;
};

struct io {
	const struct io_part *part; /* the one it stands in */
	uint64_t offset;            /* in that part */
	size_t left;                /* bytes, of all parts from here on */
	bool kernel;                /* the parts are the kernel's own memory */
	uint64_t file_max;          /* no regular file is written to behind that (RLIMIT_FSIZE) */
};

/* The sum of the parts' bytes is at most `bytes`. */
static inline struct io io_of(const struct io_part *parts, size_t bytes)
{
	return (struct io){.part = parts, .left = bytes, .file_max = UINT64_MAX};
}

/* The same for memory of the kernel, to copy between files. */
static inline struct io io_of_kernel(const struct io_part *parts, size_t bytes)
{
	return (struct io){.part = parts, .left = bytes, .kernel = true, .file_max = UINT64_MAX};
}

/* Copy `bytes` <= io->left and go on behind them. 0; or -EFAULT, and io stands where it stood,
 * though some bytes may have been copied. */
NODISCARD int io_put(struct io *io, const void *from, size_t bytes); /* to the program */
NODISCARD int io_get(struct io *io, void *to, size_t bytes);         /* from the program */
NODISCARD int io_clear(struct io *io, size_t bytes);                 /* zeros to the program */

/* At most `max` bytes that lie in one page of the program: what can be copied in full or not at
 * all. */
size_t io_step(struct io *io, size_t max);

#endif
