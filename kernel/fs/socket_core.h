/*
 * socket_core.h: between socket.c, socket_receive.c and socket_name.c.
 *
 * Lock letters: (s) sockets_mutex; (c) changed atomically; (i) set at creation.
 */
#ifndef FS_SOCKET_CORE_H
#define FS_SOCKET_CORE_H

#include "fs/socket.h"
#include "lib/list.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"

#define SHUT_READ  1u
#define SHUT_WRITE 2u

struct socket {
	uint32_t count;            /* (c) its file, whoever is connected with it, who looks at it */
	int type;                  /* (i) SOCK_* */
	uint64_t number;           /* (i) st_ino */
	bool closed;               /* (s) its file is gone */
	bool was_connected;        /* (s) */
	unsigned shut;             /* (s) SHUT_*: also by the other side */
	int error;                 /* (s) to be told, positive; 0: none */
	struct socket *peer;       /* (s) with a reference: whom it sends to */
	struct list_node senders;  /* (s) all whose peer it is */
	struct list_node sender;   /* (s) in the peer's list; next is NULL while it has no peer */
	struct socket_user user;   /* (s) who connected or listened with it; pid 0: nobody yet */
	struct socket_user other;  /* (s) the same of the other side */
	struct list_node messages; /* (s) that it has not received yet */
	size_t queued;             /* (s) what they are charged for, together */
	bool listening;            /* (s) */
	unsigned backlog_max;      /* (s) */
	unsigned backlog_count;    /* (s) */
	struct list_node backlog;  /* (s) sockets that nobody accepted yet, each with a reference */
	struct list_node link;     /* (s) in a backlog */
	bool unaccepted;           /* (s) it is in one */
	struct list_node named;    /* (s) among all that have names; next is NULL while it is not */
	struct socket_name name;   /* (s) */
	struct inode *inode;       /* (s) of its name, with a reference, or NULL */
	uint64_t timeouts[2];      /* (c) nanoseconds, by enum socket_wait; 0: none */
	struct wait_queue queue;   /* anything of the above changed */
};

struct message {
	struct list_node link;      /* (s) */
	size_t start, bytes;        /* (s) what is left of it */
	size_t extra;               /* (i) what it is charged for besides its bytes */
	struct socket_files *files; /* (s) or NULL */
	struct socket_name from;    /* (i) */
	char text[];                /* (i) */
};

/* Outside of a space's lock, so that what is under it may fault. */
extern struct mutex sockets_mutex;

struct socket *socket_allocate(int type);
void socket_get(struct socket *socket);
/* A file for it; takes over the reference, also when it fails. */
NODISCARD int socket_open(struct socket *socket, unsigned flags, struct file **out);
/* Both ways, which nobody else knows yet. */
void socket_join_locked(struct socket *one, struct socket *other);
/* Whom it sends to from now on; NULL: nobody. Takes over a reference, and returns whom it sent to
 * before, to be put. Who waits for room learns of it. */
NODISCARD struct socket *socket_set_peer_locked(struct socket *socket, struct socket *peer);
/* There is room in it, or it takes nothing any more: for all that send to it. */
void socket_tell_senders_locked(struct socket *socket);
/* Datagrams of `from`: one that is connected takes those of whom it is connected with. */
bool socket_takes_from_locked(const struct socket *to, const struct socket *from);
/* It has no file any more, or never will: tell the other side. */
void socket_close(struct socket *socket);
/* It has a name no longer. Returns an inode to be put, or NULL. */
struct inode *socket_unname_locked(struct socket *socket);

/* Until when a call that begins to wait now does so. It ends with -EAGAIN then. */
uint64_t socket_deadline(const struct socket *socket, enum socket_wait which);

static inline bool socket_is_connected_kind(const struct socket *socket)
{
	return socket->type != 2; /* SOCK_DGRAM */
}

#endif
