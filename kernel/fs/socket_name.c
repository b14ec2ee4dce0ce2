/* socket_name.c: see socket.h: names of sockets, and connections by them. */
#include <asm/fcntl.h>

#include "debug/assert.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/socket_abi.h"
#include "fs/socket_core.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Lock letters: see socket_core.h. */

#define BACKLOG_MAX 4096 /* Linux's somaxconn */

/* (s) struct socket, by `named` */
static struct list_node names = {&names, &names};

static bool is_abstract(const struct socket_name *name)
{
	return name->length && !name->text[0];
}

static struct socket *find_locked(const struct inode *inode, const struct socket_name *name)
{
	list_for_each (node, &names) {
		struct socket *socket = container_of(node, struct socket, named);
		if (inode ? socket->inode == inode
			  : is_abstract(&socket->name) && socket->name.length == name->length &&
				    !memcmp(socket->name.text, name->text, name->length))
			return socket;
	}
	return NULL;
}

int socket_find(struct inode *inode, const struct socket_name *name, struct socket **out)
{
	mutex_lock(&sockets_mutex);
	struct socket *socket = find_locked(inode, name);
	if (socket)
		socket_get(socket);
	mutex_unlock(&sockets_mutex);
	*out = socket;
	return socket ? 0 : -ECONNREFUSED;
}

int socket_bind(struct socket *socket, const struct socket_name *name, struct inode *inode)
{
	int error = 0;

	mutex_lock(&sockets_mutex);
	if (socket->name.length)
		error = -EINVAL;
	else if (!inode && find_locked(NULL, name))
		error = -EADDRINUSE;
	if (!error) {
		socket->name = *name;
		socket->inode = inode;
		if (inode)
			inode_get(inode);
		list_push_back(&names, &socket->named);
	}
	mutex_unlock(&sockets_mutex);
	return error;
}

struct inode *socket_unname_locked(struct socket *socket)
{
	struct inode *inode = socket->inode;

	if (socket->named.next)
		list_remove(&socket->named);
	socket->named = (struct list_node){NULL, NULL};
	socket->inode = NULL;
	return inode;
}

int socket_listen(struct socket *socket, int backlog, const struct socket_user *user)
{
	int error = 0;

	if (!socket_is_connected_kind(socket))
		return -EOPNOTSUPP;
	mutex_lock(&sockets_mutex);
	if (!socket->name.length || socket->was_connected) {
		error = -EINVAL;
	} else {
		socket->listening = true;
		socket->user = socket->other = *user; /* as Linux tells it */
		socket->backlog_max =
			backlog < 0 || backlog > BACKLOG_MAX ? BACKLOG_MAX : (unsigned)backlog;
		wait_wake_all(&socket->queue);
	}
	mutex_unlock(&sockets_mutex);
	return error;
}

/* ---- who sends to whom ---- */

struct socket *socket_set_peer_locked(struct socket *socket, struct socket *peer)
{
	struct socket *old = socket->peer;

	if (old)
		list_remove(&socket->sender);
	socket->peer = peer;
	if (peer)
		list_push_back(&peer->senders, &socket->sender);
	wait_wake_all(&socket->queue);
	return old;
}

/* Those that block wait in its own queue, those that poll in that of the socket they send by. */
void socket_tell_senders_locked(struct socket *socket)
{
	wait_wake_all(&socket->queue);
	list_for_each (node, &socket->senders)
		wait_wake_all(&container_of(node, struct socket, sender)->queue);
}

void socket_join_locked(struct socket *one, struct socket *other)
{
	socket_get(one);
	socket_get(other);
	struct socket *none = socket_set_peer_locked(one, other);
	assert(!none);
	none = socket_set_peer_locked(other, one);
	assert(!none);
	one->was_connected = other->was_connected = true;
	one->other = other->user;
	other->other = one->user;
}

/* A datagram socket only remembers to whom it sends. */
static int connect_datagrams(struct socket *socket, struct socket *to)
{
	struct socket *old = NULL;
	int error = 0;

	mutex_lock(&sockets_mutex);
	if (to->closed) {
		error = -ECONNREFUSED;
	} else if (!socket_takes_from_locked(to, socket)) {
		error = -EPERM;
	} else {
		socket_get(to);
		old = socket_set_peer_locked(socket, to);
	}
	mutex_unlock(&sockets_mutex);
	if (old)
		socket_put(old);
	return error;
}

/* One attempt; `accepted` is the other end that accept(2) will give. -EAGAIN: the backlog is full.
 */
static int try_connect(struct socket *socket, struct socket *to, const struct socket_user *user,
		       struct socket *accepted)
{
	int error = 0;

	mutex_lock(&sockets_mutex);
	if (socket->was_connected)
		error = -EISCONN;
	else if (socket->listening)
		error = -EINVAL;
	else if (to->closed || !to->listening || (to->shut & SHUT_READ))
		error = -ECONNREFUSED;
	else if (to->backlog_count > to->backlog_max)
		error = -EAGAIN;
	if (!error) {
		socket->user = *user;
		accepted->user = to->user;
		socket_join_locked(socket, accepted);
		accepted->name = to->name;
		accepted->unaccepted = true;
		socket_get(accepted);
		list_push_back(&to->backlog, &accepted->link);
		to->backlog_count++;
		wait_wake_all(&to->queue);
		wait_wake_all(&socket->queue);
	}
	mutex_unlock(&sockets_mutex);
	return error;
}

int socket_connect(struct file *file, struct socket *to, const struct socket_user *user)
{
	struct socket *socket = file->context;

	if (socket->type != to->type)
		return -EPROTOTYPE;
	if (!socket_is_connected_kind(socket))
		return connect_datagrams(socket, to);
	struct socket *accepted = socket_allocate(socket->type);
	if (!accepted)
		return -ENOMEM;
	int error = try_connect(socket, to, user, accepted);
	if (error == -EAGAIN && !(file->flags & O_NONBLOCK)) {
		int result =
			wait_until(&to->queue, socket_deadline(socket, SOCKET_SENDS),
				   (error = try_connect(socket, to, user, accepted)) != -EAGAIN);
		if (result && result != -ETIMEDOUT)
			error = result;
	}
	socket_put(accepted);
	return error;
}

/* -EAGAIN: nobody has connected. */
static int try_accept(struct socket *socket, struct socket **out)
{
	int error = 0;

	mutex_lock(&sockets_mutex);
	if (!socket->listening) {
		error = -EINVAL;
	} else if (list_is_empty(&socket->backlog)) {
		error = socket->shut & SHUT_READ ? -EINVAL : -EAGAIN;
	} else {
		struct list_node *node = list_pop_front(&socket->backlog);
		socket->backlog_count--;
		*out = container_of(node, struct socket, link);
		(*out)->unaccepted = false;
		wait_wake_all(&socket->queue);
	}
	mutex_unlock(&sockets_mutex);
	return error;
}

int socket_accept(struct file *file, unsigned flags, struct file **out)
{
	struct socket *socket = file->context, *accepted;

	if (!socket_is_connected_kind(socket))
		return -EOPNOTSUPP;
	int error = try_accept(socket, &accepted);
	if (error == -EAGAIN && !(file->flags & O_NONBLOCK)) {
		int result = wait_until(&socket->queue, socket_deadline(socket, SOCKET_RECEIVES),
					(error = try_accept(socket, &accepted)) != -EAGAIN);
		if (result && result != -ETIMEDOUT)
			error = result;
	}
	return error ? error : socket_open(accepted, flags, out);
}

void socket_get_name(struct socket *socket, struct socket_name *out)
{
	mutex_lock(&sockets_mutex);
	*out = socket->name;
	mutex_unlock(&sockets_mutex);
}

int socket_get_peer_name(struct socket *socket, struct socket_name *out)
{
	mutex_lock(&sockets_mutex);
	const struct socket *peer = socket->peer;
	if (peer)
		*out = peer->name;
	mutex_unlock(&sockets_mutex);
	return peer ? 0 : -ENOTCONN;
}

struct socket_user socket_peer_user(struct socket *socket)
{
	const struct socket_user nobody = {0, UINT32_MAX, UINT32_MAX};

	mutex_lock(&sockets_mutex);
	struct socket_user user = socket->other;
	mutex_unlock(&sockets_mutex);
	return user.pid ? user : nobody;
}

int socket_type(const struct socket *socket)
{
	return socket->type;
}

bool socket_is_listening(struct socket *socket)
{
	mutex_lock(&sockets_mutex);
	bool listening = socket->listening;
	mutex_unlock(&sockets_mutex);
	return listening;
}

int socket_take_error(struct socket *socket)
{
	mutex_lock(&sockets_mutex);
	int error = socket->error;
	socket->error = 0;
	mutex_unlock(&sockets_mutex);
	return error;
}
