/* proc_memory.h: the files of /proc about memory: of the machine, and of one address space. */
#ifndef FS_PROC_MEMORY_H
#define FS_PROC_MEMORY_H

#include "lib/text.h"

struct vm_space;

/* Add /proc/meminfo, frames, framemap, faults and trace. */
void proc_memory_init(void);

/* Linux's /proc/<pid>/maps and smaps of a space (proc(5)), for which the caller has a reference.
 * Region by region: they may change in between. Takes space->lock and inode_tree_mutex in turn. */
NODISCARD int proc_print_maps(struct vm_space *space, struct text_sink *sink);  /* 0, -ENOMEM */
NODISCARD int proc_print_smaps(struct vm_space *space, struct text_sink *sink); /* 0, -ENOMEM */
/* The lines of maps, each followed by one of vm_print_pages_locked(). The same. */
NODISCARD int proc_print_pages(struct vm_space *space, struct text_sink *sink); /* 0, -ENOMEM */

#endif
