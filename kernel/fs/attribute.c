/* attribute.c: see attribute.h. They stand in a list by name. inode->mutex guards it. */
/* First: with the C library's headers before it, on the host, it defines nothing. */
#include <linux/xattr.h>

#include "fs/attribute.h"

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Of one file, names and values together: they are the kernel's memory, and bound by no limit of
 * the process. */
#define BYTES_MAX (128u * 1024)

struct attribute {
	struct attribute *next;
	size_t bytes;
	size_t name_bytes; /* with the NUL */
	char name[];       /* the value is behind it */
};

static void *value_of(struct attribute *attribute)
{
	return attribute->name + attribute->name_bytes;
}

/* Where it is, or would be. */
static struct attribute **find_locked(struct inode *inode, const char *name, bool *found)
{
	struct attribute **link = &inode->attributes;

	while (*link && strcmp((*link)->name, name) < 0)
		link = &(*link)->next;
	*found = *link && !strcmp((*link)->name, name);
	return link;
}

ssize_t attribute_get(struct inode *inode, const char *name, void *to, size_t size)
{
	ssize_t result = -ENODATA;
	bool found;

	mutex_lock(&inode->mutex);
	struct attribute *attribute = *find_locked(inode, name, &found);
	if (found) {
		result = size && size < attribute->bytes ? -ERANGE : (ssize_t)attribute->bytes;
		if (size && result > 0)
			memcpy(to, value_of(attribute), attribute->bytes);
	}
	mutex_unlock(&inode->mutex);
	return result;
}

static size_t cost_of(const struct attribute *attribute)
{
	return sizeof(*attribute) + attribute->name_bytes + attribute->bytes;
}

static size_t used_locked(const struct inode *inode)
{
	size_t bytes = 0;

	for (const struct attribute *at = inode->attributes; at; at = at->next)
		bytes += cost_of(at);
	return bytes;
}

/* What was there is the caller's to free. */
static int set_locked(struct inode *inode, struct attribute *fresh, unsigned flags,
		      struct attribute **old)
{
	bool found;
	struct attribute **link = find_locked(inode, fresh->name, &found);

	if (found && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!found && (flags & XATTR_REPLACE))
		return -ENODATA;
	size_t replaced = found ? cost_of(*link) : 0;
	if (used_locked(inode) - replaced + cost_of(fresh) > BYTES_MAX)
		return -ENOSPC;
	*old = found ? *link : NULL;
	fresh->next = found ? (*link)->next : *link;
	*link = fresh;
	inode->changed = inode_now();
	return 0;
}

int attribute_set(struct inode *inode, const char *name, const void *value, size_t bytes,
		  unsigned flags)
{
	size_t name_bytes = strlen(name) + 1;
	struct attribute *fresh = kmalloc(sizeof(*fresh) + name_bytes + bytes), *old = NULL;

	if (!fresh)
		return -ENOMEM;
	fresh->bytes = bytes;
	fresh->name_bytes = name_bytes;
	memcpy(fresh->name, name, name_bytes);
	memcpy(value_of(fresh), value, bytes);
	mutex_lock(&inode->mutex);
	int error = set_locked(inode, fresh, flags, &old);
	mutex_unlock(&inode->mutex);
	kfree(error ? fresh : old);
	return error;
}

int attribute_remove(struct inode *inode, const char *name)
{
	bool found;

	mutex_lock(&inode->mutex);
	struct attribute **link = find_locked(inode, name, &found), *old = *link;
	if (found) {
		*link = old->next;
		inode->changed = inode_now();
	}
	mutex_unlock(&inode->mutex);
	if (found)
		kfree(old);
	return found ? 0 : -ENODATA;
}

ssize_t attribute_list(struct inode *inode, char *to, size_t size)
{
	size_t bytes = 0;
	bool fits = true;

	mutex_lock(&inode->mutex);
	for (const struct attribute *at = inode->attributes; at; at = at->next) {
		fits = fits && (!size || bytes + at->name_bytes <= size);
		if (size && fits)
			memcpy(to + bytes, at->name, at->name_bytes);
		bytes += at->name_bytes;
	}
	mutex_unlock(&inode->mutex);
	return fits ? (ssize_t)bytes : -ERANGE;
}

void attribute_free_all(struct inode *inode)
{
	while (inode->attributes) {
		struct attribute *first = inode->attributes;
		inode->attributes = first->next;
		kfree(first);
	}
}
