/* limits.c: how much a space may map: RLIMIT_AS, RLIMIT_DATA, and what memory could never hold. */
#include "lib/errno.h"
#include "mm/mm.h"
#include "vm/region.h"
#include "vm/table.h"

void vm_set_limits(struct vm_space *space, const struct vm_limits *limits)
{
	rw_lock_exclusive(&space->lock);
	space->stack_limit = limits->stack;
	space->address_limit = limits->address_space;
	space->data_limit = limits->data;
	space->data_limit_hard = limits->data_hard;
	rw_unlock_exclusive(&space->lock);
}

/* What RLIMIT_DATA counts: private, writable, and no stack. */
static bool is_data(unsigned prot, unsigned flags)
{
	return (prot & VM_WRITE) && !(flags & (REGION_SHARED | REGION_GROWS_DOWN));
}

/* Counted when it is asked for: only a process that limits itself pays for it. */
static uint64_t data_mapped(const struct vm_space *space)
{
	uint64_t bytes = 0;

	for (struct vm_region *region = region_first(space); region; region = region_next(region))
		if (is_data(region->prot, region->flags))
			bytes += region->end - region->start;
	return bytes;
}

static bool fits(uint64_t used, uint64_t more, uint64_t limit)
{
	limit = ALIGN_DOWN(limit, PAGE_SIZE);
	return used <= limit && more <= limit - used;
}

bool vm_within_limits_counted(const struct vm_space *space, unsigned prot, unsigned flags,
			      uint64_t bytes, uint64_t *data)
{
	if (space->address_limit != VM_NO_LIMIT &&
	    !fits(space->mapped, bytes, space->address_limit))
		return false;
	if (space->data_limit == VM_NO_LIMIT || !is_data(prot, flags))
		return true;
	if (*data == VM_NO_LIMIT)
		*data = data_mapped(space);
	/* Linux takes a soft limit of 0 as "of the heap alone": valgrind sets it. */
	if (!fits(*data, bytes, space->data_limit) &&
	    !(space->data_limit == 0 && fits(*data, bytes, space->data_limit_hard)))
		return false;
	*data += bytes;
	return true;
}

bool vm_within_limits(const struct vm_space *space, unsigned prot, unsigned flags, uint64_t bytes)
{
	uint64_t data = VM_NO_LIMIT;

	return vm_within_limits_counted(space, prot, flags, bytes, &data);
}

bool vm_is_overcommit(unsigned prot, unsigned flags, uint64_t bytes)
{
	if ((flags & (REGION_NORESERVE | REGION_SHARED)) || !(prot & VM_WRITE))
		return false;
	return bytes > mm_total_bytes();
}

uint64_t vm_mapped_in(const struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct vm_region *region = region_at_or_after(space, start);
	uint64_t bytes = 0;

	for (; region && region->start < end; region = region_next(region))
		bytes += MIN(region->end, end) - MAX(region->start, start);
	return bytes;
}

void vm_inherit_settings(struct vm_space *child, const struct vm_space *parent)
{
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->mmap_top = parent->mmap_top;
	child->data_bytes = parent->data_bytes;
	child->fork_flags = parent->fork_flags;
	child->stack_limit = parent->stack_limit;
	child->address_limit = parent->address_limit;
	child->data_limit = parent->data_limit;
	child->data_limit_hard = parent->data_limit_hard;
}

int vm_drop_unforked(struct vm_space *child)
{
	struct vm_region *next;

	/* Most programs never ask for any of this, and fork is to be fast. */
	if (!child->fork_flags)
		return 0;
	for (struct vm_region *region = region_first(child); region; region = next) {
		next = region_next(region);
		region->flags &= (uint16_t)~REGION_LOCK_BITS;
		if (!(region->flags & (REGION_NO_FORK | REGION_WIPE_ON_FORK)))
			continue;
		struct table_gather gather;
		table_gather_init(&gather, child, region->start, region->end);
		bool prepared = table_prepare_edges(&gather);
		if (prepared)
			table_drop_range(&gather);
		table_gather_finish(&gather);
		if (!prepared)
			return -ENOMEM;
		if (region->flags & REGION_NO_FORK) {
			region_remove(child, region);
			region_destroy(region);
		}
	}
	return 0;
}
