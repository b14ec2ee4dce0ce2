/*
 * attribute.h: extended attributes of files (xattr(7)): names with values, which nobody here looks
 * into. In memory, as tmpfs has them; what names there are and who may set them is the callers'.
 */
#ifndef FS_ATTRIBUTE_H
#define FS_ATTRIBUTE_H

#include "lib/types.h"

struct inode;

/* The value, as much as `size` has room for: its length. size 0: only that. -ENODATA: there is none
 * of that name; -ERANGE: it does not fit. */
NODISCARD ssize_t attribute_get(struct inode *inode, const char *name, void *to, size_t size);
/* flags: XATTR_CREATE, XATTR_REPLACE. -EEXIST, -ENODATA, -ENOMEM, -ENOSPC. */
NODISCARD int attribute_set(struct inode *inode, const char *name, const void *value, size_t bytes,
			    unsigned flags);
NODISCARD int attribute_remove(struct inode *inode, const char *name); /* -ENODATA */
/* All names, each with its NUL: how many bytes. size 0: only that. -ERANGE. */
NODISCARD ssize_t attribute_list(struct inode *inode, char *to, size_t size);
/* The inode goes. */
void attribute_free_all(struct inode *inode);

#endif
