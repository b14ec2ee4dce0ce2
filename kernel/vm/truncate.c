/*
 * truncate.c: moving the end of an object, which other processes may have mapped.
 *
 * Making it shorter goes in three steps:
 *
 *   1. under the object's lock the new end is set, so that no fault finds a page behind it any
 * more;
 *   2. each region that maps the object drops its entries behind the end, one space at a time;
 *   3. the object drops its frames behind the end.
 *
 * Step 2 needs each space's lock, a mutex, and may not hold the object's spinlock meanwhile, so
 * regions come and go. Each region therefore remembers up to which truncation it is clean. What is
 * made while the step goes on is either clean, because it has only pages of after step 1, or was
 * split, moved or forked from a region and is as clean as that was, because both happen under that
 * space's lock.
 *
 * A fault that got its frame before step 1 may put it into the tables after that: it holds its
 * space's lock all the time, so step 2 comes later and finds it.
 */
#include <arch/page.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

/* Frames that are freed without letting go of the object's lock. */
#define FREE_BATCH 64u

/* Zeros in the page with the end in it, [from, to) bytes of the object, if it has a frame. */
static void clear_locked(struct vm_object *object, uint64_t from, uint64_t to)
{
	uint64_t in_page = from & (PAGE_SIZE - 1);

	assert(spin_held(&object->lock));
	if (!in_page || from >= to)
		return;
	const struct frame *frame = page_tree_find(&object->pages, from >> PAGE_SHIFT);
	if (frame)
		memset((char *)frame_data(frame) + in_page, 0, MIN(to - from, PAGE_SIZE - in_page));
}

/* A space with a region that is not yet clean, kept from being freed; NULL: there is none. */
static struct vm_space *next_space(struct vm_object *object, uint64_t truncation)
{
	struct vm_space *space = NULL;

	spin_lock(&object->lock);
	list_for_each (node, &object->regions) {
		const struct vm_region *region = container_of(node, struct vm_region, of_object);
		if (region->truncations < truncation) {
			space = region->space;
			vm_space_get(space);
			break;
		}
	}
	spin_unlock(&object->lock);
	return space;
}

static void clean_region(struct vm_region *region, uint64_t end, uint64_t truncation)
{
	vaddr_t from = region->start;

	region->truncations = truncation;
	if (end > region->offset) {
		uint64_t kept = end - region->offset;
		if (kept >= region->end - region->start)
			return;
		from += kept;
	}
	struct table_gather gather;
	table_gather_init(&gather, region->space, from, region->end);
	table_drop_leaves(&gather);
	table_gather_finish(&gather);
}

static void clean_space(struct vm_space *space, struct vm_object *object, uint64_t end,
			uint64_t truncation)
{
	rw_lock_exclusive(&space->lock);
	for (struct vm_region *region = region_first(space); region; region = region_next(region))
		if (region->object == object)
			clean_region(region, end, truncation);
	rw_unlock_exclusive(&space->lock);
	vm_space_put(space);
}

/* The page may have held code. An emulator that translated it watches all writes to the frame, and
 * is very slow where it becomes a kernel stack: overwriting it makes it forget the code. */
static void free_page(struct frame *frame)
{
	page_zero(frame_data(frame));
	frame_free_zeroed(frame);
}

/* Drop up to FREE_BATCH frames from page `first` on. False: there are no more. */
static bool drop_frames(struct vm_object *object, uint64_t first)
{
	struct frame *dropped[FREE_BATCH];
	unsigned count = 0;

	spin_lock(&object->lock);
	while (count < FREE_BATCH) {
		uint64_t index = first;
		if (!page_tree_next(&object->pages, &index))
			break;
		dropped[count++] = page_tree_remove(&object->pages, index);
	}
	spin_unlock(&object->lock);
	if (object->account)
		__atomic_fetch_sub(&object->account->used, count, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < count; i++)
		if (frame_put(dropped[i]))
			free_page(dropped[i]);
	return count == FREE_BATCH;
}

void vm_object_extend(struct vm_object *object, uint64_t written, uint64_t end)
{
	spin_lock(&object->lock);
	assert(end > object->bytes && end <= INT64_MAX);
	clear_locked(object, object->bytes, written);
	object->bytes = end;
	spin_unlock(&object->lock);
}

void vm_object_resize(struct vm_object *object, uint64_t bytes)
{
	struct vm_space *space;
	uint64_t end = ALIGN_UP(bytes, PAGE_SIZE);

	assert(bytes <= INT64_MAX);
	spin_lock(&object->lock);
	uint64_t old = object->bytes;
	/* A mapping may have written behind the end, in the last page: the file has zeros there. */
	clear_locked(object, MIN(bytes, old), MAX(bytes, old));
	object->bytes = bytes;
	uint64_t truncation = bytes < old ? ++object->truncations : object->truncations;
	spin_unlock(&object->lock);
	while (bytes < old && (space = next_space(object, truncation)))
		clean_space(space, object, end, truncation);
	/* Also when the end did not move: a write that failed may have left a page behind it. */
	while (drop_frames(object, end >> PAGE_SHIFT))
		;
}

/* The first page at or behind `*index` that has a frame below `last`: cleared, or its frame taken
 * out of the object, if that is all of the page and nobody can have it mapped. False: there is
 * none. */
static bool clear_next(struct vm_object *object, uint64_t *index, uint64_t from, uint64_t to,
		       struct frame **taken)
{
	*taken = NULL;
	spin_lock(&object->lock);
	struct frame *frame = page_tree_next(&object->pages, index);
	uint64_t start = MAX(*index << PAGE_SHIFT, from);
	uint64_t end = MIN((*index + 1) << PAGE_SHIFT, to);
	bool found = frame && start < to;
	if (found && end - start == PAGE_SIZE && list_is_empty(&object->regions))
		*taken = page_tree_remove(&object->pages, *index);
	else if (found)
		memset((char *)frame_data(frame) + (start & (PAGE_SIZE - 1)), 0, end - start);
	spin_unlock(&object->lock);
	return found;
}

void vm_object_clear(struct vm_object *object, uint64_t from, uint64_t to)
{
	struct frame *taken;

	for (uint64_t index = from >> PAGE_SHIFT; clear_next(object, &index, from, to, &taken);
	     index++) {
		if (!taken)
			continue;
		if (object->account)
			__atomic_fetch_sub(&object->account->used, 1, __ATOMIC_RELAXED);
		if (frame_put(taken))
			free_page(taken);
	}
}
