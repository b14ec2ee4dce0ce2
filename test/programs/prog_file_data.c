/* prog_file_data.c: contents and attributes of files: reading, writing, sizes, holes, times. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096l
#define MIB  (1l << 20)

static char buffer[3 * PAGE];
static char *volatile nowhere = (char *)8;

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static int make(const char *path)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);

	if (fd < 0)
		perror(path);
	return fd;
}

static long size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) ? -1 : status.st_size;
}

static void reading_and_writing(void)
{
	int fd = make("f");

	result("write", write(fd, "hello, world", 12));
	result("lseek", lseek(fd, 7, SEEK_SET));
	result("write within", write(fd, "W", 1));
	result("pread", pread(fd, buffer, 100, 0));
	printf("%.12s\n", buffer);
	result("lseek to the current", lseek(fd, 0, SEEK_CUR));
	result("lseek from the end", lseek(fd, -2, SEEK_END));
	result("read", read(fd, buffer, 100));
	result("read at the end", read(fd, buffer, 100));
	result("pwrite far", pwrite(fd, "x", 1, 10 * PAGE));
	result("size", size_of(fd));
	result("pread in the hole", pread(fd, buffer, sizeof(buffer), 12));
	int zeros = 1;
	for (size_t i = 0; i < sizeof(buffer); i++)
		zeros &= !buffer[i];
	printf("the hole is %s\n", zeros ? "zeros" : "not zeros");
	result("pread past the end", pread(fd, buffer, 1, 11 * PAGE));
	result("pread before the start", pread(fd, buffer, 1, -1));
	result("lseek before the start", lseek(fd, -1, SEEK_SET));
	result("lseek with a bad whence", lseek(fd, 0, 77));
	result("write from nowhere", write(fd, nowhere, 10));
	result("read to nowhere", pread(fd, nowhere, 10, 0));
	result("size", size_of(fd));
	struct iovec parts[3] = {{"abc", 3}, {"", 0}, {"defg", 4}};
	result("pwritev", pwritev(fd, parts, 3, 2 * PAGE - 2));
	struct iovec to[2] = {{buffer, 4}, {buffer + 100, 10}};
	result("preadv", preadv(fd, to, 2, 2 * PAGE - 2));
	printf("%.4s %.3s\n", buffer, buffer + 100);
	result("close", close(fd));
	fd = open("f", O_RDONLY);
	result("write read-only", write(fd, "x", 1));
	result("ftruncate read-only", ftruncate(fd, 1));
	close(fd);
	fd = open("f", O_WRONLY);
	result("read write-only", read(fd, buffer, 1));
	close(fd);
}

/* Part of the buffer can't be read: what can be is written. */
static void writing_from_a_hole(void)
{
	char *area =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = make("g");

	memset(area, 'a', 2 * PAGE);
	munmap(area + PAGE, PAGE);
	result("write from the edge", write(fd, area + PAGE - 10, 20));
	result("size", size_of(fd));
	result("write from behind the edge", pwrite(fd, area + PAGE, 20, 3));
	result("size", size_of(fd));
	close(fd);
	munmap(area, PAGE);
}

static void appending(void)
{
	int fd = make("app");
	int one = open("app", O_WRONLY | O_APPEND), two = open("app", O_WRONLY | O_APPEND);

	write(one, "one", 3);
	write(two, "two", 3);
	result("pwrite appends", pwrite(one, "X", 1, 0));
	result("lseek", lseek(two, 0, SEEK_CUR));
	result("read", read(fd, buffer, 100));
	printf("%.7s\n", buffer);
	close(one);
	close(two);
	one = open("app", O_RDWR | O_TRUNC);
	result("size after O_TRUNC", size_of(fd));
	close(one);
	close(fd);
}

static void sizes(void)
{
	int fd = make("t");

	memset(buffer, 'b', sizeof(buffer));
	write(fd, buffer, sizeof(buffer));
	result("ftruncate into a page", ftruncate(fd, PAGE + 10));
	result("ftruncate longer", ftruncate(fd, 3 * PAGE));
	result("pread over the old end", pread(fd, buffer, 20, PAGE));
	printf("%.10s, then %d %d\n", buffer, buffer[10], buffer[19]);
	result("truncate by name", truncate("t", 5));
	result("size", size_of(fd));
	result("ftruncate negative", ftruncate(fd, -1));
	result("truncate a directory", truncate(".", 0));
	result("truncate nothing", truncate("nothing", 0));
	result("ftruncate to 1 TiB", ftruncate(fd, 1l << 40));
	result("size", size_of(fd));
	result("write at 1 TiB", pwrite(fd, "end", 3, 1l << 40));
	struct stat status;
	fstat(fd, &status);
	printf("it takes %s\n", status.st_blocks < 1000 ? "little" : "much");
	result("read at 1 TiB", pread(fd, buffer, 10, 1l << 40));
	result("fallocate", fallocate(fd, 0, 0, 2 * MIB));
	result("ftruncate", ftruncate(fd, 3));
	result("fallocate longer", fallocate(fd, 0, 1 * MIB, MIB));
	result("size", size_of(fd));
	fstat(fd, &status);
	printf("it takes %s\n", status.st_blocks >= MIB / 512 ? "at least 1 MiB" : "too little");
	result("fallocate nothing", fallocate(fd, 0, 0, 0));
	result("fallocate before the start", fallocate(fd, 0, -1, 10));
	result("fallocate too far", fallocate(fd, 0, INT64_MAX, 10));
	result("ftruncate", ftruncate(fd, 0));
	fstat(fd, &status);
	printf("%ld bytes, %ld blocks\n", (long)status.st_size, (long)status.st_blocks);
	close(fd);
}

static void holes(void)
{
	int fd = make("h");

	pwrite(fd, "a", 1, 1 * MIB);
	pwrite(fd, "b", 1, 3 * MIB);
	ftruncate(fd, 4 * MIB);
	result("first data", lseek(fd, 0, SEEK_DATA));
	result("hole behind it", lseek(fd, 1 * MIB, SEEK_HOLE));
	result("data behind that", lseek(fd, 1 * MIB + 64 * 1024, SEEK_DATA));
	result("hole from 0", lseek(fd, 0, SEEK_HOLE));
	result("hole at the end", lseek(fd, 3 * MIB, SEEK_HOLE));
	result("no more data", lseek(fd, 3 * MIB + 64 * 1024, SEEK_DATA));
	result("data past the end", lseek(fd, 4 * MIB, SEEK_DATA));
	result("hole past the end", lseek(fd, 4 * MIB, SEEK_HOLE));
	result("hole before the start", lseek(fd, -1, SEEK_HOLE));
	close(fd);
}

static void unlinked(void)
{
	int fd = make("u");
	struct stat status;

	write(fd, "still here", 10);
	int other = open("u", O_RDWR);
	result("unlink", unlink("u"));
	result("open again", open("u", O_RDONLY));
	result("read by the other", read(other, buffer, 100));
	result("write", write(fd, "!", 1));
	fstat(other, &status);
	printf("%ld links, %ld bytes\n", (long)status.st_nlink, (long)status.st_size);
	close(fd);
	close(other);
}

static void attributes(void)
{
	struct timespec times[2] = {{1000000001, 123456789}, {2000000002, 987654321}};
	struct timespec bad[2] = {{0, 2000000000}, {0, 0}};
	struct timespec omit[2] = {{0, UTIME_OMIT}, {77, 0}};
	struct stat status;
	int fd = make("m");

	result("chmod", chmod("m", 04711));
	result("fchmod of nothing", fchmod(77, 0));
	stat("m", &status);
	printf("mode %o\n", status.st_mode);
	result("chown", chown("m", 12, 34));
	stat("m", &status);
	printf("mode %o, %d:%d\n", status.st_mode, status.st_uid, status.st_gid);
	result("chown group only", fchown(fd, -1, 56));
	stat("m", &status);
	printf("%d:%d\n", status.st_uid, status.st_gid);
	result("chmod nothing", chmod("nothing", 0));
	result("access read", access("m", R_OK));
	chmod("m", 0);
	result("access of mode 0", access("m", R_OK | W_OK));
	result("access to execute", access("m", X_OK));
	result("utimensat", utimensat(AT_FDCWD, "m", times, 0));
	stat("m", &status);
	printf("%ld.%09ld %ld.%09ld\n", (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
	       (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	result("utimensat with bad nanoseconds", utimensat(AT_FDCWD, "m", bad, 0));
	result("futimens, one kept", futimens(fd, omit));
	fstat(fd, &status);
	printf("%ld %ld\n", (long)status.st_atim.tv_sec, (long)status.st_mtim.tv_sec);
	struct timespec before = status.st_ctim;
	write(fd, "x", 1);
	fstat(fd, &status);
	printf("writing makes it %s\n", status.st_mtim.tv_sec > 77 ? "new" : "no newer");
	printf("st_ctime goes %s\n", status.st_ctim.tv_sec >= before.tv_sec ? "on" : "back");
	result("fsync", fsync(fd));
	result("fdatasync", fdatasync(fd));
	struct statfs fs;
	result("fstatfs", fstatfs(fd, &fs));
	printf("names of %ld bytes, blocks %s\n", (long)fs.f_namelen,
	       fs.f_blocks >= fs.f_bfree ? "add up" : "do not");
	result("fcntl F_GETFL", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_CREAT));
	close(fd);
}

static void copies(void)
{
	int in = make("in"), out = make("out");
	off_t offset = 2;

	write(in, "0123456789", 10);
	result("sendfile from an offset", sendfile(out, in, &offset, 5));
	printf("offset %ld, position %ld\n", (long)offset, (long)lseek(in, 0, SEEK_CUR));
	lseek(in, 1, SEEK_SET);
	result("sendfile from the position", sendfile(out, in, NULL, 100));
	printf("position %ld\n", (long)lseek(in, 0, SEEK_CUR));
	result("read back", pread(out, buffer, 100, 0));
	printf("%.14s\n", buffer);
	off_t from = 0, to = 3;
	result("copy_file_range", copy_file_range(in, &from, out, &to, 4, 0));
	printf("%ld %ld\n", (long)from, (long)to);
	result("read back", pread(out, buffer, 100, 0));
	printf("%.14s\n", buffer);
	from = 0;
	to = 2;
	result("copy onto itself", copy_file_range(in, &from, in, &to, 5, 0));
	result("copy with flags", copy_file_range(in, &from, out, &to, 5, 1));
	int ends[2];
	pipe(ends);
	offset = 0;
	result("sendfile to a pipe", sendfile(ends[1], in, &offset, 10));
	result("read the pipe", read(ends[0], buffer, 100));
	result("copy to a pipe", copy_file_range(in, &from, ends[1], NULL, 5, 0));
	close(ends[0]);
	close(ends[1]);
	close(in);
	close(out);
}

static void memfd(void)
{
	int fd = memfd_create("quire", MFD_CLOEXEC);
	struct stat status;

	result("memfd_create", fd < 0 ? -1 : 0);
	result("write", write(fd, "anonymous", 9));
	fstat(fd, &status);
	printf("mode %o, %ld links, %ld bytes\n", status.st_mode, (long)status.st_nlink,
	       (long)status.st_size);
	result("FD_CLOEXEC", fcntl(fd, F_GETFD));
	result("ftruncate", ftruncate(fd, 4));
	result("pread", pread(fd, buffer, 100, 0));
	close(fd);
	result("memfd with bad flags", memfd_create("x", 0x4000000));
	memset(buffer, 'n', 300);
	buffer[300] = 0;
	result("memfd with a long name", memfd_create(buffer, 0));
}

int main(void)
{
	static const char *const names[] = {"f", "g", "app", "t", "h", "m", "in", "out"};
	/* A tmpfs on Linux, too. */
	char scratch[] = "/tmp/data-XXXXXX";

	if (!mkdtemp(scratch) || chdir(scratch)) {
		perror(scratch);
		return 1;
	}
	umask(022);
	reading_and_writing();
	writing_from_a_hole();
	appending();
	sizes();
	holes();
	unlinked();
	attributes();
	copies();
	memfd();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
	result("rmdir", rmdir(scratch));
	return 0;
}
