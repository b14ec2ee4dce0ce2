/*
 * prog_vm_protect_border.c: a large page lies over two mappings, and mprotect(2) of both ends at
 * the border, as the second would be more data than RLIMIT_DATA allows.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define MIB (1ul << 20)

int main(void)
{
	char *room =
		mmap(NULL, 6 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rlimit limit;
	unsigned refused = 0;

	if (room == MAP_FAILED || getrlimit(RLIMIT_DATA, &limit))
		return 1;
	char *page = (char *)(((uintptr_t)room + 2 * MIB - 1) & -(2 * MIB));
	madvise(page, 2 * MIB, MADV_HUGEPAGE);
	memset(page, 'x', 2 * MIB);
	/* Two mappings from here on. */
	madvise(page + MIB, MIB, MADV_DONTFORK);
	if (mprotect(page, 2 * MIB, PROT_READ))
		return 1;
	for (limit.rlim_cur = MIB / 4;; limit.rlim_cur += MIB / 4) {
		if (setrlimit(RLIMIT_DATA, &limit))
			return 1;
		if (!mprotect(page, 2 * MIB, PROT_READ | PROT_WRITE))
			break;
		refused++;
	}
	memset(page, 'y', 2 * MIB);
	printf("refused at first: %d; writable in the end: %c %c\n", refused > 0, page[0],
	       page[2 * MIB - 1]);
	return 0;
}
