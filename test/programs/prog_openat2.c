/* prog_openat2.c: openat2, and the ways in which it restricts a walk. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/openat2.h is not there for every C library. */
struct how {
	uint64_t flags, mode, resolve, more;
};
#define NO_XDEV       0x01
#define NO_MAGICLINKS 0x02
#define NO_SYMLINKS   0x04
#define BENEATH       0x08
#define IN_ROOT       0x10
#define CACHED        0x20
#define HOW_BYTES     24

static int folder;

static void open_how(const char *what, const char *path, struct how how, size_t bytes)
{
	int fd = (int)syscall(SYS_openat2, folder, path, &how, bytes);

	printf("%s %s: %s", what, path, fd < 0 ? strerror(errno) : "open");
	char link[64], target[256];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = fd < 0 ? 0 : readlink(link, target, sizeof(target) - 1);
	if (length > 0) {
		target[length] = 0;
		const char *last = strrchr(target, '/');
		printf(", %s", last ? last : target);
	}
	printf("\n");
	if (fd >= 0)
		close(fd);
}

static void within(const char *what, uint64_t resolve)
{
	static const char *const paths[] = {
		"file",
		"sub/inner",
		"sub/../file",
		"..",
		"../outside",
		"sub/../..",
		"/file",
		"/",
		"link",
		"absolute",
		"out",
		"loop",
		"sub/up",
		"/proc/version",
		"sub",
		"/sub/inner",
		"dir_link/inner",
		"missing",
		"file/x",
		"../q/file",
		"magic/exe",
		".",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		open_how(what, paths[i], (struct how){.resolve = resolve}, HOW_BYTES);
}

static void arguments(void)
{
	open_how("plain", "file", (struct how){.flags = O_RDWR}, HOW_BYTES);
	open_how("longer", "file", (struct how){.flags = O_RDWR}, sizeof(struct how));
	open_how("newer", "file", (struct how){.more = 1}, sizeof(struct how));
	open_how("shorter", "file", (struct how){.flags = 0}, 16);
	open_how("far too long", "file", (struct how){.flags = 0}, 8192);
	open_how("unknown flag", "file", (struct how){.flags = 1ull << 40}, HOW_BYTES);
	open_how("unknown flag", "file", (struct how){.flags = 0x80000000}, HOW_BYTES);
	open_how("a mode for nothing", "file", (struct how){.mode = 0600}, HOW_BYTES);
	open_how("a bad mode", "new", (struct how){.flags = O_CREAT, .mode = 010000}, HOW_BYTES);
	open_how("made", "new", (struct how){.flags = O_CREAT | O_RDWR, .mode = 0600}, HOW_BYTES);
	open_how("O_PATH", "file", (struct how){.flags = O_PATH}, HOW_BYTES);
	open_how("O_PATH and more", "file", (struct how){.flags = O_PATH | O_RDWR}, HOW_BYTES);
	open_how("unknown", "file", (struct how){.resolve = 0x40}, HOW_BYTES);
	open_how("both", "file", (struct how){.resolve = BENEATH | IN_ROOT}, HOW_BYTES);
	open_how("cached, made", "file", (struct how){.flags = O_CREAT, .resolve = CACHED},
		 HOW_BYTES);
	open_how("made beneath", "sub/made", (struct how){.flags = O_CREAT, .resolve = BENEATH},
		 HOW_BYTES);
	open_how("made above", "../made", (struct how){.flags = O_CREAT, .resolve = BENEATH},
		 HOW_BYTES);
	open_how("made by a link", "out", (struct how){.flags = O_CREAT, .resolve = IN_ROOT},
		 HOW_BYTES);
	open_how("the link", "link",
		 (struct how){.flags = O_PATH | O_NOFOLLOW, .resolve = NO_SYMLINKS}, HOW_BYTES);
	unlinkat(folder, "new", 0);
	unlinkat(folder, "sub/made", 0);
	unlinkat(folder, "outside", 0);
}

int main(void)
{
	char base[] = "/tmp/prog_openat2.XXXXXX", absolute[64];

	if (!mkdtemp(base) || chdir(base) || mkdir("p", 0755) || chdir("p") || mkdir("q", 0755) ||
	    chdir("q") || mkdir("sub", 0755))
		return 1;
	close(open("file", O_CREAT | O_RDWR, 0644));
	close(open("sub/inner", O_CREAT | O_RDWR, 0644));
	close(open("../outside", O_CREAT | O_RDWR, 0644));
	snprintf(absolute, sizeof(absolute), "%s/p/q/file", base);
	if (symlink("file", "link") || symlink(absolute, "absolute") ||
	    symlink("../outside", "out") || symlink("loop", "loop") ||
	    symlink("../file", "sub/up") || symlink("sub", "dir_link") ||
	    symlink("/proc/self", "magic"))
		return 1;
	folder = open(".", O_RDONLY | O_DIRECTORY);
	if (chdir("/"))
		return 1;
	arguments();
	within("beneath", BENEATH);
	within("in root", IN_ROOT);
	within("without links", NO_SYMLINKS);
	within("without magic", NO_MAGICLINKS);
	static const char *const names[] = {"file", "sub",  "link",  "dir_link",  "absolute",
					    "out",  "loop", "magic", "sub/inner", "sub/up"};
	for (size_t i = sizeof(names) / sizeof(names[0]); i--;)
		unlinkat(folder, names[i], 0);
	unlinkat(folder, "sub", AT_REMOVEDIR);
	unlinkat(folder, "../outside", 0);
	unlinkat(folder, "../q", AT_REMOVEDIR);
	unlinkat(folder, "../../p", AT_REMOVEDIR);
	return rmdir(base);
}
