/*
 * buddy.h: free blocks of 2^order frames, for frame.c. All frames of a free block are FREE, of
 * order FRAME_ORDER_TAIL and of count 0, before they come here and after.
 *
 * Each takes RANK_FRAME for a moment.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "mm/frame_init.h"

/* Nothing is free. The spans stay the caller's no longer than the call. */
void buddy_init(const struct frame_span *spans, unsigned count);

/* A block out of the smallest that is large enough, but not out of the reserve; NULL. */
NODISCARD struct frame *buddy_take(unsigned order);
/* Up to `most` single frames, in front of *list by frame->next; how many they are. */
NODISCARD unsigned buddy_take_frames(struct frame **list, unsigned most);

void buddy_give(struct frame *block, unsigned order);
/* Up to `most` single frames off the list; how many they were. */
unsigned buddy_give_frames(struct frame **list, unsigned most);

/* So many frames stay free whatever is asked for. */
void buddy_set_reserve(uint64_t frames);

/* How many free blocks of each order there are. */
void buddy_count(uint64_t blocks[FRAME_MAX_ORDER + 1]);

#endif
