/*
 * fuzz_cpio.c: the cpio reader on any bytes: each entry lies inside the archive, it comes to an
 * end, and an error stays an error.
 *
 * Short run, as in the tests: build/test/fuzz_cpio -runs=20000 -seed=1 NEW-FOLDER SEEDS
 * Long run: build/test/fuzz_cpio -max_total_time=3600 -max_len=4096 NEW-FOLDER
 * build/test/fuzz-seeds/cpio
 */
#include <string.h>

#include "debug/assert.h"
#include "fs/cpio.h"
#include "lib/errno.h"

#define HEADER_BYTES 110

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_entry(const struct cpio_entry *entry, const char *start, const char *end)
{
	const char *data = entry->data;

	assert(entry->name >= start + HEADER_BYTES && entry->name < end);
	assert(strnlen(entry->name, (size_t)(end - entry->name)) < (size_t)(end - entry->name));
	assert(entry->name[0] != '/' && strncmp(entry->name, "./", 2) != 0);
	assert(strcmp(entry->name, ".") != 0);
	assert(data > entry->name && data <= end && entry->bytes <= (size_t)(end - data));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cpio_reader reader;
	struct cpio_entry entry;
	size_t position = 0;
	int result;

	cpio_open(&reader, bytes, size);
	while ((result = cpio_next(&reader, &entry)) == 1) {
		check_entry(&entry, (const char *)bytes, (const char *)bytes + size);
		assert(reader.error == NULL);
		assert(reader.position >= position + HEADER_BYTES && reader.position <= size);
		position = reader.position;
	}
	assert(result == 0 || result == -EINVAL);
	assert((result == 0) == (reader.error == NULL));
	assert(cpio_next(&reader, &entry) == result);
	return 0;
}
