/* protect.c: mprotect(2). Leaves lose what the new protection forbids; what it grants is given by
 * faults. */
#include <linux/mman.h>

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

/* Where the run of regions that contains `start` ends; at most `end`, and `start` if there is none.
 */
static vaddr_t mapped_until(const struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct vm_region *region = region_find(space, start);

	for (; region && region->start <= start && start < end; region = region_next(region))
		start = region->end;
	return MIN(start, end);
}

/* Memory that becomes data counts as data, and as a promise of memory, from then on. */
static int may_protect(const struct vm_space *space, const struct vm_region *region, unsigned prot,
		       uint64_t *data)
{
	uint64_t bytes = region->end - region->start;

	if (!(prot & VM_WRITE) || (region->prot & VM_WRITE))
		return 0;
	/* A shared mapping of a file that was not opened for writing can't become writable. */
	if (region->flags & REGION_READ_ONLY)
		return -EACCES;
	if (!vm_within_limits_counted(space, prot, region->flags, bytes, data) &&
	    vm_within_limits(space, region->prot, region->flags, bytes))
		return -ENOMEM;
	if (vm_is_overcommit(prot, region->flags, bytes))
		return -ENOMEM;
	return 0;
}

/* All of [start, end) is mapped, and its tables are owned. */
static int protect_prepared(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot,
			    struct table_gather *gather)
{
	vaddr_t done = start;
	uint64_t data = VM_NO_LIMIT;
	int error = region_cut(space, start, end);
	if (error)
		return error;
	for (struct vm_region *region = region_find(space, start); region && region->start < end;
	     region = region_next(region)) {
		error = may_protect(space, region, prot, &data);
		if (error)
			break;
		region->prot = (uint8_t)prot;
		done = region->end;
	}
	/* Writable memory is readable on this processor; only no access at all can be told apart.
	 */
	unsigned granted = prot ? prot | VM_READ : 0;
	gather->end = done;
	if (done > start)
		table_for_leaves(gather, reprotect, &granted);
	region_merge(space, start, end);
	return error;
}

/* Each region by itself: a large leaf may lie over several, and is split then, as the last of them
 * may not change. */
static bool prepare_regions(struct table_gather *gather)
{
	const vaddr_t start = gather->start, end = gather->end;
	struct vm_region *region = region_find(gather->space, start);
	bool prepared = true;

	for (; prepared && region && region->start < end; region = region_next(region)) {
		gather->start = MAX(region->start, start);
		gather->end = MIN(region->end, end);
		prepared = table_prepare_range(gather);
	}
	gather->start = start;
	gather->end = end;
	return prepared;
}

/* All of [start, end) is mapped. */
static int protect_mapped(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
	struct table_gather gather;
	int error = -ENOMEM;

	table_gather_init(&gather, space, start, end);
	if (prepare_regions(&gather))
		error = protect_prepared(space, start, end, prot, &gather);
	gather.end = end;
	table_gather_finish(&gather);
	return error;
}

static int protect_locked(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
	if (prot & PROT_GROWSDOWN) {
		struct vm_region *region = region_at_or_after(space, start);
		if (!region || region->start >= end)
			return -ENOMEM;
		if (!(region->flags & REGION_GROWS_DOWN))
			return -EINVAL;
		start = region->start;
		prot &= ~(unsigned)PROT_GROWSDOWN;
	}
	vaddr_t mapped_end = mapped_until(space, start, end);
	int error = -ENOMEM;
	if (mapped_end > start)
		error = protect_mapped(space, start, mapped_end, prot);
	if (!error && mapped_end < end)
		error = -ENOMEM;
	return error;
}

int vm_protect(struct vm_space *space, vaddr_t start, uint64_t bytes, unsigned prot)
{
	uint64_t length = page_round_up(bytes);

	if (!IS_ALIGNED(start, PAGE_SIZE))
		return -EINVAL;
	if (!bytes)
		return 0;
	if (!length || start + length < start)
		return -ENOMEM;
	if (prot & ~(VM_READ | VM_WRITE | VM_EXEC | PROT_GROWSDOWN))
		return -EINVAL;
	rw_lock_exclusive(&space->lock);
	int error = protect_locked(space, start, start + length, prot);
	rw_unlock_exclusive(&space->lock);
	return error;
}
