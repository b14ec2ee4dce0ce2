/*
 * object.h: what can be mapped: the page cache of a file or of shared memory. Frames by page
 * number, filled on demand, in a sparse tree: what was never touched costs nothing. read, write,
 * mmap and exec all use these frames, so they agree at all times.
 *
 * Lock letters: (o) object->lock; (i) set at creation; (c) changed atomically; (z) by who may
 * change the size, one at a time: for a file inode->mutex.
 */
#ifndef VM_OBJECT_H
#define VM_OBJECT_H

#include "lib/list.h"
#include "lib/types.h"
#include "mm/frame.h"
#include "sync/spinlock.h"
#include "vm/page_tree.h"

struct vm_object;
struct vm_region;

struct vm_object_ops {
	/* Fill one page (PAGE_SIZE bytes at `page`) with the contents at page number `index`, zeros
	 * past the end. 0, -ENOMEM or -EIO. No lock is held. NULL: zeros. */
	int (*fill)(struct vm_object *object, uint64_t index, void *page);
	/* The last reference is gone and the frames are freed: free what `context` owns. May be
	 * NULL. */
	void (*release)(struct vm_object *object);
};

/* What several objects may have together. */
struct vm_account {
	uint64_t used, limit; /* (c) frames */
};

struct vm_object {
	uint32_t count; /* (c) */
	struct spinlock lock;
	const struct vm_object_ops *ops; /* (i) */
	void *context;                   /* (i) the owner's */
	struct vm_account *account;      /* (i) that its frames count to, or NULL */
	uint64_t bytes;                  /* (o, z) of the file; a page wholly past the end is
					    -EFAULT/SIGBUS */
	struct page_tree pages;          /* (o) */
	struct list_node regions;        /* (o) that map it: vm_region.of_object */
	uint64_t truncations;            /* (o) how often it was made shorter */
};

/* -ENOMEM; -EFBIG for more bytes than a signed number holds. */
NODISCARD int vm_object_create(const struct vm_object_ops *ops, void *context, uint64_t bytes,
			       struct vm_object **out);
void vm_object_get(struct vm_object *object);
/* For who knows an object by a table that its release takes it from: false, if it is about to. */
NODISCARD bool vm_object_try_get(struct vm_object *object);
void vm_object_put(struct vm_object *object);

/* The frame of page `index`, filled if it was not there, with a reference for the caller. -ENOMEM,
 * -EIO, -ENOSPC beyond the account's limit, or -EFAULT for a page past the end. */
NODISCARD int vm_object_page(struct vm_object *object, uint64_t index, struct frame **out);
/* The same for a page that may lie past the end, where the caller is about to move the end. */
NODISCARD int vm_object_page_to_write(struct vm_object *object, uint64_t index, struct frame **out);
/* The frame of page `index` with a reference, or NULL if it is a hole: zeros. For objects without
 * fill. */
struct frame *vm_object_find(struct vm_object *object, uint64_t index);

/* Is page `index` in memory? */
bool vm_object_has_page(struct vm_object *object, uint64_t index);

/* Copy out of the object, through its pages: as many bytes as there are, up to `bytes`; or an
 * error. */
NODISCARD ssize_t vm_object_read(struct vm_object *object, uint64_t offset, void *to, size_t bytes);
/* Write and grow, from the kernel's memory. -ENOMEM, -ENOSPC, -EFBIG: what fits is written. */
NODISCARD int vm_object_write(struct vm_object *object, uint64_t offset, const void *from,
			      size_t bytes);

/* The first byte at or behind `offset` that is (`hole`: is not) in a frame, as lseek(2)'s SEEK_DATA
 * and SEEK_HOLE: UINT64_MAX if there is none before the end; the end is a hole. */
uint64_t vm_object_seek(struct vm_object *object, uint64_t offset, bool hole);

/*
 * Move the end (truncate.c). What is past a nearer end is gone: from the object, from every region
 * that maps it, private copies of it too, and it reads as zeros if the end moves away again. Can't
 * fail. The calling thread holds no space's lock.
 */
void vm_object_resize(struct vm_object *object, uint64_t bytes);

/* For who writes past the end: it moves to `end`, further away. [written, end) holds what it shall;
 * what lies between the old end and that reads as zeros. */
void vm_object_extend(struct vm_object *object, uint64_t written, uint64_t end);

/* [from, to) reads as zeros from now on, in mappings too, but not in private copies that were made
 * before. What nobody has mapped takes no frames then. */
void vm_object_clear(struct vm_object *object, uint64_t from, uint64_t to);

/* For region.c, under the space's lock: the region is in its space's tree from now on, or no
 * longer. */
void vm_object_add_region(struct vm_object *object, struct vm_region *region);
void vm_object_remove_region(struct vm_object *object, struct vm_region *region);

#endif
