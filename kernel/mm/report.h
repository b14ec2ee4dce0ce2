/* report.h: physical memory as text, for /proc and the debug shell. */
#ifndef MM_REPORT_H
#define MM_REPORT_H

#include "lib/text.h"

/* Linux's /proc/meminfo (proc(5)), the lines that mean something here. */
void mm_print_meminfo(struct text_sink *sink);

/* Frames by state, and free blocks by order. */
void mm_print_frames(struct text_sink *sink);

/*
 * Every frame, a letter each, in runs: a line for each range of RAM, which is the number of its
 * first frame, in hexadecimal, and " <letter><frames>" for each run. Letters:
 *
 *   . free    t page table         p private memory of processes    f page of a file, or shared
 *   z zeros   k kernel's objects   s kernel's stacks                w wired: the image and such
 *
 * T, P, F: more than one entry or space names it. Read without a lock: what is changed meanwhile is
 * told as it was before or after.
 */
void mm_print_frame_map(struct text_sink *sink);

#endif
