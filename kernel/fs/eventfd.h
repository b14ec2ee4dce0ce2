/* eventfd.h: eventfd(2): a counter that is a file. */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

#include "lib/types.h"

struct file;

/* semaphore: a read takes 1, not all (EFD_SEMAPHORE). flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int eventfd_create(uint64_t count, bool semaphore, unsigned flags, struct file **out);

#endif
