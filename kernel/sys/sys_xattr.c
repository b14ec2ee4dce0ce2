/*
 * sys_xattr.c: extended attributes (xattr(7)). No file has any, and none can be set; but the calls
 * look at their arguments, and callers learn what they would on a file system whose files happen to
 * have none.
 */
#include <arch/mmu.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
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

/* What becomes of it once the arguments are known. inode NULL: a pipe or its like. */
static int answer(const struct inode *inode, const char *name, enum operation operation,
		  unsigned flags)
{
	if (operation == LIST)
		return 0;
	int error = check_user_name(name, inode ? inode->mode : S_IFIFO, operation);
	if (!error)
		error = check_name(inode, name);
	if (error)
		return error;
	if (operation == SET && !(flags & XATTR_REPLACE))
		return -EOPNOTSUPP;
	return -ENODATA;
}

/* ---- arguments ---- */

static int get_name(vaddr_t user, char *name)
{
	ssize_t length = copy_string_from_user(name, user, NAME_ROOM);

	if (!length || length == -ENAMETOOLONG)
		return -ERANGE;
	return length < 0 ? (int)length : 0;
}

/* setxattr's flags, name and value, in Linux's order. */
static int check_value(const struct syscall *call)
{
	uint64_t bytes = call->a[3];
	char byte;

	if (bytes > XATTR_SIZE_MAX)
		return -E2BIG;
	for (uint64_t at = 0; at < bytes; at += PAGE_SIZE)
		if (copy_from_user(&byte, call->a[2] + at, 1))
			return -EFAULT;
	return bytes && copy_from_user(&byte, call->a[2] + bytes - 1, 1) ? -EFAULT : 0;
}

static int get_arguments(const struct syscall *call, enum operation operation, char *name,
			 unsigned *flags)
{
	*flags = operation == SET ? arg_unsigned(call, 4) : 0;
	if (*flags & ~(unsigned)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	int error = operation == LIST ? 0 : get_name(call->a[1], name);
	if (!error && operation == SET)
		error = check_value(call);
	return error;
}

static int64_t by_path(const struct syscall *call, enum operation operation, unsigned walk)
{
	char name[NAME_ROOM] = "";
	struct inode *inode;
	unsigned flags;

	int error = get_arguments(call, operation, name, &flags);
	if (!error)
		error = get_inode(AT_FDCWD, call->a[0], walk, &inode);
	if (error)
		return error;
	error = answer(inode, name, operation, flags);
	inode_put(inode);
	return error;
}

static int64_t by_descriptor(const struct syscall *call, enum operation operation)
{
	char name[NAME_ROOM] = "";
	unsigned flags;

	int error = get_arguments(call, operation, name, &flags);
	if (error)
		return error;
	struct file *file = get_file(call->a[0]);
	if (!file)
		return -EBADF;
	error = file->flags & O_PATH ? -EBADF : answer(file->inode, name, operation, flags);
	file_put(file);
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
