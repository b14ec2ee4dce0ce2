/* random.h: random numbers for getrandom(2), random(4) and the kernel's own use. */
#ifndef FS_RANDOM_H
#define FS_RANDOM_H

#include "lib/types.h"

/* Fill with random bytes. Any context. */
void random_fill(void *to, size_t bytes);

/* Stir something in: it can only make the generator harder to foresee. Any context. */
void random_add(const void *from, size_t bytes);

#endif
