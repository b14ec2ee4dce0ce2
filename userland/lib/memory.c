/* memory.c: see quire.h. Each call asks the kernel anew: nothing is kept here that could be wrong
 * after somebody else has moved the heap's end. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "quire.h"

#define VECTOR_BYTES 512

/* brk(2): the end as it is afterwards. */
static uintptr_t set_end(uintptr_t end)
{
	return (uintptr_t)syscall(SYS_brk, end);
}

void *sbrk(intptr_t bytes)
{
	uintptr_t old = set_end(0), end = old + (uintptr_t)bytes;
	int wraps = bytes < 0 ? end > old : end < old;

	if (bytes == 0)
		return (void *)old;
	if (wraps || set_end(end) != end) {
		errno = ENOMEM;
		return (void *)-1;
	}
	return (void *)old;
}

long pages_resident(const void *start, size_t bytes)
{
	unsigned char vector[VECTOR_BYTES];
	uintptr_t at = (uintptr_t)start & ~(PAGE_BYTES - 1);
	uintptr_t end = ((uintptr_t)start + bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	long found = 0;

	while (at < end) {
		size_t pages = (end - at) / PAGE_BYTES;
		if (pages > VECTOR_BYTES)
			pages = VECTOR_BYTES;
		if (mincore((void *)at, pages * PAGE_BYTES, vector) != 0)
			return -1;
		for (size_t i = 0; i < pages; i++)
			found += vector[i] & 1;
		at += pages * PAGE_BYTES;
	}
	return found;
}

long pages_free(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		return -1;
	return (long)((unsigned long long)info.freeram * info.mem_unit / PAGE_BYTES);
}
