/* protect.c: mprotect(2). Leaves lose what the new protection forbids; what it grants is given by
 * faults. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/region.h"
#include "vm/table.h"

/* The leaf under a new protection, without W: a private page may be written only by its sole owner,
 * and a fault finds out whether this is the one. */
static entry_t reprotect(entry_t leaf, unsigned level, void *argument)
{
	unsigned prot = *(const unsigned *)argument;
	entry_t changed = entry_leaf(entry_pa(leaf), level, (prot & ~VM_WRITE) | VM_USER);

	return entry_shared(leaf) ? entry_mkshared(changed) : changed;
}

/* A shared mapping of a file that was not opened for writing can't become writable. */
static bool may_write(const struct vm_space *space, vaddr_t start, vaddr_t end)
{
	for (const struct vm_region *region = region_at_or_after(space, start);
	     region && region->start < end; region = region_next(region))
		if (region->flags & REGION_READ_ONLY)
			return false;
	return true;
}

static int protect_locked(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
	if (!region_range_is_mapped(space, start, end))
		return -ENOMEM;
	if ((prot & VM_WRITE) && !may_write(space, start, end))
		return -EACCES;
	if (!table_prepare_range(space, start, end))
		return -ENOMEM;
	int error = region_cut(space, start, end);
	if (error)
		return error;
	for (struct vm_region *region = region_find(space, start); region && region->start < end;
	     region = region_next(region))
		region->prot = (uint8_t)prot;
	/* Writable memory is readable on this processor; only no access at all can be told apart.
	 */
	unsigned granted = prot ? prot | VM_READ : 0;
	table_for_leaves(space, start, end, reprotect, &granted);
	vm_flush(space, start, end);
	region_merge(space, start, end);
	return 0;
}

int vm_protect(struct vm_space *space, vaddr_t start, uint64_t bytes, unsigned prot)
{
	uint64_t length = page_round_up(bytes);

	if (!IS_ALIGNED(start, PAGE_SIZE))
		return -EINVAL;
	if (!bytes)
		return 0;
	if (!length || start >= USER_END || length > USER_END - start)
		return -ENOMEM;
	mutex_lock(&space->lock);
	int error = protect_locked(space, start, start + length, prot);
	mutex_unlock(&space->lock);
	return error;
}
