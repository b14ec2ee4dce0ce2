/*
 * fd_table.h: the open files of a process, by number. Processes may share a table (CLONE_FILES).
 *
 * Lock letters: (f) the table's lock, RANK_FILES; (c) changed atomically.
 */
#ifndef FS_FD_TABLE_H
#define FS_FD_TABLE_H

#include "fs/file.h"
#include "sync/spinlock.h"

struct fd_slot {
	struct file *file; /* NULL: free. Holds a reference */
	bool close_on_exec;
};

/* All zeros, but for the lock's rank, is an empty table: see fd_table_init. */
struct fd_table {
	struct spinlock lock;
	unsigned users;        /* (c) processes that have it */
	unsigned capacity;     /* (f) */
	struct fd_slot *slots; /* (f) */
};

/* Of one user. */
void fd_table_init(struct fd_table *table);
/* A new table with the same files, for one user. -ENOMEM. */
NODISCARD int fd_table_copy(struct fd_table *table, struct fd_table **out);
/* One more user; returns the table. */
struct fd_table *fd_table_share(struct fd_table *table);
/* One user less: with the last one its files are closed, and it is freed. */
void fd_table_leave(struct fd_table *table);
bool fd_table_is_shared(const struct fd_table *table);
void fd_table_close_on_exec(struct fd_table *table);

/* The file with a reference for the caller; NULL: none of that number. */
struct file *fd_table_get(struct fd_table *table, unsigned fd);
/* The same, and FD_CLOEXEC of that very descriptor; false if there is none. */
struct file *fd_table_get_slot(struct fd_table *table, unsigned fd, bool *close_on_exec);

/* The flags of that file. -EBADF: none of that number. */
NODISCARD int fd_table_flags(struct fd_table *table, unsigned fd, unsigned *flags);

/* The least number above `after` (-1: from 0 on) that has a file, or -1. */
int fd_table_next(struct fd_table *table, int after);

/* Is no number below `limit` free? Other threads may change that at once. */
bool fd_table_is_full(struct fd_table *table, unsigned limit);
/* Put `file` at the lowest free number of [minimum, limit); the table takes over the caller's
 * reference. The number, or -EMFILE or -ENOMEM: then the reference is still the caller's. */
NODISCARD int fd_table_add(struct fd_table *table, struct file *file, unsigned minimum,
			   unsigned limit, bool close_on_exec);
/* The same at exactly `fd`, closing what is there. -EBADF for fd >= limit, -ENOMEM. */
NODISCARD int fd_table_put(struct fd_table *table, struct file *file, unsigned fd, unsigned limit,
			   bool close_on_exec);
NODISCARD int fd_table_close(struct fd_table *table, unsigned fd); /* -EBADF */

/* Close first..last, or set FD_CLOEXEC there; those that are not open are left out. */
void fd_table_close_range(struct fd_table *table, unsigned first, unsigned last);
void fd_table_set_close_flags(struct fd_table *table, unsigned first, unsigned last);

/* FD_CLOEXEC of a descriptor: 0 or 1, or -EBADF. */
NODISCARD int fd_table_close_flag(struct fd_table *table, unsigned fd);
NODISCARD int fd_table_set_close_flag(struct fd_table *table, unsigned fd, bool close_on_exec);

#endif
