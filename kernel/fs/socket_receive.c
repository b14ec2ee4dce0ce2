/*
 * socket_receive.c: see socket.h: what is received, from the messages that wait.
 *
 * Lock letters: see socket_core.h.
 */
#include <asm/fcntl.h>

#include "debug/assert.h"
#include "fs/file.h"
#include "fs/socket_abi.h"
#include "fs/socket_core.h"
#include "lib/errno.h"
#include "mm/slab.h"

static struct message *first_locked(struct socket *socket)
{
	return list_is_empty(&socket->messages)
		       ? NULL
		       : container_of(socket->messages.next, struct message, link);
}

/* Its open files: the receiver's from now on, or, if it only looks, its too. */
static void take_files(struct message *message, struct socket_receive *receive, bool peek)
{
	if (!message->files || receive->files.count)
		return;
	receive->files = *message->files;
	if (peek) {
		for (unsigned i = 0; i < receive->files.count; i++)
			file_get(receive->files.files[i]);
	} else {
		kfree(message->files);
		message->files = NULL;
	}
}

static void finish_locked(struct socket *socket, struct message *message)
{
	list_remove(&message->link);
	socket->queued -= message->bytes + message->extra;
	assert(!message->files);
	kfree(message);
	socket_tell_senders_locked(socket);
}

/* A datagram: what does not fit is lost. */
static ssize_t take_datagram_locked(struct socket *socket, struct io *io,
				    struct socket_receive *receive)
{
	struct message *message = first_locked(socket);
	bool peek = receive->flags & MSG_PEEK, all = receive->flags & MSG_TRUNC;
	size_t bytes = message->bytes, part = MIN(bytes, io->left);
	int error = part ? io_put(io, message->text, part) : 0;

	if (error)
		return error;
	receive->from = message->from;
	receive->flags = part < bytes ? MSG_TRUNC : 0;
	take_files(message, receive, peek);
	if (!peek)
		finish_locked(socket, message);
	return (ssize_t)(all ? bytes : part);
}

/* As much of the stream as there is; files end a piece. */
static ssize_t take_stream_locked(struct socket *socket, struct io *io,
				  struct socket_receive *receive)
{
	bool peek = receive->flags & MSG_PEEK, had_files = false;
	struct list_node *node = socket->messages.next;
	ssize_t total = 0;

	while (node != &socket->messages && io->left) {
		struct message *message = container_of(node, struct message, link);
		size_t part = MIN(message->bytes, io->left);
		if (had_files || (message->files && total))
			break;
		int error = io_put(io, message->text + message->start, part);
		if (error)
			return total ? total : error;
		total += (ssize_t)part;
		node = node->next;
		had_files = message->files;
		receive->from = message->from;
		take_files(message, receive, peek);
		if (peek)
			continue;
		if (part == message->bytes) {
			finish_locked(socket, message);
		} else {
			message->start += part;
			message->bytes -= part;
			socket->queued -= part;
			socket_tell_senders_locked(socket);
		}
	}
	receive->flags = 0;
	return total;
}

/* One attempt: bytes, 0 at the end, -EAGAIN if there is nothing yet, or another error. */
static ssize_t take(struct socket *socket, struct io *io, struct socket_receive *receive)
{
	ssize_t done = -EAGAIN;

	mutex_lock(&sockets_mutex);
	if (first_locked(socket) && socket->type == SOCK_STREAM) {
		done = take_stream_locked(socket, io, receive);
	} else if (first_locked(socket)) {
		done = take_datagram_locked(socket, io, receive);
	} else if (socket->error) {
		done = -socket->error;
		socket->error = 0;
	} else if (socket->shut & SHUT_READ) {
		done = 0;
	} else if (socket_is_connected_kind(socket) && !socket->was_connected) {
		done = socket->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
	}
	mutex_unlock(&sockets_mutex);
	return done;
}

ssize_t socket_receive(struct file *file, struct io *io, struct socket_receive *receive)
{
	struct socket *socket = file->context;
	const unsigned flags = receive->flags;
	bool stream = socket->type == SOCK_STREAM, wait = !(flags & MSG_DONTWAIT);
	ssize_t total = 0, done;

	receive->from.length = 0;
	receive->files.count = 0;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (file->flags & O_NONBLOCK)
		wait = false;
	if (stream && !io->left)
		return 0;
	for (;;) {
		receive->flags = flags;
		done = take(socket, io, receive);
		if (done == -EAGAIN && wait) {
			int error =
				wait_until(&socket->queue, socket_deadline(socket, SOCKET_RECEIVES),
					   (done = take(socket, io, receive)) != -EAGAIN);
			if (error && error != -ETIMEDOUT)
				done = error;
		}
		if (done <= 0)
			break;
		total += done;
		if (!stream || !(flags & MSG_WAITALL) || (flags & MSG_PEEK) || !io->left ||
		    receive->files.count)
			break;
	}
	if (done < 0)
		receive->flags = 0;
	return total ? total : done;
}
