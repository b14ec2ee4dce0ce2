/* populate.h: populating the calling process's memory, which may take long. */
#ifndef SYS_POPULATE_H
#define SYS_POPULATE_H

#include "lib/types.h"
#include "vm/space.h"

/* vm_populate for [start, end), page-aligned, of the calling process, in steps, so that others run
 * and a signal that kills can end it (-EINTR), and with the memory that only caches hold. */
NODISCARD int populate_user(vaddr_t start, vaddr_t end, enum vm_populate how);

#endif
