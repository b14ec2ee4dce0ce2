/* test_mm.c: what the boot made of memory, seen from inside. */
#include <arch/mmu.h>
#include <arch/thread.h>

#include "debug/ktest.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/image.h"
#include "mm/kmap.h"
#include "mm/kmap_init.h"
#include "mm/layout.h"
#include "mm/slab.h"

KTEST(mm_tables_grant_nothing_too_much)
{
	struct kmap_audit audit;

	kmap_audit(&audit);
	EXPECT(audit.leaves > 0);
	EXPECT_EQ(audit.writable_executable, 0);
	EXPECT_EQ(audit.user, 0);
}

KTEST(mm_image_is_mapped_by_section)
{
	EXPECT(mmu_probe(kmap_root(), (vaddr_t)kernel_text_start, VM_EXEC));
	EXPECT(!mmu_probe(kmap_root(), (vaddr_t)kernel_text_start, VM_WRITE));
	EXPECT(!mmu_probe(kmap_root(), (vaddr_t)kernel_rodata_start, VM_WRITE));
	EXPECT(!mmu_probe(kmap_root(), (vaddr_t)kernel_rodata_start, VM_EXEC));
	EXPECT(mmu_probe(kmap_root(), (vaddr_t)kernel_data_start, VM_WRITE));
	EXPECT(!mmu_probe(kmap_root(), (vaddr_t)kernel_data_start, VM_EXEC));
	EXPECT(!mmu_probe(kmap_root(), (vaddr_t)boot_stack_guard, VM_READ));
}

KTEST(mm_nothing_of_the_users_half_is_mapped)
{
	const entry_t *root = phys_to_virt(kmap_root());

	for (unsigned i = 0; i < MMU_USER_ENTRIES; i++)
		EXPECT(entry_is_none(root[i]));
}

KTEST(mm_stack_has_a_guard_and_returns_its_frames)
{
	struct frame_counts before, after;
	vaddr_t top, warm_up;

	/* The first one makes the tables of its area, which stay. */
	if (!EXPECT_EQ(kmap_stack_alloc(&warm_up), 0))
		return;
	frame_counts(&before);
	if (!EXPECT_EQ(kmap_stack_alloc(&top), 0))
		return;
	memset((void *)(top - KERNEL_STACK_BYTES), 0x5a, KERNEL_STACK_BYTES);
	EXPECT(kmap_is_mapped(top - KERNEL_STACK_BYTES, KERNEL_STACK_BYTES));
	EXPECT(!kmap_is_mapped(top - KERNEL_STACK_BYTES - 1, 1));
	EXPECT(kmap_is_stack_guard(top - KERNEL_STACK_BYTES - 1));
	EXPECT(!kmap_is_stack_guard(top - KERNEL_STACK_BYTES));
	kmap_stack_free(top);
	EXPECT(!kmap_is_mapped(top - 8, 8));
	frame_counts(&after);
	EXPECT_EQ(after.by_state[FRAME_STACK], before.by_state[FRAME_STACK]);
	kmap_stack_free(warm_up);
}

/* Half of what is free, since the machine goes on around this test: each frame is there, and is no
 * other's. */
KTEST(mm_free_frames_are_memory)
{
	struct list_node taken;
	struct frame_counts before, after;

	list_init(&taken);
	frame_counts(&before);
	for (uint64_t count = 0; count < before.by_state[FRAME_FREE] / 2; count++) {
		struct frame *frame = frame_alloc(FRAME_ANON, 0);
		if (!EXPECT(frame != NULL))
			break;
		struct list_node *node = frame_data(frame);
		uint64_t *last = (uint64_t *)((vaddr_t)node + PAGE_SIZE) - 1;
		*last = frame_pa(frame);
		list_push_back(&taken, node);
	}
	list_for_each_safe (node, &taken) {
		const uint64_t *last = (uint64_t *)((vaddr_t)node + PAGE_SIZE) - 1;
		EXPECT_EQ(*last, virt_to_phys(node));
		list_remove(node);
		frame_free(frame_of(virt_to_phys(node)));
	}
	frame_counts(&after);
	EXPECT_EQ(after.by_state[FRAME_FREE], before.by_state[FRAME_FREE]);
}
