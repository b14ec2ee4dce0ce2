/*
 * table.c: the tree of page tables, and the one rule by which it is changed (table.h).
 *
 *     own(entry):        writable already        -> nothing to do
 *                        its child's count is 1  -> set W
 *                        else                    -> entry = duplicate(child), writable; put(old
 * child) duplicate(page)    copies 4 KiB duplicate(table)   copies 512 entries; each child gains a
 * name, and loses W in BOTH tables unless it is shared drop(entry)        puts the child; a table
 * whose count reaches 0 drops its own entries first
 *
 * Invariants: a frame's count is the number of entries, object slots and pins that name it. In a
 * table with count 1 a private entry with W names a frame with count 1. A table with count > 1 is
 * never changed, but to clear W, and by table_drop_leaves() for a truncated file: a leaf is in a
 * shared table only while every sharer has the same page of the same object mapped there, since who
 * changes what is mapped at a leaf owns its table first. The page is gone from the file, so from
 * all of them.
 */
#include "vm/table.h"

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "vm/space.h"
#include "vm/trace.h"

static entry_t *table_at(paddr_t pa)
{
	return phys_to_virt(pa);
}

static struct frame *child_of(entry_t entry)
{
	return frame_of(entry_pa(entry));
}

bool table_duplicate(paddr_t old, unsigned level, paddr_t *copy)
{
	struct frame *frame = frame_alloc(FRAME_TABLE, 0);
	if (!frame)
		return false;
	entry_t *from = table_at(old), *to = frame_data(frame);
	/* The kernel's half of a root is not counted: it names the same tables in every space, for
	 * ever. */
	unsigned entries = level == MMU_LEVELS ? MMU_USER_ENTRIES : MMU_ENTRIES;

	for (unsigned i = 0; i < entries; i++) {
		entry_t entry = entry_load(&from[i]);
		assert(!entry_is_swap(entry));
		if (entry_is_present(entry)) {
			frame_get(child_of(entry));
			if (!entry_shared(entry) && entry_can_write(entry)) {
				entry = entry_wrprotect(entry);
				entry_store(&from[i], entry);
			}
		}
		to[i] = entry;
	}
	if (level == MMU_LEVELS)
		memcpy(to + entries, from + entries, (MMU_ENTRIES - entries) * sizeof(entry_t));
	*copy = frame_pa(frame);
	return true;
}

static bool duplicate_page(struct frame *old, paddr_t *copy)
{
	struct frame *frame;

	if (old->state == FRAME_ZERO) {
		frame = frame_alloc_zeroed(FRAME_ANON);
	} else {
		frame = frame_alloc(FRAME_ANON, 0);
		if (frame)
			memcpy(frame_data(frame), frame_data(old), PAGE_SIZE);
	}
	if (!frame)
		return false;
	*copy = frame_pa(frame);
	return true;
}

/* The entry `old`, naming `pa` instead, writable. */
static entry_t renamed(entry_t old, paddr_t pa, unsigned level)
{
	if (entry_is_leaf(old, level))
		return entry_leaf(pa, level, entry_prot(old) | VM_WRITE);
	return entry_table(pa, VM_WRITE | VM_USER);
}

enum own_result table_own(entry_t *entry, unsigned level)
{
	entry_t old = entry_load(entry);
	struct frame *child = child_of(old);
	paddr_t copy;

	assert(entry_is_present(old) && !entry_shared(old));
	if (entry_can_write(old))
		return OWN_ALREADY;
	/* A cache page is never taken over: its object names it too, so its count is at least 2. */
	if (frame_count(child) == 1) {
		assert(child->state == FRAME_ANON || child->state == FRAME_TABLE);
		entry_store(entry, entry_mkwrite(old));
		return OWN_REUSED;
	}
	bool done = entry_is_leaf(old, level) ? duplicate_page(child, &copy)
					      : table_duplicate(entry_pa(old), level - 1, &copy);
	if (!done)
		return OWN_NO_MEMORY;
	entry_t gone = old;
	entry_store(entry, renamed(old, copy, level));
	table_drop(&gone, level);
	return OWN_COPIED;
}

/* Recursion is as deep as the tree: at most MMU_LEVELS. */
void table_drop(entry_t *entry, unsigned level)
{
	entry_t old = entry_exchange(entry, entry_none());

	if (!entry_is_present(old))
		return;
	struct frame *child = child_of(old);
	if (!frame_put(child))
		return;
	if (!entry_is_leaf(old, level)) {
		assert(child->state == FRAME_TABLE);
		entry_t *table = frame_data(child);
		for (unsigned i = 0; i < MMU_ENTRIES; i++)
			if (!entry_is_none(table[i]))
				table_drop(&table[i], level - 1);
	}
	frame_free(child);
}

entry_t *table_walk_own(struct vm_space *space, vaddr_t va, bool *changed)
{
	entry_t *table = table_at(space->root);

	for (unsigned level = MMU_LEVELS; level > 1; level--) {
		entry_t *entry = &table[entry_index(va, level)];
		if (!entry_is_present(entry_load(entry))) {
			struct frame *frame = frame_alloc_zeroed(FRAME_TABLE);
			if (!frame)
				return NULL;
			entry_store(entry, entry_table(frame_pa(frame), VM_WRITE | VM_USER));
		} else {
			enum own_result result = table_own(entry, level);
			if (result == OWN_NO_MEMORY)
				return NULL;
			*changed |= result != OWN_ALREADY;
			if (result != OWN_ALREADY) {
				space->faults[FAULT_OWN_TABLE]++;
				vm_trace(space, FAULT_OWN_TABLE, va);
			}
		}
		table = table_at(entry_pa(entry_load(entry)));
	}
	return &table[entry_index(va, 1)];
}

entry_t *table_find(struct vm_space *space, vaddr_t va)
{
	entry_t *table = table_at(space->root);

	for (unsigned level = MMU_LEVELS; level > 1; level--) {
		entry_t entry = entry_load(&table[entry_index(va, level)]);
		if (!entry_is_present(entry))
			return NULL;
		table = table_at(entry_pa(entry));
	}
	return &table[entry_index(va, 1)];
}

/* Own the tables on the way to va that [start, end) covers only in part. */
static bool prepare_edge(struct vm_space *space, vaddr_t va, vaddr_t start, vaddr_t end)
{
	entry_t *table = table_at(space->root);

	for (unsigned level = MMU_LEVELS; level > 1; level--) {
		entry_t *entry = &table[entry_index(va, level)];
		vaddr_t base = ALIGN_DOWN(va, entry_span(level));
		if (!entry_is_present(entry_load(entry)) ||
		    (base >= start && base + entry_span(level) <= end))
			return true;
		if (table_own(entry, level) == OWN_NO_MEMORY)
			return false;
		table = table_at(entry_pa(entry_load(entry)));
	}
	return true;
}

bool table_prepare_edges(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	return prepare_edge(space, start, start, end) && prepare_edge(space, end - 1, start, end);
}

/* Steps through the entries of one table that [start, end) touches, with the part of the range
 * under each. */
struct span_cursor {
	vaddr_t base; /* of the entry at index */
	unsigned index;
	vaddr_t start, end; /* of the range's part under it */
};

static bool next_span(struct span_cursor *cursor, unsigned level, vaddr_t start, vaddr_t end,
		      bool first)
{
	uint64_t span = entry_span(level);

	cursor->base = first ? ALIGN_DOWN(start, span) : cursor->base + span;
	if (cursor->base >= end)
		return false;
	cursor->index = entry_index(cursor->base, level);
	cursor->start = MAX(start, cursor->base);
	cursor->end = MIN(end, cursor->base + span);
	return true;
}

#define for_each_span(cursor, level, start, end)                                \
	for (bool more_ = next_span(&(cursor), level, start, end, true); more_; \
	     more_ = next_span(&(cursor), level, start, end, false))

static bool prepare_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	if (level == 1)
		return true;
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		if (!entry_is_present(entry_load(entry)))
			continue;
		if (table_own(entry, level) == OWN_NO_MEMORY ||
		    !prepare_table(table_at(entry_pa(entry_load(entry))), level - 1, at.start,
				   at.end))
			return false;
	}
	return true;
}

bool table_prepare_range(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	return prepare_table(table_at(space->root), MMU_LEVELS, start, end);
}

static void drop_in_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	assert(level >= 1);
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (entry_is_none(value))
			continue;
		if (at.end - at.start == entry_span(level)) {
			table_drop(entry, level);
		} else {
			assert(entry_can_write(value));
			drop_in_table(table_at(entry_pa(value)), level - 1, at.start, at.end);
		}
	}
}

void table_drop_range(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	drop_in_table(table_at(space->root), MMU_LEVELS, start, end);
}

static void change_in_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end,
			    entry_t (*change)(entry_t, void *), void *argument)
{
	struct span_cursor at;

	assert(level >= 1);
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (!entry_is_present(value))
			continue;
		if (entry_is_leaf(value, level)) {
			entry_store(entry, change(value, argument));
		} else {
			assert(entry_can_write(value));
			change_in_table(table_at(entry_pa(value)), level - 1, at.start, at.end,
					change, argument);
		}
	}
}

void table_for_leaves(struct vm_space *space, vaddr_t start, vaddr_t end,
		      entry_t (*change)(entry_t leaf, void *argument), void *argument)
{
	change_in_table(table_at(space->root), MMU_LEVELS, start, end, change, argument);
}

/*
 * The sharers' spaces are each told to flush by who calls this for them, one after the other. The
 * frames may be freed before that as long as one CPU runs at a time and so one space; several need
 * to keep them until the last sharer has flushed.
 */
static void drop_leaves_in_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	assert(level >= 1);
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (!entry_is_present(value))
			continue;
		if (entry_is_leaf(value, level))
			table_drop(entry, level);
		else
			drop_leaves_in_table(table_at(entry_pa(value)), level - 1, at.start,
					     at.end);
	}
}

void table_drop_leaves(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	drop_leaves_in_table(table_at(space->root), MMU_LEVELS, start, end);
}
