/*
 * prog_xattr.c: extended attributes of files that have none, on tmpfs: /dev/shm on Linux.
 * prog_xattr_set.c sets some.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FOLDER "/dev/shm/prog_xattr"
#define TRY(call)                                                              \
	do {                                                                   \
		long result = (call);                                          \
		printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", \
		       result < 0 ? strerror(errno) : "");                     \
	} while (0)

static char buffer[100];
/* The compiler must not know what they are. */
static char *volatile bad = (char *)1;
static volatile size_t too_long = 65537;

static void names(void)
{
	char name[300];

	TRY(getxattr("file", "trusted.a", buffer, sizeof(buffer)));
	TRY(getxattr("file", "security.capability", buffer, sizeof(buffer)));
	TRY(getxattr("file", "security.selinux", buffer, sizeof(buffer)));
	TRY(getxattr("file", "trusted.a", buffer, sizeof(buffer)));
	TRY(getxattr("file", "trusted.a", NULL, 0));
	TRY(getxattr("file", "system.posix_acl_access", buffer, sizeof(buffer)));
	TRY(getxattr("file", "system.posix_acl_default", buffer, sizeof(buffer)));
	TRY(getxattr("file", "system.nothing", buffer, sizeof(buffer)));
	TRY(getxattr("file", "nothing", buffer, sizeof(buffer)));
	TRY(getxattr("file", "", buffer, sizeof(buffer)));
	TRY(getxattr("file", "security.", buffer, sizeof(buffer)));
	TRY(getxattr("file", "trusted.", buffer, sizeof(buffer)));
	memset(name, 'a', sizeof(name));
	memcpy(name, "trusted.", 8);
	name[256] = 0;
	TRY(getxattr("file", name, buffer, sizeof(buffer)));
	name[255] = 0;
	TRY(getxattr("file", name, buffer, sizeof(buffer)));
}

static void files(void)
{
	int fd = open("file", O_RDWR), path_only = open("file", O_PATH), ends[2];

	(void)!pipe(ends);
	TRY(getxattr("folder", "trusted.a", buffer, sizeof(buffer)));
	TRY(getxattr("link", "trusted.a", buffer, sizeof(buffer)));
	TRY(lgetxattr("link", "user.a", buffer, sizeof(buffer)));
	TRY(lgetxattr("link", "security.selinux", buffer, sizeof(buffer)));
	TRY(lgetxattr("link", "system.posix_acl_access", buffer, sizeof(buffer)));
	TRY(getxattr("absent", "user.a", buffer, sizeof(buffer)));
	TRY(getxattr("file/x", "user.a", buffer, sizeof(buffer)));
	TRY(getxattr("absent", bad, buffer, sizeof(buffer)));
	TRY(getxattr(bad, "user.a", buffer, sizeof(buffer)));
	TRY(fgetxattr(fd, "trusted.a", buffer, sizeof(buffer)));
	TRY(fgetxattr(-1, "trusted.a", buffer, sizeof(buffer)));
	TRY(fgetxattr(path_only, "trusted.a", buffer, sizeof(buffer)));
	TRY(fgetxattr(ends[0], "user.a", buffer, sizeof(buffer)));
	TRY(fgetxattr(ends[0], "security.capability", buffer, sizeof(buffer)));
	TRY(getxattr("/proc/self/stat", "user.a", buffer, sizeof(buffer)));
	TRY(getxattr("/dev/null", "user.a", buffer, sizeof(buffer)));
	TRY(listxattr("file", buffer, sizeof(buffer)));
	TRY(listxattr("file", NULL, 0));
	TRY(listxattr("folder", buffer, sizeof(buffer)));
	TRY(llistxattr("link", buffer, sizeof(buffer)));
	TRY(flistxattr(fd, buffer, sizeof(buffer)));
	TRY(flistxattr(ends[0], buffer, sizeof(buffer)));
	TRY(flistxattr(99, buffer, sizeof(buffer)));
	TRY(listxattr("absent", buffer, sizeof(buffer)));
	TRY(listxattr("/proc/self/stat", buffer, sizeof(buffer)));
}

static void changes(void)
{
	int fd = open("file", O_RDWR);

	TRY(removexattr("file", "trusted.a"));
	TRY(lremovexattr("link", "trusted.a"));
	TRY(fremovexattr(fd, "trusted.a"));
	TRY(removexattr("file", "nothing"));
	TRY(removexattr("absent", "user.a"));
	TRY(lremovexattr("link", "user.a"));
	TRY(setxattr("file", "trusted.a", "value", 5, 4));
	TRY(setxattr("file", "trusted.a", "value", 5, XATTR_REPLACE));
	TRY(setxattr("file", "trusted.a", "value", too_long, 0));
	TRY(setxattr("file", "trusted.a", bad, 5, 0));
	TRY(setxattr("file", bad, "value", 5, 0));
	TRY(setxattr("file", "", "value", 5, 0));
	TRY(setxattr("file", "nothing", "value", 5, 0));
	TRY(lsetxattr("link", "user.a", "value", 5, 0));
	TRY(setxattr("absent", "user.a", "value", 5, 0));
	TRY(fsetxattr(-1, "trusted.a", "value", 5, 0));
}

int main(void)
{
	mkdir("/dev/shm", 01777);
	mkdir(FOLDER, 0755);
	if (chdir(FOLDER))
		return 1;
	close(open("file", O_CREAT | O_RDWR, 0644));
	(void)!symlink("file", "link");
	mkdir("folder", 0755);
	names();
	files();
	changes();
	unlink("file");
	unlink("link");
	rmdir("folder");
	rmdir(FOLDER);
	return 0;
}
