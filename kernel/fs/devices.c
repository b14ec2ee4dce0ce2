/* devices.c: /dev/null, zero, full, random, urandom (mem(4), random(4)). */
#include "fs/devices.h"

#include <linux/major.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "fs/file.h"
#include "fs/kmsg.h"
#include "fs/random.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sync/wait_queue.h"

#define RANDOM_STEP 256u

/* Minor numbers of MEM_MAJOR (Linux's devices.txt). */
enum { NULL_MINOR = 3, ZERO_MINOR = 5, FULL_MINOR = 7, RANDOM_MINOR = 8, URANDOM_MINOR = 9 };

/* ---- the files ---- */

static ssize_t null_read(struct file *file, struct io *io, uint64_t *position)
{
	return 0;
}

static ssize_t null_write(struct file *file, struct io *io, uint64_t *position)
{
	return (ssize_t)io->left;
}

static ssize_t zero_read(struct file *file, struct io *io, uint64_t *position)
{
	ssize_t done = 0;
	size_t step;

	while ((step = io_step(io, SIZE_MAX))) {
		int error = io_clear(io, step);
		if (error)
			return done ? done : error;
		done += (ssize_t)step;
		if (wait_break())
			break;
	}
	return done;
}

static ssize_t full_write(struct file *file, struct io *io, uint64_t *position)
{
	return -ENOSPC;
}

static ssize_t random_read(struct file *file, struct io *io, uint64_t *position)
{
	uint8_t bytes[RANDOM_STEP];
	ssize_t done = 0;
	size_t step;

	while ((step = io_step(io, sizeof(bytes)))) {
		random_fill(bytes, step);
		int error = io_put(io, bytes, step);
		if (error)
			return done ? done : error;
		done += (ssize_t)step;
		if (wait_break())
			break;
	}
	return done;
}

/* What is written is stirred in. */
static ssize_t random_write(struct file *file, struct io *io, uint64_t *position)
{
	uint8_t bytes[RANDOM_STEP];
	ssize_t done = 0;
	size_t step;

	while ((step = io_step(io, sizeof(bytes)))) {
		int error = io_get(io, bytes, step);
		if (error)
			return done ? done : error;
		random_add(bytes, step);
		done += (ssize_t)step;
		if (wait_break())
			break;
	}
	return done;
}

static const struct file_ops null_ops = {
	.read = null_read,
	.write = null_write,
	.ignores_seek = true,
};
static const struct file_ops zero_ops = {
	.read = zero_read,
	.write = null_write,
	.ignores_seek = true,
};
static const struct file_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.ignores_seek = true,
};
static const struct file_ops random_ops = {
	.read = random_read,
	.write = random_write,
	.ignores_seek = true,
};

static int null_open(struct inode *inode, unsigned flags, struct file **out)
{
	return file_create(&null_ops, flags, inode, NULL, out);
}

static int zero_open(struct inode *inode, unsigned flags, struct file **out)
{
	return file_create(&zero_ops, flags, inode, NULL, out);
}

bool file_is_zero_device(const struct file *file)
{
	return file->ops == &zero_ops;
}

static int full_open(struct inode *inode, unsigned flags, struct file **out)
{
	return file_create(&full_ops, flags, inode, NULL, out);
}

static int random_open(struct inode *inode, unsigned flags, struct file **out)
{
	return file_create(&random_ops, flags, inode, NULL, out);
}

/* ---- all of them ---- */

#define DEVICES_MAX 32u

/* Written at boot. */
static struct device {
	uint64_t number;
	inode_open_fn open;
} devices[DEVICES_MAX];
static unsigned device_count; /* written at boot */

void device_add(const char *path, uint32_t permissions, uint64_t number, inode_open_fn open)
{
	const struct inode_new as = {.mode = S_IFCHR | permissions, .device = number};
	struct inode *inode;

	assert(device_count < ARRAY_SIZE(devices));
	devices[device_count++] = (struct device){number, open};
	int error = tmpfs_make(path, &as, &inode);
	if (error)
		log_warning("%s could not be made (error %d)", path, -error);
	else
		inode_put(inode);
}

int device_open(struct inode *inode, unsigned flags, struct file **out)
{
	for (unsigned i = 0; i < device_count; i++)
		if (devices[i].number == inode->device)
			return devices[i].open(inode, flags, out);
	return -ENXIO;
}

static void add_link(const char *path, const char *target)
{
	const struct inode_new as = {.mode = S_IFLNK | 0777, .target = target};
	struct inode *link;
	int error = tmpfs_make(path, &as, &link);

	if (error)
		log_warning("%s could not be made (error %d)", path, -error);
	else
		inode_put(link);
}

void devices_init(void)
{
	kmsg_init();
	add_link("/dev/fd", "/proc/self/fd");
	add_link("/dev/stdin", "/proc/self/fd/0");
	add_link("/dev/stdout", "/proc/self/fd/1");
	add_link("/dev/stderr", "/proc/self/fd/2");
	device_add("/dev/null", 0666, device_number(MEM_MAJOR, NULL_MINOR), null_open);
	device_add("/dev/zero", 0666, device_number(MEM_MAJOR, ZERO_MINOR), zero_open);
	device_add("/dev/full", 0666, device_number(MEM_MAJOR, FULL_MINOR), full_open);
	device_add("/dev/random", 0666, device_number(MEM_MAJOR, RANDOM_MINOR), random_open);
	device_add("/dev/urandom", 0666, device_number(MEM_MAJOR, URANDOM_MINOR), random_open);
}
