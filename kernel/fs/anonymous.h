/* anonymous.h: what open files without an inode have in common: anon_inode in Linux. */
#ifndef FS_ANONYMOUS_H
#define FS_ANONYMOUS_H

#include "lib/types.h"

struct file;
struct stat;

/* file_ops.stat of files that are nothing but what they do. */
void anonymous_stat(struct file *file, struct stat *out);

/* A number for st_ino of a pipe or a socket. */
uint64_t anonymous_number(void);

#endif
