/* socket_args.h: what the calls on sockets share. */
#ifndef SYS_SOCKET_ARGS_H
#define SYS_SOCKET_ARGS_H

#include "lib/types.h"

struct file;
struct socket;
struct socket_name;

/* An open file that is a socket, with a reference. -EBADF, -ENOTSOCK. */
NODISCARD int get_socket(uint64_t fd, struct file **out);

/* The program's struct sockaddr_un. -EFAULT, -EINVAL. */
NODISCARD int get_socket_name(vaddr_t user, int bytes, struct socket_name *name);
/* The other way; *user_bytes: the room there is, and then what the name takes. -EFAULT, -EINVAL. */
NODISCARD int put_socket_name(const struct socket_name *name, vaddr_t user, vaddr_t user_bytes);

/* Who has that name, with a reference. -ECONNREFUSED, -EINVAL, and as path_walk(). */
NODISCARD int find_socket(const struct socket_name *name, struct socket **out);

#endif
