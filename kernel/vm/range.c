/*
 * range.c: a range of addresses in the tree of page tables (table.h): making it ready for a change
 * that can't fail, dropping it, changing its leaves.
 *
 *      start                                  end
 *        v                                     v
 *     [ . x x x ] [ x x x x ] [ x x x x ] [ x x . . ]      tables, in part and wholly covered
 *      ^ an edge: owned first              ^ an edge: owned first
 *
 * What is covered wholly is dropped with the entry that names it, however many others name it too.
 */
#include "debug/assert.h"
#include "vm/space.h"
#include "vm/table.h"

static entry_t *table_at(paddr_t pa)
{
	return phys_to_virt(pa);
}

/* ---- large leaves ---- */

/* The large leaf `entry`, of an owned table, becomes a table of small ones. Its block breaks up if
 * nobody else names it; else each page is a name of the block, and a copy of its own when it is
 * written to. */
static bool split_leaf(entry_t *entry)
{
	entry_t old = entry_load(entry);
	struct frame *block = table_child(old), *frame = frame_alloc_zeroed(FRAME_TABLE);
	unsigned prot = entry_prot(old);

	if (!frame)
		return false;
	if (frame_count(block) == 1) {
		frame_split(block);
	} else {
		assert(!entry_can_write(old));
		frame_get_many(block, MMU_ENTRIES - 1);
	}
	entry_t *table = frame_data(frame);
	for (unsigned i = 0; i < MMU_ENTRIES; i++)
		table[i] = entry_leaf(entry_pa(old) + i * PAGE_SIZE, 1, prot);
	frame->table.lines = UINT64_MAX;
	entry_store(entry, entry_table(frame_pa(frame), VM_WRITE | VM_USER));
	return true;
}

bool table_split(entry_t *entry, unsigned level)
{
	assert(level == HUGE_LEVEL && entry_is_leaf(entry_load(entry), level));
	return split_leaf(entry);
}

/* ---- prepare ---- */

/* Own the tables on the way to va that [start, end) covers only in part. */
static bool prepare_edge(struct vm_space *space, vaddr_t va, vaddr_t start, vaddr_t end)
{
	entry_t *table = table_at(space->root);

	for (unsigned level = MMU_LEVELS; level > 1; level--) {
		entry_t *entry = &table[entry_index(va, level)];
		entry_t value = entry_load(entry);
		vaddr_t base = ALIGN_DOWN(va, entry_span(level));
		if (!entry_is_present(value) || (base >= start && base + entry_span(level) <= end))
			return true;
		if (entry_is_leaf(value, level))
			return split_leaf(entry);
		if (!entry_can_write(value)) {
			if (table_own(entry, level) == OWN_NO_MEMORY)
				return false;
			value = entry_load(entry);
		}
		table = table_at(entry_pa(value));
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

static bool prepare_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end, bool split)
{
	struct span_cursor at;

	if (level == 1)
		return true;
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (!entry_is_present(value))
			continue;
		if (entry_is_leaf(value, level)) {
			bool whole = at.end - at.start == entry_span(level);
			if ((split || !whole) && !split_leaf(entry))
				return false;
			continue;
		}
		if (table_own(entry, level) == OWN_NO_MEMORY ||
		    !prepare_table(table_at(entry_pa(entry_load(entry))), level - 1, at.start,
				   at.end, split))
			return false;
	}
	return true;
}

bool table_prepare_range(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	return prepare_table(table_at(space->root), MMU_LEVELS, start, end, false);
}

bool table_prepare_pages(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	return prepare_table(table_at(space->root), MMU_LEVELS, start, end, true);
}

/* ---- commit ---- */

/* Of the leaf table, entries `first` to `last`; only the lines that may be in use are looked at. */
static void drop_leaves(entry_t *table, unsigned first, unsigned last)
{
	struct frame *frame = frame_of(virt_to_phys(table));

	for (unsigned i = first; i <= last;) {
		unsigned line_end = ALIGN_UP(i + 1, TABLE_LINE_ENTRIES);
		if (!(frame->table.lines & 1ull << i / TABLE_LINE_ENTRIES)) {
			i = line_end;
			continue;
		}
		for (; i < line_end && i <= last; i++)
			if (!entry_is_none(entry_load(&table[i])))
				table_drop(&table[i], 1);
	}
}

static void drop_in_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	if (level == 1) {
		drop_leaves(table, entry_index(start, 1), entry_index(end - 1, 1));
		return;
	}
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (entry_is_none(value))
			continue;
		if (at.end - at.start == entry_span(level)) {
			table_drop(entry, level);
		} else {
			assert(entry_can_write(value) && !entry_is_leaf(value, level));
			drop_in_table(table_at(entry_pa(value)), level - 1, at.start, at.end);
		}
	}
}

void table_drop_range(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	drop_in_table(table_at(space->root), MMU_LEVELS, start, end);
}

static void change_in_table(entry_t *table, unsigned level, vaddr_t start, vaddr_t end,
			    entry_t (*change)(entry_t, unsigned, void *), void *argument)
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
			assert(at.end - at.start == entry_span(level));
			entry_store(entry, change(value, level, argument));
		} else {
			assert(entry_can_write(value));
			change_in_table(table_at(entry_pa(value)), level - 1, at.start, at.end,
					change, argument);
		}
	}
}

void table_for_leaves(struct vm_space *space, vaddr_t start, vaddr_t end,
		      entry_t (*change)(entry_t leaf, unsigned level, void *argument),
		      void *argument)
{
	change_in_table(table_at(space->root), MMU_LEVELS, start, end, change, argument);
}

/* ---- truncated files ---- */

/*
 * The sharers' spaces are each told to flush by who calls this for them, one after the other. The
 * frames may be freed before that as long as one CPU runs at a time and so one space; several need
 * to keep them until the last sharer has flushed.
 */
static void drop_in_place(entry_t *table, unsigned level, vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (!entry_is_present(value))
			continue;
		if (entry_is_leaf(value, level)) {
			assert(level == 1); /* objects are mapped page by page */
			table_drop(entry, level);
		} else {
			drop_in_place(table_at(entry_pa(value)), level - 1, at.start, at.end);
		}
	}
}

void table_drop_leaves(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	if (space->root) /* 0: a fork that failed */
		drop_in_place(table_at(space->root), MMU_LEVELS, start, end);
}
