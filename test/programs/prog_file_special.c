/* prog_file_special.c: files without names, names that change places, holes, seals, /dev/zero
 * mapped. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef FALLOC_FL_PUNCH_HOLE
#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE  2
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_GET_SEALS   1034
#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

static char bytes[65536];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static void fill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void show(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, 100);

	if (got < 0)
		printf("%s: %s\n", path, strerror(errno));
	else
		printf("%s: %.*s\n", path, (int)got, bytes);
	close(fd);
}

static long exchange(const char *one, const char *other, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, flags);
}

static void exchanging(void)
{
	struct stat status;

	fill("a", "was a");
	fill("b", "was b");
	result("mkdir", mkdir("d", 0700));
	result("mkdir", mkdir("d/e", 0700));
	fill("d/c", "was c");
	result("exchange", exchange("a", "b", RENAME_EXCHANGE));
	show("a");
	show("b");
	result("across", exchange("a", "d/c", RENAME_EXCHANGE));
	show("a");
	show("d/c");
	result("file and directory", exchange("a", "d/e", RENAME_EXCHANGE));
	show("d/e");
	stat("a", &status);
	printf("a is %o\n", status.st_mode & S_IFMT);
	stat("d", &status);
	printf("d has %lu links\n", (unsigned long)status.st_nlink);
	result("with itself", exchange("b", "b", RENAME_EXCHANGE));
	result("with what is not", exchange("b", "none", RENAME_EXCHANGE));
	result("what is not", exchange("none", "b", RENAME_EXCHANGE));
	result("with what is in it", exchange("d", "d/e", RENAME_EXCHANGE));
	result("with what it is in", exchange("d/c", "d", RENAME_EXCHANGE));
	result("both flags", exchange("a", "b", RENAME_EXCHANGE | RENAME_NOREPLACE));
	result("a slash", exchange("b/", "a", RENAME_EXCHANGE));
	unlink("b");
	unlink("d/e");
	unlink("d/c");
	rmdir("a");
	result("rmdir", rmdir("d"));
}

static void nameless(void)
{
	char path[64], target[128] = "";
	struct stat status;
	int fd = open(".", O_TMPFILE | O_RDWR, 0640);

	result("O_TMPFILE", fd < 0 ? -1 : 0);
	fstat(fd, &status);
	printf("mode %o, links %lu\n", status.st_mode, (unsigned long)status.st_nlink);
	result("write", write(fd, "contents", 8));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	result("readlink", readlink(path, target, sizeof(target) - 1) > 0 ? 0 : -1);
	printf("a number and deleted: %d\n",
	       strchr(target, '#') != NULL && strstr(target, " (deleted)") != NULL);
	result("link", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	show("named");
	fstat(fd, &status);
	printf("links %lu\n", (unsigned long)status.st_nlink);
	result("unlink", unlink("named"));
	close(fd);
	fd = open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	result("link an exclusive", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	close(fd);
	result("for reading", open(".", O_TMPFILE | O_RDONLY, 0600));
	result("nowhere", open("none", O_TMPFILE | O_RDWR, 0600));
	fill("file", "x");
	result("in a file", open("file", O_TMPFILE | O_RDWR, 0600));
	result("without its directory bit", open(".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600));
	unlink("file");
}

static unsigned sum(const char *from, size_t count)
{
	unsigned total = 0;

	for (size_t i = 0; i < count; i++)
		total = total * 31 + (unsigned char)from[i];
	return total;
}

static void punch(int fd, const char *what, unsigned mode, long offset, long length)
{
	struct stat status;

	result(what, syscall(SYS_fallocate, fd, mode, offset, length));
	fstat(fd, &status);
	ssize_t got = pread(fd, bytes, sizeof(bytes), 0);
	printf("size %ld, blocks %ld, sum %#x\n", (long)status.st_size, (long)status.st_blocks,
	       sum(bytes, got < 0 ? 0 : (size_t)got));
}

static void holes(void)
{
	const unsigned hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int fd = open("holes", O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(bytes, 'x', sizeof(bytes));
	result("write", write(fd, bytes, 40000));
	punch(fd, "two pages", hole, 4096, 8192);
	punch(fd, "inside a page", hole, 20000, 100);
	punch(fd, "over an edge", hole, 24000, 5000);
	punch(fd, "again", hole, 4096, 8192);
	punch(fd, "behind the end", hole, 39000, 100000);
	result("data", lseek(fd, 4096, SEEK_DATA));
	result("hole", lseek(fd, 0, SEEK_HOLE));
	char *map = mmap(NULL, 40000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	map[15000] = 'y';
	char *private = mmap(NULL, 40000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	private[12300] = 'p';
	result("under a mapping", syscall(SYS_fallocate, fd, hole, 12288, 4096));
	printf("shared %d, private %c\n", map[15000], private[12300]);
	map[15001] = 'z';
	result("pread", pread(fd, bytes, 2, 15000));
	printf("%d %c\n", bytes[0], bytes[1]);
	munmap(map, 40000);
	munmap(private, 40000);
	punch(fd, "without keeping the size", FALLOC_FL_PUNCH_HOLE, 0, 10);
	punch(fd, "nothing", hole, 0, 0);
	punch(fd, "before the start", hole, -1, 10);
	punch(fd, "further", FALLOC_FL_KEEP_SIZE, 40000, 10000);
	close(fd);
	fd = open("holes", O_RDONLY);
	punch(fd, "of a reader", hole, 0, 10);
	close(fd);
	unlink("holes");
}

static void seals(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING), other = memfd_create("open", 0);

	result("none yet", fcntl(fd, F_GET_SEALS));
	result("not allowed", fcntl(other, F_GET_SEALS));
	result("not allowed", fcntl(other, F_ADD_SEALS, F_SEAL_GROW));
	result("write", write(fd, "0123456789", 10));
	result("no shrinking", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	result("shrink", ftruncate(fd, 5));
	result("grow", ftruncate(fd, 20));
	result("no growing", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	result("grow", ftruncate(fd, 30));
	result("write behind", pwrite(fd, "x", 1, 20));
	result("write over the end", pwrite(fd, "xy", 2, 19));
	result("write inside", pwrite(fd, "x", 1, 19));
	result("allocate behind", fallocate(fd, 0, 0, 100));
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	result("no writing, mapped", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	result("none in the future", fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	map[3] = 'm';
	result("write", pwrite(fd, "x", 1, 0));
	munmap(map, 4096);
	result("no writing", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	result("write", pwrite(fd, "x", 1, 0));
	result("a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	result("map to write", map == MAP_FAILED ? -1 : 0);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	result("map to read", map == MAP_FAILED ? -1 : 0);
	result("then to write", mprotect(map, 4096, PROT_READ | PROT_WRITE));
	printf("%.4s\n", map);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	result("map privately", map == MAP_FAILED ? -1 : 0);
	result("all of them", fcntl(fd, F_GET_SEALS));
	result("no sealing", fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	result("more", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	result("unknown", fcntl(fd, F_ADD_SEALS, 0x1000));
	result("of no memfd", fcntl(0, F_GET_SEALS));
	result("whom SIGIO is sent", fcntl(fd, F_GETOWN));
	close(fd);
	close(other);
}

static void zeros(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);

	result("shared", shared == MAP_FAILED ? -1 : 0);
	result("private", private == MAP_FAILED ? -1 : 0);
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		void *grows = mmap(NULL, 8192, PROT_READ, type | MAP_GROWSDOWN, fd, 0);
		result("growing", grows == MAP_FAILED ? -1 : 0);
	}
	close(fd);
	printf("%d %d\n", shared[5000], private[5000]);
	shared[0] = private[0] = 1;
	fflush(stdout);
	if (!fork()) {
		shared[0] = private[0] = 2;
		_exit(0);
	}
	wait(NULL);
	printf("%d %d\n", shared[0], private[0]);
	fd = open("/dev/null", O_RDWR);
	result("null", mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
}

int main(void)
{
	result("mkdir", mkdir("/dev/shm/special", 0700));
	result("chdir", chdir("/dev/shm/special"));
	umask(022);
	exchanging();
	nameless();
	holes();
	seals();
	zeros();
	result("rmdir", rmdir("/dev/shm/special"));
	return 0;
}
