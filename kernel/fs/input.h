/*
 * input.h: bytes on their way from a device to who reads it: a ring, and marks for the end of the
 * input. An interrupt fills it, threads empty it.
 *
 * Lock letters: (l) input->lock, RANK_FILES.
 */
#ifndef FS_INPUT_H
#define FS_INPUT_H

#include "fs/io.h"
#include "sync/spinlock.h"
#include "sync/wait_queue.h"

#define INPUT_BYTES 4096u

struct input {
	struct spinlock lock;
	struct wait_queue queue; /* bytes or an end came */
	size_t start, used;      /* (l) */
	unsigned ends;           /* (l) reads that will find the end, once the bytes are taken */
	char ring[INPUT_BYTES];  /* (l) */
};

void input_init(struct input *input);
/* From any context: add bytes; what does not fit is dropped. Returns what did fit. */
size_t input_add(struct input *input, const char *bytes, size_t count);
/* From any context: one read finds the end of the input. */
void input_add_end(struct input *input);
/* Is there something to read? Any context. */
bool input_ready(struct input *input);
size_t input_used(struct input *input);
/* Forget everything. */
void input_clear(struct input *input);
/*
 * Move what there is, up to a line's end if `by_line`. Bytes; 0 at an end (that mark is used up);
 * -EAGAIN if there is nothing; -EFAULT. Does not sleep.
 */
NODISCARD ssize_t input_take(struct input *input, struct io *io, bool by_line);

#endif
