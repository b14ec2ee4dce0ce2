/*
 * object.h: what can be mapped: the page cache of a file or of shared memory. Frames by index,
 * filled on demand.
 *
 * Lock letters: (o) object->lock; (i) set at creation; (c) changed atomically.
 */
#ifndef VM_OBJECT_H
#define VM_OBJECT_H

#include "lib/types.h"
#include "mm/frame.h"
#include "sync/spinlock.h"

struct vm_object;

struct vm_object_ops {
	/* Fill one page (PAGE_SIZE bytes at `page`) with the contents at page number `index`, zeros
	 * past the end. 0, -ENOMEM or -EIO. */
	int (*fill)(struct vm_object *object, uint64_t index, void *page);
	/* The last reference is gone and the frames are freed: free what `context` owns. May be
	 * NULL. */
	void (*release)(struct vm_object *object);
};

struct vm_object {
	uint32_t count; /* (c) */
	struct spinlock lock;
	const struct vm_object_ops *ops; /* (i) */
	void *context;                   /* (i) the owner's */
	uint64_t bytes;         /* (o) of the file; a page wholly past the end is -EFAULT/SIGBUS */
	uint64_t page_capacity; /* (o) */
	struct frame **pages;   /* (o) by index, NULL where not yet filled */
};

NODISCARD int vm_object_create(const struct vm_object_ops *ops, void *context, uint64_t bytes,
			       struct vm_object **out);
void vm_object_get(struct vm_object *object);
void vm_object_put(struct vm_object *object);

/* The frame of page `index`, filled if it was not there, with a reference for the caller. -ENOMEM,
 * -EIO, or -EFAULT for a page past the end. */
NODISCARD int vm_object_page(struct vm_object *object, uint64_t index, struct frame **out);

/* Is page `index` in memory? */
bool vm_object_has_page(struct vm_object *object, uint64_t index);

/* Copy out of the object, through its pages: as many bytes as there are, up to `bytes`; or an
 * error. */
NODISCARD ssize_t vm_object_read(struct vm_object *object, uint64_t offset, void *to, size_t bytes);

#endif
