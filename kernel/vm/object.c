/* object.c: the page cache of a file or of shared memory. */
#include "vm/object.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/slab.h"

/* One array of frame pointers describes an object; this is what the largest block of frames can
 * hold. */
#define OBJECT_MAX_PAGES ((PAGE_SIZE << FRAME_MAX_ORDER) / sizeof(struct frame *))

int vm_object_create(const struct vm_object_ops *ops, void *context, uint64_t bytes,
		     struct vm_object **out)
{
	uint64_t pages = ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT;

	if (bytes > ALIGN_DOWN(UINT64_MAX, PAGE_SIZE) || pages > OBJECT_MAX_PAGES)
		return -EFBIG;
	struct vm_object *object = kzalloc(sizeof(*object));
	struct frame **slots = kzalloc(MAX(pages, 1ull) * sizeof(*slots));
	if (!object || !slots) {
		kfree(object);
		kfree(slots);
		return -ENOMEM;
	}
	*object = (struct vm_object){
		.count = 1,
		.lock = SPINLOCK_INIT(RANK_OBJECT),
		.ops = ops,
		.context = context,
		.bytes = bytes,
		.page_capacity = pages,
		.pages = slots,
	};
	*out = object;
	return 0;
}

void vm_object_get(struct vm_object *object)
{
	uint32_t before = __atomic_fetch_add(&object->count, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
}

/* The page may have held code. An emulator that translated it watches all writes to the frame, and
 * is very slow where it becomes a kernel stack: overwriting it makes it forget the code. */
static void drop_page(struct frame *frame)
{
	if (!frame_put(frame))
		return;
	memset(frame_data(frame), 0, PAGE_SIZE);
	frame_free(frame);
}

void vm_object_put(struct vm_object *object)
{
	uint32_t before = __atomic_fetch_sub(&object->count, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before != 1)
		return;
	for (uint64_t i = 0; i < object->page_capacity; i++)
		if (object->pages[i])
			drop_page(object->pages[i]);
	if (object->ops->release)
		object->ops->release(object);
	kfree(object->pages);
	kfree(object);
}

/* A new frame for page `index`, filled, with the slot's reference. */
static int fill_locked(struct vm_object *object, uint64_t index)
{
	struct frame *frame = frame_alloc(FRAME_CACHE, 0);
	if (!frame)
		return -ENOMEM;
	int error = object->ops->fill(object, index, frame_data(frame));
	if (error) {
		frame_free(frame);
		return error;
	}
	frame->cache.object = object;
	frame->cache.index = index;
	object->pages[index] = frame;
	return 0;
}

int vm_object_page(struct vm_object *object, uint64_t index, struct frame **out)
{
	int error = 0;

	spin_lock(&object->lock);
	if (index >= object->page_capacity)
		error = -EFAULT;
	else if (!object->pages[index])
		error = fill_locked(object, index);
	if (!error) {
		*out = object->pages[index];
		frame_get(*out);
	}
	spin_unlock(&object->lock);
	return error;
}

bool vm_object_has_page(struct vm_object *object, uint64_t index)
{
	spin_lock(&object->lock);
	bool has = index < object->page_capacity && object->pages[index];
	spin_unlock(&object->lock);
	return has;
}

ssize_t vm_object_read(struct vm_object *object, uint64_t offset, void *to, size_t bytes)
{
	size_t done = 0;

	if (offset >= object->bytes)
		return 0;
	bytes = MIN(bytes, object->bytes - offset);
	while (done < bytes) {
		struct frame *frame;
		size_t in_page = (offset + done) & (PAGE_SIZE - 1);
		size_t part = MIN(bytes - done, PAGE_SIZE - in_page);
		int error = vm_object_page(object, (offset + done) >> PAGE_SHIFT, &frame);
		if (error)
			return done ? (ssize_t)done : error;
		memcpy((char *)to + done, (const char *)frame_data(frame) + in_page, part);
		if (frame_put(frame))
			frame_free(frame);
		done += part;
	}
	return (ssize_t)done;
}
