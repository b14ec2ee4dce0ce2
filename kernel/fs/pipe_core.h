/*
 * pipe_core.h: between pipe.c and pipe_splice.c.
 *
 * Lock letters: (m) pipe->mutex, which may be held over a copy to or from a program; (c) changed
 * atomically; (p) pipes_mutex, outside of (m).
 */
#ifndef FS_PIPE_CORE_H
#define FS_PIPE_CORE_H

#include "fs/io.h"
#include "fs/pipe.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"

#define PIPE_BYTES     (64 * KIB)
#define PIPE_BYTES_MAX (1u << 31)
#define PIPE_ATOMIC    4096u /* PIPE_BUF */
#define PIPE_MINOR     13u   /* of st_dev: major 0, and a number that no other file system has */

struct pipe {
	struct mutex mutex;
	unsigned users;     /* (p) open files, and those that are being opened */
	char *ring;         /* (m) */
	size_t capacity;    /* (m) a power of two */
	size_t start, used; /* (m) */
	size_t held;        /* (m) bytes of room that may be needed to give back what was taken */
	uint32_t readers;   /* (c) open files that may read, however many descriptors they have */
	uint32_t writers;   /* (c) */
	uint64_t reader_opens;   /* (c) how often it was opened for reading, ever */
	uint64_t writer_opens;   /* (c) */
	struct wait_queue queue; /* room, bytes, or an end was opened or closed */
};

static inline bool pipe_is_open(const uint32_t *ends)
{
	return __atomic_load_n(ends, __ATOMIC_ACQUIRE) != 0;
}

static inline size_t pipe_used(const struct pipe *pipe)
{
	return __atomic_load_n(&pipe->used, __ATOMIC_ACQUIRE);
}

/* Bytes that may be written; exact under the mutex. Without it the three may be of different
 * moments: then there is none, and who changes them wakes whoever believes that. */
static inline size_t pipe_room(const struct pipe *pipe)
{
	size_t capacity = __atomic_load_n(&pipe->capacity, __ATOMIC_RELAXED);
	size_t taken = pipe_used(pipe) + __atomic_load_n(&pipe->held, __ATOMIC_RELAXED);

	return capacity > taken ? capacity - taken : 0;
}

/* Will no byte come any more? Exact under the mutex. Bytes that were taken may be given back. */
static inline bool pipe_is_over(const struct pipe *pipe)
{
	return !pipe_is_open(&pipe->writers) && !pipe_used(pipe) &&
	       !__atomic_load_n(&pipe->held, __ATOMIC_RELAXED);
}

static inline bool pipe_has_room(const struct pipe *pipe, size_t wanted)
{
	return pipe_room(pipe) >= MIN(wanted, (size_t)PIPE_ATOMIC);
}

/* As much as there is room for. Bytes, or -EFAULT if the first piece fails. Under the mutex. */
ssize_t pipe_fill_locked(struct pipe *pipe, struct io *io);

#endif
