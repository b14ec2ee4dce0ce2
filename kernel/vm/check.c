/*
 * check.c: the invariants, read back from regions, tables, objects and frames. See check.h.
 *
 * vm_check() looks at one space: what its regions promise against what its tables hold.
 * vm_check_all() recounts: it goes over everything that can name a frame and notes each name in an
 * hash table by frame number, then compares with the counts that the frames carry.
 */
#include "vm/check.h"

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/table.h"

/* ---- one space ---- */

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
		assert(!(region->prot & ~(VM_READ | VM_WRITE | VM_EXEC)));
		assert(region_find(space, region->start) == region &&
		       region_find(space, region->end - 1) == region);
		mapped += region->end - region->start;
		last_end = region->end;
		count++;
	}
	assert(mapped == space->mapped && count == space->region_count);
	assert(space->brk >= space->brk_start && space->brk <= USER_END);
}

/* A private leaf of an object's region names the object's page or a copy of it. */
static void check_origin(const struct vm_region *region, const struct frame *frame, vaddr_t va)
{
	if (frame->state != FRAME_CACHE) {
		assert(!(region->flags & REGION_SHARED) || !region->object);
		return;
	}
	assert(region->object && frame->cache.object == region->object);
	assert(frame->cache.index == region_offset(region, va) >> PAGE_SHIFT);
}

/* What the region, which has va, allows of the leaf: the processor sees that, or less. */
static void check_rights(const struct vm_region *region, entry_t leaf, const struct frame *frame,
			 vaddr_t va)
{
	assert(entry_shared(leaf) == !!(region->flags & REGION_SHARED));
	assert(!entry_can_write(leaf) || (region->prot & VM_WRITE));
	assert(!(entry_prot(leaf) & VM_EXEC) || (region->prot & VM_EXEC));
	assert(!(entry_prot(leaf) & VM_READ) || region->prot);
	assert(frame->state != FRAME_ZERO || (!entry_can_write(leaf) && !region->object));
	check_origin(region, frame, va);
}

static void check_leaf(const struct vm_space *space, entry_t leaf, unsigned level, vaddr_t va)
{
	const struct frame *frame = table_child(leaf);

	assert(frame->state == FRAME_ANON || frame->state == FRAME_CACHE ||
	       frame->state == FRAME_ZERO);
	/* A large leaf names a block; a small one names a frame, or a page of a block whose large
	 * leaf was split while others had it. */
	assert(level <= HUGE_LEVEL && (frame->order == (level - 1) * HUGE_ORDER ||
				       (level == 1 && frame->order == HUGE_ORDER)));
	assert(level == 1 || frame->state == FRAME_ANON);
	/* Advice makes two regions of one, and leaves a large leaf that has part in both. */
	for (vaddr_t at = va; at < va + entry_span(level);) {
		const struct vm_region *region = region_find(space, at);
		assert(region);
		check_rights(region, leaf, frame, at);
		at = region->end;
	}
}

static unsigned entries_at(unsigned level)
{
	return level == MMU_LEVELS ? MMU_USER_ENTRIES : MMU_ENTRIES;
}

static void check_table(const struct vm_space *space, paddr_t pa, unsigned level, vaddr_t base)
{
	const entry_t *table = phys_to_virt(pa);
	bool sole = frame_count(frame_of(pa)) == 1;

	assert(level >= 1 && frame_of(pa)->state == FRAME_TABLE);
	for (unsigned i = 0; i < entries_at(level); i++) {
		entry_t entry = entry_load(&table[i]);
		vaddr_t va = base + i * entry_span(level);
		if (!entry_is_present(entry))
			continue;
		/* Copying and dropping a table look only at the lines that are noted. */
		assert(frame_of(pa)->table.lines & 1ull << i / TABLE_LINE_ENTRIES);
		/* I2 */
		assert(!sole || entry_shared(entry) || !entry_can_write(entry) ||
		       frame_count(table_child(entry)) == 1);
		if (entry_is_leaf(entry, level))
			check_leaf(space, entry, level, va);
		else
			check_table(space, entry_pa(entry), level - 1, va);
	}
}

static void check_space_locked(const struct vm_space *space)
{
	check_regions(space);
	assert(frame_count(frame_of(space->root)) == 1);
	check_table(space, space->root, MMU_LEVELS, 0);
}

void vm_check(struct vm_space *space)
{
	rw_lock_exclusive(&space->lock);
	check_space_locked(space);
	rw_unlock_exclusive(&space->lock);
}

/* ---- the recount ---- */

struct recount {
	struct vm_name *table; /* open addressing, by frame number */
	uint64_t slots;        /* a power of two */
};

/* One more name for the frame at pa; true: the first. */
static bool name(struct recount *recount, paddr_t pa)
{
	uint64_t pfn = pa >> PAGE_SHIFT, at = pfn * 0x9e3779b97f4a7c15ull >> 20;

	assert(pfn <= UINT32_MAX);
	for (uint64_t tries = 0; tries < recount->slots; tries++) {
		struct vm_name *slot = &recount->table[(at + tries) & (recount->slots - 1)];
		if (!slot->names)
			slot->pfn = (uint32_t)pfn;
		if (slot->pfn == pfn)
			return slot->names++ == 0;
	}
	panic("vm_check_all: more than %llu frames", (unsigned long long)recount->slots);
}

/* Recursion is as deep as the tree. */
static void recount_table(struct recount *recount, paddr_t pa, unsigned level)
{
	const entry_t *table = phys_to_virt(pa);

	assert(level >= 1 && frame_of(pa)->state == FRAME_TABLE);
	for (unsigned i = 0; i < entries_at(level); i++) {
		entry_t entry = entry_load(&table[i]);
		if (!entry_is_present(entry))
			continue;
		bool first = name(recount, frame_pa(table_child(entry)));
		if (first && !entry_is_leaf(entry, level))
			recount_table(recount, entry_pa(entry), level - 1);
	}
}

static void recount_object(struct recount *recount, const struct vm_object *object)
{
	struct frame *frame;
	uint64_t count = 0;

	for (uint64_t i = 0; (frame = page_tree_next(&object->pages, &i)); i++, count++) {
		assert(frame->state == FRAME_CACHE && frame->cache.object == object &&
		       frame->cache.index == i);
		(void)name(recount, frame_pa(frame));
	}
	assert(count == object->pages.count);
}

/* How many regions of the spaces name the object. */
static uint32_t regions_of(struct vm_space *const *spaces, unsigned space_count,
			   const struct vm_object *object)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < space_count; i++)
		for (struct vm_region *region = region_first(spaces[i]); region;
		     region = region_next(region))
			count += region->object == object;
	return count;
}

static void compare(const struct recount *recount, struct vm_census *census)
{
	for (uint64_t i = 0; i < recount->slots; i++) {
		const struct vm_name *slot = &recount->table[i];
		if (!slot->names)
			continue;
		const struct frame *frame = frame_of((paddr_t)slot->pfn << PAGE_SHIFT);
		/* The page of zeros has two names that are nobody's entry, for ever. */
		uint32_t names = slot->names + frame->pins + (frame == frame_zero() ? 2 : 0);
		if (frame_count(frame) != names)
			panic("frame %#x (%s) has count %u, but %u names and pins", slot->pfn,
			      frame_state_names[frame->state], frame_count(frame), names);
		census->by_state[frame->state] += 1ull << frame->order;
	}
}

void vm_check_all(struct vm_space *const *spaces, unsigned space_count,
		  struct vm_object *const *objects, unsigned object_count, struct vm_name *scratch,
		  uint64_t slots, struct vm_census *census)
{
	struct recount recount = {.table = scratch, .slots = slots};

	assert(slots && !(slots & (slots - 1)));
	memset(scratch, 0, slots * sizeof(*scratch));
	memset(census, 0, sizeof(*census));
	for (unsigned i = 0; i < space_count; i++) {
		check_space_locked(spaces[i]);
		bool first = name(&recount, spaces[i]->root);
		assert(first);
		recount_table(&recount, spaces[i]->root, MMU_LEVELS);
	}
	for (unsigned i = 0; i < object_count; i++) {
		assert(objects[i]->count >= regions_of(spaces, space_count, objects[i]));
		recount_object(&recount, objects[i]);
	}
	compare(&recount, census);
}
