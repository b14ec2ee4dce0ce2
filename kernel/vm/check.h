/*
 * check.h: the invariants of the memory system, read back from what is there: regions, tables,
 * objects and frames. Slow; for tests and debugging. A broken invariant panics.
 *
 *   I1  a frame's count is the number of entries, object slots and pins that name it
 *   I2  in a table with count 1 a private entry with W names a frame with count 1
 */
#ifndef VM_CHECK_H
#define VM_CHECK_H

#include "mm/frame.h"

struct vm_object;
struct vm_space;

/* Frames by state that the spaces and objects of vm_check_all() name, in frames. What
 * frame_counts() has more of than that is somebody else's, or is lost. */
struct vm_census {
	uint64_t by_state[FRAME_STATES];
};

/* How often a frame was named, in vm_check_all()'s scratch. */
struct vm_name {
	uint32_t pfn;
	uint32_t names; /* 0: an empty slot */
};

/*
 * I1 over everything given, each table visited once however many spaces share it; I2 and the
 * regions of each space; and that each object's slots and count fit. All spaces and objects that
 * share a frame must be given, and nothing may change meanwhile.
 *
 * `scratch` is a hash table of `slots` slots (a power of two, more than there are frames to find),
 * whose contents do not matter.
 */
void vm_check_all(struct vm_space *const *spaces, unsigned space_count,
		  struct vm_object *const *objects, unsigned object_count, struct vm_name *scratch,
		  uint64_t slots, struct vm_census *census);

#endif
