/* user.c: guarded copies. entry.S has the loops, and the table of where they may fault. */
#include <arch/user.h>

#include <arch/trap.h>

#include "interrupts.h"

struct guarded {
	vaddr_t at, to;
};
extern const struct guarded exception_table_start[], exception_table_end[];

size_t user_copy_bytes(void *to, const void *from, size_t bytes);
size_t user_clear_bytes(void *to, size_t bytes);

vaddr_t arch_user_fixup(const struct trap_frame *frame)
{
	for (const struct guarded *entry = exception_table_start; entry < exception_table_end;
	     entry++)
		if (entry->at == frame->rip)
			return entry->to;
	return 0;
}

/* Wholly inside the user's half? Wrapping is outside. */
static bool in_user_half(vaddr_t start, size_t bytes)
{
	return start < USER_END && bytes <= USER_END - start;
}

/* SMAP (SDM 3A, 4.6): the kernel reaches user pages only while AC is set. */
static void open_user(void)
{
	if (cpu_smap)
		__asm__ volatile("stac" : : : "memory", "cc");
}

static void close_user(void)
{
	if (cpu_smap)
		__asm__ volatile("clac" : : : "memory", "cc");
}

size_t arch_copy_from_user(void *to, vaddr_t from, size_t bytes)
{
	if (!in_user_half(from, bytes))
		return bytes;
	open_user();
	size_t left = user_copy_bytes(to, (const void *)from, bytes);
	close_user();
	return left;
}

size_t arch_copy_to_user(vaddr_t to, const void *from, size_t bytes)
{
	if (!in_user_half(to, bytes))
		return bytes;
	open_user();
	size_t left = user_copy_bytes((void *)to, from, bytes);
	close_user();
	return left;
}

size_t arch_clear_user(vaddr_t to, size_t bytes)
{
	if (!in_user_half(to, bytes))
		return bytes;
	open_user();
	size_t left = user_clear_bytes((void *)to, bytes);
	close_user();
	return left;
}
