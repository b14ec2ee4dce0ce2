/* prog_socket_queue.c: what waits in sockets: how much may, and who is told when there is room. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define MANY 200000 /* small messages: none of the queues holds so many */

static char block[1024];

static void show(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
}

/* ---- what goes along with a message ---- */

/* The system call itself: a C library may look at the arguments first. */
static void control(const char *what, int fd, size_t given, size_t header_bytes, int level)
{
	static struct {
		struct cmsghdr header;
		char rest[1 << 20];
	} space;
	char text[] = "x";
	struct iovec part = {text, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &space};

	memset(&space, 0, sizeof(space));
	space.header.cmsg_len = header_bytes;
	space.header.cmsg_level = level;
	message.msg_controllen = given;
	show(what, syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT));
}

static void controls(void)
{
	int ends[2];

	show("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	control("a level of nobody", ends[0], 32, 32, 77);
	control("too short", ends[0], 32, 8, 77);
	control("longer than there is", ends[0], 32, 33, 77);
	control("a megabyte", ends[0], 1 << 20, 1 << 20, 77);
	control("all there is", ends[0], SIZE_MAX, SIZE_MAX - 3, 77);
	control("half of it", ends[0], SIZE_MAX / 2, SIZE_MAX / 2 - 3, 77);
	control("rounded up", ends[0], 30, 29, 77);
	close(ends[0]);
	close(ends[1]);
}

/* ---- how much ---- */

static void fills(const char *what, int type, size_t bytes)
{
	int ends[2];
	unsigned sent = 0;

	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends))
		return;
	while (sent < MANY && send(ends[0], block, bytes, 0) >= 0)
		sent++;
	printf("%s: %s, ", what, sent < MANY ? strerror(errno) : "without end");
	while (sent && recv(ends[1], block, sizeof(block), 0) >= 0)
		sent--;
	show("and again", send(ends[0], block, bytes, 0));
	close(ends[0]);
	close(ends[1]);
}

/* ---- who is told ---- */

static int named(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path + 1, name);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		perror("bind");
	return fd;
}

static int join(int fd, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path + 1, name);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static void fill(int fd)
{
	unsigned sent = 0;

	while (sent < MANY && send(fd, block, sizeof(block), 0) >= 0)
		sent++;
	printf("full: %s\n", strerror(errno));
}

/* Full, and watched: nothing is to be told yet. */
static int watch(int fd)
{
	struct epoll_event event = {.events = EPOLLOUT};
	int epoll = epoll_create1(0);

	show("watch", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	show("not yet", epoll_wait(epoll, &event, 1, 0));
	return epoll;
}

static void told(const char *what, int epoll)
{
	struct epoll_event event = {0};
	int count = epoll_wait(epoll, &event, 1, 0);

	printf("%s: %d, writable %d\n", what, count, !!(event.events & EPOLLOUT));
	close(epoll);
}

static void clients(void)
{
	int server = named("queue test one"), other = named("queue test two");
	int client = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	show("connect", join(client, "queue test one"));
	fill(client);
	int epoll = watch(client);
	while (recv(server, block, sizeof(block), 0) >= 0)
		;
	told("the server has read", epoll);
	fill(client);
	epoll = watch(client);
	close(server);
	told("the server is gone", epoll);
	show("send", send(client, block, 1, 0));
	show("connect", join(client, "queue test two"));
	fill(client);
	show("connected elsewhere", join(other, "queue test two"));
	close(client);
	close(other);
}

static void pair_told(void)
{
	int ends[2];

	show("pair", socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends));
	fill(ends[0]);
	int epoll = watch(ends[0]);
	close(ends[1]);
	told("the other end is gone", epoll);
	close(ends[0]);
}

/* Who watches learns in the same moment as who asks. */
static void stream_told(void)
{
	struct epoll_event event;
	int ends[2], epoll, late = 0;

	show("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	fill(ends[0]);
	epoll = watch(ends[0]);
	while (recv(ends[1], block, 100, 0) > 0) {
		struct pollfd wanted = {ends[0], POLLOUT, 0};
		int count = poll(&wanted, 1, 0);
		late += count != epoll_wait(epoll, &event, 1, 0);
	}
	show("told late", late);
	close(epoll);
	close(ends[0]);
	close(ends[1]);
}

/* One that is connected takes nothing from others. */
static void strangers(void)
{
	int one = named("queue test one"), two = named("queue test two");
	int three = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0queue test one"};

	show("connect", join(one, "queue test two"));
	show("connect back", join(two, "queue test one"));
	show("a stranger connects", join(three, "queue test one"));
	show("a stranger sends",
	     sendto(three, block, 1, 0, (struct sockaddr *)&address, sizeof(address)));
	show("its own", send(two, block, 1, 0));
	close(one);
	close(two);
	close(three);
}

/* ---- accept without room for a descriptor ---- */

static void accepts(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0queue test three"};
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct rlimit limit, none;
	char text[8] = "";

	show("bind", bind(server, (struct sockaddr *)&address, sizeof(address)));
	show("listen", listen(server, 1));
	show("connect", connect(client, (struct sockaddr *)&address, sizeof(address)));
	show("write", write(client, "hello", 5));
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	show("no descriptor is free", accept(server, NULL, NULL));
	setrlimit(RLIMIT_NOFILE, &limit);
	int accepted = accept(server, NULL, NULL);
	printf("accepted: %d\n", accepted >= 0);
	show("read", read(accepted, text, sizeof(text)));
	close(accepted);
	show("bad room", accept(server, (struct sockaddr *)8, NULL));
	close(server);
	close(client);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	controls();
	fills("datagrams of nothing", SOCK_DGRAM, 0);
	fills("datagrams of a byte", SOCK_DGRAM, 1);
	fills("packets of nothing", SOCK_SEQPACKET, 0);
	fills("bytes of a stream", SOCK_STREAM, 1);
	clients();
	pair_told();
	stream_told();
	strangers();
	accepts();
	return 0;
}
