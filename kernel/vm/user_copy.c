/* user_copy.c: see user_copy.h. The guarded copies of the processor's code do the work; this says
 * how far to trust. */
#include "vm/user_copy.h"

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/user.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "sync/cpu.h"
#include "vm/region.h"
#include "vm/table.h"

int copy_from_user(void *to, vaddr_t from, size_t bytes)
{
	assert(cpu_local()->held_ranks == 0);
	return arch_copy_from_user(to, from, bytes) ? -EFAULT : 0;
}

int copy_to_user(vaddr_t to, const void *from, size_t bytes)
{
	assert(cpu_local()->held_ranks == 0);
	return arch_copy_to_user(to, from, bytes) ? -EFAULT : 0;
}

int clear_user(vaddr_t to, size_t bytes)
{
	assert(cpu_local()->held_ranks == 0);
	return arch_clear_user(to, bytes) ? -EFAULT : 0;
}

int user_compare_exchange_u32(vaddr_t word, uint32_t *expected, uint32_t desired)
{
	assert(cpu_local()->held_ranks == 0 && IS_ALIGNED(word, sizeof(*expected)));
	return arch_user_compare_exchange(word, expected, desired) ? 0 : -EFAULT;
}

ssize_t copy_string_from_user(char *to, vaddr_t from, size_t size)
{
	size_t done = 0;

	assert(cpu_local()->held_ranks == 0);
	while (done < size) {
		/* A page at a time: the string may end just before one that is not there. */
		vaddr_t at = from + done;
		size_t part = MIN(size - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
		size_t copied = part - arch_copy_from_user(to + done, at, part);
		size_t length = strnlen(to + done, copied);
		if (length < copied)
			return (ssize_t)(done + length);
		if (copied < part)
			return -EFAULT;
		done += part;
	}
	return -ENAMETOOLONG;
}

/* ---- a space that is not active ---- */

/* Write within one page, if it is there and writable. Others may run in the space. */
static bool write_page(struct vm_space *space, vaddr_t to, const char *from, size_t bytes)
{
	rw_lock_exclusive(&space->lock);
	bool there = mmu_probe(space->root, to, VM_WRITE | VM_USER);
	if (there) {
		char *page = frame_data(table_page(space, to));
		if (from)
			memcpy(page + (to & (PAGE_SIZE - 1)), from, bytes);
		else
			memset(page + (to & (PAGE_SIZE - 1)), 0, bytes);
	}
	rw_unlock_exclusive(&space->lock);
	return there;
}

/* from NULL: zeros. */
static int fill_remote(struct vm_space *space, vaddr_t to, const char *from, size_t bytes)
{
	while (bytes) {
		size_t part = MIN(bytes, PAGE_SIZE - (to & (PAGE_SIZE - 1)));
		if (to >= USER_END)
			return -EFAULT;
		if (!write_page(space, to, from, part)) {
			/* The fault that the write would take. */
			enum vm_result result = vm_fault(space, to, VM_WRITE);
			if (result == VM_NO_MEMORY)
				return -ENOMEM;
			if (result != VM_FIXED && result != VM_SPURIOUS_FAULT)
				return -EFAULT;
			continue;
		}
		if (from)
			from += part;
		to += part;
		bytes -= part;
	}
	return 0;
}

int vm_write_remote(struct vm_space *space, vaddr_t to, const void *from, size_t bytes)
{
	return fill_remote(space, to, from, bytes);
}

int vm_zero_remote(struct vm_space *space, vaddr_t to, size_t bytes)
{
	return fill_remote(space, to, NULL, bytes);
}
