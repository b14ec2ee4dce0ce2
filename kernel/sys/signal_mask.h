/* signal_mask.h: the calls that wait with another signal mask: ppoll(2), pselect(2), ... */
#ifndef SYS_SIGNAL_MASK_H
#define SYS_SIGNAL_MASK_H

#include "lib/types.h"

/* The program's mask at `set` counts from now on; 0: as it is. -EFAULT; -EINVAL for a size that is
 * not that of a mask. */
NODISCARD int signal_mask_swap(vaddr_t set, uint64_t bytes);
/* The one before counts again; if the wait was interrupted (result is -EINTR), not before the
 * signals are delivered that it was interrupted by. Returns `result`. */
int64_t signal_mask_restore(int64_t result);

#endif
