/* sys_file.c: system calls that open files, and on descriptors. */
#include <asm/fcntl.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define ACCESS_READ    4u
#define ACCESS_WRITE   2u
#define ACCESS_EXECUTE 1u
#define EXECUTE_BITS   0111u
#define UMASK_BITS     0777u
#define RESOLVE_ALL                                                                        \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
	 RESOLVE_IN_ROOT | RESOLVE_CACHED)

static struct fd_table *files(void)
{
	return current_process()->files;
}

/* ---- open and close ---- */

static int open_named(const struct named *named, unsigned flags, unsigned mode, unsigned resolve,
		      struct file **out)
{
	const struct inode_new as = {
		.mode = S_IFREG | (mode & INODE_MODE_BITS & ~current_process()->place->umask),
	};
	struct inode *inode;

	int error = path_open_within(named->start, named->path, &flags, resolve, &as, &inode);
	if (error)
		return error;
	error = file_open(inode, flags, out);
	inode_put(inode);
	return error;
}

/* O_TMPFILE: a file without a name, in the file system of that directory. */
static int open_nameless(const struct named *named, unsigned flags, unsigned mode, unsigned resolve,
			 struct file **out)
{
	uint32_t permissions = mode & INODE_MODE_BITS & ~current_process()->place->umask;
	struct inode *directory, *inode;

	int error = path_walk_within(named->start, named->path, 0, resolve, &directory);
	if (error)
		return error;
	if ((directory->mode & S_IFMT) != S_IFDIR)
		error = -ENOTDIR;
	else if (directory->ops->magic != TMPFS_MAGIC)
		error = -EOPNOTSUPP;
	else
		error = tmpfs_create_unlinked(directory, permissions, !(flags & O_EXCL), &inode);
	inode_put(directory);
	if (error)
		return error;
	error = file_open(inode, flags & ~(unsigned)__O_TMPFILE & ~(unsigned)O_DIRECTORY, out);
	inode_put(inode);
	return error;
}

/* A path that begins at the root begins at the directory instead. */
static int start_at(int directory, struct named *named)
{
	struct inode *start;
	int error = get_start(directory, ".", &start);

	if (error)
		return error;
	inode_put(named->start);
	named->start = start;
	return 0;
}

static int64_t open_within(int directory, vaddr_t user, unsigned flags, unsigned mode,
			   unsigned resolve)
{
	struct named named;
	struct file *file;

	/* With O_PATH only these count (open(2)). */
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	else
		flags |= O_LARGEFILE;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	bool nameless = flags & __O_TMPFILE;
	if (nameless && (!(flags & O_DIRECTORY) || (flags & O_ACCMODE) == O_RDONLY))
		return -EINVAL;
	int error = get_named(directory, user, &named);
	if (error)
		return error;
	if (resolve & RESOLVE_IN_ROOT)
		error = start_at(directory, &named);
	if (!error)
		error = nameless ? open_nameless(&named, flags, mode, resolve, &file)
				 : open_named(&named, flags, mode, resolve, &file);
	put_named(&named);
	return error ? error : install_file(file, 0, flags);
}

static int64_t open_at(int directory, vaddr_t user, unsigned flags, unsigned mode)
{
	return open_within(directory, user, flags, mode, 0);
}

int64_t sys_open(const struct syscall *call)
{
	return open_at(AT_FDCWD, call->a[0], arg_unsigned(call, 1), arg_unsigned(call, 2));
}

int64_t sys_openat(const struct syscall *call)
{
	return open_at(arg_int(call, 0), call->a[1], arg_unsigned(call, 2), arg_unsigned(call, 3));
}

/* openat2(2): as openat, but nothing that is wrong is passed over, and a walk can be restricted. */
int64_t sys_openat2(const struct syscall *call)
{
	const uint64_t known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
			       O_NONBLOCK | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |
			       O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE;
	const uint64_t with_path = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	struct open_how how;

	int error = get_extensible(call->a[2], call->a[3], sizeof(how), &how, sizeof(how));
	if (error)
		return error;
	if ((how.flags & ~known) || (how.mode & ~(uint64_t)INODE_MODE_BITS) ||
	    (how.mode && !(how.flags & (O_CREAT | __O_TMPFILE))) ||
	    ((how.flags & O_PATH) && (how.flags & ~with_path)))
		return -EINVAL;
	if ((how.resolve & ~(uint64_t)RESOLVE_ALL) ||
	    (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
		    (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how.resolve & RESOLVE_CACHED) && (how.flags & (O_TRUNC | O_CREAT | __O_TMPFILE)))
		return -EAGAIN;
	return open_within(arg_int(call, 0), call->a[1], (unsigned)how.flags, (unsigned)how.mode,
			   (unsigned)how.resolve);
}

int64_t sys_creat(const struct syscall *call)
{
	return open_at(AT_FDCWD, call->a[0], O_CREAT | O_WRONLY | O_TRUNC, arg_unsigned(call, 1));
}

int64_t sys_close(const struct syscall *call)
{
	return fd_table_close(files(), arg_unsigned(call, 0));
}

/* Threads share their table in any case: CLOSE_RANGE_UNSHARE is for a process with one. */
int64_t sys_close_range(const struct syscall *call)
{
	unsigned first = arg_unsigned(call, 0), last = arg_unsigned(call, 1);
	unsigned flags = arg_unsigned(call, 2);

	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && current_process()->thread_count == 1) {
		int error = process_unshare(SHARE_FILES);
		if (error)
			return error;
	}
	if (flags & CLOSE_RANGE_CLOEXEC)
		fd_table_set_close_flags(files(), first, last);
	else
		fd_table_close_range(files(), first, last);
	return 0;
}

/* ---- descriptors ---- */

static int64_t duplicate(uint64_t fd, unsigned minimum, unsigned flags)
{
	struct file *file = get_file(fd);

	return file ? install_file(file, minimum, flags) : -EBADF;
}

int64_t sys_dup(const struct syscall *call)
{
	return duplicate(call->a[0], 0, 0);
}

static int64_t duplicate_to(uint64_t from, unsigned to, unsigned flags)
{
	struct file *file = get_file(from);

	if (!file)
		return -EBADF;
	int fd = fd_table_put(files(), file, to, file_limit(), flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

int64_t sys_dup2(const struct syscall *call)
{
	if (arg_unsigned(call, 0) == arg_unsigned(call, 1)) {
		int flag = fd_table_close_flag(files(), arg_unsigned(call, 0));
		return flag < 0 ? flag : arg_int(call, 0);
	}
	return duplicate_to(call->a[0], arg_unsigned(call, 1), 0);
}

int64_t sys_dup3(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 2);

	if ((flags & ~(unsigned)O_CLOEXEC) || arg_unsigned(call, 0) == arg_unsigned(call, 1))
		return -EINVAL;
	return duplicate_to(call->a[0], arg_unsigned(call, 1), flags);
}

/* ---- names ---- */

/* Root may read and write everything, and execute what anybody may. */
static int64_t check_access(int directory, vaddr_t path, unsigned mode, unsigned flags)
{
	struct inode *inode;
	int error;

	if ((mode & ~(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE)) ||
	    (flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
			(flags & AT_EMPTY_PATH ? GET_EMPTY : 0);
	error = get_inode(directory, path, walk, &inode);
	if (error)
		return error;
	if ((mode & ACCESS_EXECUTE) && (inode->mode & S_IFMT) != S_IFDIR &&
	    !(inode->mode & EXECUTE_BITS))
		error = -EACCES;
	inode_put(inode);
	return error;
}

int64_t sys_access(const struct syscall *call)
{
	return check_access(AT_FDCWD, call->a[0], arg_unsigned(call, 1), 0);
}

int64_t sys_faccessat(const struct syscall *call)
{
	return check_access(arg_int(call, 0), call->a[1], arg_unsigned(call, 2), 0);
}

int64_t sys_faccessat2(const struct syscall *call)
{
	return check_access(arg_int(call, 0), call->a[1], arg_unsigned(call, 2),
			    arg_unsigned(call, 3));
}

static int64_t read_link(int directory, vaddr_t path, vaddr_t to, int size)
{
	struct inode *inode;

	if (size <= 0)
		return -EINVAL;
	int error = get_inode(directory, path, WALK_NOFOLLOW, &inode);
	if (error)
		return error;
	char *target = kmalloc(PATH_BYTES_MAX);
	ssize_t length = target ? -EINVAL : -ENOMEM;
	if (target && (inode->mode & S_IFMT) == S_IFLNK)
		length = inode_target(inode, target, PATH_BYTES_MAX);
	inode_put(inode);
	length = MIN(length, (ssize_t)size);
	/* Cut off, and not terminated: that is how this call is. */
	if (length > 0 && copy_to_user(to, target, (size_t)length))
		length = -EFAULT;
	kfree(target);
	return length;
}

int64_t sys_readlink(const struct syscall *call)
{
	return read_link(AT_FDCWD, call->a[0], call->a[1], arg_int(call, 2));
}

int64_t sys_readlinkat(const struct syscall *call)
{
	return read_link(arg_int(call, 0), call->a[1], call->a[2], arg_int(call, 3));
}

int64_t sys_getcwd(const struct syscall *call)
{
	char *path = kmalloc(PATH_BYTES_MAX);

	if (!path)
		return -ENOMEM;
	struct inode *cwd = process_get_cwd();
	int64_t result = cwd->links ? inode_path(cwd, path, PATH_BYTES_MAX) : -ENOENT;
	if (result >= 0) {
		uint64_t bytes = (uint64_t)result + 1;
		if (bytes > call->a[1])
			result = -ERANGE;
		else
			result = copy_to_user(call->a[0], path, bytes) ? -EFAULT : (int64_t)bytes;
	}
	inode_put(cwd);
	kfree(path);
	return result;
}

static int64_t enter(struct inode *inode)
{
	if ((inode->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	process_set_cwd(current_process(), inode);
	return 0;
}

int64_t sys_chdir(const struct syscall *call)
{
	struct inode *inode;
	int error = get_inode(AT_FDCWD, call->a[0], 0, &inode);

	if (error)
		return error;
	error = (int)enter(inode);
	inode_put(inode);
	return error;
}

int64_t sys_fchdir(const struct syscall *call)
{
	struct file *file = get_file(call->a[0]);

	if (!file)
		return -EBADF;
	int64_t result = file->inode ? enter(file->inode) : -ENOTDIR;
	file_put(file);
	return result;
}

int64_t sys_umask(const struct syscall *call)
{
	return __atomic_exchange_n(&current_process()->place->umask,
				   arg_unsigned(call, 0) & UMASK_BITS, __ATOMIC_RELAXED);
}
