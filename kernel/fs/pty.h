/* pty.h: pseudo terminals (pty(7)): /dev/ptmx makes one; its terminal is /dev/pts/N. */
#ifndef FS_PTY_H
#define FS_PTY_H

#include "lib/types.h"

struct file;
struct inode;
struct pty;

/* /dev/ptmx and /dev/pts. After devices_init. */
void pty_init(void);

/* TIOCGPTPEER: the terminal of the master `file`, without its name. -ENOTTY: it is no master; -EIO:
 * it is locked; -ENOMEM. */
NODISCARD int pty_open_peer(struct file *file, unsigned flags, struct file **out);

/* ---- between pty.c and devpts.c ---- */

/* Open the terminal's side. -EIO: locked, or the other side is closed. */
NODISCARD int pty_open_terminal(struct pty *pty, struct inode *inode, unsigned flags,
				struct file **out);
/* The first of the calls below. Mounts /dev/pts; logs what goes wrong. */
void devpts_init(void);
/* A number and a name for a new pty; *inode with a reference. -ENOSPC, -ENOMEM. */
NODISCARD int devpts_add(struct pty *pty, unsigned *index, struct inode **inode);
/* Its name is gone, and nobody opens it by `inode` from now on; puts the inode. */
void devpts_remove(struct inode *inode);

#endif
