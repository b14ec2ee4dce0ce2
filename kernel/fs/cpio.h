/*
 * cpio.h: reading the initial RAM disk: one or more cpio archives of the "newc" format (cpio(5)),
 * one after the other, padded with zeros. Pure: bytes in, entries out; nothing in it is believed.
 */
#ifndef FS_CPIO_H
#define FS_CPIO_H

#include "lib/types.h"

struct cpio_entry {
	const char *name; /* NUL-terminated, in the archive; no leading "/" or "./"; "": root */
	const void *data;
	uint64_t bytes;
	uint32_t mode; /* S_IF* and permissions */
	uint32_t uid, gid, links;
	uint32_t inode, mtime;
	uint32_t rdev_major, rdev_minor;
};

struct cpio_reader {
	const char *data;
	size_t bytes, position;
	bool in_archive;   /* the trailer is still to come */
	const char *error; /* NULL, or a sentence about why cpio_next returned -EINVAL */
};

void cpio_open(struct cpio_reader *reader, const void *data, size_t bytes);
/* 1 and an entry; 0 at the end; -EINVAL for a damaged archive. "TRAILER!!!" entries are skipped. */
NODISCARD int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry);

#endif
