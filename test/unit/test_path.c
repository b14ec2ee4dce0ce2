/* test_path.c: the tree of files, and following paths through it. */
#include <linux/stat.h>

#include "debug/ktest.h"
#include "fs/inode.h"
#include "host.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define FRAMES 1024u

static struct inode *make(const char *path, uint32_t mode)
{
	struct inode *inode = NULL;

	EXPECT_EQ(inode_make_path(path, mode, &inode), 0);
	return inode;
}

static void make_link(const char *path, const char *target)
{
	struct inode *link = make(path, S_IFLNK | 0777);

	if (link)
		link->link.target = target;
}

/* The tree lives for ever in the kernel; here the next test wants its memory. */
static void uproot(void)
{
	struct inode *at = inode_root();

	while (at != inode_root() || inode_first(at)) {
		struct inode *child = NULL;
		if ((at->mode & S_IFMT) == S_IFDIR)
			child = inode_first(at);
		if (child) {
			at = child;
			continue;
		}
		struct inode *parent = at->parent;
		tree_remove(&parent->directory.entries, &at->node);
		kfree((void *)(uintptr_t)at->name);
		kfree(at);
		at = parent;
	}
}

/* The path of what `path` leads to, or the name of the error. */
static const char *walk(struct inode *start, const char *path, unsigned flags)
{
	static char found[PATH_BYTES_MAX];
	struct inode *inode;
	int error = path_walk(start, path, flags, &inode);

	if (error)
		format(found, sizeof(found), "error %d", -error);
	else if (inode_path(inode, found, sizeof(found)) < 0)
		return "too long";
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
	host_memory_init(FRAMES);
	inode_init();
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
	uproot();
}

KTEST(path_from_a_directory)
{
	plant();
	struct inode *etc = inode_lookup(inode_root(), "etc", 3);
	EXPECT_STREQ(walk(etc, "motd", 0), "/etc/motd");
	EXPECT_STREQ(walk(etc, "../bin/ls", 0), "/bin/ls");
	EXPECT_STREQ(walk(etc, "/bin/ls", 0), "/bin/ls");
	uproot();
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
	uproot();
}

KTEST(path_loops_end)
{
	plant();
	EXPECT_ERROR("/loop", ELOOP);
	EXPECT_ERROR("/ping/x", ELOOP);
	EXPECT_STREQ(walk(inode_root(), "/loop", WALK_NOFOLLOW), "/loop");
	uproot();
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
	uproot();
}

KTEST(path_long_names)
{
	static char path[PATH_BYTES_MAX];

	plant();
	memset(path, 'a', NAME_BYTES_MAX);
	make(path, S_IFREG | 0644);
	EXPECT(path_walk(inode_root(), path, 0, &(struct inode *){NULL}) == 0);
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
	uproot();
}

KTEST(path_what_could_be_created)
{
	plant();
	EXPECT(path_parent_exists(inode_root(), "new"));
	EXPECT(path_parent_exists(inode_root(), "/new"));
	EXPECT(path_parent_exists(inode_root(), "/etc/new"));
	EXPECT(path_parent_exists(inode_root(), "/usr/bin/new"));
	EXPECT(!path_parent_exists(inode_root(), "/no/new"));
	EXPECT(!path_parent_exists(inode_root(), "/etc/motd/new"));
	EXPECT(!path_parent_exists(inode_root(), "/etc/new/"));
	EXPECT(!path_parent_exists(inode_root(), ""));
	uproot();
}

KTEST(inode_a_later_entry_counts)
{
	plant();
	struct inode *etc = inode_lookup(inode_root(), "etc", 3);
	unsigned links = inode_root()->links;
	/* A directory made again keeps what is in it. */
	EXPECT(make("etc", S_IFDIR | 0755) == etc);
	EXPECT_STREQ(WALK("/etc/motd"), "/etc/motd");
	EXPECT_EQ(inode_root()->links, links);
	/* A file becomes another file, or a link, in its place. */
	struct inode *motd = make("etc/motd", S_IFREG | 0600);
	EXPECT_EQ(inode_size(motd), 0);
	make_link("etc/motd", "../bin/ls");
	EXPECT_STREQ(WALK("/etc/motd"), "/bin/ls");
	/* A file in the way of a directory goes; a directory stays. */
	make("bin/ls/x", S_IFREG | 0644);
	EXPECT_STREQ(WALK("/bin/ls/x"), "/bin/ls/x");
	struct inode *inode;
	EXPECT_EQ(inode_make_path("etc", S_IFREG | 0644, &inode), -EISDIR);
	EXPECT_EQ(inode_make_path("", S_IFREG | 0644, &inode), -EISDIR);
	EXPECT_EQ(inode_make_path("a/../b", S_IFREG | 0644, &inode), -EINVAL);
	uproot();
}

KTEST(inode_entries_are_in_order)
{
	static const char *const names[] = {"m", "b", "a", "aa", "z", "ab", "A"};
	unsigned count = 0;

	host_memory_init(FRAMES);
	inode_init();
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		make(names[i], S_IFREG | 0644);
	const char *last = "";
	for (struct inode *at = inode_first(inode_root()); at; at = inode_next(at)) {
		EXPECT(strcmp(last, at->name) < 0);
		last = at->name;
		count++;
	}
	EXPECT_EQ(count, ARRAY_SIZE(names));
	EXPECT_EQ(inode_size(inode_root()), ARRAY_SIZE(names));
	EXPECT(inode_lookup(inode_root(), "aab", 2) != NULL);
	EXPECT(inode_lookup(inode_root(), "aab", 3) == NULL);
	uproot();
}

KTEST(path_without_memory)
{
	plant();
	struct inode *inode;
	host_allow_allocations(0);
	EXPECT_EQ(path_walk(inode_root(), "/bin/ls", 0, &inode), 0);
	int error = path_walk(inode_root(), "/sbin/ls", 0, &inode);
	host_allow_allocations(-1);
	EXPECT_EQ(error, -ENOMEM);
	uproot();
}
