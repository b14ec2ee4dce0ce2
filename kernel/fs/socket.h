/*
 * socket.h: sockets of the family AF_UNIX (unix(7)), the only one there is: of type SOCK_STREAM,
 * SOCK_SEQPACKET and SOCK_DGRAM.
 *
 * Errors are those of the manual pages of the calls.
 */
#ifndef FS_SOCKET_H
#define FS_SOCKET_H

#include "fs/io.h"
#include "lib/types.h"

struct file;
struct inode;
struct socket;

#define SOCKET_PATH_BYTES 108u /* UNIX_PATH_MAX */
#define SOCKET_FILES_MAX  253u /* SCM_MAX_FD: files in one message */

/* A name: a path's text without its NUL, or, if the first byte is 0, an abstract one. */
struct socket_name {
	unsigned length; /* 0: there is none */
	char text[SOCKET_PATH_BYTES];
};

/* Who has a socket, as SO_PEERCRED tells the other side (unix(7)): struct ucred. */
struct socket_user {
	int pid;
	uint32_t uid, gid;
};

/* Open files under way, each with a reference. */
struct socket_files {
	unsigned count;
	struct file *files[SOCKET_FILES_MAX];
};

/* A new one, not connected; flags: O_NONBLOCK counts. */
NODISCARD int socket_create(int type, unsigned flags, struct file **out);
/* Two that are connected with each other, both of `user`. */
NODISCARD int socket_create_pair(int type, unsigned flags, const struct socket_user *user,
				 struct file *out[2]);
/* NULL: the file is none. */
struct socket *socket_of(const struct file *file);

struct socket_send {
	unsigned flags;               /* MSG_* */
	const struct socket_name *to; /* NULL: whom it is connected with */
	struct socket *found;         /* who bears that name, with a reference, or NULL */
	struct socket_files *files;   /* or NULL; taken over if anything was sent */
};
/* Bytes, or negative. */
NODISCARD ssize_t socket_send(struct file *file, struct io *io, struct socket_send *send);

struct socket_receive {
	unsigned flags;            /* MSG_*; afterwards what msg_flags says */
	struct socket_name from;   /* afterwards: the sender's */
	struct socket_files files; /* afterwards: the caller's */
};
NODISCARD ssize_t socket_receive(struct file *file, struct io *io, struct socket_receive *receive);

/* SO_RCVTIMEO and SO_SNDTIMEO: how long a call waits at most, in nanoseconds; 0: for ever. */
enum socket_wait { SOCKET_RECEIVES, SOCKET_SENDS };
void socket_set_timeout(struct socket *socket, enum socket_wait which, uint64_t nanoseconds);
uint64_t socket_timeout(const struct socket *socket, enum socket_wait which);

/* how: SHUT_RD, SHUT_WR or SHUT_RDWR. */
NODISCARD int socket_shutdown(struct socket *socket, unsigned how);

/* ---- names (socket_name.c) ---- */

/* `inode`: the file made for a path, or NULL for an abstract name. */
NODISCARD int socket_bind(struct socket *socket, const struct socket_name *name,
			  struct inode *inode);
/* Who has that name, with a reference: by the inode, or by an abstract name. -ECONNREFUSED. */
NODISCARD int socket_find(struct inode *inode, const struct socket_name *name, struct socket **out);
void socket_put(struct socket *socket);
NODISCARD int socket_listen(struct socket *socket, int backlog, const struct socket_user *user);
NODISCARD int socket_connect(struct file *file, struct socket *to, const struct socket_user *user);
NODISCARD int socket_accept(struct file *file, unsigned flags, struct file **out);

void socket_get_name(struct socket *socket, struct socket_name *out);
/* -ENOTCONN. */
NODISCARD int socket_get_peer_name(struct socket *socket, struct socket_name *out);

/* Who was at the other side when the two were connected; pid 0: there is none. */
struct socket_user socket_peer_user(struct socket *socket);
int socket_type(const struct socket *socket);
bool socket_is_listening(struct socket *socket);
/* The error that waits to be told, as a positive number, which then is told. */
int socket_take_error(struct socket *socket);

#endif
