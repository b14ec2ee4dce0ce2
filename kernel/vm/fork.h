/* fork.h: the policy of vm_fork() (space.h). */
#ifndef VM_FORK_H
#define VM_FORK_H

enum fork_share {
	FORK_SHARE_ROOT, /* the root is copied: constant time */
	FORK_SHARE_LEAF, /* all tables but those of pages are */
	FORK_SHARE_NONE, /* all tables are; only pages are shared */
};

/* For all forks from now on. */
void vm_set_fork_share(enum fork_share share);

#endif
