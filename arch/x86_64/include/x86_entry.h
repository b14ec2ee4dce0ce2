/*
 * x86_entry.h: one page-table entry as a value. Pure, so that the host's software MMU uses these
 * very bits. Intel SDM volume 3A, 4.5 (4-level paging), tables 4-15 to 4-20.
 *
 *   63 62        52 51                        12 11  10   9  8  7  6  5  4   3  2 1 0
 *   NX  -           physical address             none swap sh G  PS D  A  PCD PWT U W P
 *
 * Software bits: `shared` (9) marks a page of a shared mapping; `swap` (10) an absent entry whose
 * address field is a swap slot; `none` (11) a leaf that keeps its frame but that nobody may access
 * (PROT_NONE): P is clear. `busy` (8, alone) marks an entry whose page is being exchanged.
 */
#ifndef X86_ENTRY_H
#define X86_ENTRY_H

#include "lib/types.h"

#define PAGE_SHIFT       12u
#define PAGE_SIZE        (1ull << PAGE_SHIFT)
#define MMU_LEVELS       4u
#define MMU_ENTRIES      512u
#define MMU_INDEX_BITS   9u
/* Entries of the root table below this index are the user's half. */
#define MMU_USER_ENTRIES 256u

/* An entry, wrapped so that it can't be mistaken for an address. */
typedef struct {
	uint64_t raw;
} entry_t;

#define X86_P       (1ull << 0)
#define X86_W       (1ull << 1)
#define X86_U       (1ull << 2)
#define X86_PWT     (1ull << 3)
#define X86_PCD     (1ull << 4)
#define X86_A       (1ull << 5)
#define X86_D       (1ull << 6)
#define X86_PS      (1ull << 7)
#define X86_G       (1ull << 8)
#define X86_BUSY    (1ull << 8)
#define X86_SHARED  (1ull << 9)
#define X86_SWAP    (1ull << 10)
#define X86_NONE    (1ull << 11)
#define X86_NX      (1ull << 63)
#define X86_PA_MASK 0x000ffffffffff000ull

/*
 * IA32_PAT (SDM 3A, 11.12): the reset value but for entry 1 (PWT alone), which is write-combining
 * instead of write-through, so that no leaf needs the PAT bit, whose place depends on the level.
 * cpu_init() writes it. Entries 7..0: UC, UC-, WT, WB, UC, UC-, WC, WB.
 */
#define X86_PAT_VALUE 0x0007040600070106ull

static inline entry_t entry_none(void)
{
	return (entry_t){0};
}

static inline entry_t entry_leaf(paddr_t pa, unsigned level, unsigned prot)
{
	uint64_t raw = (pa & X86_PA_MASK) | X86_A;
	raw |= prot & (VM_READ | VM_WRITE | VM_EXEC) ? X86_P : X86_NONE;
	raw |= prot & VM_WRITE ? X86_W | X86_D : 0;
	raw |= prot & VM_EXEC ? 0 : X86_NX;
	raw |= prot & VM_USER ? X86_U : 0;
	raw |= prot & VM_WRITE_COMBINING ? X86_PWT : 0;
	raw |= prot & VM_UNCACHED ? X86_PWT | X86_PCD : 0;
	raw |= prot & VM_GLOBAL ? X86_G : 0;
	raw |= level > 1 ? X86_PS : 0;
	return (entry_t){raw};
}

static inline entry_t entry_table(paddr_t pa, unsigned prot)
{
	uint64_t raw = (pa & X86_PA_MASK) | X86_P | X86_A;
	raw |= prot & VM_WRITE ? X86_W : 0;
	raw |= prot & VM_USER ? X86_U : 0;
	return (entry_t){raw};
}

static inline entry_t entry_swap(uint64_t slot)
{
	return (entry_t){(slot << PAGE_SHIFT & X86_PA_MASK) | X86_SWAP};
}

static inline entry_t entry_busy(void)
{
	return (entry_t){X86_BUSY};
}

static inline bool entry_is_busy(entry_t e)
{
	return e.raw == X86_BUSY;
}

static inline bool entry_is_none(entry_t e)
{
	return e.raw == 0;
}

/* Names a frame; a leaf of PROT_NONE does too, though the processor sees nothing there. */
static inline bool entry_is_present(entry_t e)
{
	return e.raw & (X86_P | X86_NONE);
}

static inline bool entry_is_swap(entry_t e)
{
	return !entry_is_present(e) && (e.raw & X86_SWAP);
}

static inline bool entry_is_leaf(entry_t e, unsigned level)
{
	return entry_is_present(e) && (level == 1 || (e.raw & X86_PS));
}

static inline paddr_t entry_pa(entry_t e)
{
	return e.raw & X86_PA_MASK;
}

static inline uint64_t entry_slot(entry_t e)
{
	return (e.raw & X86_PA_MASK) >> PAGE_SHIFT;
}

static inline unsigned entry_prot(entry_t e)
{
	unsigned prot = e.raw & X86_U ? VM_USER : 0;
	if (e.raw & X86_P)
		prot |= VM_READ | (e.raw & X86_NX ? 0 : VM_EXEC) | (e.raw & X86_W ? VM_WRITE : 0);
	return prot;
}

static inline bool entry_can_write(entry_t e)
{
	return e.raw & X86_W;
}

static inline entry_t entry_wrprotect(entry_t e)
{
	return (entry_t){e.raw & ~X86_W};
}

static inline entry_t entry_mkwrite(entry_t e)
{
	return (entry_t){e.raw | X86_W};
}

static inline bool entry_accessed(entry_t e)
{
	return e.raw & X86_A;
}

static inline bool entry_dirty(entry_t e)
{
	return e.raw & X86_D;
}

static inline entry_t entry_mkold(entry_t e)
{
	return (entry_t){e.raw & ~X86_A};
}

static inline entry_t entry_mkclean(entry_t e)
{
	return (entry_t){e.raw & ~X86_D};
}

static inline bool entry_shared(entry_t e)
{
	return e.raw & X86_SHARED;
}

static inline entry_t entry_mkshared(entry_t e)
{
	return (entry_t){e.raw | X86_SHARED};
}

static inline unsigned entry_index(vaddr_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + MMU_INDEX_BITS * (level - 1)) & (MMU_ENTRIES - 1);
}

static inline uint64_t entry_span(unsigned level)
{
	return PAGE_SIZE << MMU_INDEX_BITS * (level - 1);
}

static inline entry_t entry_load(const entry_t *p)
{
	return (entry_t){__atomic_load_n(&p->raw, __ATOMIC_ACQUIRE)};
}

static inline void entry_store(entry_t *p, entry_t e)
{
	__atomic_store_n(&p->raw, e.raw, __ATOMIC_RELEASE);
}

static inline entry_t entry_exchange(entry_t *p, entry_t e)
{
	return (entry_t){__atomic_exchange_n(&p->raw, e.raw, __ATOMIC_ACQ_REL)};
}

static inline bool entry_compare_exchange(entry_t *p, entry_t *expected, entry_t e)
{
	return __atomic_compare_exchange_n(&p->raw, &expected->raw, e.raw, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

#endif
