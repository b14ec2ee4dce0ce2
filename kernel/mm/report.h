/* report.h: physical memory as text, for /proc and the debug shell. */
#ifndef MM_REPORT_H
#define MM_REPORT_H

#include "lib/text.h"

/* Linux's /proc/meminfo (proc(5)), the lines that mean something here. */
void mm_print_meminfo(struct text_sink *sink);

/* Frames by state, and free blocks by order. */
void mm_print_frames(struct text_sink *sink);

#endif
