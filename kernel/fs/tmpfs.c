/*
 * tmpfs.c: the file system in memory. A directory is a tree of entries by name, and a list of them
 * in the order they were made, by which it is read; a regular file is a vm_object and nothing else.
 *
 * Lock letters: (t) inode_tree_mutex; (i) set at creation; (c) changed atomically.
 */
#include "fs/tmpfs.h"

#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/string.h"
#include "lib/tree.h"
#include "mm/slab.h"
#include "vm/object.h"

#define NUMBER_BYTES  24
/* Behind a directory's oldest entry. As on Linux's tmpfs a new one comes before all others; so
 * positions count down, and never get near those of "." and "..". 0x2aaa...: programs see them, and
 * a row of bytes 0xff would look like an address of the kernel. */
#define LAST_POSITION (INT64_MAX / 3)
/* st_size of a directory, as Linux's tmpfs has it: so much for each entry, "." and ".." too. */
#define ENTRY_BYTES   20u

struct tmpfs_entry {
	struct tree_node node; /* (t) by name */
	struct list_node link; /* (t) by position */
	struct inode *inode;   /* (t) with a reference */
	uint64_t position;     /* (i) never used again in that directory */
	char name[];           /* (i) */
};

struct tmpfs_inode {
	struct inode inode;
	union {
		struct {
			struct tree entries;    /* (t) */
			struct list_node order; /* (t) newest first */
			uint64_t next_position; /* (t) */
		} directory;
		struct {
			char *target;            /* (i) NUL-terminated; or NULL: */
			tmpfs_target_fn dynamic; /* (i) */
		} link;
	};
};

/* (c) The frames of all files, and how many files there are. */
static struct vm_account frames = {.limit = UINT64_MAX};
static struct vm_account files = {.limit = UINT64_MAX};

static const struct inode_ops tmpfs_ops;

static struct tmpfs_inode *of(const struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

void tmpfs_usage(struct tmpfs_usage *out)
{
	*out = (struct tmpfs_usage){
		.frames = __atomic_load_n(&frames.used, __ATOMIC_RELAXED),
		.frames_max = frames.limit,
		.files = __atomic_load_n(&files.used, __ATOMIC_RELAXED),
		.files_max = files.limit,
	};
}

void tmpfs_set_limit(uint64_t limit)
{
	/* As Linux: as many files as frames. */
	frames.limit = files.limit = limit;
}

/* ---- inodes ---- */

static const struct vm_object_ops object_ops = {.release = inode_object_release};

/* What the kind of file needs beside the inode. */
static int make_contents(struct tmpfs_inode *made, const struct inode_new *as,
			 struct vm_object **object)
{
	switch (as->mode & S_IFMT) {
	case S_IFREG: {
		int error = vm_object_create(&object_ops, &made->inode, 0, object);
		if (!error)
			(*object)->account = &frames;
		return error;
	}
	case S_IFDIR:
		list_init(&made->directory.order);
		made->directory.next_position = LAST_POSITION - 1;
		made->inode.bytes = 2ull * ENTRY_BYTES;
		return 0;
	case S_IFLNK:
		assert(as->target);
		made->inode.bytes = strlen(as->target);
		made->link.target = inode_copy_name(as->target, made->inode.bytes);
		return made->link.target ? 0 : -ENOMEM;
	default:
		return 0;
	}
}

/* An inode that no directory names, with a reference. */
static int make_inode(const struct inode_new *as, struct inode **out)
{
	struct vm_object *object = NULL;

	if (__atomic_add_fetch(&files.used, 1, __ATOMIC_RELAXED) > files.limit) {
		__atomic_fetch_sub(&files.used, 1, __ATOMIC_RELAXED);
		return -ENOSPC;
	}
	struct tmpfs_inode *made = kzalloc(sizeof(*made));
	int error = made ? make_contents(made, as, &object) : -ENOMEM;
	if (error) {
		__atomic_fetch_sub(&files.used, 1, __ATOMIC_RELAXED);
		kfree(made);
		return error;
	}
	inode_begin(&made->inode, &tmpfs_ops, as->mode, object);
	made->inode.seals = F_SEAL_SEAL; /* but for memfd_create's */
	made->inode.uid = as->uid;
	made->inode.gid = as->gid;
	made->inode.device = as->device;
	*out = &made->inode;
	return 0;
}

static void tmpfs_release(struct inode *inode)
{
	struct tmpfs_inode *gone = of(inode);
	uint32_t kind = inode->mode & S_IFMT;

	assert(kind != S_IFDIR || !gone->directory.entries.root);
	if (kind == S_IFLNK)
		kfree(gone->link.target);
	__atomic_fetch_sub(&files.used, 1, __ATOMIC_RELAXED);
	kfree(gone);
}

int tmpfs_create_root(uint32_t mode, struct inode **out)
{
	int error = make_inode(&(struct inode_new){.mode = S_IFDIR | mode}, out);

	if (!error)
		(*out)->links = 2;
	return error;
}

int tmpfs_create_nameless(const char *name, uint32_t mode, struct inode **out)
{
	char *copy = inode_copy_name(name, strlen(name));

	if (!copy)
		return -ENOMEM;
	int error = make_inode(&(struct inode_new){.mode = S_IFREG | mode}, out);
	if (error) {
		kfree(copy);
		return error;
	}
	inode_set_name(*out, inode_root(), copy);
	(*out)->nameless = true;
	return 0;
}

int tmpfs_create_unlinked(struct inode *directory, uint32_t mode, bool linkable, struct inode **out)
{
	char name[NUMBER_BYTES];
	int error = make_inode(&(struct inode_new){.mode = S_IFREG | mode}, out);

	if (error)
		return error;
	size_t length = format(name, sizeof(name), "#%llu", (unsigned long long)(*out)->number);
	char *copy = inode_copy_name(name, length);
	if (!copy) {
		inode_put(*out);
		return -ENOMEM;
	}
	mutex_lock(&inode_tree_mutex);
	inode_set_name(*out, directory, copy);
	(*out)->nameless = true;
	(*out)->linkable = linkable;
	mutex_unlock(&inode_tree_mutex);
	return 0;
}

/* ---- directories ---- */

/* As strcmp for names, of which one is not terminated. */
static int compare(const char *name, size_t length, const struct tmpfs_entry *entry)
{
	int order = strncmp(name, entry->name, length);

	return order ? order : (entry->name[length] ? -1 : 0);
}

static struct tmpfs_entry *find(const struct inode *directory, const char *name, size_t length)
{
	struct tree_node *at = of(directory)->directory.entries.root;

	while (at) {
		struct tmpfs_entry *entry = container_of(at, struct tmpfs_entry, node);
		int order = compare(name, length, entry);
		if (!order)
			return entry;
		at = at->child[order > 0];
	}
	return NULL;
}

static struct tmpfs_entry *make_entry(const char *name, size_t length)
{
	struct tmpfs_entry *entry = kzalloc(sizeof(*entry) + length + 1);

	if (entry)
		memcpy(entry->name, name, length);
	return entry;
}

/* The directory's entry takes over a reference to `inode`. */
static void add_entry(struct inode *directory, struct tmpfs_entry *entry, struct inode *inode)
{
	struct tmpfs_inode *to = of(directory);
	struct tree_node *parent = NULL, **link = &to->directory.entries.root;

	while (*link) {
		parent = *link;
		int order = compare(entry->name, strlen(entry->name),
				    container_of(parent, struct tmpfs_entry, node));
		assert(order);
		link = &parent->child[order > 0];
	}
	entry->inode = inode;
	entry->position = to->directory.next_position--;
	tree_insert(&to->directory.entries, parent, link, &entry->node);
	list_push_front(&to->directory.order, &entry->link);
	directory->bytes += ENTRY_BYTES;
}

/* Take it out and free it; its reference to the inode is the caller's now. */
static struct inode *remove_entry(struct inode *directory, struct tmpfs_entry *entry)
{
	struct inode *inode = entry->inode;

	tree_remove(&of(directory)->directory.entries, &entry->node);
	list_remove(&entry->link);
	directory->bytes -= ENTRY_BYTES;
	kfree(entry);
	return inode;
}

static int tmpfs_lookup(struct inode *directory, const char *name, size_t length,
			struct inode **out)
{
	const struct tmpfs_entry *entry = find(directory, name, length);

	if (!entry)
		return -ENOENT;
	*out = entry->inode;
	inode_get(*out);
	return 0;
}

static int tmpfs_read_entries(struct inode *directory, uint64_t position, inode_entry_fn take,
			      void *context)
{
	list_for_each (node, &of(directory)->directory.order) {
		const struct tmpfs_entry *entry = container_of(node, struct tmpfs_entry, link);
		if (entry->position >= position && !take(context, entry->name, entry->inode->number,
							 entry->inode->mode, entry->position + 1))
			break;
	}
	return 0;
}

static bool tmpfs_is_empty(const struct inode *directory)
{
	return !of(directory)->directory.entries.root;
}

static int tmpfs_create(struct inode *directory, const char *name, size_t length,
			const struct inode_new *as, struct inode **out)
{
	bool is_directory = (as->mode & S_IFMT) == S_IFDIR;
	struct tmpfs_entry *entry = make_entry(name, length);
	char *copy = inode_copy_name(name, length);
	struct inode *made = NULL;

	int error = entry && copy ? make_inode(as, &made) : -ENOMEM;
	if (error) {
		kfree(entry);
		kfree(copy);
		return error;
	}
	inode_set_name(made, directory, copy);
	made->links = is_directory ? 2 : 1;
	directory->links += is_directory;
	add_entry(directory, entry, made);
	inode_get(made);
	*out = made;
	return 0;
}

static int tmpfs_link(struct inode *directory, const char *name, size_t length, struct inode *inode)
{
	struct tmpfs_entry *entry = make_entry(name, length);

	if (!entry)
		return -ENOMEM;
	inode_get(inode);
	add_entry(directory, entry, inode);
	return 0;
}

static int tmpfs_unlink(struct inode *directory, const char *name, size_t length,
			struct inode *inode)
{
	struct tmpfs_entry *entry = find(directory, name, length);

	assert(entry && entry->inode == inode);
	inode_put(remove_entry(directory, entry));
	return 0;
}

static int tmpfs_rename(struct inode *from, const char *name, size_t length, struct inode *to,
			const char *new_name, size_t new_length, struct inode *victim)
{
	struct tmpfs_entry *entry = make_entry(new_name, new_length);

	if (!entry)
		return -ENOMEM;
	if (victim)
		inode_put(remove_entry(to, find(to, new_name, new_length)));
	add_entry(to, entry, remove_entry(from, find(from, name, length)));
	return 0;
}

static void tmpfs_exchange(struct inode *one, const char *name, size_t length, struct inode *two,
			   const char *other, size_t other_length)
{
	struct tmpfs_entry *first = find(one, name, length),
			   *second = find(two, other, other_length);
	struct inode *inode = first->inode;

	first->inode = second->inode;
	second->inode = inode;
}

static ssize_t tmpfs_target(struct inode *inode, char *to, size_t size)
{
	const struct tmpfs_inode *link = of(inode);

	if (link->link.dynamic)
		return link->link.dynamic(to, size);
	return (ssize_t)string_copy(to, link->link.target, size);
}

static const struct inode_ops tmpfs_ops = {
	.magic = TMPFS_MAGIC,
	.lookup = tmpfs_lookup,
	.read_entries = tmpfs_read_entries,
	.create = tmpfs_create,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.is_empty = tmpfs_is_empty,
	.rename = tmpfs_rename,
	.exchange = tmpfs_exchange,
	.target = tmpfs_target,
	.release = tmpfs_release,
};

int tmpfs_make_dynamic_link(const char *path, tmpfs_target_fn target)
{
	const struct inode_new as = {.mode = S_IFLNK | 0777, .target = ""};
	struct inode *link;
	int error = tmpfs_make(path, &as, &link);

	if (error)
		return error;
	of(link)->link.dynamic = target;
	inode_put(link);
	return 0;
}
