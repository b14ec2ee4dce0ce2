/* initrd.c: see initrd.h. */
#include "fs/initrd.h"

#include <linux/stat.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "fs/cpio.h"
#include "fs/devices.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame_init.h"
#include "mm/layout.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "vm/object.h"

#define COPY_BYTES MIB
#define NAME_SHOWN 100u

/* The frames of the archive behind which nothing is read any more. Boot CPU only. */
struct archive {
	const void *start;
	paddr_t given_back; /* up to here; page-aligned */
};

/* A link's target is not terminated in the archive. */
static int copy_target(const struct cpio_entry *entry, char **target)
{
	if (!entry->bytes || entry->bytes >= PATH_BYTES_MAX)
		return -EINVAL;
	*target = inode_copy_name(entry->data, entry->bytes);
	return *target ? 0 : -ENOMEM;
}

/* Free what has been copied, so that hardly anything is in memory twice. Whole frames only: the
 * ends of the archive may share theirs with something else. */
static void give_back(struct archive *archive, size_t position)
{
	paddr_t end = ALIGN_DOWN(virt_to_phys(archive->start) + position, PAGE_SIZE);

	if (end <= archive->given_back)
		return;
	frame_add_free(archive->given_back >> PAGE_SHIFT, end >> PAGE_SHIFT);
	archive->given_back = end;
}

/* A file may be most of what is in memory: it goes over piece by piece. */
static int copy_contents(struct archive *archive, const struct cpio_entry *entry,
			 struct inode *inode)
{
	const char *data = entry->data;
	size_t position = (size_t)(data - (const char *)archive->start);
	int error = 0;

	for (uint64_t done = 0; done < entry->bytes && !error; done += COPY_BYTES) {
		give_back(archive, position + done);
		error = vm_object_write(inode->object, done, data + done,
					MIN(entry->bytes - done, COPY_BYTES));
	}
	return error;
}

/* What stands before the entry's data may be gone after it. */
static int add_entry(struct archive *archive, const struct cpio_entry *entry)
{
	uint32_t kind = entry->mode & S_IFMT;
	char *target = NULL;
	struct inode *inode;

	if (kind != S_IFREG && kind != S_IFDIR && kind != S_IFLNK)
		return -EOPNOTSUPP;
	int error = kind == S_IFLNK ? copy_target(entry, &target) : 0;
	if (error)
		return error;
	const struct inode_new as = {
		.mode = kind | (entry->mode & INODE_MODE_BITS),
		.uid = entry->uid,
		.gid = entry->gid,
		.target = target,
	};
	error = tmpfs_make(entry->name, &as, &inode);
	kfree(target);
	if (error)
		return error;
	if (kind == S_IFREG)
		error = copy_contents(archive, entry, inode);
	const struct inode_time time = {.seconds = entry->mtime};
	inode_set_times(inode, &time, &time);
	inode_put(inode);
	return error;
}

static unsigned read_archives(const void *data, uint64_t bytes)
{
	struct archive archive = {data, ALIGN_UP(virt_to_phys(data), PAGE_SIZE)};
	struct cpio_reader reader;
	struct cpio_entry entry;
	unsigned count = 0;
	int more;

	cpio_open(&reader, data, bytes);
	while ((more = cpio_next(&reader, &entry)) > 0) {
		char name[NAME_SHOWN];
		string_copy(name, entry.name, sizeof(name));
		int error = add_entry(&archive, &entry);
		/* Programs would find half of their files. */
		if (error == -ENOMEM)
			panic("not enough memory for the initial RAM disk, at \"%s\"", name);
		if (error)
			log_warning("initial RAM disk: \"%s\" is left out (error %d)", name,
				    -error);
		else
			count++;
		give_back(&archive, reader.position);
	}
	if (more < 0)
		log_error("initial RAM disk: damaged at byte %zu: %s", reader.position,
			  reader.error);
	give_back(&archive, bytes);
	return count;
}

/* Files may have half of the memory, as on Linux, and what is there already. */
static void set_limit(void)
{
	struct tmpfs_usage usage;

	tmpfs_usage(&usage);
	tmpfs_set_limit(usage.frames + (mm_total_bytes() >> PAGE_SHIFT) / 2);
}

void initrd_init(paddr_t start, uint64_t bytes)
{
	inode_init();
	if (!bytes) {
		log_warning("there is no initial RAM disk");
	} else {
		unsigned count = read_archives(phys_to_virt(start), bytes);
		log_info("initial RAM disk: %u entries in %llu KiB", count,
			 (unsigned long long)(bytes / KIB));
	}
	devices_init();
	set_limit();
}
