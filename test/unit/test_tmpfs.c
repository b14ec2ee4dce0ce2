/* test_tmpfs.c: names and contents of files in memory. */
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "debug/ktest.h"
#include "fs/tmpfs.h"
#include "host.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "tree_support.h"
#include "vm/object.h"

#define FRAMES 2000u

static const struct inode_new regular = {.mode = S_IFREG | 0644};
static const struct inode_new directory = {.mode = S_IFDIR | 0755};

static int create(const char *path)
{
	return path_create(inode_root(), path, &regular);
}

static int make_directory(const char *path)
{
	return path_create(inode_root(), path, &directory);
}

static int rename_flags(const char *from, const char *to, unsigned flags)
{
	return path_rename(inode_root(), from, inode_root(), to, flags);
}

static int rename(const char *from, const char *to)
{
	return rename_flags(from, to, 0);
}

static struct inode *get(const char *path)
{
	struct inode *inode = NULL;

	EXPECT_EQ(path_walk(inode_root(), path, WALK_NOFOLLOW, &inode), 0);
	return inode;
}

static int walk(const char *path)
{
	struct inode *inode;
	int error = path_walk(inode_root(), path, 0, &inode);

	if (!error)
		inode_put(inode);
	return error;
}

static unsigned links(const char *path)
{
	struct inode *inode = get(path);
	unsigned count = inode->links;

	inode_put(inode);
	return count;
}

static const char *path_of(struct inode *inode)
{
	static char path[PATH_BYTES_MAX];

	return inode_path(inode, path, sizeof(path)) < 0 ? "too long" : path;
}

KTEST(tmpfs_create_errors)
{
	struct inode *gone;

	tree_plant(FRAMES);
	EXPECT_EQ(create("a"), 0);
	EXPECT_EQ(create("a"), -EEXIST);
	EXPECT_EQ(create("b/"), -ENOENT);
	EXPECT_EQ(create("a/"), -EEXIST);
	EXPECT_EQ(create("a/b"), -ENOTDIR);
	EXPECT_EQ(create("no/b"), -ENOENT);
	EXPECT_EQ(create("/"), -EEXIST);
	EXPECT_EQ(create("."), -EEXIST);
	EXPECT_EQ(create(".."), -EEXIST);
	EXPECT_EQ(create(""), -ENOENT);
	EXPECT_EQ(make_directory("d/"), 0);
	EXPECT_EQ(make_directory("d"), -EEXIST);
	EXPECT_EQ(links("/"), 3);
	/* In a directory that is gone there is nothing to make. */
	gone = get("d");
	EXPECT_EQ(path_rmdir(inode_root(), "d"), 0);
	EXPECT_EQ(path_create(gone, "x", &regular), -ENOENT);
	EXPECT_STREQ(path_of(gone), "/d (deleted)");
	inode_put(gone);
	tree_uproot();
}

KTEST(tmpfs_unlink_and_rmdir_errors)
{
	struct inode *root;

	tree_plant(FRAMES);
	root = inode_root();
	EXPECT_EQ(create("a"), 0);
	EXPECT_EQ(make_directory("d"), 0);
	EXPECT_EQ(create("d/x"), 0);
	EXPECT_EQ(path_unlink(root, "no"), -ENOENT);
	EXPECT_EQ(path_unlink(root, "d"), -EISDIR);
	EXPECT_EQ(path_unlink(root, "d/"), -EISDIR);
	EXPECT_EQ(path_unlink(root, "a/"), -ENOTDIR);
	EXPECT_EQ(path_unlink(root, "/"), -EISDIR);
	EXPECT_EQ(path_unlink(root, "d/."), -EISDIR);
	EXPECT_EQ(path_rmdir(root, "a"), -ENOTDIR);
	EXPECT_EQ(path_rmdir(root, "d"), -ENOTEMPTY);
	EXPECT_EQ(path_rmdir(root, "d/."), -EINVAL);
	EXPECT_EQ(path_rmdir(root, "d/.."), -ENOTEMPTY);
	EXPECT_EQ(path_rmdir(root, "/"), -EBUSY);
	EXPECT_EQ(path_unlink(root, "d/x"), 0);
	EXPECT_EQ(path_rmdir(root, "d/"), 0);
	EXPECT_EQ(walk("d"), -ENOENT);
	tree_uproot();
}

KTEST(tmpfs_links_share_one_file)
{
	struct inode *file, *dir;

	tree_plant(FRAMES);
	EXPECT_EQ(create("a"), 0);
	EXPECT_EQ(make_directory("d"), 0);
	file = get("a");
	dir = get("d");
	EXPECT_EQ(path_link(file, inode_root(), "d/b"), 0);
	EXPECT_EQ(path_link(file, inode_root(), "d/b"), -EEXIST);
	EXPECT_EQ(path_link(file, inode_root(), "d/c/"), -ENOENT);
	EXPECT_EQ(path_link(dir, inode_root(), "e"), -EPERM);
	EXPECT_EQ(links("d/b"), 2);
	EXPECT_STREQ(path_of(file), "/a");
	EXPECT_EQ(rename("a", "d/b"), 0); /* two names of one file: nothing happens */
	EXPECT_EQ(links("a"), 2);
	EXPECT_EQ(path_unlink(inode_root(), "a"), 0);
	EXPECT_STREQ(path_of(file), "/a (deleted)");
	EXPECT_EQ(path_link(file, inode_root(), "c"), 0);
	EXPECT_STREQ(path_of(file), "/c");
	EXPECT_EQ(path_unlink(inode_root(), "c"), 0);
	EXPECT_EQ(path_unlink(inode_root(), "d/b"), 0);
	EXPECT_EQ(path_link(file, inode_root(), "again"), -ENOENT);
	EXPECT_EQ(file->links, 0);
	inode_put(file);
	inode_put(dir);
	tree_uproot();
}

KTEST(tmpfs_rename_errors)
{
	tree_plant(FRAMES);
	EXPECT_EQ(create("a"), 0);
	EXPECT_EQ(create("b"), 0);
	EXPECT_EQ(make_directory("d"), 0);
	EXPECT_EQ(make_directory("d/e"), 0);
	EXPECT_EQ(make_directory("f"), 0);
	EXPECT_EQ(create("f/x"), 0);
	EXPECT_EQ(rename("no", "x"), -ENOENT);
	EXPECT_EQ(rename("a", "no/x"), -ENOENT);
	EXPECT_EQ(rename("a", "b/x"), -ENOTDIR);
	EXPECT_EQ(rename("a", "d"), -EISDIR);
	EXPECT_EQ(rename("d", "a"), -ENOTDIR);
	EXPECT_EQ(rename("a", "c/"), -ENOTDIR);
	EXPECT_EQ(rename("a/", "c"), -ENOTDIR);
	EXPECT_EQ(rename("d", "d/e/x"), -EINVAL);
	EXPECT_EQ(rename("d", "d/x"), -EINVAL);
	EXPECT_EQ(rename("d/e", "d"), -ENOTEMPTY);
	EXPECT_EQ(rename("d", "f"), -ENOTEMPTY);
	EXPECT_EQ(rename("d", "."), -EBUSY);
	EXPECT_EQ(rename("/", "x"), -EBUSY);
	EXPECT_EQ(rename_flags("a", "b", RENAME_NOREPLACE), -EEXIST);
	EXPECT_EQ(rename_flags("a", "b", RENAME_EXCHANGE | RENAME_NOREPLACE), -EINVAL);
	EXPECT_EQ(rename_flags("a", "b", RENAME_EXCHANGE), 0);
	EXPECT_EQ(rename_flags("a", "b", RENAME_EXCHANGE), 0);
	EXPECT_EQ(rename_flags("a", "none", RENAME_EXCHANGE), -ENOENT);
	EXPECT_EQ(rename_flags("a", "c", RENAME_NOREPLACE), 0);
	EXPECT_EQ(walk("a"), -ENOENT);
	EXPECT_EQ(walk("c"), 0);
	tree_uproot();
}

KTEST(tmpfs_rename_moves_and_replaces)
{
	struct inode *file, *victim, *moved;

	tree_plant(FRAMES);
	EXPECT_EQ(create("a"), 0);
	EXPECT_EQ(create("b"), 0);
	EXPECT_EQ(make_directory("d"), 0);
	EXPECT_EQ(make_directory("e"), 0);
	EXPECT_EQ(make_directory("e/f"), 0);
	file = get("a");
	victim = get("b");
	EXPECT_EQ(rename("a", "b"), 0);
	EXPECT_EQ(victim->links, 0);
	EXPECT_STREQ(path_of(victim), "/b (deleted)");
	EXPECT_STREQ(path_of(file), "/b");
	/* A directory into another, over an empty one. */
	EXPECT_EQ(rename("d", "e/f"), 0);
	EXPECT_EQ(links("/"), 3);
	EXPECT_EQ(links("e"), 3);
	moved = get("e/f");
	EXPECT_STREQ(path_of(moved), "/e/f");
	EXPECT_EQ(walk("e/f/../../b"), 0);
	inode_put(moved);
	EXPECT_EQ(rename("e/f", "g/"), 0);
	EXPECT_EQ(links("e"), 2);
	EXPECT_EQ(links("/"), 4);
	inode_put(file);
	inode_put(victim);
	tree_uproot();
}

KTEST(tmpfs_open_creates_at_the_end_of_links)
{
	const struct inode_new link = {.mode = S_IFLNK | 0777, .target = "d/new"};
	struct inode *root, *inode;

	tree_plant(FRAMES);
	root = inode_root();
	EXPECT_EQ(make_directory("d"), 0);
	EXPECT_EQ(path_create(root, "link", &link), 0);
	EXPECT_EQ(path_open(root, "link", &(unsigned){0}, &regular, &inode), -ENOENT);
	EXPECT_EQ(path_open(root, "link", &(unsigned){O_CREAT | O_EXCL}, &regular, &inode),
		  -EEXIST);
	EXPECT_EQ(path_open(root, "link", &(unsigned){O_CREAT}, &regular, &inode), 0);
	EXPECT_STREQ(path_of(inode), "/d/new");
	inode_put(inode);
	EXPECT_EQ(path_open(root, "d/new", &(unsigned){O_CREAT | O_EXCL}, &regular, &inode),
		  -EEXIST);
	EXPECT_EQ(path_open(root, "d/x/", &(unsigned){O_CREAT}, &regular, &inode), -EISDIR);
	EXPECT_EQ(path_open(root, "d/.", &(unsigned){O_CREAT}, &regular, &inode), -EISDIR);
	EXPECT_EQ(path_open(root, "no/x", &(unsigned){O_CREAT}, &regular, &inode), -ENOENT);
	EXPECT_EQ(path_open(root, "d/new/x", &(unsigned){O_CREAT}, &regular, &inode), -ENOTDIR);
	tree_uproot();
}

/* An unlinked file lives until the last reference goes, and then at once. */
KTEST(tmpfs_frames_go_with_the_last_reference)
{
	struct vm_object *object;
	struct frame_counts before, after;
	struct inode *inode;
	char buffer[4] = "";

	tree_plant(FRAMES);
	frame_counts(&before);
	EXPECT_EQ(create("a"), 0);
	inode = get("a");
	EXPECT_EQ(vm_object_write(inode->object, 100 * PAGE_SIZE - 2, "abcd", 4), 0);
	EXPECT_EQ(inode_size(inode), 100 * PAGE_SIZE + 2);
	EXPECT_EQ(inode_object(inode, &object), 0);
	EXPECT_EQ(inode_of_object(object), inode);
	EXPECT_EQ(path_unlink(inode_root(), "a"), 0);
	inode_put(inode);
	/* What a mapping has: the object, and by it the file. */
	EXPECT_STREQ(path_of(inode_of_object(object)), "/a (deleted)");
	EXPECT_EQ(vm_object_read(object, 100 * PAGE_SIZE - 2, buffer, 4), 4);
	EXPECT_EQ(buffer[3], 'd');
	vm_object_put(object);
	frame_counts(&after);
	EXPECT_EQ(memcmp(&before, &after, sizeof(before)), 0);
	tree_uproot();
}

KTEST(tmpfs_deep_removed_directories_do_not_recurse)
{
	enum { DEPTH = 5000 };
	struct inode *at, *next;

	tree_plant(10 * FRAMES);
	at = inode_root();
	inode_get(at);
	for (unsigned i = 0; i < DEPTH; i++) {
		EXPECT_EQ(path_create(at, "d", &directory), 0);
		EXPECT_EQ(path_walk(at, "d", 0, &next), 0);
		inode_put(at);
		at = next;
	}
	/* From the deepest up; only the reference to it keeps them all. */
	struct inode *up = at->parent;
	for (unsigned i = 0; i < DEPTH; i++) {
		struct inode *above = up->parent;
		EXPECT_EQ(path_rmdir(up, "d"), 0);
		up = above;
	}
	EXPECT(!up);
	inode_put(at);
	tree_uproot();
}

KTEST(tmpfs_mount_covers_a_directory)
{
	struct inode *mounted, *found;

	tree_plant(FRAMES);
	EXPECT_EQ(make_directory("d"), 0);
	EXPECT_EQ(create("d/below"), 0);
	EXPECT_EQ(tmpfs_create_root(0700, &mounted), 0);
	EXPECT_EQ(inode_mount("no", mounted), -ENOENT);
	EXPECT_EQ(inode_mount("d/below", mounted), -ENOTDIR);
	EXPECT_EQ(inode_mount("/", mounted), -EBUSY);
	EXPECT_EQ(inode_mount("/d", mounted), 0);
	found = get("d");
	EXPECT_EQ(found, mounted);
	inode_put(found);
	EXPECT_EQ(walk("d/below"), -ENOENT);
	EXPECT_EQ(create("d/x"), 0);
	found = get("d/x");
	EXPECT_STREQ(path_of(found), "/d/x");
	inode_put(found);
	EXPECT_EQ(walk("d/../d/x"), 0);
	EXPECT_EQ(path_rmdir(inode_root(), "d"), -EBUSY);
	EXPECT_EQ(rename("d", "e"), -EBUSY);
	found = get("d");
	EXPECT_EQ(inode_unmount(found), -EBUSY);
	EXPECT_EQ(path_unlink(mounted, "x"), 0);
	EXPECT_EQ(inode_unmount(found), 0);
	EXPECT_EQ(inode_unmount(found), -EINVAL);
	inode_put(found);
	EXPECT_EQ(walk("d/below"), 0);
	tree_uproot();
}

KTEST(tmpfs_stat_is_exact)
{
	struct stat stat;
	struct inode *inode;

	tree_plant(FRAMES);
	EXPECT_EQ(create("a"), 0);
	inode = get("a");
	EXPECT_EQ(vm_object_write(inode->object, 3 * PAGE_SIZE, "x", 1), 0);
	inode_stat(inode, &stat);
	EXPECT_EQ(stat.st_size, 3 * PAGE_SIZE + 1);
	EXPECT_EQ(stat.st_blocks, 8); /* one page of four: the others are holes */
	EXPECT_EQ(stat.st_nlink, 1);
	EXPECT_EQ(stat.st_mode, S_IFREG | 0644);
	inode_set_mode(inode, S_IFDIR | 04755);
	inode_set_owner(inode, 7, UINT32_MAX);
	inode_stat(inode, &stat);
	EXPECT_EQ(stat.st_mode, S_IFREG | 0755); /* the kind stays, set-user-ID goes */
	EXPECT_EQ(stat.st_uid, 7);
	EXPECT_EQ(stat.st_gid, 0);
	EXPECT_EQ(inode_resize(inode, (uint64_t)INT64_MAX + 1), -EFBIG);
	EXPECT_EQ(inode_resize(inode_root(), 1), -EINVAL);
	inode_put(inode);
	inode_stat(inode_root(), &stat);
	EXPECT_EQ(stat.st_size, 60);
	tree_uproot();
}

KTEST(tmpfs_as_many_files_as_the_limit)
{
	char name[16];
	unsigned made = 0;

	tree_plant(FRAMES);
	tmpfs_set_limit(10);
	do {
		format(name, sizeof(name), "f%u", made++);
	} while (!create(name));
	EXPECT_EQ(create("x"), -ENOSPC);
	EXPECT_EQ(made, 10); /* the root is one of ten */
	tree_uproot();
}

/* Every call with k = 0, 1, 2... allocations allowed, until it succeeds. */
enum call { CREATE, MKDIR, SYMLINK, LINK, RENAME, REPLACE, OPEN, WRITE, MEMFD, CALLS };

static int call_once(enum call call)
{
	static const char far_end[] = "/d/abcdefghijklmnopqrstuvwxyz0123456789";
	const struct inode_new link = {.mode = S_IFLNK | 0777, .target = "target"};
	struct inode *root = inode_root(), *inode = NULL;
	int error;

	switch (call) {
	case CREATE:
		return create(far_end);
	case MKDIR:
		return make_directory(far_end);
	case SYMLINK:
		return path_create(root, far_end, &link);
	case LINK:
		inode = get("a");
		error = path_link(inode, root, far_end);
		inode_put(inode);
		return error;
	case RENAME:
		return rename("a", far_end);
	case REPLACE:
		return rename("a", "b");
	case OPEN:
		error = path_open(root, far_end, &(unsigned){O_CREAT}, &regular, &inode);
		break;
	case WRITE:
		inode = get("a");
		error = vm_object_write(inode->object, 1ull << 40, "xy", 2);
		break;
	default:
		error = tmpfs_create_nameless("memfd:x", 0600, &inode);
		break;
	}
	if (inode && (!error || call == WRITE))
		inode_put(inode);
	return error;
}

KTEST(tmpfs_every_call_survives_every_failed_allocation)
{
	for (enum call call = CREATE; call < CALLS; call++) {
		int error = -ENOMEM;
		for (long allowed = 0; error == -ENOMEM; allowed++) {
			tree_plant(FRAMES);
			EXPECT_EQ(create("a"), 0);
			EXPECT_EQ(create("b"), 0);
			EXPECT_EQ(make_directory("d"), 0);
			host_allow_allocations(allowed);
			error = call_once(call);
			host_allow_allocations(-1);
			EXPECT(error == 0 || error == -ENOMEM);
			if (error) {
				EXPECT_EQ(walk("a"), 0);
				EXPECT_EQ(walk("b"), 0);
				EXPECT_EQ(links("d"), 2);
				EXPECT_EQ(links("a"), 1);
			}
			tree_uproot(); /* nothing leaks */
		}
	}
}
