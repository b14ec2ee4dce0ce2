/* futex_core.h: between futex.c and futex_pi.c. */
#ifndef PROC_FUTEX_CORE_H
#define PROC_FUTEX_CORE_H

#include "lib/types.h"

struct futex_key {
	const void *owner; /* struct vm_space or struct vm_object */
	uint64_t offset;
};

void futex_pi_init(void);

/* What the word at `address` of the calling process is known by. -EINVAL, -EFAULT. */
NODISCARD int futex_find_key(vaddr_t address, bool private, struct futex_key *key);

static inline bool futex_keys_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

#endif
