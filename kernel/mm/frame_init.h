/* frame_init.h: how boot code (and a host test) sets up the frame database. Nobody else needs it.
 */
#ifndef MM_FRAME_INIT_H
#define MM_FRAME_INIT_H

#include "mm/frame.h"

#define FRAME_MAX_SPANS 256

/* All frames of the spans (ascending, disjoint, their entries mapped) become WIRED with count 1. */
void frame_database_init(const struct frame_span *spans, unsigned count);

/* Frames [start, end), WIRED now, are free from now on. */
void frame_add_free(pfn_t start, pfn_t end);

/* A WIRED frame is in truth used as `state`: boot's own tables. */
void frame_retag(pfn_t pfn, enum frame_state state);

/* Refuse allocations that would leave fewer than this many frames free. */
void frame_set_reserve(uint64_t frames);

/* Fill frames with a pattern when they are allocated and when they are freed. */
void frame_set_poison(bool on);

/* Make the page of zeros; false: no memory. */
NODISCARD bool frame_zero_init(void);

#endif
