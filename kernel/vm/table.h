/*
 * table.h: the tree of page tables. own, duplicate, drop, set, walk and prepare are the only ways
 * to change it.
 *
 * The one rule: you may write through an entry only if it is writable, and it may be made writable
 * only while what it names has no other name. x86 combines W over the levels of the walk, so one
 * cleared W in an upper entry makes all below it copy-on-write: pages and tables alike.
 *
 * Everything here needs the lock of the space whose tree it is, exclusively. What faults use, and
 * says so, may run under the shared lock, beside other faults of the space: docs/vm.md, "Faults
 * side by side", has the rules.
 */
#ifndef VM_TABLE_H
#define VM_TABLE_H

#include <arch/mmu.h>
#include "mm/frame.h"

struct vm_space;

/*
 * Names that were given up. A processor may use a translation for a while after its entry has
 * changed, and another space may take over a frame, or a table, as soon as its last other name is
 * gone. So names are dropped only once every CPU that runs the space has flushed.
 *
 *	struct table_gather gather;
 *	table_gather_init(&gather, space, start, end);	the range that it is about
 *	... own, prepare, drop, change ...
 *	table_gather_finish(&gather);
 *
 * Not copied, not kept; the space's lock is held all the time.
 */
#define TABLE_GATHER_MAX 32u /* then a part is flushed and dropped early */

struct table_gather {
	struct vm_space *space;
	vaddr_t start, end; /* what has to be flushed */
	bool stale;         /* something was changed in a way that wants a flush */
	bool upgraded;      /* something allows more now: other CPUs fault at worst, and see that */
	bool shared;        /* in tables that other spaces have, too: so on every CPU */
	uint16_t count;
	struct {
		entry_t entry;
		unsigned level;
	} names[TABLE_GATHER_MAX];
};

static inline void table_gather_init(struct table_gather *gather, struct vm_space *space,
				     vaddr_t start, vaddr_t end)
{
	gather->space = space;
	gather->start = start;
	gather->end = end;
	gather->stale = gather->upgraded = gather->shared = false;
	gather->count = 0;
}

/* What `old`, an entry at `level` that is no more, has named. */
void table_gather_name(struct table_gather *gather, entry_t old, unsigned level);
/* Flush if anything has changed, and drop the names. */
void table_gather_finish(struct table_gather *gather);

enum own_result {
	OWN_ALREADY,   /* it was writable, or another thread of the space has just made it so */
	OWN_REUSED,    /* nobody else named it: W is set */
	OWN_COPIED,    /* the entry names a copy now */
	OWN_NO_MEMORY, /* nothing has changed that any program can see */
};

/* A large leaf stands at this level and names a block of frames of this order: 2 MiB. */
#define HUGE_LEVEL 2u
#define HUGE_ORDER MMU_INDEX_BITS
#define HUGE_BYTES (PAGE_SIZE << HUGE_ORDER)

/* The frame whose count is the entry's: for a page inside a block the block's first. */
static inline struct frame *table_child(entry_t entry)
{
	struct frame *frame = frame_of(entry_pa(entry));

	if (UNLIKELY(frame->order == FRAME_ORDER_TAIL))
		frame = frame_of(ALIGN_DOWN(entry_pa(entry), HUGE_BYTES));
	return frame;
}

/* Entries of one line of a table: see struct frame. */
#define TABLE_LINE_ENTRIES 8u

/* An empty root with the kernel's half in it, or NULL. */
NODISCARD struct frame *table_create_root(void);

/* Drop everything below the root, and the root. No CPU walks it. */
void table_destroy_root(struct frame *root);

/* Make the entry at `level`, which names a table, writable, giving it a copy of the table if
 * anybody else names that. Shared lock. */
NODISCARD enum own_result table_own(entry_t *entry, unsigned level, struct table_gather *gather);

/*
 * The same for `leaf`, the present private leaf that was found in the entry at `level` for va.
 * Where the page is exchanged for a copy the entry is busy until every CPU has flushed the old one,
 * so that no two threads ever see different pages. Shared lock; OWN_ALREADY: look again.
 */
NODISCARD enum own_result table_own_leaf(struct table_gather *gather, entry_t *entry, entry_t leaf,
					 unsigned level, vaddr_t va);

/* Put `value` where nothing is, in an owned table; false: something is there now. Shared lock. */
NODISCARD bool table_install(entry_t *entry, entry_t value);

/* Replace `old` by `value`; false: the entry is another one now. What the processor notes in an
 * entry (accessed, dirty) makes it no other. Shared lock. */
NODISCARD bool table_replace(entry_t *entry, entry_t old, entry_t value);

/*
 * A table that spaces share, or that an entry names which is not owned yet: kept from being
 * duplicated while truncation changes it, and from being duplicated twice for one entry.
 */
void table_lock(const struct frame *table);
void table_unlock(const struct frame *table);

/* A copy of a root: its children have one more name each and are writable through neither. NULL: no
 * memory. */
NODISCARD struct frame *table_duplicate_root(struct frame *old);

/* How many entries duplicating has looked at on this CPU since the start. */
uint64_t table_entries_copied(void);

/* Own every table below the one at `level` that an entry of level `lowest` or above names. */
NODISCARD bool table_own_below(paddr_t table, unsigned level, unsigned lowest,
			       struct table_gather *gather);

/* The line that the entry stands in may be in use from now on. Others note theirs meanwhile. */
static inline void table_note_line(const entry_t *entry)
{
	uint64_t *lines = &frame_of(virt_to_phys(entry))->table.lines;
	uint64_t bit = 1ull << ((vaddr_t)entry % PAGE_SIZE / (TABLE_LINE_ENTRIES * sizeof(*entry)));

	if (UNLIKELY(!(__atomic_load_n(lines, __ATOMIC_RELAXED) & bit)))
		__atomic_fetch_or(lines, bit, __ATOMIC_RELAXED);
}

/* Store `value` in an owned table. What the entry named before is the caller's. */
static inline void table_set(entry_t *entry, entry_t value)
{
	table_note_line(entry);
	entry_store(entry, value);
}

/*
 * The entry for va, all tables above it present and owned: at level *level, or above or below that
 * where a large leaf or a table is already there. *level says where. NULL: no memory.
 * Some tables may have been duplicated or reused, which the gather knows. Shared lock.
 */
NODISCARD entry_t *table_walk_own(struct table_gather *gather, vaddr_t va, unsigned *level);

/* The leaf, or else the absent entry at level 1, for va, and its level; NULL where a table is
 * missing: the entry of that level is absent. Changes nothing. */
NODISCARD entry_t *table_find(struct vm_space *space, vaddr_t va, unsigned *level);

/* The page behind va, which is there. */
NODISCARD struct frame *table_page(struct vm_space *space, vaddr_t va);

/* Make the large leaf `entry`, of an owned table, a table of small leaves. */
NODISCARD bool table_split(entry_t *entry, unsigned level, struct table_gather *gather);

/* ---- the range [gather->start, gather->end) of gather->space ---- */

/* Own the tables that the range covers only in part, and split the large leaves that it does: after
 * this, table_drop_range of it can't fail. */
NODISCARD bool table_prepare_edges(struct table_gather *gather);
/* Own every table in it, and split the large leaves at its ends: after this, its leaves may be
 * changed. */
NODISCARD bool table_prepare_range(struct table_gather *gather);
/* The same, and no large leaf is left. */
NODISCARD bool table_prepare_pages(struct table_gather *gather);

/* Drop all entries in it, prepared by one of the above. */
void table_drop_range(struct table_gather *gather);

/* Replace each present leaf in it, prepared by table_prepare_range, by change(leaf, level,
 * argument). */
void table_for_leaves(struct table_gather *gather,
		      entry_t (*change)(entry_t leaf, unsigned level, void *argument),
		      void *argument);

/* Drop the present leaves in it where they stand, in tables that others share too: for pages that
 * are gone from every sharer's mapping. Owns nothing, so it can't fail. */
void table_drop_leaves(struct table_gather *gather);

#endif
