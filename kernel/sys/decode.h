/* decode.h: what several system calls need to understand their arguments. */
#ifndef SYS_DECODE_H
#define SYS_DECODE_H

#include "lib/types.h"

struct file;
struct inode;
struct io_part;

/* The calling process's file, with a reference; NULL: -EBADF. */
struct file *get_file(uint64_t fd);

/* A path argument, copied; freed with kfree. -EFAULT, -ENAMETOOLONG, -ENOMEM. */
NODISCARD int get_path(vaddr_t user, char **path);

/* Where a walk along `path` begins, given an *at call's directory descriptor, with a reference.
 * -EBADF, -ENOTDIR. */
NODISCARD int get_start(int directory, const char *path, struct inode **start);

/* Copy the path and follow it; *out has a reference. flags: WALK_*, and GET_EMPTY: the empty path
 * is the descriptor's own file (AT_EMPTY_PATH). */
#define GET_EMPTY 0x100u
NODISCARD int get_inode(int directory, vaddr_t path, unsigned flags, struct inode **out);

/* A path and where it begins, for what changes names. -EFAULT, -ENAMETOOLONG, -ENOMEM, -EBADF,
 * -ENOTDIR, -ENOENT for the empty path. */
struct named {
	struct inode *start; /* with a reference */
	char *path;
};
NODISCARD int get_named(int directory, vaddr_t user, struct named *out);
void put_named(struct named *named);

/* A structure that grows from version to version, whose size the program tells, as clone3(2) and
 * openat2(2) have them: at least `least` bytes; what is not given is zero. -EINVAL: it is too
 * small; -E2BIG: it has something that is not known here; -EFAULT. */
NODISCARD int get_extensible(vaddr_t user, uint64_t bytes, size_t least, void *to, size_t known);

/* Give `file` the lowest number; takes over the reference, also when it fails. flags: O_CLOEXEC. */
NODISCARD int install_file(struct file *file, unsigned minimum, unsigned flags);

/* A siginfo_t for the program (sys_kill.c). -EFAULT. */
struct signal_info;
NODISCARD int put_siginfo(vaddr_t user, const struct signal_info *info);
/* The program's array of `count` struct iovec, freed with kfree, and the sum of their bytes, which
 * are cut off at what one call may move. -EINVAL, -EFAULT, -ENOMEM. */
NODISCARD int get_parts(vaddr_t user, uint64_t count, struct io_part **out, size_t *total);

/* RLIMIT_FSIZE of the calling process, bytes; UINT64_MAX: none. */
uint64_t file_bytes_max(void);
/* A write ended so: SIGPIPE for -EPIPE, and SIGXFSZ for -EFBIG if it is RLIMIT_FSIZE's. */
void signal_write_error(int64_t error);

/* RLIMIT_NOFILE of the calling process. */
unsigned file_limit(void);

#endif
