/*
 * watch.h: who wants to know what happens to files: inotify(7). Whoever does something to an inode
 * tells; nobody watching any file, that costs one comparison.
 */
#ifndef FS_WATCH_H
#define FS_WATCH_H

#include <linux/inotify.h>
#include "lib/types.h"

struct inode;

/* How many watches there are, of all files; changed atomically. */
extern uint32_t watch_count;

static inline bool watch_any(void)
{
	return UNLIKELY(__atomic_load_n(&watch_count, __ATOMIC_RELAXED) != 0);
}

/* `events`, of IN_*, happened to the inode: its own watches hear of it, and those of the directory
 * that it is named in. Takes inode_tree_mutex. */
void watch_tell_all(struct inode *inode, uint32_t events);
static inline void watch_tell(struct inode *inode, uint32_t events)
{
	if (watch_any())
		watch_tell_all(inode, events);
}

/* Its own watches alone. */
void watch_tell_self(struct inode *inode, uint32_t events);
/* Something happened to the name in the directory; is_directory: of what is named. cookie: 0, or
 * what the two halves of a move have in common. */
void watch_tell_name(struct inode *directory, uint32_t events, const char *name, size_t length,
		     bool is_directory, uint32_t cookie);
uint32_t watch_new_cookie(void);
/* The last reference is gone: so are its watches. From any context that may free memory. */
void watch_inode_gone(struct inode *inode);

#endif
