/*
 * frame.h: physical memory, a frame (4 KiB) at a time: who uses it, and how many name it.
 *
 * Every frame of usable RAM has a struct frame. Free ones stand in a buddy allocator: blocks of
 * 2^order frames, order 0 to FRAME_MAX_ORDER. An allocated block's count, state and order stand in
 * its first frame. Counts by state are kept, and are the leak detector.
 *
 * Lock letters: (f) frame_lock; (c) changed atomically, by who holds a reference.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <arch/mmu.h>
#include "lib/list.h"
#include "lib/types.h"

enum frame_state {
	FRAME_FREE,
	FRAME_TABLE, /* a page table of some address space, or of the kernel's half */
	FRAME_ANON,  /* private memory of processes */
	FRAME_CACHE, /* a page of an object: file or shared memory */
	FRAME_ZERO,  /* the one page of zeros */
	FRAME_SLAB,  /* the kernel's small allocations, and its large ones */
	FRAME_STACK, /* kernel stacks */
	FRAME_WIRED, /* never freed: the image, the frame database, the initial RAM disk */
	FRAME_STATES
};

#define FRAME_MAX_ORDER 10u

struct vm_object;

struct frame {
	uint32_t count; /* (c) entries, object slots and pins that name it */
	uint8_t state;  /* (f) while FREE, else the owner's: enum frame_state */
	uint8_t order;  /* (f) of the block it heads */
	uint16_t pins;  /* (c) of count: the kernel's own uses */
	union {
		struct list_node free_link; /* (f) FREE heads */
		struct {                    /* TABLE */
			uint32_t present;   /* entries that are not none; the owner of the table
					       writes it */
		} table;
		struct { /* CACHE */
			struct vm_object *object;
			uint64_t index;
		} cache;
		void *slab;            /* SLAB: its struct slab */
		struct {               /* ANON */
			uint64_t slot; /* swap slot + 1 that still holds its contents, 0 for none */
		} anon;
	};
	uint64_t reserved;
};
_Static_assert(sizeof(struct frame) <= 32, "32 bytes a frame are the budget");

/* A block of 2^order frames with count 1, contents undefined (poisoned); NULL if there is none. */
NODISCARD struct frame *frame_alloc(enum frame_state state, unsigned order);
/* The same, one frame, filled with zeros. */
NODISCARD struct frame *frame_alloc_zeroed(enum frame_state state);

/* Give back a block whose count is 1 or 0. Panics on a double free. */
void frame_free(struct frame *frame);

void frame_get(struct frame *frame); /* one more name for it; panics where the count would wrap */
NODISCARD bool
frame_put(struct frame *frame); /* one less; true: it was the last, the caller frees it */
static inline uint32_t frame_count(const struct frame *frame)
{
	return __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE);
}

struct frame *frame_of(paddr_t pa); /* panics for an address that has no frame */
paddr_t frame_pa(const struct frame *frame);
void *frame_data(const struct frame *frame); /* through the direct map */

/* Frames by state, in frames. */
struct frame_counts {
	uint64_t by_state[FRAME_STATES];
};
void frame_counts(struct frame_counts *out);
extern const char *const frame_state_names[FRAME_STATES];
/* Free blocks by order. Counts them one by one: for people. */
void frame_free_blocks(uint64_t blocks[FRAME_MAX_ORDER + 1]);

/* The page of zeros. Its count is never 1. */
struct frame *frame_zero(void);

#endif
