/* initrd.c: see initrd.h. */
#include "fs/initrd.h"

#include <linux/kdev_t.h>
#include <linux/stat.h>

#include "debug/log.h"
#include "fs/cpio.h"
#include "fs/devices.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/slab.h"

#define PERMISSIONS 07777u

/* The link's target, which is not terminated in the archive. */
static int set_target(struct inode *inode, const struct cpio_entry *entry)
{
	if (!entry->bytes || entry->bytes >= PATH_BYTES_MAX)
		return -EINVAL;
	char *target = kzalloc(entry->bytes + 1);
	if (!target)
		return -ENOMEM;
	memcpy(target, entry->data, entry->bytes);
	inode->link.target = target;
	return 0;
}

static int add_entry(const struct cpio_entry *entry)
{
	uint32_t kind = entry->mode & S_IFMT;
	struct inode *inode;

	if (kind != S_IFREG && kind != S_IFDIR && kind != S_IFLNK)
		return -EOPNOTSUPP;
	int error = inode_make_path(entry->name, kind | (entry->mode & PERMISSIONS), &inode);
	if (error)
		return error;
	inode->uid = entry->uid;
	inode->gid = entry->gid;
	inode->modified = entry->mtime;
	if (kind == S_IFLNK)
		return set_target(inode, entry);
	if (kind == S_IFREG) {
		inode->file.data = entry->data;
		inode->file.bytes = entry->bytes;
	}
	return 0;
}

static unsigned read_archives(const void *data, uint64_t bytes)
{
	struct cpio_reader reader;
	struct cpio_entry entry;
	unsigned count = 0;
	int more;

	cpio_open(&reader, data, bytes);
	while ((more = cpio_next(&reader, &entry)) > 0) {
		int error = add_entry(&entry);
		if (error)
			log_warning("initial RAM disk: \"%s\" is left out (error %d)", entry.name,
				    -error);
		else
			count++;
	}
	if (more < 0)
		log_error("initial RAM disk: damaged at byte %zu: %s", reader.position,
			  reader.error);
	return count;
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
}
