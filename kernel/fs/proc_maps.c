/*
 * proc_maps.c: /proc/<pid>/maps and smaps, in Linux's format to the byte (proc(5)).
 *
 * The name of a file needs inode_tree_mutex, which is taken before space->lock. So each region is
 * copied under the space's lock, with a reference on its object, and printed after it was dropped.
 * Then the next one is looked up by its address: regions that come, go or move in between are seen
 * or not, as on Linux, but none is printed twice.
 */
#include <arch/user.h>
#include <asm/stat.h>

#include "fs/inode.h"
#include "fs/proc_memory.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/object.h"
#include "vm/print.h"
#include "vm/region.h"
#include "vm/usage.h"

#define NAME_COLUMN      73u
/* Of st_dev, as Linux's MAJOR and MINOR. */
#define MAJOR_OF(device) ((unsigned)((device) >> 8 & 0xfff))
#define MINOR_OF(device) ((unsigned)(((device)&0xff) | ((device) >> 12 & ~0xffull)))

typedef unsigned long long ull; /* what format()'s ll takes */

/* The first region that ends above va, with a reference on its object, and what it has. */
static bool copy_region(struct vm_space *space, vaddr_t va, struct vm_region *copy,
			struct vm_usage *usage)
{
	rw_lock_exclusive(&space->lock);
	const struct vm_region *region = region_at_or_after(space, va);
	if (region) {
		*copy = *region;
		if (copy->object)
			vm_object_get(copy->object);
		if (usage)
			vm_usage_locked(space, region->start, region->end, usage);
	}
	rw_unlock_exclusive(&space->lock);
	return region != NULL;
}

/* A newline in a name would look like a line of its own: Linux writes it in octal. */
static void print_name(struct text_sink *sink, const char *name)
{
	for (; *name; name++) {
		if (*name == '\n')
			text_put(sink, "\\012");
		else
			sink->put(sink, name, 1);
	}
}

/* The line of maps. path: PATH_BYTES_MAX of room. */
static void print_line(const struct vm_region *region, char *path, struct text_sink *sink)
{
	struct inode *inode = region->object ? inode_of_object(region->object) : NULL;
	struct stat stat = {.st_dev = 0};
	const char *name = region->name;
	char start[NAME_COLUMN + 1];

	if (inode) {
		inode_stat(inode, &stat);
		name = inode_path(inode, path, PATH_BYTES_MAX) < 0 ? NULL : path;
	} else if (region->flags & REGION_SHARED) {
		/* What Linux calls shared memory without a name. */
		name = name ? name : "/dev/zero (deleted)";
	}
	size_t length =
		format(start, sizeof(start), "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
		       (ull)region->start, (ull)region->end, region->prot & VM_READ ? 'r' : '-',
		       region->prot & VM_WRITE ? 'w' : '-', region->prot & VM_EXEC ? 'x' : '-',
		       region->flags & REGION_SHARED ? 's' : 'p', inode ? (ull)region->offset : 0,
		       MAJOR_OF(stat.st_dev), MINOR_OF(stat.st_dev), (ull)stat.st_ino);
	text_put(sink, start);
	if (name) {
		text_print(sink, "%*s", length < NAME_COLUMN ? (int)(NAME_COLUMN - length) : 0, "");
		print_name(sink, name);
	}
	text_put(sink, "\n");
}

static void print_kib(struct text_sink *sink, const char *name, uint64_t bytes)
{
	text_print(sink, "%-16s%8llu kB\n", name, (ull)(bytes / KIB));
}

static void print_flags(const struct vm_region *region, struct text_sink *sink)
{
	bool shared = region->flags & REGION_SHARED;

	text_put(sink, "VmFlags: ");
	text_put(sink, region->prot & VM_READ ? "rd " : "");
	text_put(sink, region->prot & VM_WRITE ? "wr " : "");
	text_put(sink, region->prot & VM_EXEC ? "ex " : "");
	text_put(sink, shared ? "sh " : "");
	text_put(sink, "mr mw me ");
	text_put(sink, shared ? "ms " : "");
	text_put(sink, region->flags & REGION_GROWS_DOWN ? "gd " : "");
	text_put(sink, region->flags & REGION_LOCKED ? "lo " : "");
	text_put(sink, !shared && (region->prot & VM_WRITE) ? "ac " : "");
	text_put(sink, "\n");
}

static void print_usage(const struct vm_region *region, const struct vm_usage *usage,
			struct text_sink *sink)
{
	print_kib(sink, "Size:", region->end - region->start);
	print_kib(sink, "KernelPageSize:", PAGE_SIZE);
	print_kib(sink, "MMUPageSize:", PAGE_SIZE);
	print_kib(sink, "Rss:", usage->resident);
	print_kib(sink, "Pss:", usage->proportional >> VM_USAGE_FRACTION_BITS);
	print_kib(sink, "Pss_Dirty:", usage->proportional_dirty >> VM_USAGE_FRACTION_BITS);
	print_kib(sink, "Shared_Clean:", usage->shared_clean);
	print_kib(sink, "Shared_Dirty:", usage->shared_dirty);
	print_kib(sink, "Private_Clean:", usage->private_clean);
	print_kib(sink, "Private_Dirty:", usage->private_dirty);
	print_kib(sink, "Referenced:", usage->referenced);
	print_kib(sink, "Anonymous:", usage->anonymous);
	print_kib(sink, "KSM:", 0);
	print_kib(sink, "LazyFree:", 0);
	print_kib(sink, "AnonHugePages:", usage->huge);
	print_kib(sink, "ShmemPmdMapped:", 0);
	print_kib(sink, "FilePmdMapped:", 0);
	print_kib(sink, "Shared_Hugetlb:", 0);
	print_kib(sink, "Private_Hugetlb:", 0);
	print_kib(sink, "Swap:", usage->swapped);
	print_kib(sink, "SwapPss:", usage->swapped);
	/* Of a locked region all that is there, however many share it. */
	print_kib(sink, "Locked:",
		  region->flags & REGION_LOCKED ? usage->proportional >> VM_USAGE_FRACTION_BITS
						: 0);
	text_print(sink, "%-16s%8u\n", "THPeligible:", 0u);
	print_flags(region, sink);
}

/* The line behind the region's: what its pages are by now. */
static void print_pages(struct vm_space *space, const struct vm_region *region,
			struct text_sink *sink)
{
	rw_lock_exclusive(&space->lock);
	vm_print_pages_locked(space, region->start, region->end, sink);
	rw_unlock_exclusive(&space->lock);
	text_put(sink, "\n");
}

enum detail { LINES, USAGE, PAGES };

static int print_all(struct vm_space *space, struct text_sink *sink, enum detail detail)
{
	struct vm_usage usage;
	struct vm_region region;
	char *path = kmalloc(PATH_BYTES_MAX);
	vaddr_t va = 0;

	if (!path)
		return -ENOMEM;
	while (va < USER_END && copy_region(space, va, &region, detail == USAGE ? &usage : NULL)) {
		print_line(&region, path, sink);
		if (detail == USAGE)
			print_usage(&region, &usage, sink);
		if (detail == PAGES)
			print_pages(space, &region, sink);
		va = region.end;
		if (region.object)
			vm_object_put(region.object);
	}
	kfree(path);
	return 0;
}

int proc_print_maps(struct vm_space *space, struct text_sink *sink)
{
	return print_all(space, sink, LINES);
}

int proc_print_smaps(struct vm_space *space, struct text_sink *sink)
{
	return print_all(space, sink, USAGE);
}

int proc_print_pages(struct vm_space *space, struct text_sink *sink)
{
	return print_all(space, sink, PAGES);
}
