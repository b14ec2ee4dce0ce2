/*
 * quire.h: what a program about memory needs and the C library does not have, or not as it should:
 * musl's own sbrk, for one, fails for any argument but 0. Works on Linux as well.
 *
 *	musl-gcc -static -Iuserland/lib program.c userland/lib/memory.c
 */
#ifndef USERLAND_LIB_QUIRE_H
#define USERLAND_LIB_QUIRE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096ul

/* Move the end of the heap by `bytes`, which may be negative. Returns where it was; (void *)-1 with
 * errno ENOMEM if it can't be moved there. New bytes are zero, and take no memory until they are
 * touched. */
void *sbrk(intptr_t bytes);

/* How many pages of [start, start+bytes) are in memory; -1 with errno ENOMEM if some of it is not
 * mapped at all. */
long pages_resident(const void *start, size_t bytes);

/* Pages of memory that nobody uses. */
long pages_free(void);

#endif
