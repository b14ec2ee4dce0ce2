/* user.c: guarded access to the user's memory; the copies themselves are in user.S. */
#include <arch/user.h>

#include "x86.h"

struct exception_entry {
	vaddr_t instruction, continuation;
};
extern const struct exception_entry exception_table_start[], exception_table_end[];

size_t user_copy(void *to, const void *from, size_t bytes);
size_t user_clear(void *to, size_t bytes);
bool user_compare_exchange(uint32_t *word, uint32_t *expected, uint32_t desired);

/* How much of [start, start + bytes) is the user's half, from its beginning. */
static size_t user_part(vaddr_t start, size_t bytes)
{
	if (start >= USER_END)
		return 0;
	return MIN(bytes, USER_END - start);
}

size_t arch_copy_from_user(void *to, vaddr_t from, size_t bytes)
{
	size_t part = user_part(from, bytes);

	user_access_begin();
	size_t left = user_copy(to, (const void *)from, part);
	user_access_end();
	return bytes - part + left;
}

size_t arch_copy_to_user(vaddr_t to, const void *from, size_t bytes)
{
	size_t part = user_part(to, bytes);

	user_access_begin();
	size_t left = user_copy((void *)to, from, part);
	user_access_end();
	return bytes - part + left;
}

size_t arch_clear_user(vaddr_t to, size_t bytes)
{
	size_t part = user_part(to, bytes);

	user_access_begin();
	size_t left = user_clear((void *)to, part);
	user_access_end();
	return bytes - part + left;
}

bool arch_user_compare_exchange(vaddr_t word, uint32_t *expected, uint32_t desired)
{
	if (user_part(word, sizeof(*expected)) < sizeof(*expected))
		return false;
	user_access_begin();
	bool done = user_compare_exchange((uint32_t *)word, expected, desired);
	user_access_end();
	return done;
}

vaddr_t arch_user_fixup(const struct trap_frame *frame)
{
	const struct exception_entry *entry;

	for (entry = exception_table_start; entry < exception_table_end; entry++)
		if (entry->instruction == frame->rip)
			return entry->continuation;
	return 0;
}
