/*
 * file.h: an open file: what a file descriptor names. Duplicated descriptors share it.
 *
 * Lock letters: (i) set at creation; (c) changed atomically; (m) the mutex of the file;
 * (w) epoll.c's watch_mutex.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/io.h"
#include "lib/types.h"
#include "sync/mutex.h"

struct epoll_item;
struct file;
struct inode;
struct stat;
struct wait_queue;

struct file_ops {
	/* Bytes done, or a negative errno; 0 from read is the end. position: where; moved by what
	 * was done; meaningless for a stream. NULL: -EINVAL. */
	ssize_t (*read)(struct file *file, struct io *io, uint64_t *position);
	ssize_t (*write)(struct file *file, struct io *io, uint64_t *position);
	/* NULL: that of the inode. */
	void (*stat)(struct file *file, struct stat *out);
	/* argument: as the program gave it. NULL: -ENOTTY. */
	int (*ioctl)(struct file *file, unsigned command, uint64_t argument);
	/* POLL* that hold now; *queue: what wakes when they change, or NULL. NULL: ready always. */
	unsigned (*poll)(struct file *file, struct wait_queue **queue);
	void (*release)(struct file *file); /* nobody has it any more. May be NULL */
	bool is_stream;                     /* can't seek */
	bool ignores_seek; /* a stream in which lseek(2) does nothing, and says 0 */
	/* How /proc/<pid>/fd names what has no inode; "pipe:" and "socket:" get the number of stat
	 * behind it. NULL: "anon_inode:". */
	const char *name;
};

struct file {
	uint32_t count;             /* (c) */
	const struct file_ops *ops; /* (i) */
	unsigned flags;             /* (c) O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, ... */
	struct inode *inode;        /* (i) with a reference; NULL for a pipe and the like */
	void *context;              /* (i) the owner's */
	struct epoll_item *watches; /* (w) by whom it is watched: see epoll.c */
	struct mutex mutex;
	uint64_t position; /* (m) */
};

/* A file with one reference; gets one of the inode. -ENOMEM. */
NODISCARD int file_create(const struct file_ops *ops, unsigned flags, struct inode *inode,
			  void *context, struct file **out);
void file_get(struct file *file);
void file_put(struct file *file);

/* Open what a path walk found. -EISDIR, -ENOTDIR, -ELOOP, -ENXIO, -ETXTBSY, -ENOMEM as open(2). */
NODISCARD int file_open(struct inode *inode, unsigned flags, struct file **out);

/* Was it opened for that? Access mode 3, which is for ioctl(2) alone, is for neither (open(2)). */
bool file_may_read(const struct file *file);
bool file_may_write(const struct file *file);
/* At the file's own position, which moves. -EBADF if it is not open for that. */
NODISCARD ssize_t file_read(struct file *file, struct io *io);
NODISCARD ssize_t file_write(struct file *file, struct io *io);
/* At `position`; -ESPIPE for a stream. */
NODISCARD ssize_t file_read_at(struct file *file, struct io *io, uint64_t position);
NODISCARD ssize_t file_write_at(struct file *file, struct io *io, uint64_t position);
NODISCARD int64_t file_seek(struct file *file, int64_t offset, unsigned whence);
void file_stat(struct file *file, struct stat *out);
NODISCARD int file_ioctl(struct file *file, unsigned command, uint64_t argument);
unsigned file_poll(struct file *file, struct wait_queue **queue);
/* getdents64(2): entries from the file's position on, into at most `bytes` at `to`. */
NODISCARD ssize_t file_entries(struct file *file, vaddr_t to, size_t bytes);

#endif
