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
static bool split_leaf(entry_t *entry, struct table_gather *gather)
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
	gather->stale = true;
	return true;
}

bool table_split(entry_t *entry, unsigned level, struct table_gather *gather)
{
	assert(level == HUGE_LEVEL && entry_is_leaf(entry_load(entry), level));
	return split_leaf(entry, gather);
}

/* ---- prepare ---- */

/* Own the tables on the way to va that the range covers only in part. */
static bool prepare_edge(struct table_gather *gather, vaddr_t va)
{
	entry_t *table = table_at(gather->space->root);

	for (unsigned level = MMU_LEVELS; level > 1; level--) {
		entry_t *entry = &table[entry_index(va, level)];
		entry_t value = entry_load(entry);
		vaddr_t base = ALIGN_DOWN(va, entry_span(level));
		if (!entry_is_present(value) ||
		    (base >= gather->start && base + entry_span(level) <= gather->end))
			return true;
		if (entry_is_leaf(value, level))
			return split_leaf(entry, gather);
		if (!entry_can_write(value)) {
			if (table_own(entry, level, gather) == OWN_NO_MEMORY)
				return false;
			value = entry_load(entry);
		}
		table = table_at(entry_pa(value));
	}
	return true;
}

bool table_prepare_edges(struct table_gather *gather)
{
	return prepare_edge(gather, gather->start) && prepare_edge(gather, gather->end - 1);
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

static bool prepare_table(struct table_gather *gather, entry_t *table, unsigned level,
			  vaddr_t start, vaddr_t end, bool split)
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
			if ((split || !whole) && !split_leaf(entry, gather))
				return false;
			continue;
		}
		if (table_own(entry, level, gather) == OWN_NO_MEMORY ||
		    !prepare_table(gather, table_at(entry_pa(entry_load(entry))), level - 1,
				   at.start, at.end, split))
			return false;
	}
	return true;
}

static bool prepare_all(struct table_gather *gather, bool split)
{
	return prepare_table(gather, table_at(gather->space->root), MMU_LEVELS, gather->start,
			     gather->end, split);
}

bool table_prepare_range(struct table_gather *gather)
{
	return prepare_all(gather, false);
}

bool table_prepare_pages(struct table_gather *gather)
{
	return prepare_all(gather, true);
}

/* ---- commit ---- */

static void drop(struct table_gather *gather, entry_t *entry, unsigned level)
{
	entry_t old = entry_load(entry);

	entry_store(entry, entry_none());
	if (entry_is_present(old))
		table_gather_name(gather, old, level);
}

/* Of the leaf table, entries `first` to `last`; only the lines that may be in use are looked at. */
static void drop_leaves(struct table_gather *gather, entry_t *table, unsigned first, unsigned last)
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
				drop(gather, &table[i], 1);
	}
}

static void drop_in_table(struct table_gather *gather, entry_t *table, unsigned level,
			  vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	if (level == 1) {
		drop_leaves(gather, table, entry_index(start, 1), entry_index(end - 1, 1));
		return;
	}
	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (entry_is_none(value))
			continue;
		if (at.end - at.start == entry_span(level)) {
			drop(gather, entry, level);
		} else {
			assert(entry_can_write(value) && !entry_is_leaf(value, level));
			drop_in_table(gather, table_at(entry_pa(value)), level - 1, at.start,
				      at.end);
		}
	}
}

void table_drop_range(struct table_gather *gather)
{
	drop_in_table(gather, table_at(gather->space->root), MMU_LEVELS, gather->start,
		      gather->end);
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

void table_for_leaves(struct table_gather *gather,
		      entry_t (*change)(entry_t leaf, unsigned level, void *argument),
		      void *argument)
{
	change_in_table(table_at(gather->space->root), MMU_LEVELS, gather->start, gather->end,
			change, argument);
	gather->stale = true;
}

/* ---- truncated files ---- */

/*
 * The tables may be other spaces' too, and so may be duplicated meanwhile: table_lock() keeps that
 * away from a table of leaves. Who duplicated it before has the leaves in a table of its own, and
 * is one of the sharers whose turn comes.
 */
static void drop_in_place(struct table_gather *gather, entry_t *table, unsigned level,
			  vaddr_t start, vaddr_t end)
{
	struct span_cursor at;

	for_each_span(at, level, start, end)
	{
		entry_t *entry = &table[at.index];
		entry_t value = entry_load(entry);
		if (!entry_is_present(value))
			continue;
		if (!entry_is_leaf(value, level)) {
			drop_in_place(gather, table_at(entry_pa(value)), level - 1, at.start,
				      at.end);
			continue;
		}
		assert(level == 1); /* objects are mapped page by page */
		struct frame *frame = frame_of(virt_to_phys(table));
		table_lock(frame);
		value = entry_exchange(entry, entry_none());
		table_unlock(frame);
		gather->shared = true;
		if (entry_is_present(value))
			table_gather_name(gather, value, level);
	}
}

void table_drop_leaves(struct table_gather *gather)
{
	struct vm_space *space = gather->space;

	if (space->root) /* 0: a fork that failed */
		drop_in_place(gather, table_at(space->root), MMU_LEVELS, gather->start,
			      gather->end);
}
