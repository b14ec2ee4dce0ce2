/*
 * proc_text.c: an open file of /proc. A read at position 0 makes the text anew and keeps it, so
 * that what is read piece by piece holds together; the read that finds the end gives the memory
 * back.
 *
 * Lock letters: (t) text->mutex, inside file->mutex, outside all that a print function takes.
 */
#include <arch/mmu.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/procfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define CHUNK_BYTES (PAGE_SIZE - 2 * sizeof(void *))
#define WRITE_BYTES 64u

struct chunk { /* one frame */
	struct chunk *next;
	size_t used;
	char bytes[CHUNK_BYTES];
};
_Static_assert(sizeof(struct chunk) == PAGE_SIZE, "a chunk is a frame");

struct text {
	struct text_sink sink;
	const struct proc_file *file; /* (i) */
	struct proc_id who;           /* (i) */
	struct mutex mutex;
	struct chunk *first, *last; /* (t) all but the last are full */
	uint64_t bytes;             /* (t) in them */
	bool no_memory;             /* (t) some had no room */
};

static void forget(struct text *text)
{
	while (text->first) {
		struct chunk *chunk = text->first;
		text->first = chunk->next;
		kfree(chunk);
	}
	text->last = NULL;
	text->bytes = 0;
	text->no_memory = false;
}

static bool add_chunk(struct text *text)
{
	struct chunk *chunk = kmalloc(sizeof(*chunk));

	if (!chunk)
		return false;
	chunk->next = NULL;
	chunk->used = 0;
	if (text->last)
		text->last->next = chunk;
	else
		text->first = chunk;
	text->last = chunk;
	return true;
}

static void put(struct text_sink *sink, const char *from, size_t bytes)
{
	struct text *text = container_of(sink, struct text, sink);

	while (bytes && !text->no_memory) {
		if ((!text->last || text->last->used == CHUNK_BYTES) && !add_chunk(text)) {
			text->no_memory = true;
			return;
		}
		size_t part = MIN(bytes, CHUNK_BYTES - text->last->used);
		memcpy(text->last->bytes + text->last->used, from, part);
		text->last->used += part;
		text->bytes += part;
		from += part;
		bytes -= part;
	}
}

static int make(struct text *text)
{
	forget(text);
	int error = text->file->print(&text->who, &text->sink);
	if (!error && text->no_memory)
		error = -ENOMEM;
	if (error)
		forget(text);
	return error;
}

static ssize_t copy_out(struct text *text, struct io *io, uint64_t *position)
{
	const struct chunk *chunk = text->first;
	ssize_t done = 0;
	uint64_t start = 0; /* of the chunk */

	while (chunk && io->left) {
		if (*position >= start + chunk->used) {
			start += chunk->used;
			chunk = chunk->next;
			continue;
		}
		size_t offset = *position - start;
		size_t step = io_step(io, chunk->used - offset);
		int error = io_put(io, chunk->bytes + offset, step);
		if (error)
			return done ? done : error;
		*position += step;
		done += (ssize_t)step;
	}
	return done;
}

static ssize_t read(struct file *file, struct io *io, uint64_t *position)
{
	struct text *text = file->context;
	ssize_t done = 0;

	mutex_lock(&text->mutex);
	if (!*position || !text->first)
		done = make(text);
	if (!done && *position < text->bytes)
		done = copy_out(text, io, position);
	else
		forget(text);
	mutex_unlock(&text->mutex);
	return done;
}

static ssize_t write(struct file *file, struct io *io, uint64_t *position)
{
	struct text *text = file->context;
	char line[WRITE_BYTES];
	size_t bytes = io->left;

	if (!text->file->write)
		return -EIO; /* as Linux: who may open it so is told so here */
	if (bytes >= sizeof(line))
		return -EINVAL;
	int error = io_get(io, line, bytes);
	if (error)
		return error;
	line[bytes] = '\0';
	if (bytes && line[bytes - 1] == '\n')
		line[bytes - 1] = '\0';
	error = text->file->write(&text->who, line);
	return error ? error : (ssize_t)bytes;
}

static void release(struct file *file)
{
	struct text *text = file->context;

	forget(text);
	kfree(text);
}

static const struct file_ops ops = {.read = read, .write = write, .release = release};

int proc_text_open(struct inode *inode, const struct proc_file *file, const struct proc_id *who,
		   unsigned flags, struct file **out)
{
	struct text *text = kzalloc(sizeof(*text));

	if (!text)
		return -ENOMEM;
	text->sink = (struct text_sink){put};
	text->file = file;
	text->who = *who;
	int error = file_create(&ops, flags, inode, text, out);
	if (error)
		kfree(text);
	return error;
}
