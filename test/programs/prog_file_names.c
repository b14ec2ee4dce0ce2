/* prog_file_names.c: names of files: making, linking, moving and removing them, and the errors. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static int touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	return fd < 0 ? fd : close(fd);
}

static void show(const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		printf("%s: %s\n", path, strerror(errno));
	else
		printf("%s: mode %o, %ld links%s\n", path, status.st_mode, (long)status.st_nlink,
		       S_ISDIR(status.st_mode) ? ""
		       : status.st_size        ? ", bytes"
					       : ", empty");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Order is the file system's business, so the names are sorted. */
static void list(const char *path)
{
	char *names[100];
	size_t count = 0;
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory) {
		printf("list %s: %s\n", path, strerror(errno));
		return;
	}
	while ((entry = readdir(directory)) && count < 100) {
		names[count] = malloc(strlen(entry->d_name) + 8);
		sprintf(names[count++], "%s(%d)", entry->d_name, entry->d_type);
	}
	closedir(directory);
	qsort(names, count, sizeof(*names), by_name);
	printf("list %s:", path);
	for (size_t i = 0; i < count; i++) {
		printf(" %s", names[i]);
		free(names[i]);
	}
	printf("\n");
}

static void creating(void)
{
	result("create", open("a", O_CREAT | O_EXCL | O_RDWR, 0666) < 0 ? -1 : 0);
	result("create again", open("a", O_CREAT | O_EXCL | O_RDWR, 0666));
	show("a");
	result("create with mode 06755", open("b", O_CREAT | O_RDWR, 06755) < 0 ? -1 : 0);
	show("b");
	umask(077);
	result("mkdir under umask 077", mkdir("d", 01777));
	umask(022);
	show("d");
	result("mkdir again", mkdir("d", 0777));
	result("mkdir over a file", mkdir("a", 0777));
	result("mkdir nowhere", mkdir("no/d", 0777));
	result("mkdir in a file", mkdir("a/d", 0777));
	result("mkdir with a slash", mkdir("e/", 0777));
	result("mkdir .", mkdir(".", 0777));
	result("mkdir /", mkdir("/", 0777));
	result("mkdir the empty name", mkdir("", 0777));
	result("create with a slash", open("f/", O_CREAT | O_RDWR, 0666));
	result("create over a directory", open("d", O_CREAT | O_RDWR, 0666));
	result("create a directory read-only", open("d", O_CREAT | O_RDONLY, 0666));
	result("create under a file", open("a/f", O_CREAT | O_RDWR, 0666));
	result("create nowhere", open("no/f", O_CREAT | O_RDWR, 0666));
	result("create .", open(".", O_CREAT | O_RDWR, 0666));
	result("truncate a directory", open("d", O_RDONLY | O_TRUNC));
	result("mknod a file", mknod("n", S_IFREG | 0600, 0));
	show("n");
	result("mknod a null device", mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	int null = open("null", O_RDWR);
	result("write to it", write(null, "abc", 3));
	close(null);
	result("mknod a directory", mknod("m", S_IFDIR | 0666, 0));
	list(".");
	list("d");
}

static void linking(void)
{
	char target[64];

	result("link", link("a", "d/a2"));
	show("a");
	result("link over a name", link("a", "b"));
	result("link a directory", link("d", "d2"));
	result("link nothing", link("no", "x"));
	result("link with a slash", link("a", "x/"));
	result("symlink", symlink("d/a2", "s"));
	result("symlink over a name", symlink("d/a2", "s"));
	result("symlink to nothing", symlink("", "t"));
	result("symlink to nowhere", symlink("d/made", "t"));
	result("symlink with a slash", symlink("d", "u/"));
	result("symlink to a directory", symlink("d", "u"));
	show("s");
	ssize_t length = readlink("s", target, sizeof(target));
	printf("readlink: %.*s\n", (int)length, target);
	result("readlink short", readlink("s", target, 3));
	result("readlink a file", readlink("a", target, sizeof(target)));
	result("open a link O_NOFOLLOW", open("s", O_RDONLY | O_NOFOLLOW));
	result("open a dangling link", open("t", O_RDONLY));
	result("create O_EXCL at a dangling link", open("t", O_CREAT | O_EXCL | O_RDWR, 0666));
	result("create at a dangling link", touch("t"));
	show("d/made");
	result("link a symlink", link("s", "s2"));
	show("s2");
	result("linkat follows", linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
	show("s3");
	result("linkat with bad flags", linkat(AT_FDCWD, "s", AT_FDCWD, "s4", 1));
	list("u");
	list("u/");
	result("unlink through a link to a directory", unlink("u/made"));
	result("rmdir a link to a directory", rmdir("u"));
	result("rmdir it with a slash", rmdir("u/"));
}

static void moving(void)
{
	mkdir("p", 0755);
	mkdir("p/q", 0755);
	mkdir("r", 0755);
	touch("p/x");
	touch("y");
	result("rename a file", rename("y", "z"));
	result("rename nothing", rename("y", "w"));
	result("rename nowhere", rename("z", "no/w"));
	result("rename over a file", rename("z", "p/x"));
	show("p/x");
	show("z");
	result("rename to itself", rename("p/x", "p/x"));
	result("rename over its other name", rename("a", "d/a2"));
	show("a");
	result("rename a file over a directory", rename("p/x", "r"));
	result("rename a directory over a file", rename("r", "p/x"));
	result("rename a directory into itself", rename("p", "p/q/p"));
	result("rename over its parent", rename("p/q", "p"));
	result("rename over a full directory", rename("r", "p"));
	result("rename over an empty directory", rename("p/q", "r"));
	show("p");
	show("r");
	result("rename a directory across", rename("r", "p/r"));
	show("p");
	result("rename a file with a slash", rename("p/x", "v/"));
	result("rename a directory with a slash", rename("p/r", "v/"));
	result("rename .", rename(".", "v2"));
	result("rename to ..", rename("v", ".."));
	result("NOREPLACE over a name",
	       syscall(SYS_renameat2, AT_FDCWD, "p/x", AT_FDCWD, "b", RENAME_NOREPLACE));
	result("NOREPLACE to a new name",
	       syscall(SYS_renameat2, AT_FDCWD, "p/x", AT_FDCWD, "new", RENAME_NOREPLACE));
	result("rename with bad flags", syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", 0x80));
	list(".");
	list("p");
}

static void removing(void)
{
	char path[200];
	struct stat status;

	result("unlink a directory", unlink("p"));
	result("unlink nothing", unlink("no"));
	result("unlink with a slash", unlink("b/"));
	result("unlinkat with bad flags", unlinkat(AT_FDCWD, "b", 1));
	result("rmdir a file", rmdir("b"));
	result("rmdir .", rmdir("."));
	result("rmdir ..", rmdir(".."));
	result("rmdir p/..", rmdir("p/.."));
	result("rmdir /", rmdir("/"));
	result("rmdir a full directory", rmdir("d"));
	mkdir("gone", 0755);
	int home = open(".", O_RDONLY | O_DIRECTORY);
	int gone = open("gone", O_RDONLY | O_DIRECTORY);
	result("enter a directory", chdir("gone"));
	result("remove it from inside", rmdir("../gone"));
	result("getcwd", syscall(SYS_getcwd, path, sizeof(path)));
	result("create in it", open("x", O_CREAT | O_RDWR, 0666));
	result("mkdir in it", mkdir("y", 0777));
	result("stat .", stat(".", &status));
	printf("links of what is gone: %ld\n", (long)status.st_nlink);
	result("list it", syscall(SYS_getdents64, gone, path, sizeof(path)));
	result("openat in it", openat(gone, "x", O_CREAT | O_RDWR, 0666));
	result("leave", fchdir(home));
	close(gone);
	close(home);
}

/* Many names, removed while they are read: each must be seen once. */
static void many(void)
{
	enum { COUNT = 1000 };
	static char seen[COUNT];
	char name[32];
	int twice = 0, missed = 0;

	mkdir("many", 0755);
	for (int i = 0; i < COUNT; i++) {
		sprintf(name, "many/file-%d", i);
		touch(name);
	}
	DIR *directory = opendir("many");
	struct dirent *entry;
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		int number = atoi(entry->d_name + 5);
		twice += seen[number];
		seen[number] = 1;
		if (unlinkat(dirfd(directory), entry->d_name, 0))
			printf("%s: %s\n", entry->d_name, strerror(errno));
	}
	rewinddir(directory);
	int left = 0;
	while ((entry = readdir(directory)))
		left++;
	closedir(directory);
	for (int i = 0; i < COUNT; i++)
		missed += !seen[i];
	printf("%d seen twice, %d missed, %d left\n", twice, missed, left);
	result("rmdir", rmdir("many"));
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	result("getdents with no room", syscall(SYS_getdents64, fd, name, 8));
	result("getdents to nowhere", syscall(SYS_getdents64, fd, 8, 1000));
	close(fd);
}

static void remove_all(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char child[300];

	while ((entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR)
			remove_all(child);
		else
			unlink(child);
	}
	closedir(directory);
	rmdir(path);
}

int main(void)
{
	/* A tmpfs on Linux, too. */
	char scratch[] = "/tmp/names-XXXXXX";

	if (!mkdtemp(scratch) || chdir(scratch)) {
		perror(scratch);
		return 1;
	}
	umask(022);
	creating();
	linking();
	moving();
	removing();
	many();
	chdir("/");
	remove_all(scratch);
	result("all is gone", access(scratch, F_OK));
	return 0;
}
