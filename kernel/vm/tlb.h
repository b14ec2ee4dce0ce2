/*
 * tlb.h: getting rid of translations that processors have cached. The tables have been changed
 * before; what they have named is given up after (struct table_gather in table.h).
 */
#ifndef VM_TLB_H
#define VM_TLB_H

#include <arch/mmu.h>

struct vm_space;

/* Stop using translations of [start, end) on this CPU, if it runs the space. Enough where the
 * tables allow more than before: who goes by an old translation faults at worst. */
void vm_flush_here(struct vm_space *space, vaddr_t start, vaddr_t end);
/* The same on every CPU that runs it now, and on the others before they run it again. Under no
 * spinlock, as vm_flush_everywhere(). */
static inline void vm_flush(struct vm_space *space, vaddr_t start, vaddr_t end);
/* Of all of the user's half, of all spaces, on every CPU. */
void vm_flush_everywhere(void);

/* ---- for vm_flush() ---- */

void vm_flush_tagged(struct vm_space *space, vaddr_t start, vaddr_t end);
void vm_flush_untagged(struct vm_space *space, vaddr_t start, vaddr_t end);

static inline void vm_flush(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	if (UNLIKELY(mmu_has_tags()))
		vm_flush_tagged(space, start, end);
	else
		vm_flush_untagged(space, start, end);
}

#endif
