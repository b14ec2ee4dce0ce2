/* decode.c: see decode.h. */
#include "sys/decode.h"

#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "vm/user_copy.h"

struct file *get_file(uint64_t fd)
{
	return fd_table_get(&current_process()->files, (unsigned)fd);
}

unsigned file_limit(void)
{
	return (unsigned)current_process()->limits[RLIMIT_NOFILE].soft;
}

int get_path(vaddr_t user, char **path)
{
	char *copy = kmalloc(PATH_BYTES_MAX);

	if (!copy)
		return -ENOMEM;
	ssize_t length = copy_string_from_user(copy, user, PATH_BYTES_MAX);
	if (length < 0) {
		kfree(copy);
		return (int)length;
	}
	*path = copy;
	return 0;
}

int get_start(int directory, const char *path, struct inode **start)
{
	int error = 0;

	*start = current_process()->cwd;
	if (path[0] == '/' || directory == AT_FDCWD)
		return 0;
	struct file *file = get_file((uint64_t)directory);
	if (!file)
		return -EBADF;
	if (file->inode && (file->inode->mode & S_IFMT) == S_IFDIR)
		*start = file->inode;
	else
		error = -ENOTDIR;
	file_put(file);
	return error;
}

int get_inode(int directory, vaddr_t user, unsigned flags, struct inode **out)
{
	struct inode *start;
	char *path;

	int error = get_path(user, &path);
	if (error)
		return error;
	error = path[0] ? get_start(directory, path, &start) : -ENOENT;
	if (!error)
		error = path_walk(start, path, flags, out);
	kfree(path);
	return error;
}

int install_file(struct file *file, unsigned minimum, unsigned flags)
{
	int fd = fd_table_add(&current_process()->files, file, minimum, file_limit(),
			      flags & O_CLOEXEC);

	if (fd < 0)
		file_put(file);
	return fd;
}
