/*
 * table.h: the tree of page tables. own, duplicate, drop, walk and prepare are the only ways to
 * change it.
 *
 * The one rule: you may write through an entry only if it is writable, and it may be made writable
 * only while what it names has no other name. x86 combines W over the levels of the walk, so one
 * cleared W in an upper entry makes all below it copy-on-write: pages and tables alike.
 *
 * Everything here needs the lock of the space whose tree it is.
 */
#ifndef VM_TABLE_H
#define VM_TABLE_H

#include <arch/mmu.h>

struct vm_space;

enum own_result {
	OWN_ALREADY,   /* it was writable */
	OWN_REUSED,    /* nobody else named it: W is set */
	OWN_COPIED,    /* the entry names a copy now */
	OWN_NO_MEMORY, /* nothing has changed that any program can see */
};

/* Make the entry at `level` writable, giving it a copy of what it names if anybody else names that.
 * The caller flushes. Not for entries that are absent or marked shared. */
NODISCARD enum own_result table_own(entry_t *entry, unsigned level);

/* A copy of the table at `level` that `old` names, into *copy: its children have one more name each
 * and are writable through neither. false: no memory. */
NODISCARD bool table_duplicate(paddr_t old, unsigned level, paddr_t *copy);

/* Make the entry at `level` absent, dropping what it names. */
void table_drop(entry_t *entry, unsigned level);

/* The level-1 entry for va, all tables above it present and owned; NULL: no memory. *changed: some
 * were duplicated or reused, so the translation caches for va are stale. */
NODISCARD entry_t *table_walk_own(struct vm_space *space, vaddr_t va, bool *changed);

/* The level-1 entry for va, or NULL where a table is missing. Changes nothing. */
NODISCARD entry_t *table_find(struct vm_space *space, vaddr_t va);

/* Own the tables that [start, end) covers only in part: after this, table_drop_range of it can't
 * fail. */
NODISCARD bool table_prepare_edges(struct vm_space *space, vaddr_t start, vaddr_t end);
/* Own every table in [start, end): after this, its leaves may be changed. */
NODISCARD bool table_prepare_range(struct vm_space *space, vaddr_t start, vaddr_t end);

/* Drop all entries in [start, end), prepared by one of the above. The caller flushes. */
void table_drop_range(struct vm_space *space, vaddr_t start, vaddr_t end);

/* Replace each present leaf in [start, end), prepared by table_prepare_range, by change(leaf,
 * argument). */
void table_for_leaves(struct vm_space *space, vaddr_t start, vaddr_t end,
		      entry_t (*change)(entry_t leaf, void *argument), void *argument);

/* Drop the present leaves in [start, end) where they stand, in tables that others share too: for
 * pages that are gone from every sharer's mapping. Owns nothing, so it can't fail. The caller
 * flushes. */
void table_drop_leaves(struct vm_space *space, vaddr_t start, vaddr_t end);

#endif
