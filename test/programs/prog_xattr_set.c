/*
 * prog_xattr_set.c: extended attributes that are set. In /tmp, which on the build host has to be a
 * file system that takes them, as ext4 is; its tmpfs may be built without.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TRY(call)                                                              \
	do {                                                                   \
		long result = (call);                                          \
		printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", \
		       result < 0 ? strerror(errno) : "");                     \
	} while (0)

static char buffer[256];
static char *volatile bad = (char *)1;

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In whatever order the file system has them. */
static void list(const char *path)
{
	char *names[16];
	int count = 0;
	ssize_t bytes = llistxattr(path, buffer, sizeof(buffer));

	for (char *at = buffer; at < buffer + bytes; at += strlen(at) + 1)
		names[count++] = at;
	qsort(names, (size_t)count, sizeof(names[0]), compare);
	printf("%s: %zd bytes:", path, bytes);
	for (int i = 0; i < count; i++)
		printf(" %s", names[i]);
	printf("\n");
}

static void show(const char *path, const char *name)
{
	memset(buffer, 0, sizeof(buffer));
	ssize_t bytes = getxattr(path, name, buffer, sizeof(buffer));
	printf("%s of %s: %zd '%s'\n", name, path, bytes, buffer);
}

static void setting(void)
{
	TRY(setxattr("file", "user.one", "first", 5, 0));
	show("file", "user.one");
	TRY(setxattr("file", "user.one", "longer than that", 16, 0));
	show("file", "user.one");
	TRY(setxattr("file", "user.one", "x", 1, XATTR_CREATE));
	TRY(setxattr("file", "user.two", "x", 1, XATTR_REPLACE));
	TRY(setxattr("file", "user.two", "second", 6, XATTR_CREATE));
	TRY(setxattr("file", "user.one", "y", 1, XATTR_REPLACE));
	TRY(setxattr("file", "user.none", "", 0, 0));
	TRY(setxattr("file", "trusted.t", "t", 1, 0));
	TRY(setxattr("file", "security.s", "s", 1, 0));
	list("file");
	show("file", "user.one");
	show("file", "user.none");
	show("file", "trusted.t");
	TRY(getxattr("file", "user.two", NULL, 0));
	TRY(getxattr("file", "user.two", buffer, 5));
	TRY(getxattr("file", "user.two", buffer, 6));
	TRY(getxattr("file", "user.two", bad, 6));
	TRY(listxattr("file", NULL, 0));
	TRY(listxattr("file", buffer, 10));
	TRY(listxattr("file", bad, 100));
	TRY(setxattr("file", "user.one", bad, 3, 0));
	TRY(setxattr("file", "user.", "x", 1, 0));
	TRY(setxattr("file", "other.x", "x", 1, 0));
	TRY(removexattr("file", "user.two"));
	TRY(removexattr("file", "user.two"));
	list("file");
}

static void kinds(void)
{
	TRY(setxattr("folder", "user.f", "folder", 6, 0));
	list("folder");
	TRY(lsetxattr("link", "user.l", "x", 1, 0));
	TRY(lsetxattr("link", "trusted.l", "x", 1, 0));
	TRY(setxattr("link", "user.by_link", "x", 1, 0));
	TRY(setxattr("fifo", "user.p", "x", 1, 0));
	TRY(setxattr("fifo", "trusted.p", "x", 1, 0));
	list("link");
	list("fifo");
	list("file");
	int fd = open("file", O_RDONLY);
	TRY(fsetxattr(fd, "user.fd", "x", 1, 0));
	TRY(fgetxattr(fd, "user.fd", buffer, 1));
	TRY(fremovexattr(fd, "user.fd"));
	struct stat before, after;
	fstat(fd, &before);
	usleep(20000);
	TRY(fsetxattr(fd, "user.fd", "x", 1, 0));
	fstat(fd, &after);
	printf("changed: %d, modified: %d\n",
	       before.st_ctim.tv_nsec != after.st_ctim.tv_nsec ||
		       before.st_ctim.tv_sec != after.st_ctim.tv_sec,
	       before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
	close(fd);
	TRY(link("file", "other"));
	list("other");
	TRY(rename("other", "moved"));
	list("moved");
	int watcher = inotify_init1(IN_NONBLOCK);
	inotify_add_watch(watcher, "file", IN_ALL_EVENTS);
	TRY(setxattr("file", "user.w", "x", 1, 0));
	struct inotify_event event;
	TRY(read(watcher, &event, sizeof(event)));
	printf("%#x\n", event.mask);
	TRY(removexattr("file", "user.w"));
	TRY(read(watcher, &event, sizeof(event)));
	printf("%#x\n", event.mask);
	close(watcher);
}

/* More than ext4 takes. Where Linux's tmpfs takes none, what one that does takes is told. */
static void large(void)
{
	static const char told[] = "large: 0, again 0, 115200 bytes, Argument list too long\n";
	static char space[1 << 17];
	char path[] = "/dev/shm/prog_xattr.XXXXXX", name[256];
	int fd = mkstemp(path), count = 0;
	int first = fsetxattr(fd, "trusted.large", space, 65536, 0);

	if (first && errno == EOPNOTSUPP) {
		fputs(told, stdout);
	} else {
		int again = fsetxattr(fd, "trusted.large", space, 65536, 0);
		fremovexattr(fd, "trusted.large");
		do
			snprintf(name, sizeof(name), "trusted.%0247d", count++);
		while (count <= 450 && !fsetxattr(fd, name, "", 0, 0));
		printf("large: %d, again %d, %zd bytes, ", first, again, flistxattr(fd, NULL, 0));
		flistxattr(fd, space, sizeof(space));
		printf("%s\n", strerror(errno));
	}
	unlink(path);
	close(fd);
}

int main(void)
{
	char folder[] = "/tmp/prog_xattr.XXXXXX";

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	close(open("file", O_CREAT | O_RDWR, 0644));
	if (symlink("file", "link") || mkdir("folder", 0755) || mkfifo("fifo", 0600))
		return 1;
	setting();
	kinds();
	large();
	unlink("file");
	unlink("moved");
	unlink("link");
	unlink("fifo");
	rmdir("folder");
	rmdir(folder);
	return 0;
}
