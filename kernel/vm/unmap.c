/* unmap.c: munmap(2): taking pages away, and regions with them. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"
#include "vm/usage.h"

/* [start, start+bytes) as whole pages inside the user's half. */
static int check_range(vaddr_t start, uint64_t bytes, vaddr_t *end)
{
	uint64_t length = page_round_up(bytes);

	if (!IS_ALIGNED(start, PAGE_SIZE) || !length || start >= USER_END ||
	    length > USER_END - start)
		return -EINVAL;
	*end = start + length;
	return 0;
}

int vm_unmap_locked(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	if (region_range_is_free(space, start, end))
		return 0;
	/* Prepare: both of these may fail and leave everything as the program knows it. */
	struct table_gather gather;
	table_gather_init(&gather, space, start, end);
	struct vm_region *upper;
	int error = -ENOMEM;
	if (table_prepare_edges(&gather))
		error = region_prepare_hole(space, start, end, &upper);
	if (!error) {
		vm_peak_before_drop_locked(space, start, end);
		table_drop_range(&gather);
	}
	table_gather_finish(&gather);
	if (!error)
		region_make_hole(space, start, end, upper);
	return error;
}

int vm_unmap(struct vm_space *space, vaddr_t start, uint64_t bytes)
{
	vaddr_t end;
	int error = check_range(start, bytes, &end);

	if (error)
		return error;
	rw_lock_exclusive(&space->lock);
	error = vm_unmap_locked(space, start, end);
	rw_unlock_exclusive(&space->lock);
	return error;
}

/* Is the region a part of a mapping that began at `start`? */
static bool is_part(const struct vm_region *region, vaddr_t start, const struct vm_object_ops *ops,
		    const struct vm_object *object)
{
	return region->object && region->object->ops == ops &&
	       region->start - region->offset == start && (!object || region->object == object);
}

int vm_unmap_object(struct vm_space *space, vaddr_t start, const struct vm_object_ops *ops,
		    struct vm_object **out)
{
	int error = -EINVAL;
	vaddr_t at = start;

	*out = NULL;
	rw_lock_exclusive(&space->lock);
	for (;;) {
		const struct vm_region *region = region_at_or_after(space, at);
		if (!region || (*out && region->start - start >= (*out)->bytes))
			break;
		vaddr_t begin = region->start, end = region->end;
		at = end;
		if (!is_part(region, start, ops, *out))
			continue;
		if (!*out) {
			*out = region->object;
			vm_object_get(*out);
		}
		error = vm_unmap_locked(space, begin, end);
		if (error)
			break;
	}
	rw_unlock_exclusive(&space->lock);
	if (error && *out) {
		vm_object_put(*out);
		*out = NULL;
	}
	return error;
}
