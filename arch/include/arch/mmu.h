/*
 * mmu.h: the contract between the portable memory code and the processor's page tables.
 *
 * A table is one frame of MMU_ENTRIES entries. Levels are numbered as Intel's manual draws them:
 * the root is at level MMU_LEVELS (4), and an entry of a level-1 table names a 4 KiB page. "The
 * level of an entry" is the level of the table it stands in. A leaf names memory: at level 1
 * always, at level 2 (2 MiB) and 3 (1 GiB) where mmu_leaf_level_ok() says so.
 *
 * 1. Values. Pure functions of one entry, defined inline in <arch_mmu.h>, the same on the machine
 * and on the host:
 *
 *      entry_none()                         absent, remembers nothing
 *      entry_leaf(pa, level, prot)          names memory; prot is a set of VM_* below
 *      entry_table(pa, prot)                names a table one level down. Only VM_WRITE and VM_USER
 *                                           count: x86 combines them over the walk, so a table
 * entry grants all but what own() may take away (W) entry_swap(slot)                     absent,
 * remembers a swap slot entry_is_none / _present / _swap(e), entry_is_leaf(e, level) entry_pa(e) of
 * the page or table, bytes entry_slot(e) entry_prot(e)                        VM_* of a leaf
 *      entry_can_write(e), entry_wrprotect(e), entry_mkwrite(e)
 *      entry_accessed(e), entry_dirty(e), entry_mkold(e), entry_mkclean(e)
 *      entry_shared(e), entry_mkshared(e)   a software bit: the page belongs to a shared mapping,
 * so that copying the table must not take its W away entry_index(va, level)               which
 * entry of a level-`level` table covers va entry_span(level)                    bytes that one
 * entry at that level covers
 *
 * 2. Live tables. Another CPU's page walker may read them at any time; each function is one access:
 *      entry_load(p), entry_store(p, e), entry_exchange(p, e) returns the old one
 *
 * 3. The processor:
 *      mmu_activate(root)      load the root; flushes all translations that are not global
 *      mmu_has_tags()          translations bear a tag: only those of the loaded root's are used
 *      mmu_activate_tagged(root, tag, keep)  load the root with that tag (0 to MMU_TAGS - 1), and
 *                              keep what there is under the tag, or flush it
 *      mmu_flush_page(va)      this CPU's translation of va, paging-structure caches included
 *      mmu_flush_all()         this CPU's translations that are not global
 *                              (both where there are tags: under the loaded one)
 *      mmu_flush_global()      all of this CPU's translations, under all tags
 *      mmu_probe(root, va, access)  would this access succeed by the tables alone?
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "lib/types.h"

/* Protection and access bits. Values are of Linux's PROT_READ, PROT_WRITE, PROT_EXEC. */
#define VM_READ            0x1u
#define VM_WRITE           0x2u
#define VM_EXEC            0x4u
#define VM_USER            0x8u /* accessible in ring 3; an access: made in ring 3 */
/* Memory type of a leaf; write-back when none is given. */
#define VM_WRITE_COMBINING 0x10u
#define VM_UNCACHED        0x20u
#define VM_GLOBAL          0x40u /* same in all spaces */

#include <arch_mmu.h>

/* As many tags as every processor has that has any. */
#define MMU_TAGS 8u

void mmu_activate(paddr_t root);
void mmu_activate_tagged(paddr_t root, unsigned tag, bool keep);
void mmu_flush_page(vaddr_t va);
void mmu_flush_all(void);
void mmu_flush_global(void);
NODISCARD bool mmu_probe(paddr_t root, vaddr_t va, unsigned access);

#endif
