/* check.c: the invariants of one space, read back from its regions and tables. Slow; for tests and
 * debugging. */
#include "debug/assert.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

static void check_regions(const struct vm_space *space)
{
	uint64_t mapped = 0;
	unsigned count = 0;
	vaddr_t last_end = 0;

	for (struct vm_region *region = region_first(space); region; region = region_next(region)) {
		assert(IS_ALIGNED(region->start | region->end | region->offset, PAGE_SIZE));
		assert(region->start < region->end && region->start >= last_end &&
		       region->end <= USER_END);
		assert(region->space == space);
		mapped += region->end - region->start;
		last_end = region->end;
		count++;
	}
	assert(mapped == space->mapped && count == space->region_count);
}

static void check_leaf(const struct vm_space *space, entry_t leaf, vaddr_t va, bool sole)
{
	const struct vm_region *region = region_find(space, va);
	const struct frame *frame = table_child(leaf);

	assert(region && frame_count(frame) >= 1);
	assert(frame->state == FRAME_ANON || frame->state == FRAME_CACHE ||
	       frame->state == FRAME_ZERO);
	assert(entry_shared(leaf) == !!(region->flags & REGION_SHARED));
	assert(frame->state != FRAME_ZERO || !entry_can_write(leaf));
	assert(!entry_can_write(leaf) || (region->prot & VM_WRITE));
	/* I2: in a table that only we name, a writable private page is ours alone. */
	assert(!sole || entry_shared(leaf) || !entry_can_write(leaf) || frame_count(frame) == 1);
}

static void check_table(const struct vm_space *space, paddr_t pa, unsigned level, vaddr_t base,
			bool sole)
{
	const entry_t *table = phys_to_virt(pa);
	unsigned entries = level == MMU_LEVELS ? MMU_USER_ENTRIES : MMU_ENTRIES;

	assert(level >= 1 && frame_of(pa)->state == FRAME_TABLE);
	sole = sole && frame_count(frame_of(pa)) == 1;
	for (unsigned i = 0; i < entries; i++) {
		entry_t entry = entry_load(&table[i]);
		vaddr_t va = base + i * entry_span(level);
		if (!entry_is_present(entry))
			continue;
		if (entry_is_leaf(entry, level)) {
			check_leaf(space, entry, va, sole);
			continue;
		}
		assert(!sole || !entry_can_write(entry) ||
		       frame_count(frame_of(entry_pa(entry))) == 1);
		check_table(space, entry_pa(entry), level - 1, va, sole);
	}
}

void vm_check(struct vm_space *space)
{
	mutex_lock(&space->lock);
	check_regions(space);
	check_table(space, space->root, MMU_LEVELS, 0, true);
	mutex_unlock(&space->lock);
}
