/*
 * procfs.h: /proc: a file system whose files are text that is made when they are read (proc(5)).
 *
 * A file is one entry of a table: its name, its mode and a function. The tables of the root's files
 * are added at boot by whoever knows what they tell; the process layer adds one table more, whose
 * files stand in the directory of every process.
 *
 * Nothing here holds a process. A file remembers whom it is about (struct proc_id), and each use
 * looks that process up again: one that is gone meanwhile is -ESRCH.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "lib/text.h"
#include "lib/types.h"

struct file;
struct inode;

/* A process: its number, which is used again, with the time of its start, which is not. {0, 0}: no
 * process; the machine. */
struct proc_id {
	int pid;
	uint64_t started;
	int number; /* in a directory of numbers, fd for instance: which one */
};

struct proc_file {
	const char *name;
	uint32_t mode; /* S_IFREG, S_IFLNK or S_IFDIR, and permissions */
	/* S_IFREG: the contents. 0, -ESRCH, -ENOMEM. The sink may be printed to under any mutex. */
	int (*print)(const struct proc_id *who, struct text_sink *sink);
	/* S_IFREG, may be NULL: what a program wrote, NUL-terminated, without its newline. */
	int (*write)(const struct proc_id *who, const char *text);
	/* S_IFLNK: the target, as snprintf, or negative. */
	ssize_t (*target)(const struct proc_id *who, char *to, size_t size);
	/* S_IFLNK, may be NULL: where it leads if not by its text, with a reference. */
	int (*follow)(const struct proc_id *who, struct inode **out);
	/* S_IFLNK, may be NULL: its permissions. */
	uint32_t (*permissions)(const struct proc_id *who);
	/* S_IFDIR: the entries ... */
	const struct proc_file *files;
	unsigned count;
	/* ... or, if it is one of numbers: the least one above `number`, or -1; all are like this.
	 */
	int (*next_number)(const struct proc_id *who, int number);
	const struct proc_file *each;
	bool is_sys; /* it is in /sys, not in /proc */
};

/* Files of the root. The table stays. At boot, by the one CPU. */
struct proc_table {
	const struct proc_file *files;
	unsigned count;
	struct proc_table *next;
};
void procfs_add(struct proc_table *table);

/* What /proc asks the process layer. Any time, under inode_tree_mutex. */
struct proc_processes {
	bool (*find)(int pid, struct proc_id *out); /* is there one? */
	int (*next)(int pid);                       /* the least number above; 0: none */
	const struct proc_file *files;              /* in each one's directory */
	unsigned count;
};
void procfs_set_processes(const struct proc_processes *processes); /* at boot; it stays */

/* Mount it on /proc, with the files about memory in it, and what there is of sysfs on /sys. After
 * the root file system. Logs what goes wrong. */
void procfs_init(void);

/* One more root of /proc, or of /sys, which is nowhere yet. -ENOMEM, -ENODEV. */
NODISCARD int procfs_create_root(bool sys, struct inode **out);

/* The directory that is /sys, set at boot. */
void procfs_set_sys(const struct proc_file *directory);

/* ---- between procfs.c and proc_text.c ---- */

/* Open the text of `file` about `who`, which `inode` stands for. */
NODISCARD int proc_text_open(struct inode *inode, const struct proc_file *file,
			     const struct proc_id *who, unsigned flags, struct file **out);

#endif
