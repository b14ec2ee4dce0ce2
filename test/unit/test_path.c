/* test_path.c: the tree of files, and following paths through it. */
#include <linux/stat.h>

#include "debug/ktest.h"
#include "fs/tmpfs.h"
#include "host.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tree_support.h"

#define FRAMES 1024u

static int try_make(const char *path, uint32_t mode, const char *target)
{
	const struct inode_new as = {.mode = mode, .target = target};
	struct inode *inode;
	int error = tmpfs_make(path, &as, &inode);

	if (!error)
		inode_put(inode);
	return error;
}

static void make(const char *path, uint32_t mode)
{
	EXPECT_EQ(try_make(path, mode, NULL), 0);
}

static void make_link(const char *path, const char *target)
{
	EXPECT_EQ(try_make(path, S_IFLNK | 0777, target), 0);
}

/* The path of what `path` leads to, or the name of the error. */
static const char *walk(struct inode *start, const char *path, unsigned flags)
{
	static char found[PATH_BYTES_MAX];
	struct inode *inode;
	int error = path_walk(start, path, flags, &inode);

	if (error) {
		format(found, sizeof(found), "error %d", -error);
		return found;
	}
	if (inode_path(inode, found, sizeof(found)) < 0)
		string_copy(found, "too long", sizeof(found));
	inode_put(inode);
	return found;
}

static const char *error_name(int error)
{
	static char name[32];

	format(name, sizeof(name), "error %d", error);
	return name;
}

#define WALK(path)                walk(inode_root(), path, 0)
#define EXPECT_ERROR(path, error) EXPECT_STREQ(WALK(path), error_name(error))

static void plant(void)
{
	tree_plant(FRAMES);
	make("bin/ls", S_IFREG | 0755);
	make("etc/", S_IFDIR | 0700);
	make("etc/motd", S_IFREG | 0644);
	make("usr/lib", S_IFDIR | 0755);
	make_link("sbin", "bin");
	make_link("usr/bin", "../bin");
	make_link("usr/share", "/etc");
	make_link("loop", "loop");
	make_link("ping", "pong");
	make_link("pong", "/ping");
	make_link("nowhere", "no/such");
	make_link("to-file", "etc/motd");
}

KTEST(path_plain)
{
	plant();
	EXPECT_STREQ(WALK("/"), "/");
	EXPECT_STREQ(WALK("bin/ls"), "/bin/ls");
	EXPECT_STREQ(WALK("//bin///ls"), "/bin/ls");
	EXPECT_STREQ(WALK("/etc/../bin/./ls"), "/bin/ls");
	EXPECT_STREQ(WALK("/../../etc/"), "/etc");
	EXPECT_STREQ(WALK("."), "/");
	EXPECT_ERROR("", ENOENT);
	EXPECT_ERROR("/no", ENOENT);
	EXPECT_ERROR("/no/such", ENOENT);
	EXPECT_ERROR("/etc/motd/x", ENOTDIR);
	EXPECT_ERROR("/etc/motd/", ENOTDIR);
	EXPECT_ERROR("/etc/motd/..", ENOTDIR);
	tree_uproot();
}

KTEST(path_from_a_directory)
{
	plant();
	struct inode *etc;
	EXPECT_EQ(path_walk(inode_root(), "etc", 0, &etc), 0);
	EXPECT_STREQ(walk(etc, "motd", 0), "/etc/motd");
	EXPECT_STREQ(walk(etc, "../bin/ls", 0), "/bin/ls");
	EXPECT_STREQ(walk(etc, "/bin/ls", 0), "/bin/ls");
	inode_put(etc);
	tree_uproot();
}

KTEST(path_links)
{
	plant();
	EXPECT_STREQ(WALK("/sbin/ls"), "/bin/ls");
	EXPECT_STREQ(WALK("/usr/bin/ls"), "/bin/ls");
	EXPECT_STREQ(WALK("/usr/share/motd"), "/etc/motd");
	/* ".." is that of where the link leads. */
	EXPECT_STREQ(WALK("/usr/bin/.."), "/");
	EXPECT_STREQ(WALK("/to-file"), "/etc/motd");
	EXPECT_ERROR("/to-file/", ENOTDIR);
	EXPECT_ERROR("/nowhere", ENOENT);
	EXPECT_STREQ(walk(inode_root(), "/sbin", WALK_NOFOLLOW), "/sbin");
	EXPECT_STREQ(walk(inode_root(), "/sbin/", WALK_NOFOLLOW), "/bin");
	EXPECT_STREQ(walk(inode_root(), "/sbin/ls", WALK_NOFOLLOW), "/bin/ls");
	EXPECT_STREQ(walk(inode_root(), "/nowhere", WALK_NOFOLLOW), "/nowhere");
	tree_uproot();
}

KTEST(path_loops_end)
{
	plant();
	EXPECT_ERROR("/loop", ELOOP);
	EXPECT_ERROR("/ping/x", ELOOP);
	EXPECT_STREQ(walk(inode_root(), "/loop", WALK_NOFOLLOW), "/loop");
	tree_uproot();
}

/* A chain of links, each to the next: 40 are followed, 41 are not. */
KTEST(path_as_many_links_as_linux_follows)
{
	static char targets[PATH_LINKS_MAX + 1][16];
	char name[16];

	plant();
	for (unsigned i = 0; i <= PATH_LINKS_MAX; i++) {
		format(targets[i], sizeof(targets[i]), "chain%u", i + 1);
		format(name, sizeof(name), "chain%u", i);
		make_link(name, i == PATH_LINKS_MAX ? "/bin/ls" : targets[i]);
	}
	EXPECT_STREQ(WALK("/chain1"), "/bin/ls");
	EXPECT_ERROR("/chain0", ELOOP);
	tree_uproot();
}

KTEST(path_long_names)
{
	static char path[PATH_BYTES_MAX];

	plant();
	memset(path, 'a', NAME_BYTES_MAX);
	make(path, S_IFREG | 0644);
	EXPECT_EQ(walk(inode_root(), path, 0)[1], 'a');
	path[NAME_BYTES_MAX] = 'a';
	EXPECT_ERROR(path, ENAMETOOLONG);
	/* A link's target and what follows it must fit one buffer together. */
	memset(path, '/', sizeof(path) - 1);
	memcpy(path, "/sbin", 5);
	memcpy(path + sizeof(path) - 3, "ls", 2);
	EXPECT_STREQ(WALK(path), "/bin/ls");
	make_link("long-way", "/././././././bin");
	memset(path, '/', sizeof(path) - 1);
	memcpy(path, "/long-way", 9);
	memcpy(path + sizeof(path) - 3, "ls", 2);
	EXPECT_ERROR(path, ENAMETOOLONG);
	tree_uproot();
}

KTEST(tmpfs_a_later_entry_counts)
{
	struct inode *etc, *again;

	plant();
	unsigned links = inode_root()->links;
	/* A directory made again keeps what is in it. */
	EXPECT_EQ(path_walk(inode_root(), "etc", 0, &etc), 0);
	make("etc", S_IFDIR | 0755);
	EXPECT_EQ(path_walk(inode_root(), "etc", 0, &again), 0);
	EXPECT_EQ(again, etc);
	EXPECT_EQ(etc->mode, S_IFDIR | 0755);
	inode_put(etc);
	inode_put(again);
	EXPECT_STREQ(WALK("/etc/motd"), "/etc/motd");
	EXPECT_EQ(inode_root()->links, links);
	/* A file becomes another file, or a link, in its place. */
	make("etc/motd", S_IFREG | 0600);
	make_link("etc/motd", "../bin/ls");
	EXPECT_STREQ(WALK("/etc/motd"), "/bin/ls");
	/* A file in the way of a directory goes; a directory stays. */
	make("bin/ls/x", S_IFREG | 0644);
	EXPECT_STREQ(WALK("/bin/ls/x"), "/bin/ls/x");
	EXPECT_EQ(try_make("etc", S_IFREG | 0644, NULL), -EISDIR);
	EXPECT_EQ(try_make("", S_IFREG | 0644, NULL), -EISDIR);
	EXPECT_EQ(try_make("a/../b", S_IFREG | 0644, NULL), -EINVAL);
	tree_uproot();
}

/* As /bin is a link to usr/bin: what is made in it, or made of it, goes there. */
KTEST(tmpfs_a_link_where_a_directory_is_wanted_is_followed)
{
	plant();
	make("usr/b", S_IFDIR | 0700);
	make_link("b", "usr/b");
	make_link("usr/a", "/b");
	make("b/one", S_IFREG | 0644);
	make("usr/a/two", S_IFREG | 0644);
	make("b", S_IFDIR | 0755);
	EXPECT_STREQ(WALK("/b/one"), "/usr/b/one");
	EXPECT_STREQ(WALK("/usr/b/two"), "/usr/b/two");
	/* It is made if it is not there. */
	make_link("c", "usr/c/d");
	make("c/three", S_IFREG | 0644);
	EXPECT_STREQ(WALK("/usr/c/d/three"), "/usr/c/d/three");
	/* A file, or another link, takes its place. */
	make_link("b", "usr");
	EXPECT_STREQ(WALK("/b"), "/usr");
	make("b", S_IFREG | 0644);
	EXPECT_STREQ(WALK("/b"), "/b");
	make_link("loop", "loop");
	EXPECT_EQ(try_make("loop/x", S_IFREG | 0644, NULL), -ELOOP);
	EXPECT_EQ(try_make("loop", S_IFDIR | 0755, NULL), -ELOOP);
	make_link("up", "..");
	EXPECT_EQ(try_make("up/x", S_IFREG | 0644, NULL), -EINVAL);
	tree_uproot();
}

KTEST(path_without_memory)
{
	plant();
	struct inode *inode;
	host_allow_allocations(0);
	EXPECT_EQ(path_walk(inode_root(), "/bin/ls", 0, &inode), 0);
	inode_put(inode);
	int error = path_walk(inode_root(), "/sbin/ls", 0, &inode);
	host_allow_allocations(-1);
	EXPECT_EQ(error, -ENOMEM);
	tree_uproot();
}
