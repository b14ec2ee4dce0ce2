/* signal_mask.c: see signal_mask.h. */
#include "sys/signal_mask.h"

#include "lib/errno.h"
#include "proc/process.h"
#include "vm/user_copy.h"

int signal_mask_swap(vaddr_t set, uint64_t bytes)
{
	uint64_t mask;

	if (!set)
		return 0;
	if (bytes != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, set, sizeof(mask)))
		return -EFAULT;
	signal_mask_push(mask);
	return 0;
}

int64_t signal_mask_restore(int64_t result)
{
	signal_mask_pop(result == -EINTR);
	return result;
}
