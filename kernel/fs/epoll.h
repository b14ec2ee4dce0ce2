/* epoll.h: epoll(7): a file that is ready when one of the files it watches is. */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include "lib/types.h"

struct file;

/* A new, empty one. -ENOMEM. */
NODISCARD int epoll_create(struct file **out);
bool file_is_epoll(const struct file *file);

/* epoll_ctl(2). `fd` is the descriptor that `file` was named by; events: EPOLL*; data: given back
 * with each event. -EPERM: the file is always ready; -EEXIST, -ENOENT, -ELOOP, -EINVAL, -ENOMEM. */
NODISCARD int epoll_add(struct file *epoll, struct file *file, int fd, unsigned events,
			uint64_t data);
NODISCARD int epoll_modify(struct file *epoll, struct file *file, int fd, unsigned events,
			   uint64_t data);
NODISCARD int epoll_remove(struct file *epoll, struct file *file, int fd);

/* epoll_wait(2): up to `max` struct epoll_event to the program, sleeping until there is one or
 * until time_now() is `deadline` (0: not at all). How many; -EINTR, -EFAULT. */
NODISCARD int epoll_wait(struct file *epoll, vaddr_t to, unsigned max, uint64_t deadline);

/* For file.c: nobody has the file any more, so nobody watches it. */
void epoll_forget(struct file *file);

#endif
