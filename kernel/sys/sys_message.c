/* sys_message.c: sending and receiving on sockets: sendto(2), sendmsg(2), recvfrom(2), recvmsg(2).
 */
#include <asm/fcntl.h>
#include <asm/socket.h>

#include "fs/file.h"
#include "fs/socket.h"
#include "fs/socket_abi.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/socket_args.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define CONTROL_ALIGN 8u
#define CONTROL_MAX   131072u /* Linux's optmem_max: no more goes along with a message */
#define BYTES_MAX     0x7ffff000ull
#define PARTS_MAX     1024u /* UIO_MAXIOV */

static void put_files(struct socket_files *files)
{
	for (unsigned i = 0; files && i < files->count; i++)
		file_put(files->files[i]);
}

/* ---- sending ---- */

/* One descriptor to send. A socket is refused: see socket.c. */
static int add_file(struct socket_files *files, int fd)
{
	if (files->count == SOCKET_FILES_MAX)
		return -EINVAL;
	struct file *file = get_file((uint64_t)fd);
	if (!file)
		return -EBADF;
	if (socket_of(file)) {
		file_put(file);
		return -ETOOMANYREFS;
	}
	files->files[files->count++] = file;
	return 0;
}

static int add_rights(struct socket_files *files, vaddr_t at, uint64_t bytes)
{
	int error = 0, fd;

	for (; bytes >= sizeof(fd) && !error; at += sizeof(fd), bytes -= sizeof(fd)) {
		error = copy_from_user(&fd, at, sizeof(fd));
		if (!error)
			error = add_file(files, fd);
	}
	return error;
}

/* What goes along with a message: nothing but descriptors does. */
static int get_control(vaddr_t at, uint64_t left, struct socket_files *files)
{
	while (left >= sizeof(struct control_header)) {
		struct control_header header;
		if (copy_from_user(&header, at, sizeof(header)))
			return -EFAULT;
		if (header.bytes < sizeof(header) || header.bytes > left)
			return -EINVAL;
		if (header.level == SOL_SOCKET) {
			if (header.type != SCM_RIGHTS)
				return -EINVAL;
			int error = add_rights(files, at + sizeof(header),
					       header.bytes - sizeof(header));
			if (error)
				return error;
		}
		uint64_t step = MIN(ALIGN_UP(header.bytes, CONTROL_ALIGN), left);
		at += step;
		left -= step;
	}
	return 0;
}

static int64_t send(uint64_t fd, struct io *io, const struct socket_name *name,
		    struct socket_send *send)
{
	struct file *file;
	int64_t result = get_socket(fd, &file);

	if (result)
		return result;
	if (name)
		result = find_socket(name, &send->found);
	if (!result)
		result = socket_send(file, io, send);
	if (send->found)
		socket_put(send->found);
	file_put(file);
	if (result == -EPIPE && !(send->flags & MSG_NOSIGNAL))
		signal_send_self(SIGPIPE);
	return result;
}

int64_t sys_sendto(const struct syscall *call)
{
	struct io_part part = {.address = call->a[1], .bytes = MIN(call->a[2], BYTES_MAX)};
	struct io io = io_of(&part, part.bytes);
	struct socket_send how = {.flags = arg_unsigned(call, 3)};
	struct socket_name name;

	if (call->a[4]) {
		struct file *file;
		int error = get_socket(call->a[0], &file);
		if (error)
			return error; /* a bad descriptor comes before a bad name */
		file_put(file);
		error = get_socket_name(call->a[4], arg_int(call, 5), &name);
		if (error)
			return error;
	}
	return send(call->a[0], &io, call->a[4] ? &name : NULL, &how);
}

static int64_t send_with_control(const struct syscall *call, const struct message_header *header,
				 struct io *io)
{
	struct socket_send how = {.flags = arg_unsigned(call, 2)};
	struct socket_name name;
	int64_t result = 0;

	if (header->name && header->name_bytes)
		result = get_socket_name(header->name, header->name_bytes, &name);
	if (!result && header->control_bytes > CONTROL_MAX)
		result = -ENOBUFS;
	if (!result && header->control && header->control_bytes) {
		how.files = kzalloc(sizeof(*how.files));
		result = how.files ? get_control(header->control, header->control_bytes, how.files)
				   : -ENOMEM;
	}
	struct socket_files *files = how.files;
	/* An empty list is none. */
	if (files && !files->count)
		how.files = NULL;
	if (!result)
		result = send(call->a[0], io, header->name && header->name_bytes ? &name : NULL,
			      &how);
	if (files && (how.files || !files->count)) {
		put_files(files);
		kfree(files);
	}
	return result;
}

static int get_header(vaddr_t user, struct message_header *header, struct io_part **parts,
		      size_t *total)
{
	if (copy_from_user(header, user, sizeof(*header)))
		return -EFAULT;
	if (header->part_count > PARTS_MAX)
		return -EMSGSIZE;
	if (header->name_bytes < 0)
		return -EINVAL;
	return get_parts(header->parts, header->part_count, parts, total);
}

int64_t sys_sendmsg(const struct syscall *call)
{
	struct message_header header;
	struct io_part *parts;
	size_t total;

	int64_t result = get_header(call->a[1], &header, &parts, &total);
	if (result)
		return result;
	struct io io = io_of(parts, total);
	result = send_with_control(call, &header, &io);
	kfree(parts);
	return result;
}

/* ---- receiving ---- */

static int64_t receive(uint64_t fd, struct io *io, struct socket_receive *how)
{
	struct file *file;
	int64_t result = get_socket(fd, &file);

	if (result)
		return result;
	result = socket_receive(file, io, how);
	file_put(file);
	return result;
}

int64_t sys_recvfrom(const struct syscall *call)
{
	struct io_part part = {.address = call->a[1], .bytes = MIN(call->a[2], BYTES_MAX)};
	struct io io = io_of(&part, part.bytes);
	struct socket_receive *how = kzalloc(sizeof(*how));

	if (!how)
		return -ENOMEM;
	how->flags = arg_unsigned(call, 3);
	int64_t result = receive(call->a[0], &io, how);
	put_files(&how->files);
	if (result >= 0 && call->a[4]) {
		int error = 0, none = 0;
		if (how->from.length)
			error = put_socket_name(&how->from, call->a[4], call->a[5]);
		else if (call->a[5])
			error = copy_to_user(call->a[5], &none, sizeof(none));
		if (error)
			result = error;
	}
	kfree(how);
	return result;
}

/* As many descriptors as there is room for; the others are closed. Bytes of control used. */
static uint64_t give_files(struct socket_files *files, const struct message_header *header,
			   unsigned *flags, bool close_on_exec)
{
	uint64_t room = header->control_bytes;
	unsigned given = 0, fits = 0;

	if (!files->count)
		return 0;
	if (header->control && room > sizeof(struct control_header))
		fits = (unsigned)MIN((room - sizeof(struct control_header)) / sizeof(int),
				     (uint64_t)files->count);
	for (; given < fits; given++) {
		file_get(files->files[given]);
		int fd = install_file(files->files[given], 0, close_on_exec ? O_CLOEXEC : 0);
		if (fd < 0)
			break;
		vaddr_t to = header->control + sizeof(struct control_header) + given * sizeof(fd);
		if (copy_to_user(to, &fd, sizeof(fd))) {
			(void)fd_table_close(current_process()->files, (unsigned)fd);
			break;
		}
	}
	if (given < files->count)
		*flags |= MSG_CTRUNC;
	put_files(files);
	const struct control_header told = {
		.bytes = sizeof(told) + given * sizeof(int),
		.level = SOL_SOCKET,
		.type = SCM_RIGHTS,
	};
	if (!given || copy_to_user(header->control, &told, sizeof(told)))
		return 0;
	return MIN(ALIGN_UP(told.bytes, CONTROL_ALIGN), room);
}

static int64_t receive_message(const struct syscall *call, struct message_header *header,
			       struct io *io, struct socket_receive *how)
{
	unsigned given = arg_unsigned(call, 2);
	vaddr_t user = call->a[1];

	how->flags = given;
	int64_t result = receive(call->a[0], io, how);
	if (result < 0)
		return result;
	header->control_bytes =
		give_files(&how->files, header, &how->flags, given & MSG_CMSG_CLOEXEC);
	header->flags = how->flags | (given & MSG_CMSG_CLOEXEC);
	vaddr_t name_bytes = user + offsetof(struct message_header, name_bytes);
	const int none = 0;
	int error = 0;
	if (header->name && how->from.length)
		error = put_socket_name(&how->from, header->name, name_bytes);
	else if (header->name)
		error = copy_to_user(name_bytes, &none, sizeof(none));
	if (!error)
		error = copy_to_user(user + offsetof(struct message_header, control_bytes),
				     &header->control_bytes, sizeof(header->control_bytes));
	if (!error)
		error = copy_to_user(user + offsetof(struct message_header, flags), &header->flags,
				     sizeof(header->flags));
	return error ? error : result;
}

int64_t sys_recvmsg(const struct syscall *call)
{
	struct message_header header;
	struct io_part *parts;
	size_t total;

	int64_t result = get_header(call->a[1], &header, &parts, &total);
	if (result)
		return result;
	struct socket_receive *how = kzalloc(sizeof(*how));
	struct io io = io_of(parts, total);
	result = how ? receive_message(call, &header, &io, how) : -ENOMEM;
	kfree(how);
	kfree(parts);
	return result;
}
