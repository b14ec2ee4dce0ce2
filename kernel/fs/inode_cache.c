/* inode_cache.c: the page caches of the files in the initial RAM disk. */
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sync/spinlock.h"
#include "vm/object.h"

/* Guards file.object of every inode. */
static struct spinlock inode_lock = SPINLOCK_INIT(RANK_FILES);

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	const struct inode *inode = object->context;
	uint64_t start = index << PAGE_SHIFT;
	uint64_t bytes = MIN(inode->file.bytes - start, PAGE_SIZE);

	memcpy(page, (const char *)inode->file.data + start, bytes);
	memset((char *)page + bytes, 0, PAGE_SIZE - bytes);
	return 0;
}

static const struct vm_object_ops ops = {.fill = fill};

static struct vm_object *get_cached(struct inode *inode)
{
	spin_lock(&inode_lock);
	struct vm_object *object = inode->file.object;
	if (object)
		vm_object_get(object);
	spin_unlock(&inode_lock);
	return object;
}

int inode_object(struct inode *inode, struct vm_object **out)
{
	struct vm_object *made;

	*out = get_cached(inode);
	if (*out)
		return 0;
	int error = vm_object_create(&ops, inode, inode->file.bytes, &made);
	if (error)
		return error;
	spin_lock(&inode_lock);
	/* Another thread may have been here since the lock was dropped: its object counts. */
	struct vm_object *other = inode->file.object;
	*out = other ? other : made;
	vm_object_get(*out);
	inode->file.object = *out;
	spin_unlock(&inode_lock);
	if (other)
		vm_object_put(made);
	return 0;
}

/* Take the cache out of `inode` if the inode's reference is the only one. */
static struct vm_object *take_unused(struct inode *inode)
{
	spin_lock(&inode_lock);
	struct vm_object *object = inode->file.object;
	if (object && __atomic_load_n(&object->count, __ATOMIC_ACQUIRE) == 1)
		inode->file.object = NULL;
	else
		object = NULL;
	spin_unlock(&inode_lock);
	return object;
}

unsigned inode_drop_caches(void)
{
	unsigned dropped = 0;
	struct inode *at = inode_root();

	/* The whole tree, without a stack: down, right, or up and right. */
	for (;;) {
		if ((at->mode & S_IFMT) == S_IFREG) {
			struct vm_object *object = take_unused(at);
			if (object) {
				vm_object_put(object);
				dropped++;
			}
		}
		struct inode *next = (at->mode & S_IFMT) == S_IFDIR ? inode_first(at) : NULL;
		while (!next && at != inode_root()) {
			next = inode_next(at);
			if (!next)
				at = at->parent;
		}
		if (!next)
			return dropped;
		at = next;
	}
}
