/* sys_exec.c: execve and execveat. */
#include <arch/trap.h>
#include <arch/user.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"

#define DESCRIPTOR_NAME_BYTES 32u /* "/dev/fd/N/" */

/* Run request->inode, whose reference is the caller's. */
static int64_t run(const struct syscall *call, struct exec_request *request)
{
	struct process *process = current_process();
	struct exec_image image;

	request->directory = process_get_cwd();
	int error = exec_prepare(process, request, &image);
	inode_put(request->directory);
	if (error)
		return error;
	error = process_end_other_threads();
	if (!error)
		error = process_unshare(SHARE_FILES | SHARE_ACTIONS);
	if (error) {
		exec_discard(&image);
		return error;
	}
	exec_commit(process, &image);
	trap_set_start(call->frame, image.entry, image.sp);
	return 0;
}

int64_t sys_execve(const struct syscall *call)
{
	struct exec_request request = {
		.arguments = {.user = call->a[1]},
		.environment = {.user = call->a[2]},
	};
	char *path;

	int64_t error = get_path(call->a[0], &path);
	if (error)
		return error;
	request.name = path;
	struct inode *cwd = process_get_cwd();
	error = path_walk(cwd, path, 0, &request.inode);
	inode_put(cwd);
	if (!error) {
		error = run(call, &request);
		inode_put(request.inode);
	}
	kfree(path);
	return error;
}

/* How a program learns which file it is when it was named by a descriptor; kfree() it. NULL: no
 * memory. */
static char *name_by_descriptor(int directory, const char *path)
{
	size_t room = DESCRIPTOR_NAME_BYTES + strlen(path);
	char *name = kmalloc(room);

	if (name)
		format(name, room, "/dev/fd/%d%s%s", directory, path[0] ? "/" : "", path);
	return name;
}

/* An interpreter's path is relative to the working directory here, too. */
static int64_t run_at(const struct syscall *call, const char *path, struct inode *inode)
{
	int directory = arg_int(call, 0);
	struct exec_request request = {
		.name = path,
		.inode = inode,
		.arguments = {.user = call->a[2]},
		.environment = {.user = call->a[3]},
	};
	char *name = NULL;

	if (path[0] != '/' && directory != AT_FDCWD) {
		name = name_by_descriptor(directory, path);
		if (!name)
			return -ENOMEM;
		request.name = name;
	}
	int64_t error = run(call, &request);
	kfree(name);
	return error;
}

int64_t sys_execveat(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 4);
	struct inode *inode;
	char *path;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int64_t error = get_path(call->a[1], &path);
	if (error)
		return error;
	error = get_inode(arg_int(call, 0), call->a[1],
			  (flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
				  (flags & AT_EMPTY_PATH ? GET_EMPTY : 0),
			  &inode);
	if (!error) {
		error = (inode->mode & S_IFMT) == S_IFLNK ? -ELOOP : run_at(call, path, inode);
		inode_put(inode);
	}
	kfree(path);
	return error;
}
