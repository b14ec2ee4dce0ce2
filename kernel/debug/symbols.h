/*
 * symbols.h: names for the kernel's own code addresses.
 *
 * The kernel is linked twice. tools/symtab.py reads the functions of the first link and writes the
 * table that the second one carries in the section .symbols, at the very end of the image, where
 * its size moves nothing else. The first link carries an empty table, so every image has one.
 */
#ifndef DEBUG_SYMBOLS_H
#define DEBUG_SYMBOLS_H

#include "lib/types.h"

#define SYMBOLS_MAGIC 0x424d5953u /* "SYMB", little endian */

/* What tools/symtab.py writes. After the header: `count` entries by ascending address, then the
 * names. */
struct symbols_header {
	uint32_t magic;
	uint32_t count;
	uint64_t base;
	uint32_t name_bytes; /* of all names, each with its NUL */
	uint32_t reserved;
};
struct symbols_entry {
	uint32_t address; /* minus the base */
	uint32_t bytes;   /* of the function; never 0 */
	uint32_t name;    /* offset from the first name */
};

/* The function that contains pc: its name, valid for ever, and the offset in it. false if none
 * does. */
NODISCARD bool symbol_find(vaddr_t pc, const char **name, uint64_t *offset);

/* The same in a given table of `bytes` bytes, which need not be trusted. */
NODISCARD bool symbols_search(const void *table, size_t bytes, vaddr_t pc, const char **name,
			      uint64_t *offset);

#endif
