/* prog_file_map.c: mapped files: what a mapping, its file and other processes see of each other. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096l

static char buffer[64];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static int make(const char *path, long pages)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
	char page[PAGE];

	for (long i = 0; i < pages; i++) {
		memset(page, (int)('a' + i), PAGE);
		write(fd, page, PAGE);
	}
	return fd;
}

static char *map(int fd, long pages, int prot, int flags)
{
	return mmap(NULL, (size_t)(pages * PAGE), prot, flags, fd, 0);
}

/* In a child, so that this process survives. */
static void probe(const char *what, volatile char *at, int write)
{
	int how;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (write)
			*at = 'P';
		_exit(*at);
	}
	waitpid(child, &how, 0);
	if (WIFSIGNALED(how))
		printf("%s: signal %d\n", what, WTERMSIG(how));
	else
		printf("%s: %c\n", what, WEXITSTATUS(how) ? WEXITSTATUS(how) : '0');
}

static void coherence(void)
{
	int fd = make("f", 2);
	char *shared = map(fd, 2, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *again = map(fd, 2, PROT_READ, MAP_SHARED);

	printf("mapped: %c %c\n", shared[0], shared[PAGE]);
	shared[5] = 'S';
	pread(fd, buffer, 1, 5);
	printf("read sees %c, the other mapping %c\n", buffer[0], again[5]);
	pwrite(fd, "W", 1, PAGE + 7);
	printf("the mappings see %c %c\n", shared[PAGE + 7], again[PAGE + 7]);
	/* A write whose source is the mapping of the place it writes to. */
	result("write from itself", pwrite(fd, shared, 10, 3));
	printf("%.13s\n", shared);
	result("read into itself", pread(fd, shared + PAGE, 10, 0));
	printf("%.10s\n", shared + PAGE);
	result("msync", msync(shared, 2 * PAGE, MS_SYNC));
	close(fd);
	shared[0] = 'L';
	fd = open("f", O_RDONLY);
	read(fd, buffer, 1);
	printf("after close: %c\n", buffer[0]);
	close(fd);
	unlink("f");
	shared[1] = 'U';
	printf("after unlink: %c\n", again[1]);
	munmap(shared, 2 * PAGE);
	munmap(again, 2 * PAGE);
}

static void across_fork(void)
{
	int fd = make("f", 1), how;
	char *shared = map(fd, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *private = map(fd, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	shared[1] = '1';
	private[2] = '2';
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		printf("child sees %c %c\n", shared[1], private[2]);
		shared[3] = 'c';
		private[3] = 'c';
		pwrite(fd, "C", 1, 4);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &how, 0);
	printf("parent sees %c %c %c %c\n", shared[3], private[3], shared[4], private[4]);
	munmap(shared, PAGE);
	munmap(private, PAGE);
	close(fd);
}

static void private_mapping(void)
{
	int fd = make("f", 2);
	char *private = map(fd, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	private[0] = 'P'; /* this page is a copy now, the other is the file's */
	pwrite(fd, "WW", 2, 0);
	pread(fd, buffer, 2, 0);
	printf("file %.2s, mapping %.2s\n", buffer, private);
	private[PAGE] = 'Q';
	pread(fd, buffer, 1, PAGE);
	printf("file %c, mapping %c\n", buffer[0], private[PAGE]);
	munmap(private, 2 * PAGE);
	close(fd);
}

static void protection(void)
{
	int fd = make("f", 1);
	char *area;

	close(fd);
	fd = open("f", O_RDONLY);
	result("shared and writable of a read-only file",
	       map(fd, 1, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED ? -1 : 0);
	area = map(fd, 1, PROT_READ, MAP_SHARED);
	result("shared and readable", area == MAP_FAILED ? -1 : 0);
	probe("read it", area, 0);
	probe("write it", area, 1);
	result("mprotect to writable", mprotect(area, PAGE, PROT_READ | PROT_WRITE));
	munmap(area, PAGE);
	area = map(fd, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	result("private and writable", area == MAP_FAILED ? -1 : 0);
	probe("write it", area, 1);
	munmap(area, PAGE);
	close(fd);
	fd = open("f", O_WRONLY);
	result("map a write-only file", map(fd, 1, PROT_WRITE, MAP_SHARED) == MAP_FAILED ? -1 : 0);
	close(fd);
	fd = open("f", O_RDWR);
	area = map(fd, 1, PROT_READ, MAP_SHARED);
	result("mprotect to writable", mprotect(area, PAGE, PROT_READ | PROT_WRITE));
	probe("write it", area, 1);
	printf("the file has %c\n", area[0]);
	munmap(area, PAGE);
	close(fd);
	fd = open(".", O_RDONLY);
	result("map a directory", map(fd, 1, PROT_READ, MAP_PRIVATE) == MAP_FAILED ? -1 : 0);
	close(fd);
}

static void past_the_end(void)
{
	int fd = make("f", 1);

	ftruncate(fd, 10);
	char *shared = map(fd, 3, PROT_READ | PROT_WRITE, MAP_SHARED);
	printf("behind the end: %d\n", shared[10]);
	shared[11] = 'J'; /* not in the file */
	probe("the page behind the end", shared + PAGE, 0);
	probe("write there", shared + 2 * PAGE, 1);
	result("pread past the end", pread(fd, buffer, 10, 10));
	result("read into a page behind the end", pread(fd, shared + PAGE, 5, 0));
	result("ftruncate longer", ftruncate(fd, 2 * PAGE));
	pread(fd, buffer, 4, 9);
	printf("%c %d %d %d\n", buffer[0], buffer[1], buffer[2], buffer[3]);
	probe("the second page now", shared + PAGE, 0);
	probe("the third", shared + 2 * PAGE, 0);
	munmap(shared, 3 * PAGE);
	close(fd);
}

static void truncated(void)
{
	int fd = make("f", 4), how;
	char *shared = map(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *private = map(fd, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	for (long i = 0; i < 4; i++)
		shared[i * PAGE] = private[i * PAGE + 1] = (char)('0' + i);
	/* In the child the tables are the parent's, until one of them writes. */
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		ftruncate(fd, PAGE + 100);
		_exit(0);
	}
	waitpid(child, &how, 0);
	printf("kept: %c %c %c\n", shared[0], shared[PAGE], private[PAGE + 1]);
	printf("cut off within the page: %d\n", shared[PAGE + 100]);
	probe("shared, page 2", shared + 2 * PAGE, 0);
	probe("private copy, page 2", private + 2 * PAGE, 0);
	probe("write shared, page 3", shared + 3 * PAGE, 1);
	ftruncate(fd, 4 * PAGE);
	probe("shared, page 2, longer again", shared + 2 * PAGE, 0);
	probe("private, page 2", private + 2 * PAGE + 1, 0);
	probe("write private, page 3", private + 3 * PAGE, 1);
	munmap(shared, 4 * PAGE);
	munmap(private, 4 * PAGE);
	close(fd);
}

static void memfd_and_msync(void)
{
	int fd = memfd_create("map", 0);

	ftruncate(fd, 2 * PAGE);
	char *shared = map(fd, 2, PROT_READ | PROT_WRITE, MAP_SHARED);
	strcpy(shared + PAGE - 2, "over the edge");
	pread(fd, buffer, 14, PAGE - 2);
	printf("%s\n", buffer);
	result("msync at an odd place", msync(shared + 1, PAGE, MS_SYNC));
	result("msync both ways", msync(shared, PAGE, MS_SYNC | MS_ASYNC));
	result("msync with bad flags", msync(shared, PAGE, 0x100));
	result("msync nothing", msync(shared, 0, MS_SYNC));
	result("msync asynchronously", msync(shared, 2 * PAGE, MS_ASYNC));
	munmap(shared + PAGE, PAGE);
	result("msync over a hole", msync(shared, 2 * PAGE, MS_SYNC));
	munmap(shared, PAGE);
	close(fd);
}

int main(void)
{
	/* A tmpfs on Linux, too. */
	char scratch[] = "/tmp/map-XXXXXX";

	if (!mkdtemp(scratch) || chdir(scratch)) {
		perror(scratch);
		return 1;
	}
	coherence();
	across_fork();
	private_mapping();
	protection();
	past_the_end();
	truncated();
	memfd_and_msync();
	unlink("f");
	result("rmdir", rmdir(scratch));
	return 0;
}
