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

static const char frame_letters[FRAME_STATES] = {
	[FRAME_FREE] = '.', [FRAME_TABLE] = 't', [FRAME_ANON] = 'p',  [FRAME_CACHE] = 'f',
	[FRAME_ZERO] = 'z', [FRAME_SLAB] = 'k',  [FRAME_STACK] = 's', [FRAME_WIRED] = 'w',
};

/* `before`: the letter of the frame below. Others change the frame meanwhile: each field is read
 * once. */
static char frame_letter(const struct frame *frame, char before)
{
	unsigned state = __atomic_load_n(&frame->state, __ATOMIC_RELAXED);
	uint32_t count = frame_count(frame);
	char letter = frame_letters[state < FRAME_STATES ? state : FRAME_WIRED];
	char large = (char)(letter - 'a' + 'A');

	if (state != FRAME_TABLE && state != FRAME_ANON && state != FRAME_CACHE)
		return letter;
	/* The count of a block stands in its first frame. */
	if (__atomic_load_n(&frame->order, __ATOMIC_RELAXED) == FRAME_ORDER_TAIL)
		return before == large ? large : letter;
	/* One name of a page of an object is the object's. */
	return count > (state == FRAME_CACHE ? 2u : 1u) ? large : letter;
}

_Static_assert(offsetof(struct frame, free_link) == sizeof(uint64_t), "see print_span");

static void print_span(struct text_sink *sink, pfn_t start, pfn_t end)
{
	uint64_t head, last_head = 0;
	char letter = '\0';
	pfn_t first = start;

	text_print(sink, "%llx", (unsigned long long)start);
	for (pfn_t pfn = start; pfn < end; pfn++, last_head = head) {
		/* Most frames are like the one below: count, state and order are its first bytes.
		 */
		head = __atomic_load_n((const uint64_t *)(const void *)&FRAME_DATABASE[pfn],
				       __ATOMIC_RELAXED);
		if (head == last_head && letter)
			continue;
		char next = frame_letter(&FRAME_DATABASE[pfn], letter);
		if (next != letter && pfn > first) {
			text_print(sink, " %c%llu", letter, (unsigned long long)(pfn - first));
			first = pfn;
		}
		letter = next;
	}
	if (end > first)
		text_print(sink, " %c%llu", letter, (unsigned long long)(end - first));
	text_put(sink, "\n");
}

void mm_print_frame_map(struct text_sink *sink)
{
	unsigned count;
	const struct frame_span *spans = frame_spans(&count);

	for (unsigned i = 0; i < count; i++)
		print_span(sink, spans[i].start, spans[i].end);
}
