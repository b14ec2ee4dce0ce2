/* provoke.c: what only the processor's code can do to make the kernel die on purpose. */
#include <arch/debug.h>
#include <arch/mmu.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "registers.h"

#define PROVOKE_ADDRESS 0x400000ull
#define INSTRUCTION_RET 0xc3

/* Pushing below address 0 faults, and so does pushing the frame of that fault. */
void arch_provoke_double_fault(void)
{
	__asm__ volatile("xorl %%esp, %%esp; pushq $0" : : : "memory");
	__builtin_unreachable();
}

/* The trap comes after the instruction that follows POPF. */
void arch_provoke_debug(void)
{
	__asm__ volatile("pushfq; orl %0, (%%rsp); popfq; nop" : : "i"(RFLAGS_TF) : "memory", "cc");
	__builtin_unreachable();
}

static entry_t *table_of(entry_t *entry)
{
	if (entry_is_none(*entry)) {
		struct frame *frame = frame_alloc_zeroed(FRAME_TABLE);
		if (!frame)
			panic("no memory to die as asked");
		entry_store(entry, entry_table(frame_pa(frame), VM_WRITE | VM_USER));
	}
	return phys_to_virt(entry_pa(*entry));
}

/* It goes into the kernel's own root, which is active as long as there is no process. */
vaddr_t arch_provoke_user_page(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON, 0);
	entry_t *table = phys_to_virt(kmap_root());

	if (!frame)
		panic("no memory to die as asked");
	memset(frame_data(frame), INSTRUCTION_RET, PAGE_SIZE);
	for (unsigned level = MMU_LEVELS; level > 1; level--)
		table = table_of(&table[entry_index(PROVOKE_ADDRESS, level)]);
	entry_store(&table[entry_index(PROVOKE_ADDRESS, 1)],
		    entry_leaf(frame_pa(frame), 1, VM_READ | VM_WRITE | VM_EXEC | VM_USER));
	mmu_flush_all();
	return PROVOKE_ADDRESS;
}
