/* proc_fd.c: /proc/<pid>/fd, fdinfo and task (proc(5)). */
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/proc_files.h"
#include "proc/process_table.h"
#include "proc/thread.h"

/* The file of descriptor who->number, with a reference, and its FD_CLOEXEC; NULL. */
static struct file *get_slot(const struct proc_id *who, bool *close_on_exec)
{
	struct file *file = NULL;

	spin_lock(&process_lock);
	struct process *process = process_of_id_locked(who);
	if (process && process->files)
		file = fd_table_get_slot(process->files, (unsigned)who->number, close_on_exec);
	spin_unlock(&process_lock);
	return file;
}

static struct file *get_file(const struct proc_id *who)
{
	bool close_on_exec = false;

	return get_slot(who, &close_on_exec);
}

int proc_next_fd(const struct proc_id *who, int number)
{
	spin_lock(&process_lock);
	struct process *process = process_of_id_locked(who);
	int next = process && process->files ? fd_table_next(process->files, number) : -1;
	spin_unlock(&process_lock);
	return next;
}

/* ---- a link to what is open ---- */

static ssize_t name_file(struct file *file, char *to, size_t size)
{
	struct stat stat;
	const char *name = file->ops->name;
	size_t length = name ? strlen(name) : 0;

	if (file->inode && (!name || file->inode->parent))
		return inode_path(file->inode, to, size);
	if (!name)
		return (ssize_t)format(to, size, "anon_inode:");
	if (name[length - 1] != ':')
		return (ssize_t)string_copy(to, name, size);
	file_stat(file, &stat);
	return (ssize_t)format(to, size, "%s[%llu]", name, (unsigned long long)stat.st_ino);
}

static ssize_t fd_target(const struct proc_id *who, char *to, size_t size)
{
	struct file *file = get_file(who);

	if (!file)
		return -ENOENT;
	ssize_t length = name_file(file, to, size);
	file_put(file);
	return length;
}

static uint32_t fd_permissions(const struct proc_id *who)
{
	unsigned access = 0;

	/* Under inode_tree_mutex, which releasing a file may take: so no reference is taken that
	 * could be the last. */
	spin_lock(&process_lock);
	struct process *process = process_of_id_locked(who);
	int error = process && process->files
			    ? fd_table_flags(process->files, (unsigned)who->number, &access)
			    : -EBADF;
	spin_unlock(&process_lock);
	if (error)
		return 0;
	access &= O_ACCMODE;
	return 0100u | (access == O_WRONLY ? 0 : 0400u) | (access == O_RDONLY ? 0 : 0200u);
}

/*
 * An open file without an inode is opened again through this one. There is nothing that says how to
 * open it anew, so what is got is the same open file. One that is nothing but a descriptor (its
 * mode has no kind), or a socket, can't be had so, as on Linux, and is not held by this one: its
 * other side sees its end although somebody has the name open (O_PATH), and what holds inodes,
 * messages in a socket and inotify, can't come to hold itself.
 */
struct shadow {
	struct inode inode;
	struct stat stat;  /* (i) the file's */
	struct file *file; /* (i) with a reference; NULL: it can't be opened */
};

static struct shadow *shadow_of(const struct inode *inode)
{
	return (struct shadow *)(uintptr_t)inode;
}

static int shadow_open(struct inode *inode, unsigned flags, struct file **out)
{
	struct file *file = shadow_of(inode)->file;

	if (!file)
		return -ENXIO;
	file_get(file);
	*out = file;
	return 0;
}

static void shadow_stat(const struct inode *inode, struct stat *out)
{
	*out = shadow_of(inode)->stat;
}

static void shadow_release(struct inode *inode)
{
	struct shadow *shadow = shadow_of(inode);

	if (shadow->file)
		file_put(shadow->file);
	kfree(shadow);
}

static const struct inode_ops shadow_ops = {
	.open = shadow_open,
	.stat = shadow_stat,
	.release = shadow_release,
};

/* Takes over the reference. */
static int make_shadow(struct file *file, struct inode **out)
{
	struct shadow *shadow = kzalloc(sizeof(*shadow));

	if (!shadow) {
		file_put(file);
		return -ENOMEM;
	}
	file_stat(file, &shadow->stat);
	uint32_t kind = shadow->stat.st_mode & S_IFMT;
	inode_begin(&shadow->inode, &shadow_ops, shadow->stat.st_mode, NULL);
	if (kind && kind != S_IFSOCK)
		shadow->file = file;
	else
		file_put(file);
	*out = &shadow->inode;
	return 0;
}

static int fd_follow(const struct proc_id *who, struct inode **out)
{
	struct file *file = get_file(who);

	if (!file)
		return -ENOENT;
	if (!file->inode)
		return make_shadow(file, out);
	*out = file->inode;
	inode_get(*out);
	file_put(file);
	return 0;
}

static int print_fd_info(const struct proc_id *who, struct text_sink *sink)
{
	bool close_on_exec = false;
	struct file *file = get_slot(who, &close_on_exec);
	struct stat stat;

	if (!file)
		return -ENOENT;
	/* The open file has no such flag: it is the descriptor's. */
	unsigned flags = file->flags | (close_on_exec ? O_CLOEXEC : 0);
	file_stat(file, &stat);
	text_print(sink, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t1\nino:\t%llu\n",
		   (unsigned long long)(file->ops->is_stream ? 0 : file->position), flags,
		   (unsigned long long)stat.st_ino);
	file_put(file);
	return 0;
}

const struct proc_file proc_fd_link = {
	.mode = S_IFLNK | 0700,
	.target = fd_target,
	.follow = fd_follow,
	.permissions = fd_permissions,
};

const struct proc_file proc_fd_info = {.mode = S_IFREG | 0400, .print = print_fd_info};

/* ---- threads ---- */

/* The leader that has ended is there until the last thread has. */
int proc_next_task(const struct proc_id *who, int number)
{
	int next = -1;

	spin_lock(&process_lock);
	const struct process *process = process_of_id_locked(who);
	if (process) {
		const struct thread *thread = process_thread_after_locked(process, number);
		if (thread)
			next = thread->id;
		if (process->pid > number && (next < 0 || process->pid < next))
			next = process->pid;
	}
	spin_unlock(&process_lock);
	return next;
}
