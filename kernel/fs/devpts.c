/*
 * devpts.c: /dev/pts: a file system with an entry for each pseudo terminal. The entries' inodes
 * stay as long as their terminals, so what chmod(2) changes is kept.
 *
 * Lock letters: (t) inode_tree_mutex.
 */
#include <asm/stat.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "fs/devices.h"
#include "fs/pty.h"
#include "fs/tmpfs.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define PTY_MAX      256u
#define NAME_BYTES   4u /* of a number below PTY_MAX, terminated */
#define FIRST_NUMBER 3u /* st_ino of the first one, as on Linux */
#define FIRST_ENTRY  2u /* . and .. are before */
#define PTS_MINOR    6u /* of st_dev */
#define TTY_GROUP    5u /* Debian's group tty */
#define MODE         (S_IFCHR | 0620)

struct pts_inode {
	struct inode inode;
	struct pty *pty; /* (t) NULL: the terminal is gone */
};

/* (t) */
static struct pts_inode *entries[PTY_MAX];
/* Set once, at boot. */
static struct inode *root;

static struct pts_inode *pts_of(struct inode *inode)
{
	return container_of(inode, struct pts_inode, inode);
}

/* The index that a name is, as it is written; PTY_MAX: none. */
static unsigned parse(const char *name, size_t length)
{
	unsigned index = 0;

	if (length >= NAME_BYTES || (name[0] == '0' && length > 1))
		return PTY_MAX;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return PTY_MAX;
		index = index * 10 + (unsigned)(name[i] - '0');
	}
	return MIN(index, PTY_MAX);
}

static int lookup(struct inode *directory, const char *name, size_t length, struct inode **out)
{
	unsigned index = parse(name, length);

	if (index == PTY_MAX || !entries[index])
		return -ENOENT;
	*out = &entries[index]->inode;
	inode_get(*out);
	return 0;
}

static int read_entries(struct inode *directory, uint64_t position, inode_entry_fn entry,
			void *context)
{
	char name[NAME_BYTES];

	for (uint64_t index = position - FIRST_ENTRY; index < PTY_MAX; index++) {
		if (!entries[index])
			continue;
		format(name, sizeof(name), "%u", (unsigned)index);
		if (!entry(context, name, FIRST_NUMBER + index, MODE, index + FIRST_ENTRY + 1))
			break;
	}
	return 0;
}

static void stat(const struct inode *inode, struct stat *out)
{
	out->st_dev = device_number(0, PTS_MINOR);
}

static int open(struct inode *inode, unsigned flags, struct file **out)
{
	mutex_lock(&inode_tree_mutex);
	struct pty *pty = pts_of(inode)->pty;
	/* Under the mutex: the pty goes only after devpts_remove(). */
	int error = pty ? pty_open_terminal(pty, inode, flags, out) : -EIO;
	mutex_unlock(&inode_tree_mutex);
	return error;
}

static void release(struct inode *inode)
{
	kfree(pts_of(inode));
}

static const struct inode_ops root_ops = {
	.magic = DEVPTS_SUPER_MAGIC,
	.lookup = lookup,
	.read_entries = read_entries,
	.stat = stat,
	.release = release,
};

static const struct inode_ops entry_ops = {
	.magic = DEVPTS_SUPER_MAGIC,
	.open = open,
	.stat = stat,
	.release = release,
};

static struct pts_inode *make(const struct inode_ops *ops, uint32_t mode)
{
	struct pts_inode *made = kzalloc(sizeof(*made));

	if (made)
		inode_begin(&made->inode, ops, mode, NULL);
	return made;
}

static int add_locked(struct pts_inode *made, unsigned *index)
{
	char name[NAME_BYTES];
	unsigned at = 0;

	while (at < PTY_MAX && entries[at])
		at++;
	if (at == PTY_MAX)
		return -ENOSPC;
	size_t length = format(name, sizeof(name), "%u", at);
	char *copy = inode_copy_name(name, length);
	if (!copy)
		return -ENOMEM;
	made->inode.device = device_number(UNIX98_PTY_SLAVE_MAJOR, at);
	made->inode.number = FIRST_NUMBER + at;
	made->inode.links = 1;
	made->inode.gid = TTY_GROUP;
	inode_set_name(&made->inode, root, copy);
	entries[at] = made;
	*index = at;
	return 0;
}

int devpts_add(struct pty *pty, unsigned *index, struct inode **inode)
{
	struct pts_inode *made = make(&entry_ops, MODE);

	if (!made)
		return -ENOMEM;
	made->pty = pty;
	mutex_lock(&inode_tree_mutex);
	int error = root ? add_locked(made, index) : -ENOSPC;
	mutex_unlock(&inode_tree_mutex);
	if (error)
		kfree(made);
	else
		*inode = &made->inode;
	return error;
}

void devpts_remove(struct inode *inode)
{
	struct pts_inode *gone = pts_of(inode);

	mutex_lock(&inode_tree_mutex);
	entries[inode->number - FIRST_NUMBER] = NULL;
	gone->pty = NULL;
	inode->nameless = true;
	inode->links = 0;
	mutex_unlock(&inode_tree_mutex);
	inode_put(inode);
}

void devpts_init(void)
{
	const struct inode_new as = {.mode = S_IFDIR | 0755};
	struct pts_inode *made = make(&root_ops, S_IFDIR | 0755);
	struct inode *place;
	int error = made ? tmpfs_make("/dev/pts", &as, &place) : -ENOMEM;

	if (!error) {
		inode_put(place);
		made->inode.links = 2;
		error = inode_mount("/dev/pts", &made->inode);
	}
	if (!error)
		root = &made->inode;
	else
		log_warning("/dev/pts could not be mounted (error %d)", -error);
	if (error)
		kfree(made);
}
