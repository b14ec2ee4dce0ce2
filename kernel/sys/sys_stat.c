/* sys_stat.c: stat(2) and statx(2) in all their forms. */
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define DEVICE_MAJOR(number) ((uint32_t)((number) >> 8 & 0xfff))
#define DEVICE_MINOR(number) ((uint32_t)(((number)&0xff) | ((number) >> 12 & ~0xffull)))

static int stat_file(int fd, struct stat *out)
{
	struct file *file = get_file((uint64_t)fd);

	if (!file)
		return -EBADF;
	file_stat(file, out);
	file_put(file);
	return 0;
}

/* AT_EMPTY_PATH with an empty path: the descriptor itself. */
static int stat_self(int directory, struct stat *out)
{
	if (directory != AT_FDCWD)
		return stat_file(directory, out);
	struct inode *cwd = process_get_cwd();
	inode_stat(cwd, out);
	inode_put(cwd);
	return 0;
}

static int stat_path(int directory, vaddr_t user, unsigned flags, struct stat *out)
{
	struct inode *start, *inode;
	char *path;

	int error = get_path(user, &path);
	if (error)
		return error;
	if (!path[0]) {
		kfree(path);
		return flags & AT_EMPTY_PATH ? stat_self(directory, out) : -ENOENT;
	}
	error = get_start(directory, path, &start);
	if (!error) {
		error = path_walk(start, path, flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0,
				  &inode);
		inode_put(start);
	}
	kfree(path);
	if (!error) {
		inode_stat(inode, out);
		inode_put(inode);
	}
	return error;
}

static int64_t give(int error, const struct stat *stat, vaddr_t to)
{
	return error ? error : copy_to_user(to, stat, sizeof(*stat));
}

int64_t sys_stat(const struct syscall *call)
{
	struct stat stat;

	return give(stat_path(AT_FDCWD, call->a[0], 0, &stat), &stat, call->a[1]);
}

int64_t sys_lstat(const struct syscall *call)
{
	struct stat stat;

	return give(stat_path(AT_FDCWD, call->a[0], AT_SYMLINK_NOFOLLOW, &stat), &stat, call->a[1]);
}

int64_t sys_fstat(const struct syscall *call)
{
	struct stat stat;

	return give(stat_file(arg_int(call, 0), &stat), &stat, call->a[1]);
}

int64_t sys_newfstatat(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 3);
	struct stat stat;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return give(stat_path(arg_int(call, 0), call->a[1], flags, &stat), &stat, call->a[2]);
}

static void to_statx(const struct stat *stat, struct statx *out)
{
	*out = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (uint32_t)stat->st_blksize,
		.stx_nlink = (uint32_t)stat->st_nlink,
		.stx_uid = stat->st_uid,
		.stx_gid = stat->st_gid,
		.stx_mode = (uint16_t)stat->st_mode,
		.stx_ino = stat->st_ino,
		.stx_size = (uint64_t)stat->st_size,
		.stx_blocks = (uint64_t)stat->st_blocks,
		.stx_atime = {(int64_t)stat->st_atime, (uint32_t)stat->st_atime_nsec, 0},
		.stx_mtime = {(int64_t)stat->st_mtime, (uint32_t)stat->st_mtime_nsec, 0},
		.stx_ctime = {(int64_t)stat->st_ctime, (uint32_t)stat->st_ctime_nsec, 0},
		.stx_rdev_major = DEVICE_MAJOR(stat->st_rdev),
		.stx_rdev_minor = DEVICE_MINOR(stat->st_rdev),
		.stx_dev_major = DEVICE_MAJOR(stat->st_dev),
		.stx_dev_minor = DEVICE_MINOR(stat->st_dev),
	};
}

int64_t sys_statx(const struct syscall *call)
{
	const unsigned known =
		AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
	unsigned flags = arg_unsigned(call, 2);
	struct stat stat;
	struct statx statx;

	if ((flags & ~known) || (arg_unsigned(call, 3) & STATX__RESERVED) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	int error = stat_path(arg_int(call, 0), call->a[1], flags, &stat);
	if (error)
		return error;
	to_statx(&stat, &statx);
	return copy_to_user(call->a[4], &statx, sizeof(statx));
}

/* name_to_handle_at(2) and back: a file system whose files can't be named so. */
int64_t sys_name_to_handle_at(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 4);
	struct inode *inode;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int error = get_inode(arg_int(call, 0), call->a[1],
			      (flags & AT_SYMLINK_FOLLOW ? 0 : WALK_NOFOLLOW) |
				      (flags & AT_EMPTY_PATH ? GET_EMPTY : 0),
			      &inode);
	if (error)
		return error;
	inode_put(inode);
	return -EOPNOTSUPP;
}
