/*
 * pages.c: what each page of a range is, as text for programs: /proc/<pid>/pages. See print.h for
 * the letters.
 *
 *   a12 p3@1fd- z1 C2@1b0+    12 pages absent, 3 private ones in frames 0x1fd, 0x1fc, 0x1fb, a page
 *                             of zeros, and two shared copy-on-write in frames 0x1b0 and 0x1b1
 */
#include <arch/user.h>

#include "debug/assert.h"
#include "mm/layout.h"
#include "vm/print.h"
#include "vm/table.h"
#include "vm/usage.h"

/* Below a table that other spaces have, too, letters are large. */
#define LARGE(letter) ((char)((letter) - 'a' + 'A'))

/* Pages one after the other that are alike, in frames that go up or down by one. */
struct run {
	char letter; /* '\0': none yet */
	uint64_t pages;
	pfn_t first, last; /* frames; 0: absent, or the page of zeros */
	int step;          /* from frame to frame: 1, -1; 0: not known yet */
};

struct walk {
	struct text_sink *sink;
	vaddr_t start, end;
	struct run run;
};

static void flush(struct walk *walk)
{
	const struct run *run = &walk->run;

	if (!run->letter)
		return;
	text_print(walk->sink, " %c%llu", run->letter, (unsigned long long)run->pages);
	if (run->first)
		text_print(walk->sink, "@%llx", (unsigned long long)run->first);
	if (run->step)
		text_put(walk->sink, run->step > 0 ? "+" : "-");
	walk->run = (struct run){0};
}

/* Does a page of `letter` in `frame` continue the run? Then with *step. */
static bool continues(const struct run *run, char letter, pfn_t frame, int *step)
{
	*step = frame == run->last + 1 ? 1 : -1;
	if (run->letter != letter || !frame != !run->first)
		return false;
	if (!frame)
		return true;
	return (frame == run->last + 1 || frame + 1 == run->last) &&
	       (!run->step || run->step == *step);
}

/* `pages` more, the first of them in `frame` and the others behind it. */
static void add(struct walk *walk, char letter, uint64_t pages, pfn_t frame)
{
	struct run *run = &walk->run;
	int step;

	if (!run->letter || !continues(run, letter, frame, &step) ||
	    (frame && pages > 1 && step < 0)) {
		flush(walk);
		run->letter = letter;
		run->first = frame;
		step = pages > 1 ? 1 : 0;
	}
	run->step = frame ? step : 0;
	run->last = frame ? frame + pages - 1 : 0;
	run->pages += pages;
}

static char letter_of(entry_t leaf, unsigned level, bool shared_table)
{
	const struct frame *frame = table_child(leaf);

	if (frame->state == FRAME_ZERO)
		return 'z';
	if (frame->state == FRAME_CACHE)
		return entry_shared(leaf) ? 's' : 'f';
	return shared_table || vm_reached_by(leaf, level, 1) > 1 ? 'c' : 'p';
}

static void add_leaf(struct walk *walk, entry_t leaf, vaddr_t va, uint64_t bytes, unsigned level,
		     bool shared_table)
{
	char letter = letter_of(leaf, level, shared_table);
	pfn_t frame = (entry_pa(leaf) + (va & (entry_span(level) - 1))) >> PAGE_SHIFT;

	add(walk, shared_table ? LARGE(letter) : letter, bytes >> PAGE_SHIFT,
	    letter == 'z' ? 0 : frame);
}

/* Recursion is as deep as the tree: at most MMU_LEVELS. */
static void walk_table(struct walk *walk, paddr_t pa, unsigned level, vaddr_t base,
		       bool shared_table)
{
	const entry_t *table = phys_to_virt(pa);
	uint64_t span = entry_span(level);
	vaddr_t start = MAX(walk->start, base);
	vaddr_t end = MIN(walk->end, base + span * MMU_ENTRIES);

	for (vaddr_t va = ALIGN_DOWN(start, span); va < end; va += span) {
		entry_t entry = entry_load(&table[entry_index(va, level)]);
		vaddr_t first = MAX(start, va);
		uint64_t bytes = MIN(end, va + span) - first;
		if (entry_is_swap(entry))
			add(walk, shared_table ? 'W' : 'w', bytes >> PAGE_SHIFT, 0);
		else if (!entry_is_present(entry))
			add(walk, shared_table ? 'A' : 'a', bytes >> PAGE_SHIFT, 0);
		else if (entry_is_leaf(entry, level))
			add_leaf(walk, entry, first, bytes, level, shared_table);
		else
			walk_table(walk, entry_pa(entry), level - 1, va,
				   shared_table || frame_count(table_child(entry)) > 1);
	}
}

void vm_print_pages_locked(const struct vm_space *space, vaddr_t start, vaddr_t end,
			   struct text_sink *sink)
{
	struct walk walk = {.sink = sink, .start = start, .end = end};

	assert(rw_held_exclusive(&space->lock) && start <= end && end <= USER_END);
	if (space->root)
		walk_table(&walk, space->root, MMU_LEVELS, 0, false);
	flush(&walk);
}
