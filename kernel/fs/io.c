/* io.c: see io.h. */
#include "fs/io.h"

#include <arch/mmu.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vm/user_copy.h"

enum direction { TO_PROGRAM, FROM_PROGRAM, ZEROS };

static int copy_within_kernel(enum direction direction, char *buffer, char *kernel, size_t bytes)
{
	switch (direction) {
	case TO_PROGRAM:
		memcpy(buffer, kernel, bytes);
		break;
	case FROM_PROGRAM:
		memcpy(kernel, buffer, bytes);
		break;
	case ZEROS:
		memset(buffer, 0, bytes);
		break;
	}
	return 0;
}

static int copy_part(enum direction direction, vaddr_t address, char *kernel, size_t bytes)
{
	switch (direction) {
	case TO_PROGRAM:
		return copy_to_user(address, kernel, bytes);
	case FROM_PROGRAM:
		return copy_from_user(kernel, address, bytes);
	case ZEROS:
		return clear_user(address, bytes);
	}
	return -EFAULT;
}

static int copy(struct io *io, enum direction direction, char *kernel, size_t bytes)
{
	struct io at = *io;

	assert(bytes <= io->left);
	at.left -= bytes;
	while (bytes) {
		size_t part = MIN(bytes, at.part->bytes - at.offset);
		vaddr_t address = at.part->address + at.offset;
		int error = at.kernel ? copy_within_kernel(direction, (char *)address, kernel, part)
				      : copy_part(direction, address, kernel, part);
		if (error)
			return error;
		kernel += direction == ZEROS ? 0 : part;
		bytes -= part;
		at.offset += part;
		if (at.offset == at.part->bytes && (bytes || at.left)) {
			at.part++;
			at.offset = 0;
		}
	}
	*io = at;
	return 0;
}

int io_put(struct io *io, const void *from, size_t bytes)
{
	return copy(io, TO_PROGRAM, (char *)(uintptr_t)from, bytes);
}

int io_get(struct io *io, void *to, size_t bytes)
{
	return copy(io, FROM_PROGRAM, to, bytes);
}

int io_clear(struct io *io, size_t bytes)
{
	return copy(io, ZEROS, NULL, bytes);
}

size_t io_step(struct io *io, size_t max)
{
	while (io->left && io->offset == io->part->bytes) {
		io->part++;
		io->offset = 0;
	}
	if (!io->left)
		return 0;
	uint64_t in_page = (io->part->address + io->offset) & (PAGE_SIZE - 1);
	size_t step = MIN(max, io->left);
	step = MIN(step, io->part->bytes - io->offset);
	return MIN(step, PAGE_SIZE - in_page);
}
