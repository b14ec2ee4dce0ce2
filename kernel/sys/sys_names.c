/* sys_names.c: system calls that make names, take them away and change them. */
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"

#define LINK_MODE      0777u
/* mkdir takes these of its mode, and mknod all. */
#define DIRECTORY_BITS (0777u | S_ISVTX)

static int64_t create(int directory, vaddr_t path, const struct inode_new *as)
{
	struct named named;

	int error = get_named(directory, path, &named);
	if (error)
		return error;
	error = path_create(named.start, named.path, as);
	put_named(&named);
	return error;
}

static uint32_t masked(unsigned mode)
{
	return mode & ~current_process()->place->umask;
}

static int64_t make_directory(int directory, vaddr_t path, unsigned mode)
{
	const struct inode_new as = {.mode = S_IFDIR | masked(mode & DIRECTORY_BITS)};

	return create(directory, path, &as);
}

int64_t sys_mkdir(const struct syscall *call)
{
	return make_directory(AT_FDCWD, call->a[0], arg_unsigned(call, 1));
}

int64_t sys_mkdirat(const struct syscall *call)
{
	return make_directory(arg_int(call, 0), call->a[1], arg_unsigned(call, 2));
}

static int64_t make_node(int directory, vaddr_t path, unsigned mode, unsigned device)
{
	struct inode_new as = {.mode = mode & S_IFMT ? mode & S_IFMT : S_IFREG};

	switch (as.mode) {
	case S_IFCHR:
	case S_IFBLK:
		as.device = device;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	as.mode |= masked(mode & INODE_MODE_BITS);
	return create(directory, path, &as);
}

int64_t sys_mknod(const struct syscall *call)
{
	return make_node(AT_FDCWD, call->a[0], arg_unsigned(call, 1), arg_unsigned(call, 2));
}

int64_t sys_mknodat(const struct syscall *call)
{
	return make_node(arg_int(call, 0), call->a[1], arg_unsigned(call, 2),
			 arg_unsigned(call, 3));
}

static int64_t make_symlink(vaddr_t user_target, int directory, vaddr_t path)
{
	char *target;

	int64_t error = get_path(user_target, &target);
	if (error)
		return error;
	const struct inode_new as = {.mode = S_IFLNK | LINK_MODE, .target = target};
	error = target[0] ? create(directory, path, &as) : -ENOENT;
	kfree(target);
	return error;
}

int64_t sys_symlink(const struct syscall *call)
{
	return make_symlink(call->a[0], AT_FDCWD, call->a[1]);
}

int64_t sys_symlinkat(const struct syscall *call)
{
	return make_symlink(call->a[0], arg_int(call, 1), call->a[2]);
}

static int64_t make_link(int old_directory, vaddr_t old, int directory, vaddr_t path,
			 unsigned flags)
{
	struct inode *inode;
	struct named named;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	unsigned walk = (flags & AT_SYMLINK_FOLLOW ? 0 : WALK_NOFOLLOW) |
			(flags & AT_EMPTY_PATH ? GET_EMPTY : 0);
	int error = get_inode(old_directory, old, walk, &inode);
	if (error)
		return error;
	error = get_named(directory, path, &named);
	if (!error) {
		error = path_link(inode, named.start, named.path);
		put_named(&named);
	}
	inode_put(inode);
	return error;
}

int64_t sys_link(const struct syscall *call)
{
	return make_link(AT_FDCWD, call->a[0], AT_FDCWD, call->a[1], 0);
}

int64_t sys_linkat(const struct syscall *call)
{
	return make_link(arg_int(call, 0), call->a[1], arg_int(call, 2), call->a[3],
			 arg_unsigned(call, 4));
}

static int64_t remove_name(int directory, vaddr_t path, unsigned flags)
{
	struct named named;

	if (flags & ~(unsigned)AT_REMOVEDIR)
		return -EINVAL;
	int error = get_named(directory, path, &named);
	if (error)
		return error;
	error = flags ? path_rmdir(named.start, named.path) : path_unlink(named.start, named.path);
	put_named(&named);
	return error;
}

int64_t sys_unlink(const struct syscall *call)
{
	return remove_name(AT_FDCWD, call->a[0], 0);
}

int64_t sys_unlinkat(const struct syscall *call)
{
	return remove_name(arg_int(call, 0), call->a[1], arg_unsigned(call, 2));
}

int64_t sys_rmdir(const struct syscall *call)
{
	return remove_name(AT_FDCWD, call->a[0], AT_REMOVEDIR);
}

static int64_t change_name(int old_directory, vaddr_t old_path, int new_directory, vaddr_t new_path,
			   unsigned flags)
{
	struct named old, new;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	int error = get_named(old_directory, old_path, &old);
	if (error)
		return error;
	error = get_named(new_directory, new_path, &new);
	if (!error) {
		error = path_rename(old.start, old.path, new.start, new.path, flags);
		put_named(&new);
	}
	put_named(&old);
	return error;
}

int64_t sys_rename(const struct syscall *call)
{
	return change_name(AT_FDCWD, call->a[0], AT_FDCWD, call->a[1], 0);
}

int64_t sys_renameat(const struct syscall *call)
{
	return change_name(arg_int(call, 0), call->a[1], arg_int(call, 2), call->a[3], 0);
}

int64_t sys_renameat2(const struct syscall *call)
{
	return change_name(arg_int(call, 0), call->a[1], arg_int(call, 2), call->a[3],
			   arg_unsigned(call, 4));
}
