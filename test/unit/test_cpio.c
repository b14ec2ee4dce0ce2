/* test_cpio.c: archives made here, whole, joined and damaged. */
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "fs/cpio.h"
#include "lib/errno.h"
#include "random.h"

#define ARCHIVE_MAX 4096
#define HEADER      110

/* An archive being written. A copy of just its size is what the reader gets, so that the sanitizer
 * guards its end. */
struct writer {
	char bytes[ARCHIVE_MAX];
	size_t length;
};

static void pad(struct writer *writer, size_t alignment)
{
	while (writer->length % alignment != 0)
		writer->bytes[writer->length++] = '\0';
}

static void add(struct writer *writer, const char *name, unsigned mode, const char *data,
		size_t bytes)
{
	size_t name_bytes = strlen(name) + 1;

	writer->length +=
		(size_t)sprintf(writer->bytes + writer->length,
				"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zx%08X", 77,
				mode, 1000, 100, 1, 1234567890, bytes, 8, 1, 5, 6, name_bytes, 0);
	memcpy(writer->bytes + writer->length, name, name_bytes);
	writer->length += name_bytes;
	pad(writer, 4);
	memcpy(writer->bytes + writer->length, data, bytes);
	writer->length += bytes;
	pad(writer, 4);
}

static void add_text(struct writer *writer, const char *name, const char *text)
{
	add(writer, name, S_IFREG | 0644, text, strlen(text));
}

static void finish(struct writer *writer)
{
	add(writer, "TRAILER!!!", 0, "", 0);
	pad(writer, 512);
}

static void make_sample(struct writer *writer)
{
	writer->length = 0;
	add(writer, ".", S_IFDIR | 0755, "", 0);
	add(writer, "./bin", S_IFDIR | 0755, "", 0);
	add(writer, "bin/hello", S_IFREG | 0755, "\177ELF!", 5);
	add_text(writer, "/etc/motd", "good day\n");
	add(writer, "dev/console", S_IFCHR | 0600, "", 0);
	finish(writer);
}

/* Reads to the end; returns the number of entries, or the error. */
static int read_all(const struct writer *writer, size_t bytes)
{
	char *copy = malloc(bytes + 1);
	struct cpio_reader reader;
	struct cpio_entry entry;
	int result, entries = 0;

	memcpy(copy, writer->bytes, bytes);
	char *exact = realloc(copy, bytes > 0 ? bytes : 1);
	cpio_open(&reader, exact, bytes);
	while ((result = cpio_next(&reader, &entry)) == 1) {
		entries++;
		EXPECT(entry.name >= exact && entry.name + strlen(entry.name) < exact + bytes);
		const char *data = entry.data;
		EXPECT(data >= exact && data + entry.bytes <= exact + bytes);
	}
	EXPECT((result == 0) == (reader.error == NULL));
	free(exact);
	return result < 0 ? result : entries;
}

KTEST(cpio_entries)
{
	static const char *const names[] = {"", "bin", "bin/hello", "etc/motd", "dev/console"};
	static struct writer writer;
	struct cpio_reader reader;
	struct cpio_entry entry;

	make_sample(&writer);
	cpio_open(&reader, writer.bytes, writer.length);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!EXPECT_EQ(cpio_next(&reader, &entry), 1))
			return;
		EXPECT_STREQ(entry.name, names[i]);
		EXPECT_EQ(entry.inode, 77);
		EXPECT_EQ(entry.uid, 1000);
		EXPECT_EQ(entry.gid, 100);
		EXPECT_EQ(entry.links, 1);
		EXPECT_EQ(entry.mtime, 1234567890);
		EXPECT_EQ(entry.rdev_major, 5);
		EXPECT_EQ(entry.rdev_minor, 6);
		if (i == 2) {
			EXPECT_EQ(entry.mode, S_IFREG | 0755);
			EXPECT_EQ(entry.bytes, 5);
			EXPECT_EQ(memcmp(entry.data, "\177ELF!", 5), 0);
		}
	}
	EXPECT_EQ(entry.mode, S_IFCHR | 0600);
	EXPECT_EQ(cpio_next(&reader, &entry), 0);
	EXPECT_EQ(cpio_next(&reader, &entry), 0);
}

KTEST(cpio_root_names)
{
	static const char *const names[][2] = {
		{"/", ""},    {"./", ""},   {"./.", ""},      {"//a", "a"}, {"././a/./b", "a/./b"},
		{".a", ".a"}, {"..", ".."}, {"../a", "../a"}, {"/./", ""},  {"...", "..."},
		{"a/", "a/"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		static struct writer writer;
		struct cpio_reader reader;
		struct cpio_entry entry;
		writer.length = 0;
		add_text(&writer, names[i][0], "");
		cpio_open(&reader, writer.bytes, writer.length);
		EXPECT_EQ(cpio_next(&reader, &entry), 1);
		EXPECT_STREQ(entry.name, names[i][1]);
	}
}

KTEST(cpio_nothing)
{
	static struct writer writer;

	EXPECT_EQ(read_all(&writer, 0), 0);
	EXPECT_EQ(read_all(&writer, 1), 0);
	EXPECT_EQ(read_all(&writer, 512), 0);
	finish(&writer);
	EXPECT_EQ(read_all(&writer, writer.length), 0);
}

KTEST(cpio_joined_archives)
{
	static struct writer writer;

	make_sample(&writer);
	add_text(&writer, "second", "archive");
	finish(&writer);
	writer.length += 100; /* zeros */
	add_text(&writer, "third", "archive");
	add(&writer, "TRAILER!!!", 0, "", 0);
	EXPECT_EQ(read_all(&writer, writer.length), 7);
}

/* Cut anywhere, an archive is damaged, but for its last padding and for nothing at all. */
KTEST(cpio_truncated)
{
	static struct writer writer;
	size_t end;

	writer.length = 0;
	add_text(&writer, "a", "some data");
	add_text(&writer, "empty", "");
	add(&writer, "TRAILER!!!", 0, "", 0);
	end = writer.length - 3; /* 110 + 11 = 121: three bytes of padding */
	for (size_t bytes = 1; bytes < end; bytes++)
		EXPECT_EQ(read_all(&writer, bytes), -EINVAL);
	for (size_t bytes = end; bytes <= writer.length; bytes++)
		EXPECT_EQ(read_all(&writer, bytes), 2);
}

/* Overwrites one header field of a valid archive; the second entry's if `second`. */
static int read_with_field(unsigned field, const char *digits)
{
	static struct writer writer;

	writer.length = 0;
	add_text(&writer, "name", "data");
	finish(&writer);
	memcpy(writer.bytes + 6 + 8 * field, digits, 8);
	return read_all(&writer, writer.length);
}

KTEST(cpio_hostile_fields)
{
	enum { FILE_BYTES = 6, NAME_BYTES = 11 };
	static const char *const too_large[] = {"FFFFFFFF", "ffffffff", "80000000", "7FFFFFFF",
						"00001000"};
	static const char *const no_number[] = {"0000000G", "-0000001", "        ",
						"0x000004", "+0000004", "000000/4",
						"000000:4", "000000@4", "000000`4"};

	EXPECT_EQ(read_with_field(FILE_BYTES, "00000004"), 1);
	for (unsigned i = 0; i < ARRAY_SIZE(too_large); i++) {
		EXPECT_EQ(read_with_field(FILE_BYTES, too_large[i]), -EINVAL);
		EXPECT_EQ(read_with_field(NAME_BYTES, too_large[i]), -EINVAL);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(no_number); i++) {
		for (unsigned field = 0; field < 13; field++)
			EXPECT_EQ(read_with_field(field, no_number[i]), -EINVAL);
	}
	EXPECT_EQ(read_with_field(NAME_BYTES, "00000000"), -EINVAL);
	EXPECT_EQ(read_with_field(NAME_BYTES, "00000001"), -EINVAL); /* no NUL there */
	EXPECT_EQ(read_with_field(NAME_BYTES, "00000004"), -EINVAL);
	EXPECT_EQ(read_with_field(NAME_BYTES, "00000006"), -EINVAL); /* NUL too early */
	EXPECT_EQ(read_with_field(FILE_BYTES, "00000008"),
		  -EINVAL); /* the next header is not where it is due */
	EXPECT_EQ(read_with_field(FILE_BYTES, "00000000"), -EINVAL);
}

/* The name runs to the archive's end without a NUL, whatever the header says of its length. */
KTEST(cpio_unterminated_name)
{
	static const char *const lengths[] = {"00000005", "00000006", "FFFFFF92", "FFFFFFFF"};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		static struct writer writer;
		writer.length = 0;
		add_text(&writer, "namely", "");
		memcpy(writer.bytes + 6 + 8 * 11, lengths[i], 8);
		EXPECT_EQ(read_all(&writer, HEADER + 5), -EINVAL);
	}
}

KTEST(cpio_other_formats)
{
	static const char *const magics[] = {"070707",           "070702", "\x1f\x8b\x08",
					     "\x28\xb5\x2f\xfd", "hello",  "07070"};

	for (unsigned i = 0; i < ARRAY_SIZE(magics); i++) {
		static struct writer writer;
		make_sample(&writer);
		memcpy(writer.bytes, magics[i], strlen(magics[i]) + 1);
		EXPECT_EQ(read_all(&writer, writer.length), -EINVAL);
	}
}

/* Any byte changed, many times over: no read outside (the sanitizer looks), always an end. */
KTEST(cpio_random_damage)
{
	static struct writer writer;
	uint64_t state = 1;

	for (unsigned round = 0; round < 20000; round++) {
		make_sample(&writer);
		for (uint64_t changes = 1 + random_below(&state, 4); changes > 0; changes--) {
			size_t at = random_below(&state, writer.length);
			if (random_below(&state, 2))
				writer.bytes[at] = "0123456789abcdefF\0"[random_below(&state, 18)];
			else
				writer.bytes[at] = (char)random_next(&state);
		}
		int result = read_all(&writer, random_below(&state, 8)
						       ? writer.length
						       : random_below(&state, writer.length));
		EXPECT(result == -EINVAL || (result >= 0 && result <= 10));
	}
}
