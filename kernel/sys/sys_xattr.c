/*
 * sys_xattr.c: extended attributes (xattr(7)). Files of tmpfs have those that are set, user.*,
 * trusted.* and security.*; no other file has any.
 */
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "fs/attribute.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define NAME_ROOM (XATTR_NAME_MAX + 1)

enum operation { GET, SET, LIST, REMOVE };

/* ---- names ---- */

static bool begins_with(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static bool is_acl(const char *name)
{
	return !strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) ||
	       !strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT);
}

/* "user.x" are for those who own files and folders. */
static int check_user_name(const char *name, uint32_t mode, enum operation operation)
{
	if (!begins_with(name, XATTR_USER_PREFIX))
		return 0;
	if ((mode & S_IFMT) != S_IFREG && (mode & S_IFMT) != S_IFDIR)
		return operation == GET ? -ENODATA : -EPERM;
	return 0;
}

/* -EOPNOTSUPP: the file system has no attributes of that name. */
static int check_name(const struct inode *inode, const char *name)
{
	static const char *const prefixes[] = {XATTR_SECURITY_PREFIX, XATTR_TRUSTED_PREFIX,
					       XATTR_USER_PREFIX};

	if (!inode || inode->ops->magic != TMPFS_MAGIC)
		return -EOPNOTSUPP;
	if (is_acl(name))
		return (inode->mode & S_IFMT) == S_IFLNK ? -EOPNOTSUPP : 0;
	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (begins_with(name, prefixes[i]))
			return name[strlen(prefixes[i])] ? 0 : -EINVAL;
	return -EOPNOTSUPP;
}

/* What a call has been given, copied. */
struct arguments {
	enum operation operation;
	char name[NAME_ROOM];
	unsigned flags;
	void *value; /* of SET, from kmalloc, or NULL */
	size_t bytes;
	vaddr_t to;
};

static int64_t give(const struct arguments *arguments, struct inode *inode)
{
	size_t size = MIN(arguments->bytes, (size_t)XATTR_SIZE_MAX);
	void *buffer = size ? kmalloc(size) : NULL;

	if (size && !buffer)
		return -ENOMEM;
	ssize_t bytes = arguments->operation == LIST
				? attribute_list(inode, buffer, size)
				: attribute_get(inode, arguments->name, buffer, size);
	/* More than any buffer may hold. */
	if (bytes == -ERANGE && arguments->operation == LIST && size == XATTR_LIST_MAX)
		bytes = -E2BIG;
	if (size && bytes > 0 && copy_to_user(arguments->to, buffer, (size_t)bytes))
		bytes = -EFAULT;
	kfree(buffer);
	return bytes;
}

/* security.capability would be rights to be given by execve, system.posix_acl_* those of files:
 * neither is looked at, so neither can be set. */
static bool is_settable(const char *name)
{
	return !is_acl(name) && strcmp(name, XATTR_NAME_CAPS) != 0;
}

/* What becomes of it once the arguments are known. inode NULL: a pipe or its like. */
static int64_t answer(struct inode *inode, const struct arguments *arguments)
{
	enum operation operation = arguments->operation;
	const char *name = arguments->name;

	if (operation == LIST)
		return inode ? give(arguments, inode) : 0;
	int error = check_user_name(name, inode ? inode->mode : S_IFIFO, operation);
	if (!error)
		error = check_name(inode, name);
	if (error)
		return error;
	if (operation == GET)
		return give(arguments, inode);
	if (operation == SET && !is_settable(name))
		return arguments->flags & XATTR_REPLACE ? -ENODATA : -EOPNOTSUPP;
	error = operation == REMOVE ? attribute_remove(inode, name)
				    : attribute_set(inode, name, arguments->value, arguments->bytes,
						    arguments->flags);
	if (!error)
		watch_tell(inode, IN_ATTRIB);
	return error;
}

/* ---- arguments ---- */

static int get_name(vaddr_t user, char *name)
{
	ssize_t length = copy_string_from_user(name, user, NAME_ROOM);

	if (!length || length == -ENAMETOOLONG)
		return -ERANGE;
	return length < 0 ? (int)length : 0;
}

static int get_value(const struct syscall *call, struct arguments *out)
{
	if (out->bytes > XATTR_SIZE_MAX)
		return -E2BIG;
	out->value = kmalloc(MAX(out->bytes, 1u));
	if (!out->value)
		return -ENOMEM;
	if (!copy_from_user(out->value, call->a[2], out->bytes))
		return 0;
	kfree(out->value);
	return -EFAULT;
}

/* In Linux's order. Once it has succeeded `value` is to be freed. */
static int get_arguments(const struct syscall *call, enum operation operation,
			 struct arguments *out)
{
	*out = (struct arguments){.operation = operation};
	if (operation == SET)
		out->flags = arg_unsigned(call, 4);
	if (out->flags & ~(unsigned)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	out->to = call->a[operation == LIST ? 1 : 2];
	out->bytes = call->a[operation == LIST ? 2 : 3];
	int error = operation == LIST ? 0 : get_name(call->a[1], out->name);
	return !error && operation == SET ? get_value(call, out) : error;
}

static int64_t by_path(const struct syscall *call, enum operation operation, unsigned walk)
{
	struct arguments arguments;
	struct inode *inode;

	int64_t error = get_arguments(call, operation, &arguments);
	if (error)
		return error;
	error = get_inode(AT_FDCWD, call->a[0], walk, &inode);
	if (!error) {
		error = answer(inode, &arguments);
		inode_put(inode);
	}
	kfree(arguments.value);
	return error;
}

static int64_t by_descriptor(const struct syscall *call, enum operation operation)
{
	struct arguments arguments;

	int64_t error = get_arguments(call, operation, &arguments);
	if (error)
		return error;
	struct file *file = get_file(call->a[0]);
	error = -EBADF;
	if (file && !(file->flags & O_PATH))
		error = answer(file->inode, &arguments);
	if (file)
		file_put(file);
	kfree(arguments.value);
	return error;
}

/* ---- the calls ---- */

int64_t sys_getxattr(const struct syscall *call)
{
	return by_path(call, GET, 0);
}

int64_t sys_lgetxattr(const struct syscall *call)
{
	return by_path(call, GET, WALK_NOFOLLOW);
}

int64_t sys_fgetxattr(const struct syscall *call)
{
	return by_descriptor(call, GET);
}

int64_t sys_setxattr(const struct syscall *call)
{
	return by_path(call, SET, 0);
}

int64_t sys_lsetxattr(const struct syscall *call)
{
	return by_path(call, SET, WALK_NOFOLLOW);
}

int64_t sys_fsetxattr(const struct syscall *call)
{
	return by_descriptor(call, SET);
}

int64_t sys_listxattr(const struct syscall *call)
{
	return by_path(call, LIST, 0);
}

int64_t sys_llistxattr(const struct syscall *call)
{
	return by_path(call, LIST, WALK_NOFOLLOW);
}

int64_t sys_flistxattr(const struct syscall *call)
{
	return by_descriptor(call, LIST);
}

int64_t sys_removexattr(const struct syscall *call)
{
	return by_path(call, REMOVE, 0);
}

int64_t sys_lremovexattr(const struct syscall *call)
{
	return by_path(call, REMOVE, WALK_NOFOLLOW);
}

int64_t sys_fremovexattr(const struct syscall *call)
{
	return by_descriptor(call, REMOVE);
}
