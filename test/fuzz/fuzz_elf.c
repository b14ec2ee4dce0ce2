/*
 * fuzz_elf.c: elf_parse() on any bytes: it asks for nothing outside of the file, and what it
 * accepts keeps every promise of proc/elf.h.
 *
 * Short run, as in the tests: build/test/fuzz_elf -runs=20000 -seed=1 NEW-FOLDER SEEDS
 * Long run: build/test/fuzz_elf -max_total_time=3600 -max_len=8192 NEW-FOLDER build/test/elf-corpus
 */
#include <string.h>

#include "debug/assert.h"
#include "elf_promises.h"
#include "lib/errno.h"
#include "proc/elf.h"

#define TASK_SIZE 0x7ffffffff000ull

struct file {
	const uint8_t *bytes;
	size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int read_file(void *handle, uint64_t offset, void *to, size_t bytes)
{
	const struct file *file = handle;

	if (offset > file->size || bytes > file->size - offset)
		panic("a read outside of the file, at %#llx", (unsigned long long)offset);
	memcpy(to, file->bytes + offset, bytes);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct file file = {bytes, size};
	struct elf_image image;
	int error = elf_parse(read_file, &file, size, TASK_SIZE, &image);

	if (error == 0) {
		const char *broken = elf_broken_promise(&image, size, TASK_SIZE);
		if (broken != NULL)
			panic("accepted, but: %s", broken);
	} else {
		assert(error == -ENOEXEC || error == -EINVAL || error == -EPERM || error == -EIO);
	}
	return 0;
}
