/* devices.h: the files in /dev that every system has. */
#ifndef FS_DEVICES_H
#define FS_DEVICES_H

#include "fs/inode.h"
#include "lib/types.h"

struct file;

/* Make the devices' files. After inode_init. */
void devices_init(void);

/* A device: makes the open file. flags: O_*. */
typedef int (*inode_open_fn)(struct inode *inode, unsigned flags, struct file **out);

/* Make the file of a character device, and give its number to `open`. Once, at boot; logs what goes
 * wrong. */
void device_add(const char *path, uint32_t permissions, uint64_t number, inode_open_fn open);

/* Open the character device of that inode's number. -ENXIO: there is none. */
NODISCARD int device_open(struct inode *inode, unsigned flags, struct file **out);

/* /dev/zero: mapped, it is memory without a file. */
bool file_is_zero_device(const struct file *file);

/* What st_rdev and st_dev hold. */
static inline uint64_t device_number(unsigned major, unsigned minor)
{
	return (minor & 0xff) | (uint64_t)major << 8 | (uint64_t)(minor & ~0xffu) << 12;
}

#endif
