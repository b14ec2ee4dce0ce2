/* initrd.h: the initial RAM disk becomes the tree of files. */
#ifndef FS_INITRD_H
#define FS_INITRD_H

#include "lib/types.h"

/*
 * Fill the tree from the cpio archives at `start`; bytes 0: there are none. Of two entries with one
 * name the later counts. The files are copied, since their contents stand anywhere in a page
 * there, and the archive's frames are freed on the way. A damaged archive is
 * reported, and what came before the damage is used. Once, at boot, after mm_init.
 */
void initrd_init(paddr_t start, uint64_t bytes);

#endif
