/* decode.c: see decode.h. */
#include "sys/decode.h"

#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <arch/mmu.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/user_copy.h"

struct file *get_file(uint64_t fd)
{
	return fd_table_get(current_process()->files, (unsigned)fd);
}

uint64_t file_bytes_max(void)
{
	return current_process()->limits[RLIMIT_FSIZE].soft;
}

/* The limits of files themselves are far higher, and send nothing. */
void signal_write_error(int64_t error)
{
	if (error == -EPIPE)
		signal_send_self(SIGPIPE);
	else if (error == -EFBIG && file_bytes_max() != UINT64_MAX)
		signal_send_self(SIGXFSZ);
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

	if (path[0] == '/' || directory == AT_FDCWD) {
		*start = process_get_cwd();
		return 0;
	}
	struct file *file = get_file((uint64_t)directory);
	if (!file)
		return -EBADF;
	if (file->inode && (file->inode->mode & S_IFMT) == S_IFDIR)
		*start = file->inode;
	else
		error = -ENOTDIR;
	if (!error)
		inode_get(*start);
	file_put(file);
	return error;
}

/* AT_EMPTY_PATH with an empty path. */
static int get_self(int directory, struct inode **out)
{
	if (directory == AT_FDCWD) {
		*out = process_get_cwd();
		return 0;
	}
	struct file *file = get_file((uint64_t)directory);
	if (!file)
		return -EBADF;
	*out = file->inode;
	if (*out)
		inode_get(*out);
	file_put(file);
	return *out ? 0 : -EINVAL; /* a pipe, which has no inode here */
}

int get_inode(int directory, vaddr_t user, unsigned flags, struct inode **out)
{
	struct inode *start;
	char *path;

	int error = get_path(user, &path);
	if (error)
		return error;
	if (!path[0] && (flags & GET_EMPTY)) {
		kfree(path);
		return get_self(directory, out);
	}
	error = path[0] ? get_start(directory, path, &start) : -ENOENT;
	if (!error) {
		error = path_walk(start, path, flags, out);
		inode_put(start);
	}
	kfree(path);
	return error;
}

int get_named(int directory, vaddr_t user, struct named *out)
{
	int error = get_path(user, &out->path);

	if (error)
		return error;
	error = out->path[0] ? get_start(directory, out->path, &out->start) : -ENOENT;
	if (error)
		kfree(out->path);
	return error;
}

void put_named(struct named *named)
{
	inode_put(named->start);
	kfree(named->path);
}

/* Bytes that a newer program has behind what is known here must be zeros. */
static int check_zeros(vaddr_t start, uint64_t bytes)
{
	uint8_t byte;

	for (vaddr_t va = start; va < start + bytes; va++) {
		if (copy_from_user(&byte, va, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

int get_extensible(vaddr_t user, uint64_t bytes, size_t least, void *to, size_t known)
{
	memset(to, 0, known);
	if (bytes > PAGE_SIZE)
		return -E2BIG;
	if (bytes < least)
		return -EINVAL;
	if (bytes > known) {
		int error = check_zeros(user + known, bytes - known);
		if (error)
			return error;
	}
	return copy_from_user(to, user, MIN(bytes, known)) ? -EFAULT : 0;
}

int install_file(struct file *file, unsigned minimum, unsigned flags)
{
	int fd = fd_table_add(current_process()->files, file, minimum, file_limit(),
			      flags & O_CLOEXEC);

	if (fd < 0)
		file_put(file);
	return fd;
}
