/* peek.h: reading the memory of a space that is not the active one, changing nothing. */
#ifndef VM_PEEK_H
#define VM_PEEK_H

#include "vm/space.h"

/* Copy from `from`, which lies below USER_END with all its bytes. What is not in memory reads as
 * zeros, be it there or not: no fault is served. space->lock. */
void vm_peek_locked(const struct vm_space *space, void *to, vaddr_t from, size_t bytes);

/* The physical address that va leads to now; 0: none. space->lock. */
paddr_t vm_physical_locked(const struct vm_space *space, vaddr_t va);

#endif
