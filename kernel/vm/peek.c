/* peek.c: see peek.h. */
#include "vm/peek.h"

#include <arch/user.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/layout.h"

paddr_t vm_physical_locked(const struct vm_space *space, vaddr_t va)
{
	const entry_t *table = phys_to_virt(space->root);

	if (!space->root)
		return 0;
	for (unsigned level = MMU_LEVELS;; level--) {
		entry_t entry = entry_load(&table[entry_index(va, level)]);
		if (!entry_is_present(entry))
			return 0;
		if (entry_is_leaf(entry, level))
			return entry_pa(entry) + (va & (entry_span(level) - 1));
		table = phys_to_virt(entry_pa(entry));
	}
}

void vm_peek_locked(const struct vm_space *space, void *to, vaddr_t from, size_t bytes)
{
	char *next = to;

	assert(rw_held_exclusive(&space->lock) && from <= USER_END && bytes <= USER_END - from);
	while (bytes) {
		size_t part = MIN(bytes, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
		paddr_t pa = vm_physical_locked(space, from);
		if (pa)
			memcpy(next, phys_to_virt(pa), part);
		else
			memset(next, 0, part);
		next += part;
		from += part;
		bytes -= part;
	}
}
