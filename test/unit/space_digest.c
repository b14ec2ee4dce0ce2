/* space_digest.c: see space_digest.h. */
#include "space_digest.h"

#include "mm/layout.h"
#include "vm/region.h"

/* A step of FNV-1a, 64 bits at a time. */
static void mix(uint64_t *digest, uint64_t value)
{
	*digest = (*digest ^ value) * 0x100000001b3ull;
	*digest ^= *digest >> 29;
}

/* Page by page, so that a large page and the small ones it is split into are alike. */
static void mix_leaf(uint64_t *digest, entry_t leaf, unsigned level, vaddr_t va)
{
	const uint64_t *words = phys_to_virt(entry_pa(leaf));

	for (uint64_t offset = 0; offset < entry_span(level); offset += PAGE_SIZE) {
		mix(digest, va + offset);
		mix(digest, entry_prot(leaf) & ~VM_WRITE);
		mix(digest, entry_shared(leaf));
		for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++)
			mix(digest, *words++);
	}
}

static void mix_table(uint64_t *digest, paddr_t pa, unsigned level, vaddr_t base)
{
	const entry_t *table = phys_to_virt(pa);
	unsigned entries = level == MMU_LEVELS ? MMU_USER_ENTRIES : MMU_ENTRIES;

	for (unsigned i = 0; i < entries; i++) {
		vaddr_t va = base + i * entry_span(level);
		if (!entry_is_present(table[i]))
			continue;
		if (entry_is_leaf(table[i], level))
			mix_leaf(digest, table[i], level, va);
		else
			mix_table(digest, entry_pa(table[i]), level - 1, va);
	}
}

uint64_t space_digest(struct vm_space *space)
{
	uint64_t digest = 0xcbf29ce484222325ull;

	for (struct vm_region *region = region_first(space); region; region = region_next(region)) {
		mix(&digest, region->start);
		mix(&digest, region->end);
		mix(&digest, region->prot);
		mix(&digest, region->flags);
		mix(&digest, (vaddr_t)region->object);
		mix(&digest, region->offset);
	}
	mix(&digest, space->brk);
	mix(&digest, space->mapped);
	mix_table(&digest, space->root, MMU_LEVELS, 0);
	return digest;
}
