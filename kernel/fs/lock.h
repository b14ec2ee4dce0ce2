/*
 * lock.h: advisory locks on files: flock(2), and those of ranges (fcntl(2), F_SETLK and
 * F_OFD_SETLK). Ranges of both kinds exclude each other; flock's locks are apart.
 */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include "lib/types.h"

struct file;
struct inode;

enum lock_kind {
	LOCK_WHOLE,  /* flock's: of an open file, which is the owner */
	LOCK_RECORD, /* of a process: its table of files is the owner */
	LOCK_FILE,   /* of an open file, which is the owner */
};

enum lock_type { LOCK_NONE, LOCK_SHARED, LOCK_EXCLUSIVE };

struct lock_request {
	enum lock_kind kind;
	enum lock_type type;  /* LOCK_NONE: give up what is there */
	uint64_t start, last; /* bytes, both inclusive; LOCK_END: wherever the file ends */
	const void *owner;
	int pid; /* for who asks whose it is; -1: nobody's in particular */
};
#define LOCK_END ((uint64_t)INT64_MAX)

/* Instead of what the owner has there. `wait`: until nobody is in the way. -EAGAIN, -EINTR,
 * -ENOMEM; -EDEADLK: owners of records would wait for each other for ever. */
NODISCARD int lock_set(struct inode *inode, const struct lock_request *request, bool wait);

/* Who is in the way? Then *request becomes that lock; else its type becomes LOCK_NONE. */
void lock_test(struct inode *inode, struct lock_request *request);

/* A descriptor of the table is closed: its owner gives up its records of that file. */
void lock_forget_records(struct file *file, const void *owner);
/* The open file is closed. */
void lock_forget_file(struct file *file);

#endif
