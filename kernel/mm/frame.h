/*
 * frame.h: physical memory, a frame (4 KiB) at a time: who uses it, and how many name it.
 *
 * Every frame of usable RAM has a struct frame. Free ones stand in a buddy allocator: blocks of
 * 2^order frames, order 0 to FRAME_MAX_ORDER; in front of it each CPU keeps a few single frames
 * that it gives out and takes back alone. An allocated block's count, state and order stand in its
 * first frame. Counts by state are kept, and are the leak detector.
 *
 * Lock letters: (f) RANK_FRAME, in buddy.c; (c) changed atomically, by who holds a reference; (o)
 * the owner's; (l) the CPU's cache, while the frame stands in its list.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <arch/mmu.h>
#include "lib/list.h"
#include "lib/types.h"
#include "mm/layout.h"

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

#define FRAME_MAX_ORDER  10u
/* Order of a frame that heads no block. */
#define FRAME_ORDER_TAIL 0xffu

struct vm_object;

struct frame {
	uint32_t count; /* (c) entries, object slots and pins that name it */
	uint8_t state;  /* (o) enum frame_state */
	uint8_t order;  /* (o) of the block it heads, or FRAME_ORDER_TAIL */
	uint16_t pins;  /* (c) of count: the kernel's own uses */
	union {
		struct list_node free_link; /* (f) FREE heads */
		struct frame *next;         /* (l) FREE, in a CPU's list */
		struct {                    /* TABLE */
			/* Bit n: entries 8n to 8n+7, one line of the processor's cache, may be in
			 * use; where it is clear they are all none. */
			uint64_t lines; /* (o) */
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
	/* (f) 1 + the order of the free block that it heads; 0: it heads none. A neighbour looks at
	 * this, and at nothing that an owner changes. */
	uint8_t free_order;
	bool poisoned; /* (o) FREE: filled with POISON_FREED */
};
_Static_assert(sizeof(struct frame) <= 32, "32 bytes a frame are the budget");

/* A block of 2^order frames with count 1, contents undefined (poisoned); NULL if there is none. */
NODISCARD struct frame *frame_alloc(enum frame_state state, unsigned order);
/* The same, one frame, filled with zeros. */
NODISCARD struct frame *frame_alloc_zeroed(enum frame_state state);

/* Give back a block whose count is 1 or 0. Panics on a double free. */
void frame_free(struct frame *frame);
/* The same for one frame that holds nothing but zeros: the next who wants such a frame saves the
 * filling. */
void frame_free_zeroed(struct frame *frame);

/* Make a block that has one name into single frames that have one each. */
void frame_split(struct frame *block);

void frame_get(struct frame *frame); /* one more name for it; panics where the count would wrap */
void frame_get_many(struct frame *frame, uint32_t names);
NODISCARD bool
frame_put(struct frame *frame); /* one less; true: it was the last, the caller frees it */
static inline uint32_t frame_count(const struct frame *frame)
{
	return __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE);
}

/*
 * The frame of an address that a table entry or the direct map gave. There are database entries
 * only where there is RAM: another address faults here, and the kernel says where.
 */
static inline struct frame *frame_of(paddr_t pa)
{
	return &FRAME_DATABASE[pa >> PAGE_SHIFT];
}

static inline paddr_t frame_pa(const struct frame *frame)
{
	return (paddr_t)(frame - FRAME_DATABASE) << PAGE_SHIFT;
}

static inline void *frame_data(const struct frame *frame) /* through the direct map */
{
	return phys_to_virt(frame_pa(frame));
}

/* Is freed memory filled with a pattern (boot option poison)? */
bool frame_poisoning(void);

/* Frames by state, in frames. */
struct frame_counts {
	uint64_t by_state[FRAME_STATES];
};
void frame_counts(struct frame_counts *out);
extern const char *const frame_state_names[FRAME_STATES];
/* Free blocks by order; what a CPU keeps for itself is of order 0. Counts them one by one: for
 * people. */
void frame_free_blocks(uint64_t blocks[FRAME_MAX_ORDER + 1]);

/* Where there is RAM, ascending; they stay. */
struct frame_span {
	pfn_t start, end; /* frame numbers, end excluded */
};
const struct frame_span *frame_spans(unsigned *count);

/* The page of zeros. Its count is never 1. */
struct frame *frame_zero(void);

#endif
