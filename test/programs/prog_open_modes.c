/* prog_open_modes.c: open(2) with the access mode 3, which is neither reading nor writing;
 * positions in directories that no entry has. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEITHER 3

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static void neither(const char *path, int flags)
{
	char byte = 'x';
	int fd = open(path, NEITHER | flags, 0600);

	printf("%s\n", path);
	if (fd < 0) {
		result("open", fd);
		return;
	}
	result("flags", fcntl(fd, F_GETFL) & O_ACCMODE);
	result("read", read(fd, &byte, 1));
	result("write", write(fd, &byte, 1));
	result("pread", pread(fd, &byte, 1, 0));
	result("pwrite", pwrite(fd, &byte, 1, 0));
	result("ftruncate", ftruncate(fd, 1));
	result("fallocate", fallocate(fd, 0, 0, 1));
	result("seek", lseek(fd, 0, SEEK_CUR));
	result("mapped", mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
	close(fd);
}

/* How many bytes of entries there are from that position on: none, or some. */
static void entries(const char *path, off_t position)
{
	char buffer[4096];
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	off_t at = lseek(fd, position, SEEK_SET);

	if (at != position)
		printf("%s at %#lx: %s\n", path, (long)position, strerror(errno));
	else
		printf("%s at %#lx: %s\n", path, (long)position,
		       syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0 ? "some" : "none");
	close(fd);
}

int main(void)
{
	static const char *const directories[] = {"/proc", "/proc/self/fd", "/proc/self/task"};
	static const off_t positions[] = {0,           0x7ffffffe,  0x7fffffff,  0x80000000,
					  0x80000001,  0x80000002,  0x80001000,  0x80001001,
					  0x100000000, 0x100000002, 0x180000002, 0x100001001};
	char path[] = "/tmp/open_modes";

	neither(path, O_CREAT | O_TRUNC);
	neither("/dev/null", 0);
	mkfifo("/tmp/open_modes_fifo", 0600);
	neither("/tmp/open_modes_fifo", O_NONBLOCK);
	neither("/tmp", 0);
	unlink(path);
	unlink("/tmp/open_modes_fifo");
	for (unsigned i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		for (unsigned j = 0; j < sizeof(positions) / sizeof(*positions); j++)
			entries(directories[i], positions[j]);
	return 0;
}
