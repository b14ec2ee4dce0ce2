/* mmu.c: the page-table root and the translation caches of this CPU. */
#include <arch/mmu.h>
#include <cpuid.h>

#include <arch/irq.h>

#include "mm/layout.h"
#include "x86.h"

#define CPUID_EXTENDED_FEATURES 0x80000001u
#define CPUID_EDX_1GIB_PAGES    (1u << 26)

bool mmu_leaf_level_ok(unsigned level)
{
	unsigned a, b, c, d;

	if (level < 3)
		return true;
	return level == 3 && __get_cpuid(CPUID_EXTENDED_FEATURES, &a, &b, &c, &d) &&
	       (d & CPUID_EDX_1GIB_PAGES);
}

bool mmu_pcids;

/* SDM 3A, 4.10.4.1: without bit 63 the load flushes what is cached under the PCID that it loads. */
#define CR3_KEEP (1ull << 63)

void mmu_activate_tagged(paddr_t root, unsigned tag, bool keep)
{
	uint64_t cr3 = root | tag | (keep ? CR3_KEEP : 0);

	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

/* Under PCID 0, the kernel's, if there are any. */
void mmu_activate(paddr_t root)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
}

/* SDM 3A, 4.10.4.1: INVLPG also drops all paging-structure-cache entries of the current PCID. */
void mmu_flush_page(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void mmu_flush_all(void)
{
	uint64_t root;

	__asm__ volatile("mov %%cr3, %0" : "=r"(root));
	__asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
}

#define INVPCID_ALL_AND_GLOBAL 2ul

/* SDM 3A, 4.10.4.1: all translations of all PCIDs, by INVPCID, or by a change of CR4.PGE. */
void mmu_flush_global(void)
{
	static const struct {
		uint64_t pcid, address;
	} none;
	uint64_t cr4;

	if (cpu_features.invpcid) {
		__asm__ volatile("invpcid %0, %1"
				 :
				 : "m"(none), "r"(INVPCID_ALL_AND_GLOBAL)
				 : "memory");
		return;
	}
	if (!cpu_features.pge) {
		mmu_flush_all();
		return;
	}
	bool were_on = irq_save();
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 & ~(uint64_t)CR4_PGE) : "memory");
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
	irq_restore(were_on);
}

bool mmu_probe(paddr_t root, vaddr_t va, unsigned access)
{
	const entry_t *table = phys_to_virt(root);
	bool writable = true, user = true, executable = true;

	for (unsigned level = MMU_LEVELS; level >= 1; level--) {
		entry_t e = entry_load(&table[entry_index(va, level)]);
		if (!(e.raw & X86_P))
			return false;
		writable &= !!(e.raw & X86_W);
		user &= !!(e.raw & X86_U);
		executable &= !(e.raw & X86_NX);
		if (entry_is_leaf(e, level))
			break;
		table = phys_to_virt(entry_pa(e));
	}
	return (!(access & VM_WRITE) || writable) && (!(access & VM_EXEC) || executable) &&
	       (!(access & VM_USER) || user);
}
