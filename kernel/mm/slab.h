/* slab.h: the kernel's own memory by the byte. Aligned to 16; contents undefined; NULL if there is
 * none. */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "lib/types.h"

NODISCARD void *kmalloc(size_t bytes);
NODISCARD void *kzalloc(size_t bytes); /* filled with zeros */
void kfree(void *memory);              /* NULL is nothing */

#endif
