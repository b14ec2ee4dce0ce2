/* usage.c: see usage.h. */
#include "vm/usage.h"

#include <arch/user.h>

#include "debug/assert.h"
#include "mm/layout.h"
#include "vm/table.h"

struct counting {
	struct vm_usage *usage;
	vaddr_t start, end;
};

/*
 * Each other name of it stands for at least one more.
 *
 * A large page that is cut apart while others have it stays one block with one count, in which who
 * cut it has 512 names and who did not has one. Counted as if each that cut it still had them all.
 */
uint64_t vm_reached_by(entry_t entry, unsigned level, uint64_t paths)
{
	const struct frame *frame = table_child(entry);
	uint64_t names = frame_count(frame) - frame->pins;

	if (frame->order == HUGE_ORDER && level == 1)
		names = (names + MMU_ENTRIES - 1) / MMU_ENTRIES;
	else if (frame->order == HUGE_ORDER)
		names -= names / MMU_ENTRIES * (MMU_ENTRIES - 1);
	/* One is its object's own, unless the file has just become shorter. */
	if (frame->state == FRAME_CACHE)
		names--;
	return names > 1 ? paths + names - 1 : paths;
}

static void count_leaf(struct vm_usage *usage, entry_t leaf, unsigned level, uint64_t bytes,
		       uint64_t paths)
{
	const struct frame *frame = table_child(leaf);

	if (frame->state == FRAME_ZERO)
		return;
	uint64_t reached = vm_reached_by(leaf, level, paths);
	bool anonymous = frame->state == FRAME_ANON;
	/* Nothing but swap could ever hold a copy of an anonymous page. */
	bool dirty = anonymous || (entry_shared(leaf) && entry_dirty(leaf));
	uint64_t share = (bytes << VM_USAGE_FRACTION_BITS) / reached;

	usage->resident += bytes;
	usage->anonymous += anonymous ? bytes : 0;
	usage->huge += anonymous && level > 1 ? bytes : 0;
	usage->referenced += entry_accessed(leaf) ? bytes : 0;
	usage->proportional += share;
	usage->proportional_dirty += dirty ? share : 0;
	if (reached > 1)
		*(dirty ? &usage->shared_dirty : &usage->shared_clean) += bytes;
	else
		*(dirty ? &usage->private_dirty : &usage->private_clean) += bytes;
}

/* Recursion is as deep as the tree: at most MMU_LEVELS. */
static void count_table(const struct counting *counting, paddr_t pa, unsigned level, vaddr_t base,
			uint64_t paths)
{
	const entry_t *table = phys_to_virt(pa);
	uint64_t span = entry_span(level);
	vaddr_t start = MAX(counting->start, base);
	vaddr_t end = MIN(counting->end, base + span * MMU_ENTRIES);

	for (vaddr_t va = ALIGN_DOWN(start, span); va < end; va += span) {
		entry_t entry = entry_load(&table[entry_index(va, level)]);
		uint64_t bytes = MIN(end, va + span) - MAX(start, va);
		if (entry_is_swap(entry)) {
			counting->usage->swapped += bytes;
		} else if (entry_is_leaf(entry, level)) {
			count_leaf(counting->usage, entry, level, bytes, paths);
		} else if (entry_is_present(entry)) {
			counting->usage->tables += PAGE_SIZE;
			count_table(counting, entry_pa(entry), level - 1, va,
				    vm_reached_by(entry, level, paths));
		}
	}
}

void vm_usage_locked(const struct vm_space *space, vaddr_t start, vaddr_t end, struct vm_usage *out)
{
	struct counting counting = {out, start, end};

	assert(rw_held_exclusive(&space->lock) && start <= end && end <= USER_END);
	*out = (struct vm_usage){0};
	if (space->root)
		count_table(&counting, space->root, MMU_LEVELS, 0, 1);
}

uint64_t vm_minor_faults(const struct vm_space *space)
{
	static const enum vm_fault_kind kinds[] = {FAULT_ZERO_READ, FAULT_ZERO_FILL, FAULT_FILE_MAP,
						   FAULT_FILE_COPY, FAULT_OWN_PAGE,  FAULT_REUSE};
	uint64_t sum = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		sum += space->faults[kinds[i]];
	return sum;
}

/* ---- the peak ---- */

static uint64_t filled(const struct vm_space *space)
{
	return __atomic_load_n(&space->faults[FAULT_ZERO_FILL], __ATOMIC_RELAXED) +
	       __atomic_load_n(&space->faults[FAULT_FILE_MAP], __ATOMIC_RELAXED) +
	       __atomic_load_n(&space->faults[FAULT_FILE_COPY], __ATOMIC_RELAXED) +
	       __atomic_load_n(&space->huge_filled, __ATOMIC_RELAXED);
}

/* About so many pages are resident. */
static uint64_t resident_about(const struct vm_space *space)
{
	uint64_t pages = space->resident_before + filled(space) - space->filled_before;

	return MIN(pages, space->mapped >> PAGE_SHIFT);
}

uint64_t vm_resident_peak(const struct vm_space *space)
{
	return MAX(space->resident_peak, resident_about(space)) << PAGE_SHIFT;
}

static void set_resident(struct vm_space *space, uint64_t pages)
{
	space->resident_before = pages;
	space->filled_before = filled(space);
}

void vm_peak_learn_locked(struct vm_space *space, const struct vm_usage *usage)
{
	uint64_t pages = usage->resident >> PAGE_SHIFT;

	assert(rw_held_exclusive(&space->lock));
	space->resident_peak = MAX(space->resident_peak, pages);
	set_resident(space, pages);
}

void vm_peak_before_drop_locked(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	uint64_t pages = resident_about(space), dropped = (end - start) >> PAGE_SHIFT;

	space->resident_peak = MAX(space->resident_peak, pages);
	set_resident(space, pages - MIN(pages, dropped));
}

void vm_peak_inherit_locked(struct vm_space *child, const struct vm_space *parent)
{
	child->resident_before = resident_about(parent);
}
