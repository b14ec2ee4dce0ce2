/* report.c: see report.h. */
#include "mm/report.h"

#include "mm/frame.h"

static void print_line(struct text_sink *sink, const char *name, uint64_t frames)
{
	text_print(sink, "%-15s %8llu kB\n", name,
		   (unsigned long long)(frames * (PAGE_SIZE / KIB)));
}

void mm_print_meminfo(struct text_sink *sink)
{
	struct frame_counts counts;
	uint64_t total = 0;

	frame_counts(&counts);
	const uint64_t *by_state = counts.by_state;
	/* As on Linux, what the kernel took for itself at boot is not part of it. */
	for (unsigned state = 0; state < FRAME_STATES; state++)
		total += state == FRAME_WIRED ? 0 : by_state[state];
	print_line(sink, "MemTotal:", total);
	print_line(sink, "MemFree:", by_state[FRAME_FREE]);
	/* A page of a file may be the only copy that there is, so it does not count as available.
	 */
	print_line(sink, "MemAvailable:", by_state[FRAME_FREE]);
	print_line(sink, "Buffers:", 0);
	print_line(sink, "Cached:", by_state[FRAME_CACHE]);
	print_line(sink, "SwapCached:", 0);
	print_line(sink, "SwapTotal:", 0);
	print_line(sink, "SwapFree:", 0);
	print_line(sink, "Dirty:", 0);
	print_line(sink, "Writeback:", 0);
	print_line(sink, "AnonPages:", by_state[FRAME_ANON]);
	print_line(sink, "Shmem:", 0);
	print_line(sink, "KReclaimable:", 0);
	print_line(sink, "Slab:", by_state[FRAME_SLAB]);
	print_line(sink, "SReclaimable:", 0);
	print_line(sink, "SUnreclaim:", by_state[FRAME_SLAB]);
	print_line(sink, "KernelStack:", by_state[FRAME_STACK]);
	print_line(sink, "PageTables:", by_state[FRAME_TABLE]);
}

void mm_print_frames(struct text_sink *sink)
{
	struct frame_counts counts;
	uint64_t blocks[FRAME_MAX_ORDER + 1];

	frame_counts(&counts);
	frame_free_blocks(blocks);
	for (unsigned state = 0; state < FRAME_STATES; state++)
		text_print(sink, "%-6s %8llu\n", frame_state_names[state],
			   (unsigned long long)counts.by_state[state]);
	text_put(sink, "free blocks by order:");
	for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++)
		text_print(sink, " %llu", (unsigned long long)blocks[order]);
	text_put(sink, "\n");
}
