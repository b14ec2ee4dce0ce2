/* user.c: guarded access to the user's memory on the host: a page at a time through the software
 * MMU, with the faults that it takes. */
#include <arch/user.h>

#include <arch/mmu.h>

#include "host.h"
#include "lib/string.h"
#include "sync/cpu.h"

/* Calls for each part of [va, va + bytes) that lies in one page, until one can't be reached. */
static size_t for_pages(vaddr_t va, size_t bytes, bool write,
			void (*part)(char *user, char *kernel, size_t bytes), char *kernel)
{
	struct vm_space *space = cpu_local()->space;

	while (bytes && space && va < USER_END) {
		size_t here = MIN(bytes, PAGE_SIZE - (va & (PAGE_SIZE - 1)));
		void *user;
		if (host_reach(space, va, write, &user) != HOST_OK)
			break;
		part(user, kernel, here);
		if (kernel)
			kernel += here;
		va += here;
		bytes -= here;
	}
	return bytes;
}

static void copy_in(char *user, char *kernel, size_t bytes)
{
	memcpy(kernel, user, bytes);
}

static void copy_out(char *user, char *kernel, size_t bytes)
{
	memcpy(user, kernel, bytes);
}

static void clear(char *user, char *kernel, size_t bytes)
{
	(void)kernel;
	memset(user, 0, bytes);
}

size_t arch_copy_from_user(void *to, vaddr_t from, size_t bytes)
{
	return for_pages(from, bytes, false, copy_in, to);
}

size_t arch_copy_to_user(vaddr_t to, const void *from, size_t bytes)
{
	return for_pages(to, bytes, true, copy_out, (char *)from);
}

size_t arch_clear_user(vaddr_t to, size_t bytes)
{
	return for_pages(to, bytes, true, clear, NULL);
}

bool arch_user_compare_exchange(vaddr_t word, uint32_t *expected, uint32_t desired)
{
	uint32_t found;

	/* The host's programs have one thread. */
	if (arch_copy_from_user(&found, word, sizeof(found)))
		return false;
	bool equal = found == *expected;
	*expected = found;
	return !arch_copy_to_user(word, equal ? &desired : &found, sizeof(found));
}
