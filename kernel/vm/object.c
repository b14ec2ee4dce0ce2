/* object.c: the page cache of a file or of shared memory. */
#include "vm/object.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "vm/space.h"

int vm_object_create(const struct vm_object_ops *ops, void *context, uint64_t bytes,
		     struct vm_object **out)
{
	if (bytes > INT64_MAX)
		return -EFBIG;
	struct vm_object *object = kzalloc(sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->count = 1;
	object->lock = (struct spinlock)SPINLOCK_INIT(RANK_OBJECT);
	object->ops = ops;
	object->context = context;
	object->bytes = bytes;
	object->truncations = 1; /* 0 is a region's that no object has seen */
	list_init(&object->regions);
	*out = object;
	return 0;
}

void vm_object_get(struct vm_object *object)
{
	uint32_t before = __atomic_fetch_add(&object->count, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
}

bool vm_object_try_get(struct vm_object *object)
{
	uint32_t count = __atomic_load_n(&object->count, __ATOMIC_RELAXED);

	do {
		if (!count)
			return false;
	} while (!__atomic_compare_exchange_n(&object->count, &count, count + 1, false,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

void vm_object_put(struct vm_object *object)
{
	uint32_t before = __atomic_fetch_sub(&object->count, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before != 1)
		return;
	assert(list_is_empty(&object->regions));
	vm_object_resize(object, 0);
	assert(!object->pages.root);
	if (object->ops->release)
		object->ops->release(object);
	kfree(object);
}

/* ---- pages ---- */

static bool charge(struct vm_account *account)
{
	if (!account)
		return true;
	if (__atomic_add_fetch(&account->used, 1, __ATOMIC_RELAXED) <= account->limit)
		return true;
	__atomic_fetch_sub(&account->used, 1, __ATOMIC_RELAXED);
	return false;
}

static void uncharge(struct vm_account *account)
{
	if (account)
		__atomic_fetch_sub(&account->used, 1, __ATOMIC_RELAXED);
}

struct frame *vm_object_find(struct vm_object *object, uint64_t index)
{
	spin_lock(&object->lock);
	struct frame *frame = page_tree_find(&object->pages, index);
	if (frame)
		frame_get(frame);
	spin_unlock(&object->lock);
	return frame;
}

bool vm_object_has_page(struct vm_object *object, uint64_t index)
{
	spin_lock(&object->lock);
	bool has = page_tree_find(&object->pages, index) != NULL;
	spin_unlock(&object->lock);
	return has;
}

static bool is_past_end(const struct vm_object *object, uint64_t index)
{
	return index >= ALIGN_UP(object->bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

/* A frame with the contents of page `index`, in no object yet. */
static int make_frame(struct vm_object *object, uint64_t index, struct frame **out)
{
	struct frame *frame = frame_alloc(FRAME_CACHE, 0);

	if (!frame)
		return -ENOMEM;
	frame->cache.object = object;
	frame->cache.index = index;
	int error = 0;
	if (object->ops->fill)
		error = object->ops->fill(object, index, frame_data(frame));
	else
		memset(frame_data(frame), 0, PAGE_SIZE);
	if (error)
		frame_free(frame);
	else
		*out = frame;
	return error;
}

/* Put `made` where it belongs, unless another thread was faster or the end has moved meanwhile;
 * the object's frame, with a reference for the caller. */
static int insert(struct vm_object *object, uint64_t index, bool past_end, struct frame *made,
		  struct frame **out)
{
	int error = 0;

	spin_lock(&object->lock);
	struct frame *frame = page_tree_find(&object->pages, index);
	if (!frame) {
		if (!past_end && is_past_end(object, index))
			error = -EFAULT;
		else
			error = page_tree_insert(&object->pages, index, made);
		frame = made;
	}
	if (!error) {
		frame_get(frame);
		*out = frame;
	}
	spin_unlock(&object->lock);
	return error;
}

/* Filling may take long or wait, so it is done without the lock. */
static int add_page(struct vm_object *object, uint64_t index, bool past_end, struct frame **out)
{
	struct frame *made;

	if (!charge(object->account))
		return -ENOSPC;
	int error = make_frame(object, index, &made);
	if (!error) {
		error = insert(object, index, past_end, made, out);
		if (error || *out != made)
			frame_free(made);
	}
	if (error || *out != made)
		uncharge(object->account);
	return error;
}

int vm_object_page(struct vm_object *object, uint64_t index, struct frame **out)
{
	spin_lock(&object->lock);
	bool outside = is_past_end(object, index);
	struct frame *frame = outside ? NULL : page_tree_find(&object->pages, index);
	if (frame)
		frame_get(frame);
	spin_unlock(&object->lock);
	if (outside)
		return -EFAULT;
	if (!frame)
		return add_page(object, index, false, out);
	*out = frame;
	return 0;
}

int vm_object_page_to_write(struct vm_object *object, uint64_t index, struct frame **out)
{
	*out = vm_object_find(object, index);
	return *out ? 0 : add_page(object, index, true, out);
}

/* ---- copying ---- */

static int read_part(struct vm_object *object, uint64_t offset, void *to, size_t bytes)
{
	struct frame *frame = NULL;
	int error = 0;

	if (object->ops->fill)
		error = vm_object_page(object, offset >> PAGE_SHIFT, &frame);
	else
		frame = vm_object_find(object, offset >> PAGE_SHIFT);
	if (error)
		return error;
	if (!frame) {
		memset(to, 0, bytes);
		return 0;
	}
	memcpy(to, (const char *)frame_data(frame) + (offset & (PAGE_SIZE - 1)), bytes);
	if (frame_put(frame))
		frame_free(frame);
	return 0;
}

ssize_t vm_object_read(struct vm_object *object, uint64_t offset, void *to, size_t bytes)
{
	const uint64_t end = __atomic_load_n(&object->bytes, __ATOMIC_RELAXED);
	size_t done = 0;

	if (offset >= end)
		return 0;
	bytes = MIN(bytes, end - offset);
	while (done < bytes) {
		size_t in_page = (offset + done) & (PAGE_SIZE - 1);
		size_t part = MIN(bytes - done, PAGE_SIZE - in_page);
		int error = read_part(object, offset + done, (char *)to + done, part);
		if (error)
			return done ? (ssize_t)done : error;
		done += part;
	}
	return (ssize_t)done;
}

int vm_object_write(struct vm_object *object, uint64_t offset, const void *from, size_t bytes)
{
	uint64_t end = offset + bytes;

	if (end < offset || end > INT64_MAX)
		return -EFBIG;
	const char *next = from;
	while (offset < end) {
		struct frame *frame;
		size_t in_page = offset & (PAGE_SIZE - 1);
		size_t part = MIN(end - offset, PAGE_SIZE - in_page);
		int error = vm_object_page_to_write(object, offset >> PAGE_SHIFT, &frame);
		if (error)
			return error;
		memcpy((char *)frame_data(frame) + in_page, next, part);
		if (frame_put(frame))
			frame_free(frame);
		if (offset + part > object->bytes)
			vm_object_extend(object, offset, offset + part);
		next += part;
		offset += part;
	}
	return 0;
}

uint64_t vm_object_seek(struct vm_object *object, uint64_t offset, bool hole)
{
	uint64_t found = UINT64_MAX;

	spin_lock(&object->lock);
	uint64_t index = offset >> PAGE_SHIFT, next = index;
	struct frame *frame = page_tree_next(&object->pages, &next);
	if (hole) {
		while (frame && next == index) {
			index++;
			next = index;
			frame = page_tree_next(&object->pages, &next);
		}
		found = MIN(MAX(offset, index << PAGE_SHIFT), object->bytes);
	} else if (frame && next << PAGE_SHIFT < object->bytes) {
		found = MAX(offset, next << PAGE_SHIFT);
	}
	if (offset >= object->bytes)
		found = UINT64_MAX;
	spin_unlock(&object->lock);
	return found;
}

/* ---- regions ---- */

void vm_object_add_region(struct vm_object *object, struct vm_region *region)
{
	spin_lock(&object->lock);
	/* New: it has no page yet, and will get none that was cut off before now. */
	if (!region->truncations)
		region->truncations = object->truncations;
	list_push_back(&object->regions, &region->of_object);
	spin_unlock(&object->lock);
}

void vm_object_remove_region(struct vm_object *object, struct vm_region *region)
{
	spin_lock(&object->lock);
	list_remove(&region->of_object);
	spin_unlock(&object->lock);
}
