/*
 * sweep_world.h: two processes that share what they can, and memory that runs out when it shall:
 * for test_vm_sweep.c.
 */
#ifndef TEST_UNIT_SWEEP_WORLD_H
#define TEST_UNIT_SWEEP_WORLD_H

#include <arch/user.h>
#include "mm/frame.h"
#include "vm/object.h"
#include "vm/space.h"

/* ---- what there is in the first process ---- */

#define ANON       (GIB - 4 * PAGE_SIZE) /* its middle is a border of level-1, 2 and 3 tables */
#define ANON_PAGES 10u
#define PRIVATE    0x10000000ull /* of the file */
#define SHARED     0x20000000ull /* the same file */
#define FILE_PAGES 6u
#define WIPED      (SHARED + 64 * PAGE_SIZE) /* in the same table; a child gets it empty */
#define NOT_FORKED (SHARED + 80 * PAGE_SIZE) /* and this not at all */
#define HEAP       0x30000000ull
#define LARGE      0x80000000ull   /* a large page */
#define FREE_PLACE 0x7000000000ull /* another entry of the root: no table is there */
#define STACK_TOP  USER_END

/* Two processes that share what they can, and the file that both map. */
struct sweep_world {
	struct vm_space *space, *sibling; /* sibling NULL: it is over */
	struct vm_object *file;
	struct frame_counts before; /* anything was made */
};

/* Into *world; false: the test has failed. */
bool sweep_world_create(struct sweep_world *world, bool forked);
/* No frame is left over. */
void sweep_world_destroy(struct sweep_world *world);
/* All counts, and every frame in use is named by something in the world, or in the space `more` if
 * there is one, or was in use before. */
void sweep_world_check(struct sweep_world *world, struct vm_space *more);

/* Readable and writable, with REGION_* flags, in place of what is there. 0 or -ENOMEM. */
NODISCARD int sweep_map_at(struct vm_space *space, vaddr_t at, unsigned pages,
			   struct vm_object *object, unsigned region_flags);
/* The first word of a page. 0 or -ENOMEM. */
NODISCARD int sweep_write_page(struct vm_space *space, vaddr_t va, uint64_t value);

/* ---- memory to be had ---- */

/* From now on only so many frames; negative: all. */
void sweep_allow(long frames);
/* Small allocations that are left over in slabs would hide that a call needs memory: take those of
 * this size. Give them back with sweep_refill(). */
void *sweep_drain(size_t bytes);
void sweep_refill(void *first);

#endif
