/* prog_proc_fd_path.c: files that have no name, opened by their name in /proc/self/fd with O_PATH:
 * what that keeps open, and what it can be asked. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than a kernel's stack has room for, if each is closed by closing the one before, and more
 * than there may be inotify files (fs.inotify.max_user_instances). */
#define CHAIN 300

static const char *word(int result)
{
	return result < 0 ? strerror(errno) : "done";
}

static int open_path(int fd)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_PATH);
}

static int send_file(int socket, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = "", .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return (int)sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* ---- what can be asked ---- */

static void ask(const char *what, int fd)
{
	char name[32];
	struct stat here, there;
	int path = open_path(fd);

	printf("%s: O_PATH %s", what, word(path));
	if (fstat(fd, &here) || fstat(path, &there))
		printf(", no stat");
	printf(", %s, %#o", here.st_ino == there.st_ino ? "the same" : "another", there.st_mode);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	printf(", open %s", word(open(name, O_RDONLY)));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	printf(", once more %s", word(open(name, O_RDONLY)));
	close(fd);
	printf(", when closed %s", word(open(name, O_RDONLY)));
	printf(", stat %s\n", word(fstat(path, &there)));
	close(path);
}

/* ---- what is kept ---- */

static void other_side(void)
{
	int ends[2], path;
	struct pollfd poll_end = {.events = POLLIN};
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return;
	path = open_path(ends[0]);
	poll_end.fd = ends[1];
	printf("both open: poll %d\n", poll(&poll_end, 1, 0));
	close(ends[0]);
	printf("one closed: poll %d", poll(&poll_end, 1, 0));
	printf(", %#x", (unsigned)poll_end.revents);
	printf(", recv %zd", recv(ends[1], &byte, 1, MSG_DONTWAIT));
	printf(", send %s\n", word((int)send(ends[1], "", 1, MSG_NOSIGNAL)));
	close(ends[1]);
	close(path);
}

/* Each socket has the name of the one before in its queue. */
static void chain(void)
{
	int path = -1, failed = 0;

	for (unsigned i = 0; i < CHAIN; i++) {
		int ends[2], before = path;
		failed += socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0;
		failed += before >= 0 && send_file(ends[1], before) != 1;
		path = open_path(ends[0]);
		failed += path < 0;
		close(before);
		close(ends[0]);
		close(ends[1]);
	}
	failed += close(path) != 0;
	printf("chain: failed: %d\n", failed);
}

/* The name of a socket in its own queue. */
static void circle(void)
{
	int ends[2], path, failed = 0;

	failed += socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0;
	path = open_path(ends[0]);
	failed += path < 0;
	failed += send_file(ends[1], path) != 1;
	close(path);
	close(ends[0]);
	close(ends[1]);
	printf("circle: failed: %d\n", failed);
}

/* Files that watch themselves. */
static void watch(void)
{
	char name[32];
	int failed = 0;

	for (unsigned i = 0; i < CHAIN; i++) {
		int fd = inotify_init1(IN_NONBLOCK);
		failed += fd < 0;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		failed += inotify_add_watch(fd, name, IN_ALL_EVENTS) < 0;
		close(fd);
	}
	printf("watch: failed: %d\n", failed);
}

int main(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return 1;
	ask("socket", ends[0]);
	close(ends[1]);
	ask("eventfd", eventfd(0, 0));
	ask("epoll", epoll_create1(0));
	ask("inotify", inotify_init1(0));
	other_side();
	circle();
	watch();
	chain();
	return 0;
}
