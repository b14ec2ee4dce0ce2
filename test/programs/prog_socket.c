/* prog_socket.c: sockets of the family AF_UNIX: pairs, names, datagrams, descriptors, shutting. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const path = "/tmp/socket_test";
static char block[200000];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static void polled(const char *what, int fd)
{
	struct pollfd wanted = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
	int status = poll(&wanted, 1, 0);

	printf("%s: %d, %#x\n", what, status, (unsigned)wanted.revents);
}

static void got(const char *what, int fd, size_t bytes, int flags)
{
	char text[64] = "";
	ssize_t done = recv(fd, text, bytes, flags);

	if (done < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %zd \"%s\"\n", what, done, text);
}

static void pair(int type)
{
	int ends[2], value;
	socklen_t length = sizeof(value);
	struct stat status;

	printf("type %d\n", type);
	result("socketpair", socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
	printf("cloexec %d, nonblock %d\n", fcntl(ends[0], F_GETFD),
	       !!(fcntl(ends[0], F_GETFL) & O_NONBLOCK));
	fstat(ends[0], &status);
	printf("mode %o\n", status.st_mode);
	result("getsockopt", getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &length));
	printf("type %d of %u\n", value, (unsigned)length);
	polled("empty", ends[0]);
	got("nothing", ends[0], 10, MSG_DONTWAIT);
	result("write", write(ends[1], "hello", 5));
	result("send", send(ends[1], "world", 5, 0));
	polled("two", ends[0]);
	got("peek", ends[0], 3, MSG_PEEK);
	got("some", ends[0], 3, 0);
	got("rest", ends[0], 20, 0);
	got("more", ends[0], 20, MSG_DONTWAIT);
	result("other way", write(ends[0], "back", 4));
	got("truncated", ends[1], 2, MSG_TRUNC);
	got("what is left", ends[1], 5, MSG_DONTWAIT);
	result("nothing at all", send(ends[0], "", 0, 0));
	got("that", ends[1], 5, MSG_DONTWAIT);

	result("shutdown", shutdown(ends[0], SHUT_WR));
	polled("own", ends[0]);
	polled("other", ends[1]);
	result("write", send(ends[0], "x", 1, MSG_NOSIGNAL));
	got("end", ends[1], 5, MSG_DONTWAIT);
	result("still", write(ends[1], "open", 4));
	got("still", ends[0], 5, 0);
	result("shutdown", shutdown(ends[0], 7));
	result("shutdown", shutdown(ends[0], SHUT_RD));
	result("write", send(ends[1], "x", 1, MSG_NOSIGNAL));
	polled("own", ends[0]);
	polled("other", ends[1]);
	result("lseek", lseek(ends[0], 0, SEEK_SET));
	result("fsync", fsync(ends[0]));
	close(ends[0]);
	polled("closed", ends[1]);
	close(ends[1]);
	result("socketpair", socketpair(AF_UNIX, type, 0, ends));
	result("write", write(ends[0], "last", 4));
	close(ends[0]);
	polled("closed", ends[1]);
	got("last", ends[1], 10, MSG_DONTWAIT);
	got("end", ends[1], 10, MSG_DONTWAIT);
	result("write", send(ends[1], "x", 1, MSG_NOSIGNAL));
	result("again", send(ends[1], "x", 1, MSG_NOSIGNAL));
	close(ends[1]);
	result("socketpair", socketpair(AF_UNIX, type, 0, ends));
	result("write", write(ends[0], "lost", 4));
	close(ends[1]);
	got("after a reset", ends[0], 10, MSG_DONTWAIT);
	got("after that", ends[0], 10, MSG_DONTWAIT);
	close(ends[0]);
}

static void errors(void)
{
	int ends[2], fd = open("/dev/null", O_RDWR);

	result("no type", socket(AF_UNIX, 9, 0));
	result("no protocol", socket(AF_UNIX, SOCK_STREAM, 77));
	result("no family", socket(1000, SOCK_STREAM, 0));
	result("bad flags", socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
	result("pair to nowhere", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8l));
	result("of no socket", send(fd, "x", 1, 0));
	result("of no socket", listen(fd, 1));
	result("of nothing", recv(99, block, 1, 0));
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	polled("fresh", fd);
	result("write", send(fd, "x", 1, MSG_NOSIGNAL));
	got("read", fd, 1, 0);
	result("listen", listen(fd, 1));
	result("accept", accept(fd, NULL, NULL));
	result("shutdown", shutdown(fd, SHUT_RDWR));
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	polled("fresh", fd);
	result("write", send(fd, "x", 1, MSG_NOSIGNAL));
	got("read", fd, 1, MSG_DONTWAIT);
	result("listen", listen(fd, 1));
	result("accept", accept(fd, NULL, NULL));
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	result("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	result("option", setsockopt(ends[0], SOL_SOCKET, SO_REUSEADDR, &fd, sizeof(fd)));
	result("short option", setsockopt(ends[0], SOL_SOCKET, SO_REUSEADDR, &fd, 2));
	result("from nowhere", syscall(SYS_sendto, ends[0], 8l, 5, 0, NULL, 0));
	result("write", write(ends[0], "abc", 3));
	result("to nowhere", syscall(SYS_recvfrom, ends[1], 8l, 5, 0, NULL, NULL));
	got("still there", ends[1], 10, 0);
	long total = 0, done;
	while ((done = write(ends[0], block, sizeof(block))) > 0)
		total += done;
	printf("full: %s, some got in: %d\n", strerror(errno), total > 65536);
	polled("full", ends[0]);
	while ((done = read(ends[1], block, sizeof(block))) > 0)
		total -= done;
	printf("%ld are left\n", total);
	polled("drained", ends[0]);
	close(ends[0]);
	close(ends[1]);
}

static socklen_t address(struct sockaddr_un *to, const char *name)
{
	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	if (name[0] == '@') {
		strcpy(to->sun_path + 1, name + 1);
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	}
	strcpy(to->sun_path, name);
	return sizeof(*to);
}

static void show_name(const char *what, int status, const struct sockaddr_un *name,
		      socklen_t length)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %u bytes, \"%s\"\n", what, (unsigned)length,
		       length <= 2         ? ""
		       : name->sun_path[0] ? name->sun_path
					   : name->sun_path + 1);
}

static void serve(const char *name, int type)
{
	struct sockaddr_un to, from = {0};
	socklen_t length = address(&to, name), room = sizeof(from);
	int listener = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0);

	result("connect to nobody", connect(client, (struct sockaddr *)&to, length));
	result("bind", bind(listener, (struct sockaddr *)&to, length));
	result("bind again", bind(listener, (struct sockaddr *)&to, length));
	int second = socket(AF_UNIX, type, 0);
	result("taken", bind(second, (struct sockaddr *)&to, length));
	close(second);
	result("not listening", connect(client, (struct sockaddr *)&to, length));
	result("listen", listen(listener, 5));
	polled("listening", listener);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	result("accept nobody", accept(listener, NULL, NULL));
	fcntl(listener, F_SETFL, 0);
	result("connect", connect(client, (struct sockaddr *)&to, length));
	result("connect again", connect(client, (struct sockaddr *)&to, length));
	polled("somebody came", listener);
	result("early", write(client, "early", 5));
	int server = accept4(listener, (struct sockaddr *)&from, &room, SOCK_CLOEXEC);
	show_name("accept", server, &from, room);
	printf("cloexec %d\n", fcntl(server, F_GETFD));
	got("early", server, 10, 0);
	room = sizeof(from);
	show_name("server", getsockname(server, (struct sockaddr *)&from, &room), &from, room);
	room = sizeof(from);
	show_name("peer", getpeername(client, (struct sockaddr *)&from, &room), &from, room);
	room = sizeof(from);
	show_name("client", getsockname(client, (struct sockaddr *)&from, &room), &from, room);
	result("answer", write(server, "answer", 6));
	got("answer", client, 10, 0);
	close(server);
	got("end", client, 10, 0);
	close(client);
	/* Somebody waits to be accepted when the listener goes. */
	client = socket(AF_UNIX, type, 0);
	result("connect", connect(client, (struct sockaddr *)&to, length));
	close(listener);
	got("never accepted", client, 10, MSG_DONTWAIT);
	polled("never accepted", client);
	close(client);
	client = socket(AF_UNIX, type, 0);
	result("nobody listens", connect(client, (struct sockaddr *)&to, length));
	close(client);
}

static void datagrams(void)
{
	struct sockaddr_un one, two, from = {0};
	socklen_t length_one = address(&one, "@quire one"),
		  length_two = address(&two, "@quire two");
	socklen_t room = sizeof(from);
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[16] = "";

	result("bind", bind(a, (struct sockaddr *)&one, length_one));
	result("to nobody", sendto(a, "x", 1, 0, (struct sockaddr *)&two, length_two));
	result("bind", bind(b, (struct sockaddr *)&two, length_two));
	result("sendto", sendto(a, "letter", 6, 0, (struct sockaddr *)&two, length_two));
	result("recvfrom", recvfrom(b, text, sizeof(text), 0, (struct sockaddr *)&from, &room));
	show_name("from", 0, &from, room);
	printf("%s\n", text);
	result("connect", connect(b, (struct sockaddr *)&from, room));
	result("send", send(b, "reply", 5, 0));
	got("reply", a, 16, 0);
	close(a);
	result("gone", send(b, "reply", 5, 0));
	close(b);
}

static void descriptors(void)
{
	int ends[2], pipes[2], fds[2] = {-1, -1};
	char byte = 'p', control[CMSG_SPACE(sizeof(fds))] = "";
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || pipe(pipes))
		return;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), pipes, sizeof(pipes));
	result("sendmsg", sendmsg(ends[0], &message, 0));
	close(pipes[0]);
	close(pipes[1]);
	memset(control, 0, sizeof(control));
	byte = 0;
	result("recvmsg", recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC));
	printf("flags %#x, control %zu, byte %c\n", (unsigned)message.msg_flags & ~MSG_CMSG_CLOEXEC,
	       (size_t)message.msg_controllen, byte);
	header = CMSG_FIRSTHDR(&message);
	if (header)
		memcpy(fds, CMSG_DATA(header), sizeof(fds));
	printf("len %zu, cloexec %d\n", header ? (size_t)header->cmsg_len : 0,
	       fcntl(fds[0], F_GETFD));
	result("write", write(fds[1], "through", 7));
	result("read", read(fds[0], block, 10));
	close(fds[0]);
	/* One that has no room for them, and one that is never received. */
	memcpy(CMSG_DATA(header), &fds[1], sizeof(int));
	header->cmsg_len = CMSG_LEN(sizeof(int));
	message.msg_controllen = CMSG_SPACE(sizeof(int));
	result("sendmsg", sendmsg(ends[0], &message, 0));
	message.msg_control = NULL;
	message.msg_controllen = 0;
	result("recvmsg", recvmsg(ends[1], &message, 0));
	printf("flags %#x\n", (unsigned)message.msg_flags);
	message.msg_control = control;
	message.msg_controllen = CMSG_SPACE(sizeof(int));
	result("sendmsg", sendmsg(ends[0], &message, 0));
	fds[0] = 99;
	memcpy(CMSG_DATA(header), fds, sizeof(int));
	result("a bad one", sendmsg(ends[0], &message, 0));
	header->cmsg_len = 3;
	result("a bad length", sendmsg(ends[0], &message, 0));
	close(fds[1]);
	close(ends[0]);
	close(ends[1]);
}

/* Two processes, and more than there is room for. */
static void streaming(void)
{
	int ends[2], status;
	long total = 0;
	ssize_t done;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return;
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		close(ends[0]);
		for (int i = 0; i < 5; i++)
			if (write(ends[1], block, sizeof(block)) != sizeof(block))
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	while ((done = read(ends[0], block, 7777)) > 0)
		total += done;
	printf("streamed %ld\n", total);
	waitpid(child, &status, 0);
	printf("child %d\n", status);
	close(ends[0]);
}

/* ---- who is at the other side ---- */

static void show_user(const char *what, int fd, pid_t expected)
{
	struct ucred user = {.pid = -2};
	socklen_t length = sizeof(user);
	int error = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length);

	printf("%s: %d, %u bytes, %s, %d, %d\n", what, error, (unsigned)length,
	       user.pid == expected ? "as expected" : "another", (int)user.uid, (int)user.gid);
	length = 5;
	user.uid = user.gid = 77;
	error = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length);
	printf("%s, cut: %d, %u bytes, %d\n", what, error, (unsigned)length, (int)user.gid);
}

static void peer_users(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0peer-users"};
	socklen_t bytes = sizeof(sa_family_t) + 11;
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), ends[2], go[2];
	char byte;

	show_user("alone", listener, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	show_user("pair", ends[0], getpid());
	if (bind(listener, (struct sockaddr *)&name, bytes) || listen(listener, 1) || pipe(go))
		return;
	show_user("listening", listener, 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		connect(fd, (struct sockaddr *)&name, bytes);
		read(go[0], &byte, 1);
		show_user("connected", fd, getppid());
		fflush(stdout);
		_exit(0);
	}
	int accepted = accept(listener, NULL, NULL);
	show_user("accepted", accepted, child);
	fflush(stdout);
	write(go[1], "", 1);
	waitpid(child, NULL, 0);
	show_user("gone", accepted, child);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	unlink(path);
	pair(SOCK_STREAM);
	pair(SOCK_SEQPACKET);
	pair(SOCK_DGRAM);
	errors();
	serve(path, SOCK_STREAM);
	result("unlink", unlink(path));
	serve("@quire abstract", SOCK_SEQPACKET);
	datagrams();
	descriptors();
	streaming();
	peer_users();
	return 0;
}
