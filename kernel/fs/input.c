/* input.c: see input.h. */
#include "fs/input.h"

#include "lib/errno.h"

/* Bytes move to the program by way of the stack: not under the lock. */
#define STEP_BYTES 256u

void input_init(struct input *input)
{
	input->lock = (struct spinlock)SPINLOCK_INIT(RANK_FILES);
	wait_queue_init(&input->queue);
	input->start = input->used = 0;
	input->ends = 0;
}

void input_clear(struct input *input)
{
	spin_lock(&input->lock);
	input->start = input->used = 0;
	input->ends = 0;
	spin_unlock(&input->lock);
}

size_t input_add(struct input *input, const char *bytes, size_t count)
{
	size_t done = 0;

	spin_lock(&input->lock);
	while (done < count && input->used < INPUT_BYTES) {
		input->ring[(input->start + input->used) % INPUT_BYTES] = bytes[done++];
		input->used++;
	}
	spin_unlock(&input->lock);
	wait_wake_all(&input->queue);
	return done;
}

void input_add_end(struct input *input)
{
	spin_lock(&input->lock);
	input->ends++;
	spin_unlock(&input->lock);
	wait_wake_all(&input->queue);
}

bool input_ready(struct input *input)
{
	spin_lock(&input->lock);
	bool ready = input->used || input->ends;
	spin_unlock(&input->lock);
	return ready;
}

size_t input_used(struct input *input)
{
	spin_lock(&input->lock);
	size_t used = input->used;
	spin_unlock(&input->lock);
	return used;
}

/* Up to `max` bytes into `to`; *line_end: the last one ends a line, and the caller asked. */
static size_t take_step_locked(struct input *input, char *to, size_t max, bool by_line,
			       bool *line_end)
{
	size_t done = 0;

	*line_end = false;
	while (done < max && input->used && !*line_end) {
		char byte = input->ring[input->start];
		input->start = (input->start + 1) % INPUT_BYTES;
		input->used--;
		to[done++] = byte;
		*line_end = by_line && byte == '\n';
	}
	return done;
}

ssize_t input_take(struct input *input, struct io *io, bool by_line)
{
	char bytes[STEP_BYTES];
	ssize_t done = 0;
	bool line_end = false;

	if (!io->left)
		return 0;
	while (io->left && !line_end) {
		spin_lock(&input->lock);
		size_t step = take_step_locked(input, bytes, MIN(io->left, sizeof(bytes)), by_line,
					       &line_end);
		bool end = !step && !done && input->ends;
		if (end)
			input->ends--;
		spin_unlock(&input->lock);
		if (end)
			return 0;
		if (!step)
			break;
		int error = io_put(io, bytes, step);
		if (error)
			return done ? done : error;
		done += (ssize_t)step;
	}
	return done ? done : -EAGAIN;
}
