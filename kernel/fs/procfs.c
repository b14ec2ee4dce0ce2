/* procfs.c: the directories of /proc. See procfs.h. */
#include "fs/procfs.h"

#include <asm/stat.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "debug/log.h"
#include "fs/devices.h"
#include "fs/inode.h"
#include "fs/proc_memory.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define PROC_MINOR    4u /* of st_dev: major 0, and a number that no other file system has */
#define PROC_IO_BYTES 1024u
#define FIRST_ENTRY   2u /* the positions before it are those of "." and ".." */
/* Where the processes begin among the root's positions: more than there will ever be files. */
#define FIRST_PROCESS 4096u
#define PID_DIGITS    8u
/* Inode numbers: so many for each process, the machine being number 0. */
#define NUMBERS_EACH  (1ull << 32)
#define SYS_MINOR     5u /* of st_dev, as PROC_MINOR */

struct proc_inode {
	struct inode inode;
	const struct proc_file *file;
	struct proc_id who;
};

/* All are set at boot, then only read. */
static struct proc_table *tables;
static const struct proc_processes *processes;
static const struct proc_file *sys_directory;

static const struct proc_file root_file = {.name = "", .mode = S_IFDIR | 0555};
static const struct proc_file process_file = {.name = "", .mode = S_IFDIR | 0555};
static const struct inode_ops *ops_of(const struct proc_file *file);

static struct proc_inode *proc_of(const struct inode *inode)
{
	return (struct proc_inode *)(uintptr_t)inode;
}

void procfs_add(struct proc_table *table)
{
	table->next = tables;
	tables = table;
}

void procfs_set_sys(const struct proc_file *directory)
{
	sys_directory = directory;
}

void procfs_set_processes(const struct proc_processes *told)
{
	processes = told;
}

/* ---- what there is ---- */

/* The entry number `index` of a directory of files, or NULL. */
static const struct proc_file *file_at(const struct proc_inode *directory, uint64_t index)
{
	if (directory->file == &process_file)
		return index < processes->count ? &processes->files[index] : NULL;
	if (directory->file != &root_file)
		return index < directory->file->count ? &directory->file->files[index] : NULL;
	for (const struct proc_table *table = tables; table; table = table->next) {
		if (index < table->count)
			return &table->files[index];
		index -= table->count;
	}
	return NULL;
}

/* Is whom the directory is about still there? */
static bool is_alive(const struct proc_inode *directory)
{
	struct proc_id now;

	return !directory->who.pid ||
	       (processes->find(directory->who.pid, &now) && now.started == directory->who.started);
}

/* A process's number as Linux writes it: no sign, no zero in front. 0: it is none. */
static int parse_pid(const char *name, size_t length)
{
	int pid = 0;

	if (length > PID_DIGITS || name[0] == '0')
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		pid = pid * 10 + (name[i] - '0');
	}
	return pid;
}

/* An entry of a directory of numbers; -1: it is none. */
static int parse_number(const struct proc_inode *directory, const char *name, size_t length)
{
	int number = length == 1 && name[0] == '0' ? 0 : parse_pid(name, length);

	if (!number && (name[0] != '0' || length != 1))
		return -1;
	return directory->file->next_number(&directory->who, number - 1) == number ? number : -1;
}

/* ---- inodes ---- */

static int make_inode(const struct proc_file *file, const struct proc_id *who, uint64_t index,
		      struct inode **out)
{
	struct proc_inode *made = kzalloc(sizeof(*made));

	if (!made)
		return -ENOMEM;
	inode_begin(&made->inode, ops_of(file), file->mode, NULL);
	if (file->permissions)
		made->inode.mode = (file->mode & S_IFMT) | file->permissions(who);
	made->inode.links = (file->mode & S_IFMT) == S_IFDIR ? 2 : 1;
	made->inode.number = (uint64_t)who->pid * NUMBERS_EACH + index;
	made->file = file;
	made->who = *who;
	*out = &made->inode;
	return 0;
}

/* An inode that has a place, so that its path can be told. */
static int make_entry(struct inode *directory, const char *name, size_t length,
		      const struct proc_file *file, const struct proc_id *who, uint64_t index,
		      struct inode **out)
{
	char *copy = inode_copy_name(name, length);

	if (!copy)
		return -ENOMEM;
	int error = make_inode(file, who, index, out);
	if (error)
		kfree(copy);
	else
		inode_set_name(*out, directory, copy);
	return error;
}

static bool is_named(const struct proc_file *file, const char *name, size_t length)
{
	return strlen(file->name) == length && !strncmp(file->name, name, length);
}

static int lookup(struct inode *inode, const char *name, size_t length, struct inode **out)
{
	const struct proc_inode *directory = proc_of(inode);
	const struct proc_file *file;
	struct proc_id who = directory->who;

	if (!is_alive(directory))
		return -ESRCH;
	if (directory->file->next_number) {
		who.number = parse_number(directory, name, length);
		return who.number < 0 ? -ENOENT
				      : make_entry(inode, name, length, directory->file->each, &who,
						   NUMBERS_EACH / 2 + (uint64_t)who.number, out);
	}
	for (uint64_t index = 0; (file = file_at(directory, index)); index++)
		if (is_named(file, name, length))
			return make_entry(inode, name, length, file, &who, FIRST_ENTRY + index,
					  out);
	int pid = directory->file == &root_file && processes ? parse_pid(name, length) : 0;
	if (!pid || !processes->find(pid, &who))
		return -ENOENT;
	return make_entry(inode, name, length, &process_file, &who, 0, out);
}

static void read_processes(uint64_t position, inode_entry_fn entry, void *context)
{
	int pid = position <= FIRST_PROCESS ? 0 : (int)(position - FIRST_PROCESS) - 1;
	char name[PID_DIGITS + 1];

	while ((pid = processes->next(pid))) {
		format(name, sizeof(name), "%d", pid);
		if (!entry(context, name, (uint64_t)pid * NUMBERS_EACH, process_file.mode,
			   FIRST_PROCESS + (uint64_t)pid + 1))
			return;
	}
}

static void read_numbers(const struct proc_inode *directory, uint64_t position,
			 inode_entry_fn entry, void *context)
{
	const struct proc_file *file = directory->file;
	int number = (int)(position - FIRST_ENTRY) - 1;
	char name[PID_DIGITS + 1];

	while ((number = file->next_number(&directory->who, number)) >= 0) {
		format(name, sizeof(name), "%d", number);
		if (!entry(context, name, NUMBERS_EACH / 2 + (uint64_t)number, file->each->mode,
			   FIRST_ENTRY + (uint64_t)number + 1))
			return;
	}
}

static int read_entries(struct inode *inode, uint64_t position, inode_entry_fn entry, void *context)
{
	const struct proc_inode *directory = proc_of(inode);
	const struct proc_file *file;

	if (!is_alive(directory))
		return -ENOENT;
	if (directory->file->next_number)
		read_numbers(directory, position, entry, context);
	while (position < FIRST_PROCESS && (file = file_at(directory, position - FIRST_ENTRY))) {
		uint64_t number = (uint64_t)directory->who.pid * NUMBERS_EACH + position;
		if (!entry(context, file->name, number, file->mode, position + 1))
			return 0;
		position++;
	}
	if (directory->file == &root_file && processes)
		read_processes(position, entry, context);
	return 0;
}

/* Nobody makes anything here. Linux says it so. */
static int create(struct inode *directory, const char *name, size_t length,
		  const struct inode_new *as, struct inode **out)
{
	return -ENOENT;
}

static ssize_t target(struct inode *inode, char *to, size_t size)
{
	const struct proc_inode *link = proc_of(inode);

	return link->file->target(&link->who, to, size);
}

static int follow(struct inode *inode, struct inode **out)
{
	const struct proc_inode *link = proc_of(inode);

	return link->file->follow(&link->who, out);
}

static int open(struct inode *inode, unsigned flags, struct file **out)
{
	const struct proc_inode *file = proc_of(inode);

	return proc_text_open(inode, file->file, &file->who, flags, out);
}

static void stat(const struct inode *inode, struct stat *out)
{
	out->st_dev = device_number(0, PROC_MINOR);
	out->st_blksize = PROC_IO_BYTES;
}

static void sys_stat(const struct inode *inode, struct stat *out)
{
	out->st_dev = device_number(0, SYS_MINOR);
}

static void release(struct inode *inode)
{
	kfree(proc_of(inode));
}

static const struct inode_ops directory_ops = {
	.magic = PROC_SUPER_MAGIC,
	.position_max =
		INT32_MAX, /* as on Linux; what is behind stands for a number, which is int */
	.lookup = lookup,
	.read_entries = read_entries,
	.create = create,
	.stat = stat,
	.release = release,
};

static const struct inode_ops file_ops = {
	.magic = PROC_SUPER_MAGIC,
	.open = open,
	.stat = stat,
	.release = release,
};

static const struct inode_ops link_ops = {
	.magic = PROC_SUPER_MAGIC,
	.target = target,
	.stat = stat,
	.release = release,
};

/* A link that leads somewhere even if its text does not: to a file without a name, say. */
static const struct inode_ops magic_link_ops = {
	.magic = PROC_SUPER_MAGIC,
	.target = target,
	.follow = follow,
	.stat = stat,
	.release = release,
};

static const struct inode_ops sys_directory_ops = {
	.magic = SYSFS_MAGIC,
	.lookup = lookup,
	.read_entries = read_entries,
	.stat = sys_stat,
	.release = release,
};

static const struct inode_ops sys_file_ops = {
	.magic = SYSFS_MAGIC,
	.open = open,
	.stat = sys_stat,
	.release = release,
};

static const struct inode_ops *ops_of(const struct proc_file *file)
{
	if (file->is_sys)
		return (file->mode & S_IFMT) == S_IFDIR ? &sys_directory_ops : &sys_file_ops;
	switch (file->mode & S_IFMT) {
	case S_IFDIR:
		return &directory_ops;
	case S_IFLNK:
		return file->follow ? &magic_link_ops : &link_ops;
	default:
		return &file_ops;
	}
}

int procfs_create_root(bool sys, struct inode **out)
{
	static const struct proc_id machine;
	const struct proc_file *directory = sys ? sys_directory : &root_file;

	return directory ? make_inode(directory, &machine, 1, out) : -ENODEV;
}

static void mount(const char *path, bool sys)
{
	const struct inode_new as = {.mode = S_IFDIR | 0555};
	struct inode *place, *root;
	int error = tmpfs_make(path, &as, &place);

	if (!error) {
		inode_put(place);
		error = procfs_create_root(sys, &root);
	}
	if (!error) {
		error = inode_mount(path, root);
		if (error)
			inode_put(root);
	}
	if (error)
		log_warning("%s could not be mounted (error %d)", path, -error);
}

void procfs_init(void)
{
	proc_memory_init();
	mount("/proc", false);
	mount("/sys", true);
}
