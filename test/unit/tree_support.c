/* tree_support.c: see tree_support.h. */
#include "tree_support.h"

#include <arch/time.h>
#include <linux/stat.h>

#include "debug/ktest.h"
#include "fs/tmpfs.h"
#include "host.h"
#include "lib/string.h"
#include "mm/frame.h"

uint64_t time_boot_epoch(void)
{
	return 1000000000;
}

void tree_plant(unsigned frames)
{
	host_memory_init(frames);
	tmpfs_set_limit(UINT64_MAX);
	inode_init();
}

struct first {
	char name[NAME_BYTES_MAX + 1];
	uint32_t mode;
};

static bool take_first(void *context, const char *name, uint64_t number, uint32_t mode,
		       uint64_t next)
{
	struct first *first = context;

	string_copy(first->name, name, sizeof(first->name));
	first->mode = mode;
	return false;
}

/* Empty a directory. Recursion is as deep as the test's tree. */
static void clear(struct inode *directory)
{
	struct inode *child;

	for (;;) {
		struct first first = {.name = ""};
		mutex_lock(&inode_tree_mutex);
		int error = directory->ops->read_entries(directory, 2, take_first, &first);
		mutex_unlock(&inode_tree_mutex);
		if (!EXPECT_EQ(error, 0) || !first.name[0])
			return;
		if ((first.mode & S_IFMT) == S_IFDIR) {
			EXPECT_EQ(path_walk(directory, first.name, 0, &child), 0);
			clear(child);
			inode_put(child);
			EXPECT_EQ(path_rmdir(directory, first.name), 0);
		} else {
			EXPECT_EQ(path_unlink(directory, first.name), 0);
		}
	}
}

void tree_uproot(void)
{
	struct frame_counts counts;
	struct tmpfs_usage usage;

	clear(inode_root());
	EXPECT_EQ(inode_root()->links, 2);
	inode_put(inode_root());
	frame_counts(&counts);
	tmpfs_usage(&usage);
	EXPECT_EQ(counts.by_state[FRAME_CACHE], 0);
	EXPECT_EQ(counts.by_state[FRAME_SLAB], 0);
	EXPECT_EQ(usage.frames, 0);
	EXPECT_EQ(usage.files, 0);
}
