/*
 * socket.c: see socket.h: sockets, what is sent and received. What is sent stands in the receiver's
 * list of messages; a stream's reader takes them apart as it likes.
 *
 * A socket's own file can't be sent in a message: two that carry each other would never be freed.
 *
 * Lock letters: see socket_core.h.
 */
#include "fs/socket.h"

#include <arch/time.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "fs/anonymous.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/socket_abi.h"
#include "fs/socket_core.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "vm/user_copy.h"

#define QUEUED_MAX    212992u /* bytes that wait for a reader: Linux's SO_SNDBUF */
#define PIECE_BYTES   16384u  /* of a stream, in one message */
/* What a message costs besides its bytes: without it those of nothing would fill the memory. */
#define MESSAGE_BYTES 512u
#define SOCKET_MINOR  12u /* of st_dev: major 0, and a number that no file system has */
#define IO_BYTES      4096

struct mutex sockets_mutex;

static const struct file_ops socket_ops;

/* ---- life ---- */

struct socket *socket_allocate(int type)
{
	struct socket *socket = kzalloc(sizeof(*socket));

	if (!socket)
		return NULL;
	socket->count = 1;
	socket->type = type;
	socket->number = anonymous_number();
	list_init(&socket->messages);
	list_init(&socket->backlog);
	list_init(&socket->senders);
	wait_queue_init(&socket->queue);
	return socket;
}

void socket_get(struct socket *socket)
{
	uint32_t before = __atomic_fetch_add(&socket->count, 1, __ATOMIC_RELAXED);

	assert(before != 0);
}

void socket_put(struct socket *socket)
{
	uint32_t before = __atomic_fetch_sub(&socket->count, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before != 1)
		return;
	assert(list_is_empty(&socket->messages) && list_is_empty(&socket->backlog));
	assert(!socket->peer && !socket->named.next && list_is_empty(&socket->senders));
	kfree(socket);
}

static void put_files(struct socket_files *files)
{
	if (!files)
		return;
	for (unsigned i = 0; i < files->count; i++)
		file_put(files->files[i]);
	kfree(files);
}

static void destroy_messages(struct list_node *messages)
{
	struct list_node *node;

	while ((node = list_pop_front(messages))) {
		struct message *message = container_of(node, struct message, link);
		put_files(message->files);
		kfree(message);
	}
}

/* The other side reads what is there, and then sees the end. */
static void hang_up_locked(struct socket *peer, bool lost_something)
{
	if (!socket_is_connected_kind(peer))
		return;
	peer->shut = SHUT_READ | SHUT_WRITE;
	if (lost_something)
		peer->error = ECONNRESET;
	wait_wake_all(&peer->queue);
}

void socket_close(struct socket *socket)
{
	struct list_node messages, backlog, *node;

	list_init(&messages);
	list_init(&backlog);
	mutex_lock(&sockets_mutex);
	struct socket *peer = socket_set_peer_locked(socket, NULL);
	bool lost_something = !list_is_empty(&socket->messages) || socket->unaccepted;
	struct inode *inode = socket_unname_locked(socket);
	socket->closed = true;
	socket->shut = SHUT_READ | SHUT_WRITE;
	socket->listening = false;
	while ((node = list_pop_front(&socket->messages)))
		list_push_back(&messages, node);
	while ((node = list_pop_front(&socket->backlog)))
		list_push_back(&backlog, node);
	if (peer && peer->peer == socket)
		hang_up_locked(peer, lost_something);
	socket_tell_senders_locked(socket);
	mutex_unlock(&sockets_mutex);
	destroy_messages(&messages);
	/* Those that nobody accepted have no backlog of their own. */
	while ((node = list_pop_front(&backlog))) {
		struct socket *waiting = container_of(node, struct socket, link);
		socket_close(waiting);
		socket_put(waiting);
	}
	if (inode)
		inode_put(inode);
	if (peer)
		socket_put(peer);
}

int socket_open(struct socket *socket, unsigned flags, struct file **out)
{
	int error = file_create(&socket_ops, O_RDWR | (flags & O_NONBLOCK), NULL, socket, out);

	if (error) {
		socket_close(socket);
		socket_put(socket);
	}
	return error;
}

int socket_create(int type, unsigned flags, struct file **out)
{
	struct socket *socket = socket_allocate(type);

	return socket ? socket_open(socket, flags, out) : -ENOMEM;
}

int socket_create_pair(int type, unsigned flags, const struct socket_user *user,
		       struct file *out[2])
{
	int error = socket_create(type, flags, &out[0]);

	if (error)
		return error;
	error = socket_create(type, flags, &out[1]);
	if (error) {
		file_put(out[0]);
		return error;
	}
	struct socket *one = out[0]->context, *other = out[1]->context;
	mutex_lock(&sockets_mutex);
	one->user = other->user = *user;
	socket_join_locked(one, other);
	mutex_unlock(&sockets_mutex);
	return 0;
}

struct socket *socket_of(const struct file *file)
{
	return file->ops == &socket_ops ? file->context : NULL;
}

/* ---- sending ---- */

/* May so much be sent to `to`? */
static bool has_room_locked(const struct socket *to, size_t charge)
{
	return !to->queued || to->queued + charge <= QUEUED_MAX;
}

bool socket_takes_from_locked(const struct socket *to, const struct socket *from)
{
	return socket_is_connected_kind(to) || !to->peer || to->peer == from;
}

/* What forbids `socket` to send to `to`, or 0. */
static int check_locked(struct socket *socket, struct socket *to)
{
	if (socket->shut & SHUT_WRITE)
		return -EPIPE;
	if (!to)
		return socket_is_connected_kind(socket) && socket->was_connected ? -EPIPE
										 : -ENOTCONN;
	if (to->closed)
		return socket_is_connected_kind(socket) ? -EPIPE : -ECONNREFUSED;
	if (!socket_takes_from_locked(to, socket))
		return -EPERM;
	return to->shut & SHUT_READ ? -EPIPE : 0;
}

/* One attempt: 0, -EAGAIN if there is no room, or another error. */
static int deliver(struct socket *socket, struct socket *to, struct message *message)
{
	mutex_lock(&sockets_mutex);
	int error = check_locked(socket, to);
	size_t charge = message->bytes + message->extra;
	if (!error && !has_room_locked(to, charge))
		error = -EAGAIN;
	if (!error) {
		message->from = socket->name;
		list_push_back(&to->messages, &message->link);
		to->queued += charge;
		wait_wake_all(&to->queue);
	}
	mutex_unlock(&sockets_mutex);
	return error;
}

/* The one it is connected with, with a reference; NULL. */
static struct socket *get_peer(struct socket *socket)
{
	mutex_lock(&sockets_mutex);
	struct socket *peer = socket->peer;
	if (peer)
		socket_get(peer);
	mutex_unlock(&sockets_mutex);
	return peer;
}

void socket_set_timeout(struct socket *socket, enum socket_wait which, uint64_t nanoseconds)
{
	__atomic_store_n(&socket->timeouts[which], nanoseconds, __ATOMIC_RELAXED);
}

uint64_t socket_timeout(const struct socket *socket, enum socket_wait which)
{
	return __atomic_load_n(&socket->timeouts[which], __ATOMIC_RELAXED);
}

uint64_t socket_deadline(const struct socket *socket, enum socket_wait which)
{
	uint64_t timeout = socket_timeout(socket, which), deadline;

	if (!timeout || __builtin_add_overflow(time_now(), timeout, &deadline))
		return WAIT_FOREVER;
	return deadline;
}

/* A datagram's receiver is gone for good: from now on it is connected with nobody. */
static void disconnect(struct socket *socket, struct socket *gone)
{
	mutex_lock(&sockets_mutex);
	bool was = socket->peer == gone && socket_set_peer_locked(socket, NULL);
	mutex_unlock(&sockets_mutex);
	if (was)
		socket_put(gone);
}

static int send_message(struct file *file, struct socket *to, struct message *message,
			unsigned flags)
{
	struct socket *socket = file->context;
	int error = deliver(socket, to, message);

	if (error == -EAGAIN && !(flags & MSG_DONTWAIT) && !(file->flags & O_NONBLOCK)) {
		int result = wait_until(&to->queue, socket_deadline(socket, SOCKET_SENDS),
					(error = deliver(socket, to, message)) != -EAGAIN);
		if (result && result != -ETIMEDOUT)
			error = result;
	}
	if (error == -ECONNREFUSED)
		disconnect(socket, to);
	return error;
}

static ssize_t send_piece(struct file *file, struct socket *to, struct io *io, size_t bytes,
			  struct socket_send *send)
{
	struct message *message = kmalloc(sizeof(*message) + bytes);

	if (!message)
		return -ENOMEM;
	message->start = 0;
	message->bytes = bytes;
	message->extra = MESSAGE_BYTES + (send->files ? sizeof(*send->files) : 0);
	message->files = send->files;
	int error = bytes ? io_get(io, message->text, bytes) : 0;
	if (!error)
		error = send_message(file, to, message, send->flags);
	if (error) {
		kfree(message);
		return error;
	}
	send->files = NULL;
	return (ssize_t)bytes;
}

/* All of a stream, piece by piece. */
static ssize_t send_stream(struct file *file, struct socket *to, struct io *io,
			   struct socket_send *send)
{
	ssize_t total = 0, done;

	while (io->left) {
		size_t step = io_step(io, PIECE_BYTES);
		done = send_piece(file, to, io, step, send);
		if (done < 0)
			return total ? total : done;
		total += done;
	}
	return total;
}

ssize_t socket_send(struct file *file, struct io *io, struct socket_send *send)
{
	struct socket *socket = file->context;
	struct socket *to = send->found;
	ssize_t done;

	if (send->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (to && socket_is_connected_kind(socket))
		return socket->was_connected ? -EISCONN : -EOPNOTSUPP;
	if (!to)
		to = get_peer(socket);
	else
		socket_get(to);
	if (to && socket->type != to->type) {
		done = -EPROTOTYPE;
	} else if (!to) {
		mutex_lock(&sockets_mutex);
		done = check_locked(socket, NULL);
		mutex_unlock(&sockets_mutex);
	} else if (socket->type == SOCK_STREAM) {
		done = send_stream(file, to, io, send);
	} else {
		done = io->left > QUEUED_MAX ? -EMSGSIZE : send_piece(file, to, io, io->left, send);
	}
	if (to)
		socket_put(to);
	return done;
}

int socket_shutdown(struct socket *socket, unsigned how)
{
	if (how > SHUT_RDWR)
		return -EINVAL;
	/* SHUT_RD, SHUT_WR, SHUT_RDWR are 0, 1, 2. */
	unsigned mine = how + 1;
	unsigned others = (mine & SHUT_READ ? SHUT_WRITE : 0) | (mine & SHUT_WRITE ? SHUT_READ : 0);
	mutex_lock(&sockets_mutex);
	socket->shut |= mine;
	wait_wake_all(&socket->queue);
	if (socket->peer && socket_is_connected_kind(socket)) {
		socket->peer->shut |= others;
		wait_wake_all(&socket->peer->queue);
	}
	mutex_unlock(&sockets_mutex);
	return 0;
}

/* ---- the file ---- */

static ssize_t socket_read(struct file *file, struct io *io, uint64_t *position)
{
	struct socket_receive *receive = kzalloc(sizeof(*receive));

	if (!receive)
		return -ENOMEM;
	ssize_t done = socket_receive(file, io, receive);
	/* Who reads gets no files. */
	for (unsigned i = 0; i < receive->files.count; i++)
		file_put(receive->files.files[i]);
	kfree(receive);
	return done;
}

static ssize_t socket_write(struct file *file, struct io *io, uint64_t *position)
{
	struct socket_send send = {0};

	return socket_send(file, io, &send);
}

static unsigned poll_locked(struct socket *socket)
{
	unsigned events = 0;

	if (socket->error)
		events |= POLLERR;
	if (socket->shut == (SHUT_READ | SHUT_WRITE))
		events |= POLLHUP;
	if (socket->shut & SHUT_READ)
		events |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_is_empty(&socket->messages) || socket->backlog_count)
		events |= POLLIN | POLLRDNORM;
	if (socket_is_connected_kind(socket) && !socket->was_connected && !socket->listening)
		events |= POLLHUP;
	if (!socket->listening &&
	    (!socket->peer || socket->peer->closed || socket->peer->queued * 4 <= QUEUED_MAX))
		events |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return events;
}

static unsigned socket_poll(struct file *file, struct wait_queue **queue)
{
	struct socket *socket = file->context;

	*queue = &socket->queue;
	mutex_lock(&sockets_mutex);
	unsigned events = poll_locked(socket);
	mutex_unlock(&sockets_mutex);
	return events;
}

/* FIONREAD (unix(7)): what waits to be received, or of datagrams the first. */
static int socket_ioctl(struct file *file, unsigned command, uint64_t argument)
{
	const struct socket *socket = file->context;
	bool is_datagram = socket->type == SOCK_DGRAM;
	size_t bytes = 0;

	if (command != FIONREAD)
		return -ENOTTY;
	mutex_lock(&sockets_mutex);
	bool listening = socket->listening;
	list_for_each (node, &socket->messages) {
		bytes += container_of(node, struct message, link)->bytes;
		if (is_datagram)
			break;
	}
	mutex_unlock(&sockets_mutex);
	int value = (int)bytes;
	return listening ? -EINVAL : copy_to_user(argument, &value, sizeof(value));
}

static void socket_stat(struct file *file, struct stat *out)
{
	const struct socket *socket = file->context;

	*out = (struct stat){
		.st_dev = device_number(0, SOCKET_MINOR),
		.st_ino = socket->number,
		.st_nlink = 1,
		.st_mode = S_IFSOCK | 0777,
		.st_blksize = IO_BYTES,
	};
}

static void socket_release(struct file *file)
{
	socket_close(file->context);
	socket_put(file->context);
}

static const struct file_ops socket_ops = {
	.read = socket_read,
	.write = socket_write,
	.ioctl = socket_ioctl,
	.stat = socket_stat,
	.poll = socket_poll,
	.release = socket_release,
	.is_stream = true,
	.name = "socket:",
};
