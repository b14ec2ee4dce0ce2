/* prog_vm_terabytes.c: calls on a mapping of terabytes of which a few pages are in use: what they
 * cost must not depend on its size. alarm(2) ends it where it does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096ul
#define BYTES (4ul << 40)

/* Pages with something in them: at the ends, and one far from both. */
static const unsigned long places[] = {0, PAGE, BYTES / 3 / PAGE *PAGE, BYTES - PAGE};
#define PLACES (sizeof(places) / sizeof(*places))

static void result(const char *what, long status)
{
	printf("%s: %s\n", what, status ? strerror(errno) : "done");
}

static void show(const char *what, const char *at)
{
	printf("%s:", what);
	for (unsigned i = 0; i < PLACES; i++)
		printf(" %d", at[places[i]]);
	printf("\n");
}

static void read_all(const char *path)
{
	static char buffer[65536];
	int fd = open(path, O_RDONLY);
	ssize_t bytes;

	while ((bytes = read(fd, buffer, sizeof(buffer))) > 0)
		;
	printf("%s: %zd\n", path, bytes);
	close(fd);
}

/* What nobody may access, and what is behind the end of its file, can't be populated. Whether so
 * much may be locked is up to Linux's limit. */
static void lock_all(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, file = memfd_create("short", 0);

	if (ftruncate(file, PAGE) ||
	    mmap(NULL, BYTES, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED)
		printf("no file is mapped\n");
	if (mmap(NULL, 16 * BYTES, PROT_NONE, flags, -1, 0) == MAP_FAILED)
		printf("nothing is reserved\n");
	fflush(stdout);
	mlockall(MCL_CURRENT);
	printf("all that could be is locked\n");
}

int main(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *at = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);

	alarm(20);
	result("map", at == MAP_FAILED);
	for (unsigned i = 0; i < PLACES; i++)
		at[places[i]] = (char)(i + 1);
	show("first", at);
	/* What is behind the first BYTES is in the way, so it moves. */
	char *moved = mremap(at, BYTES, BYTES + 4 * PAGE, MREMAP_MAYMOVE);
	result("move", moved == MAP_FAILED);
	show("moved", moved);
	char *left = mremap(moved, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	result("move without unmapping", left == MAP_FAILED);
	show("what is left", moved);
	show("what was moved", left);
	read_all("/proc/self/smaps");
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		show("child", left);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	result("protect", mprotect(left, BYTES, PROT_NONE));
	result("protect again", mprotect(left, BYTES, PROT_READ));
	result("sync", msync(left, BYTES, MS_SYNC));
	result("drop", madvise(left, BYTES, MADV_DONTNEED));
	show("dropped", left);
	result("unmap", munmap(left, BYTES));
	munmap(moved, BYTES + 4 * PAGE);
	lock_all();
	return 0;
}
