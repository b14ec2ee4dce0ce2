/*
 * table.c: the tree of page tables, and the one rule by which it is changed (table.h).
 *
 *     own(entry)         writable already        -> nothing to do
 *                        its child's count is 1  -> set W
 *                        else                    -> name duplicate(child), writable; put(old child)
 *     duplicate(page)    copies it
 *     duplicate(table)   copies the entries; each child gains a name, and loses W in BOTH tables
 *                        unless it is shared
 *     drop(entry)        puts the child, once every CPU has flushed (struct table_gather); a table
 *                        whose count reaches 0 drops its own entries first
 *
 * Invariants: a frame's count is the number of entries, object slots and pins that name it. In a
 * table with count 1 a private entry with W names a frame with count 1. A table with count > 1 is
 * never changed, but to clear W, and by table_drop_leaves() for a truncated file: a leaf is in a
 * shared table only while every sharer has the same page of the same object mapped there, since who
 * changes what is mapped at a leaf owns its table first. The page is gone from the file, so from
 * all of them.
 *
 * Most tables hold a few entries. Which of their lines (8 entries, 64 bytes) may be in use stands
 * in the table's struct frame, so that copying and dropping one looks at nothing else; and since
 * dropping leaves it all zeros, its frame serves as the next table without being filled.
 *
 * Ranges are the business of range.c.
 */
#include "vm/table.h"
#include "vm/tlb.h"

#include <arch/page.h>

#include "debug/assert.h"
#include "mm/kmap.h"
#include "sync/cpu.h"
#include "vm/region.h"
#include "vm/trace.h"

#define LINE_ENTRIES TABLE_LINE_ENTRIES
_Static_assert(MMU_ENTRIES / LINE_ENTRIES == 64, "one bit each");
/* Of a root: the user's half. */
#define USER_LINES_MASK ((1ull << MMU_USER_ENTRIES / LINE_ENTRIES) - 1)

/* (l) by the CPU's number; see table_entries_copied(). */
static uint64_t entries_copied[CPU_MAX];

static entry_t *table_at(paddr_t pa)
{
	return phys_to_virt(pa);
}

/* Steps through the lines of `lines`, from the first. */
#define for_each_line(line, lines)               \
	for (uint64_t left_ = (lines), line = 0; \
	     left_ && (line = (uint64_t)__builtin_ctzll(left_), left_ &= left_ - 1, 1);)

/* ---- the kernel's half ---- */

/* It is not counted: it names the same tables in every space, for ever, and mm/kmap.c makes all of
 * its root entries at boot. */
static void copy_kernel_half(struct frame *root)
{
	static uint64_t lines; /* atomic; set once, to what everybody finds */
	const entry_t *from = table_at(kmap_root());
	entry_t *to = frame_data(root);

	uint64_t used = __atomic_load_n(&lines, __ATOMIC_RELAXED);
	if (UNLIKELY(!used)) {
		for (unsigned i = MMU_USER_ENTRIES; i < MMU_ENTRIES; i++)
			if (!entry_is_none(from[i]))
				used |= 1ull << i / LINE_ENTRIES;
		__atomic_store_n(&lines, used, __ATOMIC_RELAXED);
	}
	for_each_line(line, used) for (unsigned i = 0; i < LINE_ENTRIES; i++)
		to[line * LINE_ENTRIES + i] = from[line * LINE_ENTRIES + i];
	root->table.lines |= used;
}

struct frame *table_create_root(void)
{
	struct frame *root = frame_alloc_zeroed(FRAME_TABLE);

	if (root)
		copy_kernel_half(root);
	return root;
}

/* ---- duplicate ---- */

static entry_t duplicate_entry(entry_t *from)
{
	entry_t entry = entry_load(from);

	assert(!entry_is_swap(entry));
	if (!entry_is_present(entry))
		return entry;
	frame_get(table_child(entry));
	if (entry_can_write(entry) && !entry_shared(entry)) {
		entry = entry_wrprotect(entry);
		entry_store(from, entry);
	}
	return entry;
}

/* A table of leaves that several spaces share is changed by truncation alone, which holds the lock
 * of one of these spaces, and is duplicated by who holds another's. By the frame's number; one lock
 * may stand for several tables. */
#define TABLE_LOCKS 64u
static struct spinlock table_locks[TABLE_LOCKS] = {
	[0 ... TABLE_LOCKS - 1] = SPINLOCK_INIT(RANK_TABLE),
};

static struct spinlock *lock_of(const struct frame *table)
{
	return &table_locks[(vaddr_t)table / sizeof(*table) % TABLE_LOCKS];
}

void NO_LOCK_ANALYSIS table_lock(const struct frame *table)
{
	spin_lock(lock_of(table));
}

void NO_LOCK_ANALYSIS table_unlock(const struct frame *table)
{
	spin_unlock(lock_of(table));
}

/* Fill `to`, an empty table, with the entries of `from`, a table at `level`. */
static void duplicate_into(struct frame *to, struct frame *from, unsigned level)
{
	uint64_t lines = from->table.lines;
	entry_t *old = frame_data(from), *new = frame_data(to);

	if (level == MMU_LEVELS)
		lines &= USER_LINES_MASK;
	for_each_line(line, lines)
	{
		for (unsigned i = 0; i < LINE_ENTRIES; i++)
			new[line * LINE_ENTRIES + i] =
				duplicate_entry(&old[line * LINE_ENTRIES + i]);
	}
	to->table.lines |= lines;
	entries_copied[cpu_local()->id] += (uint64_t)__builtin_popcountll(lines) * LINE_ENTRIES;
}

struct frame *table_duplicate_root(struct frame *old)
{
	struct frame *copy = table_create_root();

	if (copy)
		duplicate_into(copy, old, MMU_LEVELS);
	return copy;
}

uint64_t table_entries_copied(void)
{
	return entries_copied[cpu_local()->id];
}

static struct frame *duplicate_page(paddr_t old)
{
	if (frame_of(old)->state == FRAME_ZERO)
		return frame_alloc_zeroed(FRAME_ANON);
	struct frame *copy = frame_alloc(FRAME_ANON, 0);
	if (copy)
		page_copy(frame_data(copy), table_at(old));
	return copy;
}

static struct frame *duplicate_huge(paddr_t old)
{
	struct frame *copy = frame_alloc(FRAME_ANON, HUGE_ORDER);

	for (uint64_t at = 0; copy && at < HUGE_BYTES; at += PAGE_SIZE)
		page_copy((char *)frame_data(copy) + at, (char *)table_at(old) + at);
	return copy;
}

/* ---- names given up ---- */

static void drop_table(struct frame *frame, unsigned level);

static void drop_name(entry_t old, unsigned level)
{
	struct frame *child = table_child(old);

	if (!frame_put(child))
		return;
	if (entry_is_leaf(old, level))
		frame_free(child);
	else
		drop_table(child, level - 1);
}

void table_gather_finish(struct table_gather *gather)
{
	if (gather->shared)
		vm_flush_everywhere();
	else if (gather->count || gather->stale)
		vm_flush(gather->space, gather->start, gather->end);
	else if (gather->upgraded)
		vm_flush_here(gather->space, gather->start, gather->end);
	for (unsigned i = 0; i < gather->count; i++)
		drop_name(gather->names[i].entry, gather->names[i].level);
	gather->count = 0;
	gather->stale = gather->upgraded = false;
}

void table_gather_name(struct table_gather *gather, entry_t old, unsigned level)
{
	if (UNLIKELY(gather->count == TABLE_GATHER_MAX))
		table_gather_finish(gather);
	gather->names[gather->count].entry = old;
	gather->names[gather->count++].level = level;
}

/* ---- own ---- */

bool table_install(entry_t *entry, entry_t value)
{
	entry_t now = entry_none();

	table_note_line(entry);
	return entry_compare_exchange(entry, &now, value);
}

bool table_replace(entry_t *entry, entry_t old, entry_t value)
{
	entry_t now = old;

	while (!entry_compare_exchange(entry, &now, value))
		if (entry_mkold(entry_mkclean(now)).raw != entry_mkold(entry_mkclean(old)).raw)
			return false;
	return true;
}

/* Does the table, or page, have more than one name? Only if an entry that names it still does when
 * that is done which the answer is for: else the frame may be somebody else's by now. */
static bool seems_shared(const struct frame *child)
{
	return frame_count(child) > 1;
}

/*
 * The entry named `child` a moment ago, and only under the child's lock it is made to name another.
 * A count of 1 stays 1: who raises it does so through a name that he has, and the one name that
 * there is stands in a table of this space alone, which none of its threads duplicates as long as
 * they hold the space's lock shared.
 */
static enum own_result own_table_locked(entry_t *entry, unsigned level, struct frame *child,
					struct frame *copy)
{
	entry_t old = entry_load(entry);

	if (entry_can_write(old))
		return OWN_ALREADY;
	assert(frame_of(entry_pa(old)) == child && child->state == FRAME_TABLE);
	if (frame_count(child) == 1) {
		entry_store(entry, entry_mkwrite(old));
		return OWN_REUSED;
	}
	assert(copy);
	duplicate_into(copy, child, level - 1);
	entry_store(entry, entry_table(frame_pa(copy), VM_WRITE | VM_USER));
	return OWN_COPIED;
}

enum own_result table_own(entry_t *entry, unsigned level, struct table_gather *gather)
{
	entry_t old = entry_load(entry);

	assert(entry_is_present(old) && !entry_is_leaf(old, level));
	if (entry_can_write(old))
		return OWN_ALREADY;
	struct frame *child = frame_of(entry_pa(old)), *copy = NULL;
	if (seems_shared(child)) {
		copy = frame_alloc_zeroed(FRAME_TABLE);
		if (!copy)
			return entry_can_write(entry_load(entry)) ? OWN_ALREADY : OWN_NO_MEMORY;
	}
	table_lock(child);
	enum own_result result = own_table_locked(entry, level, child, copy);
	table_unlock(child);
	if (result == OWN_COPIED)
		table_gather_name(gather, old, level);
	else if (copy)
		frame_free_zeroed(copy);
	gather->upgraded |= result == OWN_REUSED;
	return result;
}

enum own_result table_own_leaf(struct table_gather *gather, entry_t *entry, entry_t leaf,
			       unsigned level, vaddr_t va)
{
	struct frame *child = table_child(leaf);

	assert(entry_is_leaf(leaf, level) && !entry_can_write(leaf) && !entry_shared(leaf));
	/*
	 * If the entry does not name the child any more, table_replace finds that, and what was
	 * read of the child does not count. Else a count of 1 stays 1, as above: a page gets names
	 * when a table that names it is duplicated, or from its object. A cache page is never taken
	 * over: its object names it too, so its count is at least 2.
	 */
	if (!seems_shared(child)) {
		if (!table_replace(entry, leaf, entry_mkwrite(leaf)))
			return OWN_ALREADY;
		assert(child->state == FRAME_ANON);
		gather->upgraded = true;
		return OWN_REUSED;
	}
	struct frame *copy =
		level == 1 ? duplicate_page(entry_pa(leaf)) : duplicate_huge(entry_pa(leaf));
	if (!copy)
		return OWN_NO_MEMORY;
	if (!table_replace(entry, leaf, entry_busy())) {
		frame_free(copy);
		return OWN_ALREADY;
	}
	table_gather_name(gather, leaf, level);
	gather->start = ALIGN_DOWN(va, entry_span(level));
	gather->end = gather->start + entry_span(level);
	table_gather_finish(gather);
	entry_store(entry, entry_leaf(frame_pa(copy), level, entry_prot(leaf) | VM_WRITE));
	return OWN_COPIED;
}

bool table_own_below(paddr_t table, unsigned level, unsigned lowest, struct table_gather *gather)
{
	uint64_t lines = frame_of(table)->table.lines;

	if (level == MMU_LEVELS)
		lines &= USER_LINES_MASK;
	for_each_line(line, lines)
	{
		for (unsigned i = 0; i < LINE_ENTRIES; i++) {
			entry_t *entry = &table_at(table)[line * LINE_ENTRIES + i];
			entry_t value = entry_load(entry);
			if (!entry_is_present(value) || entry_is_leaf(value, level))
				continue;
			if (table_own(entry, level, gather) == OWN_NO_MEMORY)
				return false;
			if (level > lowest && !table_own_below(entry_pa(entry_load(entry)),
							       level - 1, lowest, gather))
				return false;
		}
	}
	return true;
}

/* Drop what the entries in `lines` of the table at `level` name; nobody walks it any longer. As
 * deep as the tree: at most MMU_LEVELS. */
static void drop_lines(struct frame *frame, unsigned level, uint64_t lines)
{
	entry_t *table = frame_data(frame);

	for_each_line(line, lines)
	{
		for (unsigned i = 0; i < LINE_ENTRIES; i++) {
			entry_t *entry = &table[line * LINE_ENTRIES + i];
			entry_t old = entry_load(entry);
			entry_store(entry, entry_none());
			if (entry_is_present(old))
				drop_name(old, level);
		}
	}
}

/* The last name of the table at `level` is gone. */
static void drop_table(struct frame *frame, unsigned level)
{
	assert(frame->state == FRAME_TABLE && level < MMU_LEVELS);
	drop_lines(frame, level, frame->table.lines);
	frame_free_zeroed(frame);
}

void table_destroy_root(struct frame *root)
{
	entry_t *table = frame_data(root);
	bool last = frame_put(root);

	assert(last);
	drop_lines(root, MMU_LEVELS, root->table.lines & USER_LINES_MASK);
	for_each_line(line, root->table.lines & ~USER_LINES_MASK) for (unsigned i = 0;
								       i < LINE_ENTRIES; i++)
		entry_store(&table[line * LINE_ENTRIES + i], entry_none());
	frame_free_zeroed(root);
}

/* ---- walk ---- */

/* A new table under `entry`, unless another thread of the space was faster. */
static bool make_table(entry_t *entry)
{
	struct frame *frame = frame_alloc_zeroed(FRAME_TABLE);

	if (!frame)
		return false;
	if (!table_install(entry, entry_table(frame_pa(frame), VM_WRITE | VM_USER)))
		frame_free_zeroed(frame);
	return true;
}

/* The entry at `level` that is absent, busy, or names a table that is not known to be ours: get on
 * towards one that is. */
static NOINLINE bool make_own(struct table_gather *gather, entry_t *entry, unsigned level,
			      vaddr_t va)
{
	entry_t value = entry_load(entry);

	if (entry_is_none(value))
		return make_table(entry);
	if (entry_is_busy(value) || entry_is_leaf(value, level)) {
		cpu_relax();
		return true;
	}
	enum own_result result = table_own(entry, level, gather);
	if (result == OWN_NO_MEMORY)
		return false;
	if (result != OWN_ALREADY)
		vm_count_fault(gather->space, FAULT_OWN_TABLE, va);
	return true;
}

/* What was found to be ours stays so as long as the lock is held. */
entry_t *table_walk_own(struct table_gather *gather, vaddr_t va, unsigned *level)
{
	entry_t *table = table_at(gather->space->root);

	for (unsigned at = MMU_LEVELS; at > 1;) {
		entry_t *entry = &table[entry_index(va, at)];
		entry_t value = entry_load(entry);
		if (UNLIKELY(entry_is_leaf(value, at) || (at == *level && entry_is_none(value)))) {
			*level = at;
			return entry;
		}
		if (UNLIKELY(!entry_can_write(value))) {
			if (!make_own(gather, entry, at, va))
				return NULL;
			continue;
		}
		table = table_at(entry_pa(value));
		at--;
	}
	*level = 1;
	return &table[entry_index(va, 1)];
}

entry_t *table_find(struct vm_space *space, vaddr_t va, unsigned *level)
{
	entry_t *table = table_at(space->root);

	for (*level = MMU_LEVELS; *level > 1; (*level)--) {
		entry_t *entry = &table[entry_index(va, *level)];
		entry_t value = entry_load(entry);
		if (!entry_is_present(value))
			return NULL;
		if (entry_is_leaf(value, *level))
			return entry;
		table = table_at(entry_pa(value));
	}
	return &table[entry_index(va, 1)];
}

struct frame *table_page(struct vm_space *space, vaddr_t va)
{
	unsigned level;
	entry_t *entry = table_find(space, va, &level);

	assert(entry && entry_is_leaf(entry_load(entry), level));
	return frame_of(entry_pa(entry_load(entry)) + (va & (entry_span(level) - 1)));
}
