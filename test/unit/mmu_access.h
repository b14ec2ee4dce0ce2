/*
 * mmu_access.h: one access by the processor, against what the tables say and what is right. It is a
 * guarded copy in the active space. Before it the tables are asked: if they allow it no fault may
 * be taken, and if they do not one must be, or a translation is used that should be gone. In the
 * kernel this is the real MMU; on the host, the software one.
 */
#ifndef TEST_UNIT_MMU_ACCESS_H
#define TEST_UNIT_MMU_ACCESS_H

#include "debug/ktest.h"
#include "mm/frame.h"
#include "vm/space.h"

#define RW (VM_READ | VM_WRITE)

/* An active space of the test's own. */
struct world {
	struct vm_space *space, *before;
	struct frame_counts counts;
};

bool world_create(struct world *world);
/* Checks the space, and that every frame it had is free again. */
void world_destroy(struct world *world);

void map_pages(struct vm_space *space, vaddr_t at, unsigned pages, unsigned prot,
	       struct vm_object *object, unsigned region_flags);

struct access {
	vaddr_t va;
	bool write;
	bool allowed;
	uint64_t value; /* to write, or to find */
};

/* Fails the test where the processor, the tables and `want` differ. true: a fault was taken. */
bool expect_access(int line, struct access want);

#define READS(address, expected) \
	expect_access(__LINE__, (struct access){(address), false, true, (expected)})
#define WRITES(address, data) \
	expect_access(__LINE__, (struct access){(address), true, true, (data)})
#define REFUSES(address, writes) \
	EXPECT(expect_access(__LINE__, (struct access){(address), (writes), false, 0}))

#endif
