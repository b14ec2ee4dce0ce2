/* sys_inotify.c: system calls on watched files (inotify(7)). */
#include <asm/fcntl.h>
#include <linux/inotify.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/inotify.h"
#include "lib/errno.h"
#include "sys/decode.h"
#include "sys/syscall.h"

#define MASK_BITS                                                                                \
	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | \
	 IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

_Static_assert(IN_CLOEXEC == O_CLOEXEC && IN_NONBLOCK == O_NONBLOCK, "flags are passed on");

static int64_t make(unsigned flags)
{
	struct file *file;

	if (flags & ~(unsigned)(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	int error = inotify_create(flags, &file);
	return error ? error : install_file(file, 0, flags);
}

int64_t sys_inotify_init(const struct syscall *call)
{
	return make(0);
}

int64_t sys_inotify_init1(const struct syscall *call)
{
	return make(arg_unsigned(call, 0));
}

static int add(struct file *file, vaddr_t path, uint32_t mask)
{
	struct inode *inode;

	if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
		return -EINVAL;
	if (!file_is_inotify(file))
		return -EINVAL;
	int error = get_inode(AT_FDCWD, path, mask & IN_DONT_FOLLOW ? WALK_NOFOLLOW : 0, &inode);
	if (error)
		return error;
	bool is_directory = (inode->mode & S_IFMT) == S_IFDIR;
	int id = (mask & IN_ONLYDIR) && !is_directory ? -ENOTDIR : inotify_add(file, inode, mask);
	inode_put(inode);
	return id;
}

int64_t sys_inotify_add_watch(const struct syscall *call)
{
	uint32_t mask = arg_unsigned(call, 2);

	if (!(mask & MASK_BITS))
		return -EINVAL;
	struct file *file = get_file(call->a[0]);
	if (!file)
		return -EBADF;
	int id = add(file, call->a[1], mask);
	file_put(file);
	return id;
}

int64_t sys_inotify_rm_watch(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);

	if (!file)
		return -EBADF;
	int error = file_is_inotify(file) ? inotify_remove(file, arg_int(call, 1)) : -EINVAL;
	file_put(file);
	return error;
}
