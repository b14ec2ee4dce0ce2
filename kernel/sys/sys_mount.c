/* sys_mount.c: mount(2), umount2(2), chroot(2), inotify(7): as much of them as there is. */
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/inode.h"
#include "fs/mount.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define TYPE_BYTES    32u
#define TMPFS_MODE    01777u
/* Flags of umount2(2) that change nothing here, and one that is for names. */
#define UMOUNT_FORCE  1u
#define UMOUNT_DETACH 2u
#define UMOUNT_LINK   8u

/* A new root of that type. -EBUSY: it can be seen in one place only, which it is; -ENODEV. */
static int create_root(const char *type, const struct inode *directory, struct inode **out)
{
	if (!strcmp(type, "tmpfs"))
		return tmpfs_create_root(TMPFS_MODE, out);
	bool proc = !strcmp(type, "proc"), sys = !strcmp(type, "sysfs");
	if (proc || sys) {
		/* Twice in one place is once. */
		if (directory->ops->magic == (proc ? PROC_SUPER_MAGIC : SYSFS_MAGIC))
			return -EBUSY;
		return procfs_create_root(sys, out);
	}
	return !strcmp(type, "devtmpfs") || !strcmp(type, "devpts") ? -EBUSY : -ENODEV;
}

static int mount_new(struct inode *directory, vaddr_t user_type)
{
	char type[TYPE_BYTES];
	struct inode *root;

	if (!user_type)
		return -EINVAL;
	ssize_t length = copy_string_from_user(type, user_type, sizeof(type));
	if (length < 0)
		return length == -ENAMETOOLONG ? -ENODEV : (int)length;
	if ((directory->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	int error = create_root(type, directory, &root);
	if (error)
		return error;
	error = mount_at(directory, root);
	if (error)
		inode_put(root);
	return error;
}

int64_t sys_mount(const struct syscall *call)
{
	uint64_t flags = call->a[3];
	struct inode *directory;

	int error = get_inode(AT_FDCWD, call->a[1], 0, &directory);
	if (error)
		return error;
	/* Nothing about a mount can be changed, so there is nothing to do. */
	if (flags & MS_REMOUNT)
		error = mount_is_root(directory) ? 0 : -EINVAL;
	else if (flags & (MS_BIND | MS_MOVE))
		error = -EINVAL;
	else if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		error = mount_is_root(directory) ? 0 : -EINVAL;
	else
		error = mount_new(directory, call->a[2]);
	inode_put(directory);
	return error;
}

int64_t sys_umount2(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 1);
	struct inode *root;

	if (flags & ~(UMOUNT_FORCE | UMOUNT_DETACH | UMOUNT_LINK))
		return -EINVAL;
	int error = get_inode(AT_FDCWD, call->a[0], flags & UMOUNT_LINK ? WALK_NOFOLLOW : 0, &root);
	if (error)
		return error;
	error = inode_unmount(root);
	inode_put(root);
	return error;
}

/* All processes have one root, and can only be given that. */
int64_t sys_chroot(const struct syscall *call)
{
	struct inode *directory;
	int error = get_inode(AT_FDCWD, call->a[0], 0, &directory);

	if (error)
		return error;
	if ((directory->mode & S_IFMT) != S_IFDIR)
		error = -ENOTDIR;
	else if (directory != inode_root())
		error = -EPERM;
	inode_put(directory);
	return error;
}
