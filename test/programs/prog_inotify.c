/* prog_inotify.c: what inotify tells of files and folders. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int queue;

static void show(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static const struct {
	uint32_t bit;
	const char *name;
} bits[] = {
	{IN_ACCESS, "ACCESS"},
	{IN_MODIFY, "MODIFY"},
	{IN_ATTRIB, "ATTRIB"},
	{IN_CLOSE_WRITE, "CLOSE_WRITE"},
	{IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
	{IN_OPEN, "OPEN"},
	{IN_MOVED_FROM, "MOVED_FROM"},
	{IN_MOVED_TO, "MOVED_TO"},
	{IN_CREATE, "CREATE"},
	{IN_DELETE, "DELETE"},
	{IN_DELETE_SELF, "DELETE_SELF"},
	{IN_MOVE_SELF, "MOVE_SELF"},
	{IN_UNMOUNT, "UNMOUNT"},
	{IN_Q_OVERFLOW, "Q_OVERFLOW"},
	{IN_IGNORED, "IGNORED"},
	{IN_ISDIR, "ISDIR"},
};

/* All that waits. Cookies are told by how they differ from the one before. */
static void events(const char *what)
{
	static char buffer[65536] __attribute__((aligned(16)));
	static uint32_t last;
	int waiting;

	ioctl(queue, FIONREAD, &waiting);
	ssize_t bytes = read(queue, buffer, sizeof(buffer));
	printf("%s: %zd%s\n", what, bytes, bytes > 0 && bytes != waiting ? " (not FIONREAD)" : "");
	for (char *at = buffer; bytes > 0 && at < buffer + bytes;) {
		struct inotify_event *event = (struct inotify_event *)at;
		printf("  %d", event->wd);
		uint32_t rest = event->mask;
		for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
			if (event->mask & bits[i].bit)
				printf(" %s", bits[i].name);
			rest &= ~bits[i].bit;
		}
		if (rest)
			printf(" %#x", rest);
		if (event->cookie)
			printf(event->cookie == last ? " same" : " cookie");
		last = event->cookie ? event->cookie : last;
		printf(event->len ? " %u '%s'\n" : "\n", event->len, event->len ? event->name : "");
		at += sizeof(*event) + event->len;
	}
	fflush(stdout);
}

static int watch(const char *path, uint32_t mask)
{
	int id = inotify_add_watch(queue, path, mask);

	if (id < 0)
		printf("watch %s: %s\n", path, strerror(errno));
	return id;
}

static void make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void folder(void)
{
	char byte;

	printf("watch the folder: %d\n", watch(".", IN_ALL_EVENTS));
	events("nothing");
	make("file", "text");
	events("made");
	make("file", "");
	events("emptied");
	int fd = open("file", O_RDWR);
	show("read", read(fd, &byte, 1));
	show("write", write(fd, "xyz", 3));
	show("again", write(fd, "xyz", 3));
	show("read", read(fd, &byte, 1));
	show("seek", lseek(fd, 0, SEEK_SET));
	show("read", read(fd, &byte, 1));
	show("write nothing", write(fd, "", 0));
	show("cut", ftruncate(fd, 2));
	show("mode", fchmod(fd, 0600));
	show("times", futimens(fd, NULL));
	struct timespec one[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 5}};
	show("one time", futimens(fd, one));
	show("allocate", fallocate(fd, 0, 0, 100));
	close(fd);
	events("used");
	show("long names", mkdir("a folder with a long name", 0755));
	show("link", link("file", "other"));
	show("symlink", symlink("file", "sixteen-letters-"));
	show("fifo", mkfifo("fifo", 0600));
	events("made");
	show("move", rename("file", "moved"));
	show("over", rename("moved", "other"));
	show("over", rename("sixteen-letters-", "other"));
	show("into", rename("other", "a folder with a long name/inside"));
	show("and out", rename("a folder with a long name/inside", "out"));
	show("folder", rename("a folder with a long name", "folder"));
	events("moved");
	show("remove", unlink("moved"));
	show("remove", unlink("out"));
	show("remove", rmdir("folder"));
	show("remove", unlink("fifo"));
	events("removed");
	DIR *directory = opendir(".");
	while (readdir(directory))
		;
	closedir(directory);
	events("listed");
	struct stat stat_of;
	show("stat", stat(".", &stat_of));
	show("no such file", open("none", O_RDONLY));
	show("path", close(open(".", O_PATH)));
	events("nothing");
	show("stop", inotify_rm_watch(queue, 1));
	events("stopped");
	make("file", "text");
	events("nothing");
}

static void selves(void)
{
	make("file", "1");
	printf("watch the file: %d\n", watch("file", IN_ALL_EVENTS));
	printf("and the folder: %d\n", watch(".", IN_ALL_EVENTS));
	make("file", "2");
	events("both");
	show("link", link("file", "second"));
	show("move", rename("file", "third"));
	events("moved");
	show("remove", unlink("second"));
	events("one name less");
	int fd = open("third", O_RDONLY);
	show("remove", unlink("third"));
	events("no name, but open");
	close(fd);
	events("closed");
	make("file", "3");
	printf("watch the file: %d\n", watch("file", IN_ALL_EVENTS));
	make("new", "4");
	events("both");
	show("replace", rename("new", "file"));
	events("replaced");
	show("remove", unlink("file"));
	events("removed");
	show("make", mkdir("folder", 0755));
	printf("watch it: %d\n", watch("folder", IN_DELETE_SELF | IN_MOVE_SELF | IN_CREATE));
	make("folder/in", "");
	show("move", rename("folder", "renamed"));
	show("remove", unlink("renamed/in"));
	show("remove", rmdir("renamed"));
	events("a folder");
	make("one", "1");
	make("two", "2");
	show("exchange", syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 2));
	events("exchanged");
	unlink("one");
	unlink("two");
	events("removed");
}

static void masks(void)
{
	make("file", "");
	int id = watch("file", IN_OPEN);
	printf("the same again: %d\n", watch("file", IN_CLOSE) == id);
	events("the folder's");
	close(open("file", O_RDONLY));
	events("close");
	printf("add: %d\n", watch("file", IN_OPEN | IN_MASK_ADD) == id);
	close(open("file", O_RDONLY));
	events("both");
	printf("create: %d\n", watch("file", IN_OPEN | IN_MASK_CREATE));
	printf("one shot: %d\n", watch("file", IN_OPEN | IN_ONESHOT) == id);
	close(open("file", O_RDONLY));
	events("once");
	show("stop what stopped", inotify_rm_watch(queue, id));
	printf("only a folder: %d\n", watch("file", IN_OPEN | IN_ONLYDIR));
	if (symlink("file", "link"))
		perror("symlink");
	id = watch("link", IN_ATTRIB | IN_DELETE_SELF | IN_DONT_FOLLOW);
	printf("a link itself: %d\n", id > 0);
	show("remove", unlink("link"));
	events("the link");
	int fd = open("file", O_WRONLY);
	printf("without unlinked ones: %d\n", watch(".", IN_MODIFY | IN_DELETE | IN_EXCL_UNLINK));
	show("remove", unlink("file"));
	show("write", write(fd, "x", 1));
	close(fd);
	events("unlinked");
	printf("no events: %d\n", watch(".", 0));
	printf("unknown ones: %d\n", watch(".", 0x00800000));
	printf("add and create: %d\n", watch(".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
	printf("no file: %d\n", watch("none", IN_OPEN));
	show("no address", syscall(SYS_inotify_add_watch, queue, 8L, IN_OPEN));
	show("no descriptor", inotify_add_watch(99, ".", IN_OPEN));
	show("another file", inotify_add_watch(0, ".", IN_OPEN));
	show("stop none", inotify_rm_watch(queue, 999));
	show("stop, no descriptor", inotify_rm_watch(99, 1));
	show("stop, another file", inotify_rm_watch(0, 1));
	show("bad flags", inotify_init1(1));
}

static void reading(void)
{
	char buffer[64];
	struct pollfd item = {.fd = queue, .events = POLLIN | POLLOUT};
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	watch(".", IN_CREATE | IN_DELETE);
	show("nothing", read(queue, buffer, sizeof(buffer)));
	show("poll", poll(&item, 1, 0));
	epoll_ctl(epoll, EPOLL_CTL_ADD, queue, &event);
	show("epoll", epoll_wait(epoll, &event, 1, 0));
	mkdir("a", 0755);
	mkdir("b", 0755);
	show("poll", poll(&item, 1, 0));
	printf("%#x\n", item.revents);
	show("epoll", epoll_wait(epoll, &event, 1, 0));
	show("too small", read(queue, buffer, 16));
	show("too small", read(queue, buffer, 0));
	show("one", read(queue, buffer, 63));
	show("the other", read(queue, buffer, 63));
	show("none", read(queue, buffer, 63));
	mkdir("c", 0755);
	show("to nowhere", syscall(SYS_read, queue, 8L, 64L));
	show("write", write(queue, "x", 1));
	events("and");
	/* Who waits is woken. */
	fcntl(queue, F_SETFL, 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		rmdir("a");
		_exit(0);
	}
	show("waits", read(queue, buffer, 64));
	waitpid(child, NULL, 0);
	fcntl(queue, F_SETFL, O_NONBLOCK);
	rmdir("b");
	rmdir("c");
	events("and");
	close(epoll);
	char link[64], target[64] = "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", queue);
	if (readlink(link, target, sizeof(target) - 1) > 0)
		puts(target);
}

static void overflow(void)
{
	static char buffer[65536];
	long count = 0, overflows = 0;
	ssize_t bytes;

	watch(".", IN_CREATE | IN_DELETE);
	for (int i = 0; i < 9000; i++)
		if (mkdir("a", 0755) || rmdir("a"))
			perror("a");
	while ((bytes = read(queue, buffer, sizeof(buffer))) > 0)
		for (char *at = buffer; at < buffer + bytes; count++) {
			struct inotify_event *event = (struct inotify_event *)at;
			overflows += event->mask == IN_Q_OVERFLOW && event->wd == -1;
			at += sizeof(*event) + event->len;
		}
	printf("%ld events, overflows %ld\n", count, overflows);
	mkdir("a", 0755);
	rmdir("a");
	events("afterwards");
}

/* How many of them there may be has a limit of its own, and others may have some. */
static void instances(void)
{
	struct rlimit limit;
	int fds[1000], count = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (count < 1000 && (fds[count] = inotify_init()) >= 0)
		count++;
	printf("instances: %s, some %d\n", count < 1000 ? strerror(errno) : "without end",
	       count > 10);
	close(fds[--count]);
	fds[count] = inotify_init();
	printf("one again: %d\n", fds[count] >= 0);
	while (count >= 0)
		close(fds[count--]);
}

int main(void)
{
	char name[] = "/tmp/inotify.XXXXXX";

	if (!mkdtemp(name) || chdir(name))
		return 1;
	queue = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	printf("close on exec: %d\n", fcntl(queue, F_GETFD));
	folder();
	selves();
	masks();
	reading();
	overflow();
	instances();
	close(queue);
	return chdir("/") || rmdir(name);
}
