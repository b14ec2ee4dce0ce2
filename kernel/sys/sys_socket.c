/* sys_socket.c: sockets: making them, their names, connections and options (unix(7)). */
#include <asm/fcntl.h>
#include <asm/socket.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/socket.h"
#include "fs/socket_abi.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/socket_args.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

#define FAMILY_BYTES  sizeof(uint16_t)
#define BUFFER_BYTES  212992 /* SO_SNDBUF and SO_RCVBUF */
#define SOCKET_FLAGS  (O_CLOEXEC | O_NONBLOCK)
#define FAMILIES_MAX  46u /* AF_MAX */
#define ADDRESS_BYTES 128 /* struct sockaddr_storage */

/* ---- making ---- */

static int check_type(int domain, int type, int protocol)
{
	if ((unsigned)type & ~(SOCK_TYPE_MASK | SOCKET_FLAGS))
		return -EINVAL;
	type &= (int)SOCK_TYPE_MASK;
	if (domain < 0 || (unsigned)domain >= FAMILIES_MAX || domain != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET && type != SOCK_RAW)
		return -ESOCKTNOSUPPORT;
	return 0;
}

/* SOCK_RAW is SOCK_DGRAM to this family. */
static int kind_of(int type)
{
	type &= (int)SOCK_TYPE_MASK;
	return type == SOCK_RAW ? SOCK_DGRAM : type;
}

int64_t sys_socket(const struct syscall *call)
{
	int type = arg_int(call, 1);
	struct file *file;

	int error = check_type(arg_int(call, 0), type, arg_int(call, 2));
	if (!error)
		error = socket_create(kind_of(type), (unsigned)type, &file);
	return error ? error : install_file(file, 0, (unsigned)type);
}

static int install_pair(struct file *files[2], unsigned flags, vaddr_t to)
{
	struct fd_table *table = current_process()->files;
	int fds[2];

	fds[0] = install_file(files[0], 0, flags);
	if (fds[0] < 0) {
		file_put(files[1]);
		return fds[0];
	}
	fds[1] = install_file(files[1], 0, flags);
	int error = fds[1] < 0 ? fds[1] : copy_to_user(to, fds, sizeof(fds));
	if (error) {
		(void)fd_table_close(table, (unsigned)fds[0]); /* it was opened just now */
		if (fds[1] >= 0)
			(void)fd_table_close(table, (unsigned)fds[1]);
	}
	return error;
}

static struct socket_user own_user(void)
{
	const struct process *process = current_process();

	return (struct socket_user){process->pid, process->credentials.user.effective,
				    process->credentials.group.effective};
}

int64_t sys_socketpair(const struct syscall *call)
{
	int type = arg_int(call, 1);
	const struct socket_user user = own_user();
	struct file *files[2];

	int error = check_type(arg_int(call, 0), type, arg_int(call, 2));
	if (!error)
		error = socket_create_pair(kind_of(type), (unsigned)type, &user, files);
	return error ? error : install_pair(files, (unsigned)type, call->a[3]);
}

int get_socket(uint64_t fd, struct file **out)
{
	struct file *file = get_file(fd);

	if (!file)
		return -EBADF;
	if ((file->flags & O_PATH) || !socket_of(file)) {
		int error = file->flags & O_PATH ? -EBADF : -ENOTSOCK;
		file_put(file);
		return error;
	}
	*out = file;
	return 0;
}

/* ---- names ---- */

int get_socket_name(vaddr_t user, int bytes, struct socket_name *name)
{
	struct {
		uint16_t family;
		char text[SOCKET_PATH_BYTES];
	} given = {0};

	*name = (struct socket_name){0};
	if (bytes < 0 || bytes > ADDRESS_BYTES)
		return -EINVAL;
	if (copy_from_user(&given, user, MIN((size_t)bytes, sizeof(given))))
		return -EFAULT;
	if ((size_t)bytes < FAMILY_BYTES || (size_t)bytes > sizeof(given) ||
	    given.family != AF_UNIX)
		return -EINVAL;
	name->length = (unsigned)((size_t)bytes - FAMILY_BYTES);
	memcpy(name->text, given.text, name->length);
	/* A path ends at its NUL, an abstract name is all of it. */
	if (name->length && name->text[0])
		name->length = (unsigned)strnlen(name->text, name->length);
	return 0;
}

int put_socket_name(const struct socket_name *name, vaddr_t user, vaddr_t user_bytes)
{
	struct {
		uint16_t family;
		char text[SOCKET_PATH_BYTES + 1];
	} given = {.family = AF_UNIX};
	int room;

	if (copy_from_user(&room, user_bytes, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	memcpy(given.text, name->text, name->length);
	/* A path's NUL counts. */
	int bytes = (int)(FAMILY_BYTES + name->length + (name->length && name->text[0] ? 1 : 0));
	if (copy_to_user(user, &given, (size_t)MIN(room, bytes)))
		return -EFAULT;
	return copy_to_user(user_bytes, &bytes, sizeof(bytes));
}

static int bind_path_at(struct inode *start, struct socket *socket, const struct socket_name *name)
{
	const struct inode_new as = {
		.mode = S_IFSOCK | (0777 & ~current_process()->place->umask),
	};
	char path[SOCKET_PATH_BYTES + 1] = "";
	struct inode *inode;

	memcpy(path, name->text, name->length);
	int error = path_create(start, path, &as);
	if (error)
		return error == -EEXIST ? -EADDRINUSE : error;
	error = path_walk(start, path, WALK_NOFOLLOW, &inode);
	if (error)
		return error;
	error = socket_bind(socket, name, inode);
	inode_put(inode);
	if (error)
		(void)path_unlink(start, path); /* somebody may have been faster */
	return error;
}

static int bind_path(struct socket *socket, const struct socket_name *name)
{
	struct inode *cwd = process_get_cwd();
	int error = bind_path_at(cwd, socket, name);

	inode_put(cwd);
	return error;
}

int64_t sys_bind(const struct syscall *call)
{
	struct socket_name name;
	struct file *file;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	error = get_socket_name(call->a[1], arg_int(call, 2), &name);
	/* Without a text Linux would make up a name. */
	if (!error && !name.length)
		error = -EINVAL;
	if (!error)
		error = name.text[0] ? bind_path(socket_of(file), &name)
				     : socket_bind(socket_of(file), &name, NULL);
	file_put(file);
	return error;
}

int find_socket(const struct socket_name *name, struct socket **out)
{
	char path[SOCKET_PATH_BYTES + 1] = "";
	struct inode *inode;

	if (!name->length)
		return -EINVAL;
	if (!name->text[0])
		return socket_find(NULL, name, out);
	memcpy(path, name->text, name->length);
	struct inode *cwd = process_get_cwd();
	int error = path_walk(cwd, path, 0, &inode);
	inode_put(cwd);
	if (error)
		return error;
	error = (inode->mode & S_IFMT) == S_IFSOCK ? socket_find(inode, name, out) : -ECONNREFUSED;
	inode_put(inode);
	return error;
}

int64_t sys_connect(const struct syscall *call)
{
	const struct socket_user user = own_user();
	struct socket_name name;
	struct socket *to;
	struct file *file;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	error = get_socket_name(call->a[1], arg_int(call, 2), &name);
	if (!error)
		error = find_socket(&name, &to);
	if (!error) {
		error = socket_connect(file, to, &user);
		socket_put(to);
	}
	file_put(file);
	return error;
}

int64_t sys_listen(const struct syscall *call)
{
	const struct socket_user user = own_user();
	struct file *file;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	error = socket_listen(socket_of(file), arg_int(call, 1), &user);
	file_put(file);
	return error;
}

static int64_t accept_from(const struct syscall *call, unsigned flags)
{
	struct socket_name name = {0};
	struct file *file, *accepted;

	if (flags & ~(unsigned)SOCKET_FLAGS)
		return -EINVAL;
	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	/* Before a connection is taken, which would be lost. */
	error = fd_table_is_full(current_process()->files, file_limit())
			? -EMFILE
			: socket_accept(file, flags, &accepted);
	file_put(file);
	if (error)
		return error;
	if (call->a[1]) {
		/* Who connected may be gone by now: then it has no name. */
		(void)socket_get_peer_name(socket_of(accepted), &name);
		error = put_socket_name(&name, call->a[1], call->a[2]);
	}
	if (error) {
		file_put(accepted);
		return error;
	}
	return install_file(accepted, 0, flags);
}

int64_t sys_accept(const struct syscall *call)
{
	return accept_from(call, 0);
}

int64_t sys_accept4(const struct syscall *call)
{
	return accept_from(call, arg_unsigned(call, 3));
}

static int64_t give_name(const struct syscall *call, bool of_peer)
{
	struct socket_name name;
	struct file *file;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	if (of_peer)
		error = socket_get_peer_name(socket_of(file), &name);
	else
		socket_get_name(socket_of(file), &name);
	file_put(file);
	return error ? error : put_socket_name(&name, call->a[1], call->a[2]);
}

int64_t sys_getsockname(const struct syscall *call)
{
	return give_name(call, false);
}

int64_t sys_getpeername(const struct syscall *call)
{
	return give_name(call, true);
}

int64_t sys_shutdown(const struct syscall *call)
{
	struct file *file;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	error = socket_shutdown(socket_of(file), arg_unsigned(call, 1));
	file_put(file);
	return error;
}

/* ---- options ---- */

struct option_value {
	int bytes;
	union {
		int number;
		struct socket_user user;
		struct __kernel_old_timeval time;
	};
};

/* SO_RCVTIMEO or SO_SNDTIMEO, the newer ones too, which are the same where time has 64 bits? Then
 * *which says which. */
static bool is_timeout(int option, enum socket_wait *which)
{
	bool receives = option == SO_RCVTIMEO_OLD || option == SO_RCVTIMEO_NEW;

	*which = receives ? SOCKET_RECEIVES : SOCKET_SENDS;
	return receives || option == SO_SNDTIMEO_OLD || option == SO_SNDTIMEO_NEW;
}

static int read_option(struct socket *socket, int option, struct option_value *out)
{
	int *value = &out->number;
	enum socket_wait which;

	if (is_timeout(option, &which)) {
		out->bytes = sizeof(out->time);
		out->time = timeval_of(socket_timeout(socket, which));
		return 0;
	}
	out->bytes = sizeof(*value);
	switch (option) {
	case SO_PEERCRED:
		out->bytes = sizeof(out->user);
		out->user = socket_peer_user(socket);
		return 0;
	case SO_TYPE:
		*value = socket_type(socket);
		return 0;
	case SO_DOMAIN:
		*value = AF_UNIX;
		return 0;
	case SO_PROTOCOL:
	case SO_REUSEADDR:
	case SO_KEEPALIVE:
	case SO_BROADCAST:
	case SO_PASSCRED:
		*value = 0;
		return 0;
	case SO_ERROR:
		*value = socket_take_error(socket);
		return 0;
	case SO_ACCEPTCONN:
		*value = socket_is_listening(socket);
		return 0;
	case SO_SNDBUF:
	case SO_RCVBUF:
		*value = BUFFER_BYTES;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int64_t sys_getsockopt(const struct syscall *call)
{
	struct option_value value;
	struct file *file;
	int bytes;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	if (copy_from_user(&bytes, call->a[4], sizeof(bytes)))
		error = -EFAULT;
	else if (arg_int(call, 1) != SOL_SOCKET)
		error = -EOPNOTSUPP;
	else if (bytes < 0)
		error = -EINVAL;
	else
		error = read_option(socket_of(file), arg_int(call, 2), &value);
	file_put(file);
	if (error)
		return error;
	bytes = MIN(bytes, value.bytes);
	if (copy_to_user(call->a[3], &value.number, (size_t)bytes))
		return -EFAULT;
	return copy_to_user(call->a[4], &bytes, sizeof(bytes));
}

/* What would change nothing here is accepted. */
static int write_option(int option)
{
	switch (option) {
	case SO_REUSEADDR:
	case SO_KEEPALIVE:
	case SO_BROADCAST:
	case SO_SNDBUF:
	case SO_RCVBUF:
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* A negative time is none at all: as Linux, not to wait. */
static int write_timeout(struct socket *socket, enum socket_wait which, const struct syscall *call)
{
	struct __kernel_old_timeval time;

	if (arg_int(call, 4) < (int)sizeof(time))
		return -EINVAL;
	if (copy_from_user(&time, call->a[3], sizeof(time)))
		return -EFAULT;
	if (time.tv_usec < 0 || time.tv_usec >= (__kernel_long_t)(NS_PER_SECOND / NS_PER_US))
		return -EDOM;
	uint64_t seconds = (uint64_t)time.tv_sec, timeout = 1;
	if (time.tv_sec >= 0 &&
	    (__builtin_mul_overflow(seconds, NS_PER_SECOND, &timeout) ||
	     __builtin_add_overflow(timeout, (uint64_t)time.tv_usec * NS_PER_US, &timeout)))
		timeout = 0;
	socket_set_timeout(socket, which, timeout);
	return 0;
}

static int set_option(struct socket *socket, const struct syscall *call)
{
	enum socket_wait which;
	int value;

	if (arg_int(call, 1) != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (arg_int(call, 4) < (int)sizeof(value))
		return -EINVAL;
	if (copy_from_user(&value, call->a[3], sizeof(value)))
		return -EFAULT;
	if (is_timeout(arg_int(call, 2), &which))
		return write_timeout(socket, which, call);
	return write_option(arg_int(call, 2));
}

int64_t sys_setsockopt(const struct syscall *call)
{
	struct file *file;

	int error = get_socket(call->a[0], &file);
	if (error)
		return error;
	error = set_option(socket_of(file), call);
	file_put(file);
	return error;
}
