/* anonymous.c: see anonymous.h. */
#include "fs/anonymous.h"

#include <asm/stat.h>

#include "fs/devices.h"

#define ANONYMOUS_MINOR  14u /* of st_dev: major 0, and a number that no file system has */
#define ANONYMOUS_NUMBER 1u  /* all of them are one inode */
#define IO_BYTES         4096

/* Changed atomically: the last one given out. */
static uint64_t last_number;

void anonymous_stat(struct file *file, struct stat *out)
{
	*out = (struct stat){
		.st_dev = device_number(0, ANONYMOUS_MINOR),
		.st_ino = ANONYMOUS_NUMBER,
		.st_nlink = 1,
		.st_mode = 0600,
		.st_blksize = IO_BYTES,
	};
}

uint64_t anonymous_number(void)
{
	return __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
}
