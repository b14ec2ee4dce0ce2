/* prog_mmap.c: mapping, unmapping and protecting memory, and the errors of these calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static void result(const char *what, int failed)
{
	printf("%s: %s\n", what, failed ? strerror(errno) : "ok");
}

static char *map(size_t pages, int prot)
{
	return mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Does an access end with SIGSEGV? In a child, so that this process survives. */
static void probe(const char *what, volatile char *at, int write)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (write)
			*at = 1;
		else
			(void)*at;
		_exit(0);
	}
	int how;
	waitpid(child, &how, 0);
	if (WIFSIGNALED(how))
		printf("%s: signal %d\n", what, WTERMSIG(how));
	else
		printf("%s: allowed\n", what);
}

static unsigned sum_of(const char *from, size_t bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += (unsigned char)from[i];
	return sum;
}

static void map_and_unmap(void)
{
	char *area = map(8, PROT_READ | PROT_WRITE);

	result("map 8 pages", area == MAP_FAILED);
	printf("page aligned: %s, sum %u\n", (uintptr_t)area % PAGE ? "no" : "yes",
	       sum_of(area, 8 * PAGE));
	memset(area, 1, 8 * PAGE);
	result("unmap 2 in the middle", munmap(area + 3 * PAGE, 2 * PAGE));
	probe("read before the hole", area + 3 * PAGE - 1, 0);
	probe("read the hole's first byte", area + 3 * PAGE, 0);
	probe("read the hole's last byte", area + 5 * PAGE - 1, 0);
	probe("write behind the hole", area + 5 * PAGE, 1);
	char *again = mmap(area + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("fixed: %s, sum %u\n", again == area + 3 * PAGE ? "in place" : "elsewhere",
	       sum_of(again, 2 * PAGE));
	printf("the whole sums to %u\n", sum_of(area, 8 * PAGE));
	result("unmap all", munmap(area, 8 * PAGE));
	result("unmap all again", munmap(area, 8 * PAGE));
}

static void protect(void)
{
	char *area = map(4, PROT_READ | PROT_WRITE);

	memset(area, 7, 4 * PAGE);
	result("protect one page read-only", mprotect(area + PAGE, PAGE, PROT_READ));
	probe("write before it", area + PAGE - 1, 1);
	probe("read it", area + PAGE, 0);
	probe("write it", area + PAGE, 1);
	probe("write behind it", area + 2 * PAGE, 1);
	result("protect none", mprotect(area + PAGE, PAGE, PROT_NONE));
	probe("read it", area + PAGE, 0);
	result("protect back", mprotect(area, 4 * PAGE, PROT_READ | PROT_WRITE));
	probe("write it", area + PAGE, 1);
	printf("sum %u\n", sum_of(area, 4 * PAGE));
	result("madvise dontneed", madvise(area + PAGE, PAGE, MADV_DONTNEED));
	printf("sum %u\n", sum_of(area, 4 * PAGE));
	munmap(area, 4 * PAGE);
}

static void generate_code(void)
{
	/* mov eax, 42; ret */
	static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
	char *area = map(1, PROT_READ | PROT_WRITE);
	int (*function)(void);

	memcpy(area, code, sizeof(code));
	result("make it executable", mprotect(area, PAGE, PROT_READ | PROT_EXEC));
	memcpy(&function, &area, sizeof(function));
	printf("generated code returns %d\n", function());
	probe("write generated code", area, 1);
	munmap(area, PAGE);
}

static void errors(void)
{
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	char *area = map(2, PROT_READ);

	result("map 0 bytes", mmap(NULL, 0, PROT_READ, anonymous, -1, 0) == MAP_FAILED);
	result("map without private or shared",
	       mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	result("map a bad descriptor",
	       mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED);
	result("map too much",
	       mmap(NULL, 1ul << 46, PROT_READ | PROT_WRITE, anonymous, -1, 0) == MAP_FAILED);
	result("map all there is",
	       mmap(NULL, ~0ul - PAGE, PROT_READ, anonymous, -1, 0) == MAP_FAILED);
	result("map at an odd place",
	       mmap(area + 1, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0) == MAP_FAILED);
	result("map the kernel's half", mmap((void *)0xffff800000000000ul, PAGE, PROT_READ,
					     anonymous | MAP_FIXED, -1, 0) == MAP_FAILED);
	result("map on top without replacing",
	       mmap(area, PAGE, PROT_READ, anonymous | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
	result("unmap at an odd place", munmap(area + 1, PAGE));
	result("unmap 0 bytes", munmap(area, 0));
	result("unmap the kernel's half", munmap((void *)0xffff800000000000ul, PAGE));
	result("protect at an odd place", mprotect(area + 1, PAGE, PROT_READ));
	result("protect with unknown bits", mprotect(area, PAGE, 0x40));
	result("protect nothing", mprotect(area, 0, PROT_READ));
	munmap(area + PAGE, PAGE);
	result("protect beyond the end", mprotect(area, 2 * PAGE, PROT_READ | PROT_WRITE));
	result("advise at an odd place", madvise(area + 1, PAGE, MADV_DONTNEED));
	result("unmap", munmap(area, PAGE));
}

int main(void)
{
	map_and_unmap();
	protect();
	generate_code();
	errors();
	return 0;
}
