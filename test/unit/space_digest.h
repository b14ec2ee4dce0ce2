/* space_digest.h: what a space contains as one number, to tell whether a call changed it. */
#ifndef TEST_UNIT_SPACE_DIGEST_H
#define TEST_UNIT_SPACE_DIGEST_H

#include "vm/space.h"

/*
 * Of everything that a program can find: the regions, and of each present page its address, what
 * the region's protection left of it, and all its bytes. Not of the W bits, nor of which frame it
 * is, nor of the tables: sharing is invisible.
 */
uint64_t space_digest(struct vm_space *space);

#endif
