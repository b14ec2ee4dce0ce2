/* inode.c: what inodes of all file systems have in common. */
#include "fs/inode.h"

#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "fs/attribute.h"
#include "fs/tmpfs.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sync/realtime.h"
#include "vm/object.h"
#include "vm/region.h"

#define STAT_BLOCK_BYTES 512u
#define STAT_IO_BYTES    4096u
/* st_dev: major 0, as for all file systems without a device. */
#define STAT_DEVICE      1u
#define NS_PER_SECOND    1000000000ull
/* Linux's relatime: how old st_atime may be before a read renews it in any case. */
#define ACCESSED_SECONDS 86400

struct mutex inode_tree_mutex;

/* Set once, at boot. */
static struct inode *root;
/* Changed atomically: the last number given out. */
static uint64_t last_number;

void inode_init(void)
{
	int error = tmpfs_create_root(0755, &root);

	if (error)
		panic("no memory for the root directory");
}

struct inode *inode_root(void)
{
	return root;
}

/* ---- references ---- */

void inode_get(struct inode *inode)
{
	if (inode->object) {
		vm_object_get(inode->object);
		return;
	}
	uint32_t before = __atomic_fetch_add(&inode->count, 1, __ATOMIC_RELAXED);
	assert(before != 0 && before != UINT32_MAX);
}

/* Free it; its parent loses a reference, which is the caller's to put. */
static struct inode *release(struct inode *inode)
{
	struct inode *parent = inode->parent;

	assert(!inode->mounted);
	watch_inode_gone(inode);
	attribute_free_all(inode);
	kfree(inode->name);
	inode->ops->release(inode);
	return parent;
}

void inode_put(struct inode *inode)
{
	/* Upwards in a loop: directories that are all gone may be nested deeply. */
	while (inode && !inode->object) {
		uint32_t before = __atomic_fetch_sub(&inode->count, 1, __ATOMIC_ACQ_REL);
		assert(before != 0);
		if (before != 1)
			return;
		inode = release(inode);
	}
	if (inode)
		vm_object_put(inode->object);
}

void inode_object_release(struct vm_object *object)
{
	/* A directory: it has no object, so this does not come back here. */
	inode_put(release(object->context));
}

void inode_begin(struct inode *inode, const struct inode_ops *ops, uint32_t mode,
		 struct vm_object *object)
{
	inode->count = 1;
	inode->ops = ops;
	inode->object = object;
	inode->mode = mode;
	inode->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	inode->accessed = inode->modified = inode->changed = inode_now();
}

char *inode_copy_name(const char *name, size_t length)
{
	char *copy = kmalloc(length + 1);

	if (copy) {
		memcpy(copy, name, length);
		copy[length] = 0;
	}
	return copy;
}

void inode_set_name(struct inode *inode, struct inode *parent, char *name)
{
	struct inode *old = inode->parent;

	inode_get(parent);
	kfree(inode->name);
	inode->name = name;
	inode->parent = parent;
	inode->nameless = false;
	if (old)
		inode_put(old);
}

/* ---- what it is called ---- */

static ssize_t path_locked(const struct inode *inode, char *to, size_t size)
{
	static const char gone[] = " (deleted)";
	size_t tail = inode->nameless ? sizeof(gone) - 1 : 0, length = tail;

	if (inode == root) {
		string_copy(to, "/", size);
		return size < 2 ? -ENAMETOOLONG : 1;
	}
	for (const struct inode *at = inode; at->parent; at = at->parent)
		length += 1 + strlen(at->name);
	if (length >= size)
		return -ENAMETOOLONG;
	char *end = to + length - tail;
	memcpy(end, gone, tail);
	to[length] = 0;
	for (const struct inode *at = inode; at->parent; at = at->parent) {
		size_t bytes = strlen(at->name);
		end -= bytes;
		memcpy(end, at->name, bytes);
		*--end = '/';
	}
	return (ssize_t)length;
}

ssize_t inode_path(struct inode *inode, char *to, size_t size)
{
	mutex_lock(&inode_tree_mutex);
	ssize_t length = path_locked(inode, to, size);
	mutex_unlock(&inode_tree_mutex);
	return length;
}

ssize_t inode_target(struct inode *inode, char *to, size_t size)
{
	assert((inode->mode & S_IFMT) == S_IFLNK && inode->ops->target);
	ssize_t length = inode->ops->target(inode, to, size);
	return length < (ssize_t)size ? length : -ENAMETOOLONG;
}

/* ---- what it holds ---- */

uint64_t inode_size(const struct inode *inode)
{
	return inode->object ? inode->object->bytes : inode->bytes;
}

int inode_object(struct inode *inode, struct vm_object **out)
{
	if (!inode->object)
		return -ENODEV;
	vm_object_get(inode->object);
	*out = inode->object;
	return 0;
}

struct inode *inode_of_object(const struct vm_object *object)
{
	return object->ops->release == inode_object_release ? object->context : NULL;
}

/* One more in the direction of `step`, unless there is one in the other. */
static int add_user(struct inode *inode, int32_t step)
{
	int32_t now = __atomic_load_n(&inode->writers, __ATOMIC_RELAXED);

	do {
		if (step > 0 ? now < 0 : now > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&inode->writers, &now, now + step, false,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return 0;
}

int inode_begin_write(struct inode *inode)
{
	return add_user(inode, 1);
}

void inode_end_write(struct inode *inode)
{
	int32_t before = __atomic_fetch_sub(&inode->writers, 1, __ATOMIC_RELEASE);

	assert(before > 0);
}

int inode_begin_run(struct inode *inode)
{
	return add_user(inode, -1);
}

void inode_end_run(struct inode *inode)
{
	int32_t before = __atomic_fetch_add(&inode->writers, 1, __ATOMIC_RELEASE);

	assert(before < 0);
}

int inode_resize(struct inode *inode, uint64_t bytes)
{
	if ((inode->mode & S_IFMT) != S_IFREG || !inode->object)
		return -EINVAL;
	if (bytes > FILE_BYTES_MAX)
		return -EFBIG;
	mutex_lock(&inode->mutex);
	uint64_t old = inode->object->bytes;
	unsigned seals = inode->seals;
	bool sealed =
		(bytes < old && (seals & F_SEAL_SHRINK)) || (bytes > old && (seals & F_SEAL_GROW));
	if (!sealed) {
		vm_object_resize(inode->object, bytes);
		inode_touch(inode);
	}
	mutex_unlock(&inode->mutex);
	return sealed ? -EPERM : 0;
}

/* Can anybody write to the file by a mapping? */
static bool has_shared_writers(struct vm_object *object)
{
	bool found = false;

	spin_lock(&object->lock);
	list_for_each (node, &object->regions) {
		const struct vm_region *region = container_of(node, struct vm_region, of_object);
		found |= (region->flags & REGION_SHARED) && !(region->flags & REGION_READ_ONLY);
	}
	spin_unlock(&object->lock);
	return found;
}

int inode_seal(struct inode *inode, unsigned seals)
{
	int error = 0;

	mutex_lock(&inode->mutex);
	if (inode->seals & F_SEAL_SEAL)
		error = -EPERM;
	else if ((seals & F_SEAL_WRITE & ~inode->seals) && has_shared_writers(inode->object))
		error = -EBUSY;
	else
		inode->seals |= seals;
	mutex_unlock(&inode->mutex);
	return error;
}

void inode_stat(const struct inode *inode, struct stat *out)
{
	uint64_t pages = inode->object ? inode->object->pages.count : 0;

	*out = (struct stat){
		.st_dev = STAT_DEVICE,
		.st_ino = inode->number,
		.st_nlink = inode->links,
		.st_mode = inode->mode,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_rdev = inode->device,
		.st_size = (int64_t)inode_size(inode),
		.st_blksize = STAT_IO_BYTES,
		.st_blocks = (int64_t)(pages << PAGE_SHIFT) / STAT_BLOCK_BYTES,
		.st_atime = (uint64_t)inode->accessed.seconds,
		.st_atime_nsec = inode->accessed.nanoseconds,
		.st_mtime = (uint64_t)inode->modified.seconds,
		.st_mtime_nsec = inode->modified.nanoseconds,
		.st_ctime = (uint64_t)inode->changed.seconds,
		.st_ctime_nsec = inode->changed.nanoseconds,
	};
	if (inode->ops->stat)
		inode->ops->stat(inode, out);
}

/* ---- attributes ---- */

struct inode_time inode_now(void)
{
	uint64_t now = realtime_now();

	return (struct inode_time){
		.seconds = (int64_t)(now / NS_PER_SECOND),
		.nanoseconds = (uint32_t)(now % NS_PER_SECOND),
	};
}

void inode_touch(struct inode *inode)
{
	inode->modified = inode->changed = inode_now();
}

static bool is_before(const struct inode_time *a, const struct inode_time *b)
{
	return a->seconds < b->seconds ||
	       (a->seconds == b->seconds && a->nanoseconds <= b->nanoseconds);
}

void inode_touch_accessed(struct inode *inode)
{
	struct inode_time now = inode_now();

	if (is_before(&inode->accessed, &inode->modified) ||
	    is_before(&inode->accessed, &inode->changed) ||
	    now.seconds - inode->accessed.seconds >= ACCESSED_SECONDS)
		inode->accessed = now;
}

void inode_set_mode(struct inode *inode, uint32_t mode)
{
	mutex_lock(&inode->mutex);
	inode->mode = (inode->mode & S_IFMT) | (mode & INODE_MODE_BITS);
	inode->changed = inode_now();
	mutex_unlock(&inode->mutex);
}

void inode_set_owner(struct inode *inode, uint32_t uid, uint32_t gid)
{
	mutex_lock(&inode->mutex);
	if (uid != UINT32_MAX)
		inode->uid = uid;
	if (gid != UINT32_MAX)
		inode->gid = gid;
	/* Who is given a file is not given what it may do to others (chown(2)). */
	if ((inode->mode & S_IFMT) != S_IFDIR) {
		inode->mode &= ~(uint32_t)S_ISUID;
		if (inode->mode & S_IXGRP)
			inode->mode &= ~(uint32_t)S_ISGID;
	}
	inode->changed = inode_now();
	mutex_unlock(&inode->mutex);
}

void inode_set_times(struct inode *inode, const struct inode_time *accessed,
		     const struct inode_time *modified)
{
	mutex_lock(&inode->mutex);
	if (accessed)
		inode->accessed = *accessed;
	if (modified)
		inode->modified = *modified;
	inode->changed = inode_now();
	mutex_unlock(&inode->mutex);
}
