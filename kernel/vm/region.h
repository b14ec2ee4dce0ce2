/* region.h: the region tree of a space, for the files of vm/. Everything needs the space's lock. */
#ifndef VM_REGION_H
#define VM_REGION_H

#include <arch/user.h>
#include "vm/space.h"

/* Linux's layout without randomisation: the stack ends at USER_END, mappings grow down from here.
 */
#define VM_MMAP_TOP (USER_END - 128 * MIB)
#define VM_MMAP_FLOOR \
	0x10000ull /* vm.mmap_min_addr: nothing is mapped below, so that NULL faults */
/* Between the lowest page of a stack and whatever is mapped below it. Linux: stack_guard_gap. */
#define VM_STACK_GAP   (1 * MIB)
#define VM_MAX_REGIONS 65530u /* Linux: vm.max_map_count */
#define VM_NO_LIMIT    UINT64_MAX

/* The first region that ends above va, or NULL: it contains va, or is the next one. */
struct vm_region *region_at_or_after(const struct vm_space *space, vaddr_t va);
struct vm_region *region_find(const struct vm_space *space, vaddr_t va); /* contains va, or NULL */
/* The same; looks first at the one that was found last on this CPU. The shared lock will do. */
struct vm_region *region_find_recent(struct vm_space *space, vaddr_t va);
struct vm_region *region_next(const struct vm_region *region);
struct vm_region *region_prev(const struct vm_region *region);
struct vm_region *region_first(const struct vm_space *space);
bool region_range_is_free(const struct vm_space *space, vaddr_t start, vaddr_t end);
bool region_range_is_mapped(const struct vm_space *space, vaddr_t start, vaddr_t end);

/* A region outside of any tree; NULL: no memory. The object gains a reference. */
NODISCARD struct vm_region *region_create(const struct vm_region *like);
void region_destroy(struct vm_region *region); /* outside of any tree */

/* Give `to`, which has none, the regions of `from`. false: no memory, and `to` has some of them. */
NODISCARD bool region_copy_all(const struct vm_space *from, struct vm_space *to);
void region_destroy_all(struct vm_space *space);

void region_insert(struct vm_space *space, struct vm_region *region); /* its range is free */
void region_remove(struct vm_space *space, struct vm_region *region);

/* Cut `region` at `at`, strictly inside it: `upper`, from region_create(region), becomes the part
 * above. */
void region_split(struct vm_space *space, struct vm_region *region, vaddr_t at,
		  struct vm_region *upper);

/*
 * Make `start` and `end` borders of regions. Prepared first: needs up to two new regions. -ENOMEM
 * changes nothing.
 */
NODISCARD int region_cut(struct vm_space *space, vaddr_t start, vaddr_t end);

/*
 * Take [start, end) out of the regions: what they have of it is trimmed off or removed. Prepared
 * first: a region that goes on at both sides needs a second one for what is above, *upper, else
 * NULL. -ENOMEM changes nothing; region_make_hole() can't fail.
 */
NODISCARD int region_prepare_hole(struct vm_space *space, vaddr_t start, vaddr_t end,
				  struct vm_region **upper);
void region_make_hole(struct vm_space *space, vaddr_t start, vaddr_t end, struct vm_region *upper);

/* Join neighbours in and around [start, end) that are alike. */
void region_merge(struct vm_space *space, vaddr_t start, vaddr_t end);

/* The offset in the object of va. */
static inline uint64_t region_offset(const struct vm_region *region, vaddr_t va)
{
	return region->offset + (va - region->start);
}

/* Rounded up to pages; 0 if that wraps. */
static inline uint64_t page_round_up(uint64_t bytes)
{
	return ALIGN_UP(bytes, PAGE_SIZE);
}

/* Drop all regions and pages of [start, end), page-aligned. -ENOMEM changes nothing. */
NODISCARD int vm_unmap_locked(struct vm_space *space, vaddr_t start, vaddr_t end);

/* For a new space. */
uint64_t vm_space_next_serial(void);

/* The stack above va that may grow down to va's page; NULL if there is none. */
struct vm_region *vm_stack_above(const struct vm_space *space, vaddr_t va);

/* A free range of `bytes`, as high as possible, within [floor, ceiling); 0: none. */
NODISCARD vaddr_t vm_find_gap(const struct vm_space *space, vaddr_t floor, vaddr_t ceiling,
			      uint64_t bytes);

/* May a region of this protection and these REGION_* flags be made, or one grow, by `bytes`, under
 * RLIMIT_AS and RLIMIT_DATA? */
NODISCARD bool vm_within_limits(const struct vm_space *space, unsigned prot, unsigned flags,
				uint64_t bytes);
/* The same for one of several, which is counted in: *data is what counts against RLIMIT_DATA, or
 * VM_NO_LIMIT before it was counted. */
NODISCARD bool vm_within_limits_counted(const struct vm_space *space, unsigned prot, unsigned flags,
					uint64_t bytes, uint64_t *data);
/* Linux's heuristic overcommit: is this a promise that all of memory could never keep? What is
 * shared is its object's matter. */
NODISCARD bool vm_is_overcommit(unsigned prot, unsigned flags, uint64_t bytes);
/* The bytes of [start, end) that are mapped. */
uint64_t vm_mapped_in(const struct vm_space *space, vaddr_t start, vaddr_t end);

/* fork: limits, heap and layout are the parent's. */
void vm_inherit_settings(struct vm_space *child, const struct vm_space *parent);
/* fork: `child` has all regions and pages of its parent, and loses what is not for children.
 * -ENOMEM: it may have lost some of it. */
NODISCARD int vm_drop_unforked(struct vm_space *child);

#endif
