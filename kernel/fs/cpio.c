/* cpio.c: see cpio.h. The format is "newc" of cpio(5): a header of hexadecimal numbers in ASCII,
 * the name, the data. */
#include "fs/cpio.h"

#include "lib/errno.h"
#include "lib/string.h"

#define NEWC_MAGIC       "070701"
#define NEWC_MAGIC_BYTES 6
#define NEWC_ALIGNMENT   4
#define TRAILER          "TRAILER!!!"

/* The fields behind the magic, each of 8 hexadecimal digits. */
enum field {
	FIELD_INODE,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_LINKS,
	FIELD_MTIME,
	FIELD_BYTES,
	FIELD_DEV_MAJOR,
	FIELD_DEV_MINOR,
	FIELD_RDEV_MAJOR,
	FIELD_RDEV_MINOR,
	FIELD_NAME_BYTES,
	FIELD_CHECK,
	FIELDS
};
#define FIELD_DIGITS 8
#define HEADER_BYTES (NEWC_MAGIC_BYTES + FIELDS * FIELD_DIGITS)

/* One entry's place in the archive. */
struct extent {
	const char *name;
	size_t name_bytes; /* with its NUL */
	const char *data;
	uint32_t data_bytes;
};

void cpio_open(struct cpio_reader *reader, const void *data, size_t bytes)
{
	*reader = (struct cpio_reader){.data = data, .bytes = bytes};
}

static int damaged(struct cpio_reader *reader, const char *error)
{
	reader->error = error;
	return -EINVAL;
}

static bool parse_field(const char *digits, uint32_t *value)
{
	uint32_t result = 0;

	for (unsigned i = 0; i < FIELD_DIGITS; i++) {
		char digit = digits[i];
		char letter = digit | ('a' ^ 'A');

		if (digit >= '0' && digit <= '9')
			result = result << 4 | (uint32_t)(digit - '0');
		else if (letter >= 'a' && letter <= 'f')
			result = result << 4 | (uint32_t)(letter - 'a' + 10);
		else
			return false;
	}
	*value = result;
	return true;
}

static int read_header(struct cpio_reader *reader, uint32_t fields[FIELDS])
{
	const char *header = reader->data + reader->position;

	if (reader->bytes - reader->position < HEADER_BYTES)
		return damaged(reader, "the archive ends inside a header");
	if (memcmp(header, NEWC_MAGIC, NEWC_MAGIC_BYTES) != 0)
		return damaged(reader, "no newc header where one is due");
	for (unsigned i = 0; i < FIELDS; i++) {
		if (!parse_field(header + NEWC_MAGIC_BYTES + i * FIELD_DIGITS, &fields[i]))
			return damaged(reader, "a header field is no hexadecimal number");
	}
	return 0;
}

/*
 * Find name and data of the entry at the reader's position, and move it behind them. Sizes are of
 * 32 bits and positions of 64, so that no sum overflows. Padding is counted from the entry's start.
 */
static int read_extent(struct cpio_reader *reader, const uint32_t fields[FIELDS],
		       struct extent *extent)
{
	const char *entry = reader->data + reader->position;
	uint64_t left = reader->bytes - reader->position;
	uint64_t name_end = HEADER_BYTES + (uint64_t)fields[FIELD_NAME_BYTES];
	uint64_t data_start = ALIGN_UP(name_end, NEWC_ALIGNMENT);
	uint64_t data_end = data_start + fields[FIELD_BYTES];

	extent->name = entry + HEADER_BYTES;
	extent->name_bytes = fields[FIELD_NAME_BYTES];
	if (extent->name_bytes == 0)
		return damaged(reader, "an entry has no name");
	if (name_end > left)
		return damaged(reader, "the archive ends inside a name");
	if (strnlen(extent->name, extent->name_bytes) != extent->name_bytes - 1)
		return damaged(reader, "a name does not end where its header says");
	if (fields[FIELD_BYTES] != 0 && data_end > left)
		return damaged(reader, "the archive ends inside a file's data");
	extent->data = entry + MIN(data_start, left);
	extent->data_bytes = fields[FIELD_BYTES];
	reader->position += MIN(ALIGN_UP(data_end, NEWC_ALIGNMENT), left);
	return 0;
}

static const char *strip_root(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && (name[1] == '/' || name[1] == '\0'))
			name++;
		else
			return name;
	}
}

/* Zeros may stand before an archive and behind it, never within. */
static void skip_zeros(struct cpio_reader *reader)
{
	while (reader->position < reader->bytes && reader->data[reader->position] == '\0')
		reader->position++;
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry)
{
	uint32_t fields[FIELDS];
	struct extent extent;
	int error;

	for (;;) {
		if (!reader->in_archive)
			skip_zeros(reader);
		if (reader->position == reader->bytes)
			break;
		error = read_header(reader, fields);
		if (error == 0)
			error = read_extent(reader, fields, &extent);
		if (error != 0)
			return error;
		reader->in_archive = strcmp(extent.name, TRAILER) != 0;
		if (reader->in_archive) {
			*entry = (struct cpio_entry){
				.name = strip_root(extent.name),
				.data = extent.data,
				.bytes = extent.data_bytes,
				.mode = fields[FIELD_MODE],
				.uid = fields[FIELD_UID],
				.gid = fields[FIELD_GID],
				.links = fields[FIELD_LINKS],
				.inode = fields[FIELD_INODE],
				.mtime = fields[FIELD_MTIME],
				.rdev_major = fields[FIELD_RDEV_MAJOR],
				.rdev_minor = fields[FIELD_RDEV_MINOR],
			};
			return 1;
		}
	}
	if (reader->in_archive)
		return damaged(reader, "the archive ends without a trailer");
	return 0;
}
