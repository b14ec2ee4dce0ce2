/* sys_attributes.c: system calls that change what is known about a file: mode, owner, times. */
#include <asm/fcntl.h>
#include <asm/posix_types.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/utime.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/watch.h"
#include "lib/errno.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define NS_PER_SECOND 1000000000
#define NS_PER_US     1000
#define US_PER_SECOND 1000000
/* utimensat(2), which has them in a header of the C library only. */
#define UTIME_NOW     0x3fffffff
#define UTIME_OMIT    0x3ffffffe

/* The inode of an open file, with a reference. -EBADF also for O_PATH; -EPERM for what has none. */
static int get_open_inode(uint64_t fd, struct inode **out)
{
	struct file *file = get_file(fd);

	if (!file)
		return -EBADF;
	int error = file->flags & O_PATH ? -EBADF : file->inode ? 0 : -EPERM;
	if (!error) {
		*out = file->inode;
		inode_get(*out);
	}
	file_put(file);
	return error;
}

/* flags: AT_*, of which those in `known` may be set. */
static int get_with_flags(int directory, vaddr_t path, unsigned flags, unsigned known,
			  struct inode **out)
{
	if (flags & ~known)
		return -EINVAL;
	return get_inode(directory, path,
			 (flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
				 (flags & AT_EMPTY_PATH ? GET_EMPTY : 0),
			 out);
}

/* ---- mode ---- */

static int64_t set_mode(int error, struct inode *inode, unsigned mode)
{
	if (error)
		return error;
	/* A symbolic link's mode means nothing and can't be changed. */
	if ((inode->mode & S_IFMT) == S_IFLNK)
		error = -EOPNOTSUPP;
	else
		inode_set_mode(inode, mode);
	if (!error)
		watch_tell(inode, IN_ATTRIB);
	inode_put(inode);
	return error;
}

int64_t sys_chmod(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_inode(AT_FDCWD, call->a[0], 0, &inode);

	return set_mode(error, inode, arg_unsigned(call, 1));
}

int64_t sys_fchmod(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_open_inode(call->a[0], &inode);

	return set_mode(error, inode, arg_unsigned(call, 1));
}

int64_t sys_fchmodat(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_inode(arg_int(call, 0), call->a[1], 0, &inode);

	return set_mode(error, inode, arg_unsigned(call, 2));
}

/* ---- owner ---- */

static int64_t set_owner(int error, struct inode *inode, uint32_t uid, uint32_t gid)
{
	if (error)
		return error;
	inode_set_owner(inode, uid, gid);
	watch_tell(inode, IN_ATTRIB);
	inode_put(inode);
	return 0;
}

int64_t sys_chown(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_inode(AT_FDCWD, call->a[0], 0, &inode);

	return set_owner(error, inode, arg_unsigned(call, 1), arg_unsigned(call, 2));
}

int64_t sys_lchown(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_inode(AT_FDCWD, call->a[0], WALK_NOFOLLOW, &inode);

	return set_owner(error, inode, arg_unsigned(call, 1), arg_unsigned(call, 2));
}

int64_t sys_fchown(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_open_inode(call->a[0], &inode);

	return set_owner(error, inode, arg_unsigned(call, 1), arg_unsigned(call, 2));
}

int64_t sys_fchownat(const struct syscall *call)
{
	struct inode *inode = NULL;
	int error = get_with_flags(arg_int(call, 0), call->a[1], arg_unsigned(call, 4),
				   AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &inode);

	return set_owner(error, inode, arg_unsigned(call, 2), arg_unsigned(call, 3));
}

/* ---- times ---- */

/* [0] is of access, [1] of modification; an element that is not `set` stays. */
struct times {
	struct inode_time time[2];
	bool set[2];
};

static void set_now(struct times *times)
{
	for (unsigned i = 0; i < 2; i++) {
		times->time[i] = inode_now();
		times->set[i] = true;
	}
}

static int get_timespecs(vaddr_t user, struct times *times)
{
	struct __kernel_timespec given[2];

	if (copy_from_user(given, user, sizeof(given)))
		return -EFAULT;
	for (unsigned i = 0; i < 2; i++) {
		times->set[i] = given[i].tv_nsec != UTIME_OMIT;
		if (!times->set[i])
			continue;
		if (given[i].tv_nsec == UTIME_NOW) {
			times->time[i] = inode_now();
			continue;
		}
		if (given[i].tv_nsec < 0 || given[i].tv_nsec >= NS_PER_SECOND)
			return -EINVAL;
		times->time[i] = (struct inode_time){given[i].tv_sec, (uint32_t)given[i].tv_nsec};
	}
	return 0;
}

static int get_timevals(vaddr_t user, struct times *times)
{
	struct __kernel_old_timeval given[2];

	if (copy_from_user(given, user, sizeof(given)))
		return -EFAULT;
	for (unsigned i = 0; i < 2; i++) {
		if (given[i].tv_usec < 0 || given[i].tv_usec >= US_PER_SECOND)
			return -EINVAL;
		times->time[i] = (struct inode_time){given[i].tv_sec,
						     (uint32_t)given[i].tv_usec * NS_PER_US};
		times->set[i] = true;
	}
	return 0;
}

static int64_t set_times(int error, struct inode *inode, const struct times *times)
{
	if (error)
		return error;
	inode_set_times(inode, times->set[0] ? &times->time[0] : NULL,
			times->set[1] ? &times->time[1] : NULL);
	/* As on Linux: who sets one of them alone says that the file was read, or written. */
	watch_tell(inode, times->set[0] && times->set[1] ? IN_ATTRIB
			  : times->set[0]                ? IN_ACCESS
							 : IN_MODIFY);
	inode_put(inode);
	return 0;
}

int64_t sys_utimensat(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 3);
	struct inode *inode = NULL;
	struct times times;
	int error = 0;

	if (call->a[2])
		error = get_timespecs(call->a[2], &times);
	else
		set_now(&times);
	if (error || (!times.set[0] && !times.set[1]))
		return error;
	/* Without a path it is the descriptor's file: futimens(3). */
	if (!call->a[1] && arg_int(call, 0) != AT_FDCWD)
		error = flags ? -EINVAL : get_open_inode(call->a[0], &inode);
	else
		error = get_with_flags(arg_int(call, 0), call->a[1], flags,
				       AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &inode);
	return set_times(error, inode, &times);
}

static int64_t set_by_timevals(int directory, vaddr_t path, vaddr_t user)
{
	struct inode *inode = NULL;
	struct times times;
	int error = 0;

	if (user)
		error = get_timevals(user, &times);
	else
		set_now(&times);
	if (!error)
		error = get_inode(directory, path, 0, &inode);
	return set_times(error, inode, &times);
}

int64_t sys_utimes(const struct syscall *call)
{
	return set_by_timevals(AT_FDCWD, call->a[0], call->a[1]);
}

int64_t sys_futimesat(const struct syscall *call)
{
	return set_by_timevals(arg_int(call, 0), call->a[1], call->a[2]);
}

int64_t sys_utime(const struct syscall *call)
{
	struct inode *inode = NULL;
	struct utimbuf given;
	struct times times;

	set_now(&times);
	if (call->a[1]) {
		if (copy_from_user(&given, call->a[1], sizeof(given)))
			return -EFAULT;
		times.time[0] = (struct inode_time){.seconds = given.actime};
		times.time[1] = (struct inode_time){.seconds = given.modtime};
	}
	return set_times(get_inode(AT_FDCWD, call->a[0], 0, &inode), inode, &times);
}
