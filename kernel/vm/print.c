/*
 * print.c: the regions and the tree of page tables as text. See print.h.
 *
 *   L4 [  0]           0x000000000000 0x00000000004c7067 0x0000004c7000 rwxua--  table
 *     L3 [  0]         ...
 *
 * "L3" is an entry in a level-3 table; then come the first address that it covers, its 64 bits, and
 * the physical address in it. Behind the flags stands what is there: a table, or pages and
 * what kind of frames they are. "x2" is a frame's count where it is not 1: that many entries (and
 * object slots) name it, so it is shared. Small pages of a large one that was cut apart while it
 * was shared have one count for the whole block: x512 is then nobody else.
 */
#include "vm/print.h"

#include "debug/assert.h"
#include "mm/layout.h"
#include "vm/region.h"
#include "vm/table.h"

#define FLAGS_BYTES 8

typedef unsigned long long ull; /* what format()'s ll takes */

/* ---- regions ---- */

static void print_region(const struct vm_region *region, struct text_sink *sink)
{
	text_print(sink, "%012llx-%012llx %c%c%c%c %8llu KiB  ", (ull)region->start,
		   (ull)region->end, region->prot & VM_READ ? 'r' : '-',
		   region->prot & VM_WRITE ? 'w' : '-', region->prot & VM_EXEC ? 'x' : '-',
		   region->flags & REGION_SHARED ? 's' : 'p',
		   (ull)((region->end - region->start) / KIB));
	if (region->object)
		text_print(sink, "object %p from byte %#llx", (void *)region->object,
			   (ull)region->offset);
	else
		text_put(sink, "zeros");
	if (region->flags & REGION_GROWS_DOWN)
		text_put(sink, ", grows down");
	if (region->name)
		text_print(sink, " %s", region->name);
	text_put(sink, "\n");
}

void vm_print_regions_locked(const struct vm_space *space, struct text_sink *sink)
{
	text_print(sink, "%u regions, %llu KiB, heap %#llx to %#llx, stack limit %llu KiB\n",
		   space->region_count, (ull)(space->mapped / KIB), (ull)space->brk_start,
		   (ull)space->brk, (ull)(space->stack_limit / KIB));
	for (struct vm_region *region = region_first(space); region; region = region_next(region))
		print_region(region, sink);
}

/* ---- tables ---- */

/* What stands in an entry and can be compared with its neighbour's. */
struct leaf_kind {
	unsigned prot;
	bool swapped, accessed, dirty, shared;
	enum frame_state state;
	uint32_t count;
};

/* Alike leaves, one after the other in one table. */
struct run {
	struct leaf_kind kind;
	unsigned first, last; /* entries */
	vaddr_t va;           /* of the first */
	entry_t entry;        /* the first */
	bool contiguous;      /* in physical memory */
};

struct printer {
	struct text_sink *sink;
	struct run run;
	bool has_run;
};

static void flag_letters(char letters[FLAGS_BYTES], const struct leaf_kind *kind)
{
	letters[0] = kind->prot & VM_READ ? 'r' : '-';
	letters[1] = kind->prot & VM_WRITE ? 'w' : '-';
	letters[2] = kind->prot & VM_EXEC ? 'x' : '-';
	letters[3] = kind->prot & VM_USER ? 'u' : '-';
	letters[4] = kind->accessed ? 'a' : '-';
	letters[5] = kind->dirty ? 'd' : '-';
	letters[6] = kind->shared ? 's' : '-';
	letters[7] = '\0';
}

static struct leaf_kind kind_of(entry_t entry)
{
	struct leaf_kind kind = {
		.prot = entry_prot(entry),
		.swapped = entry_is_swap(entry),
		.accessed = entry_accessed(entry),
		.dirty = entry_dirty(entry),
		.shared = entry_shared(entry),
	};

	if (!kind.swapped) {
		const struct frame *frame = table_child(entry);
		kind.state = frame->state;
		kind.count = frame_count(frame);
	}
	return kind;
}

static bool alike(const struct leaf_kind *a, const struct leaf_kind *b)
{
	return a->prot == b->prot && a->swapped == b->swapped && a->accessed == b->accessed &&
	       a->dirty == b->dirty && a->shared == b->shared && a->state == b->state &&
	       a->count == b->count;
}

/* "  L3 [  0]", padded so that what follows stands in one column for all levels. */
static void print_place(struct text_sink *sink, unsigned level, unsigned first, unsigned last)
{
	unsigned indent = (MMU_LEVELS - level) * 2;

	text_print(sink, "%*sL%u [%3u", (int)indent, "", level, first);
	if (first == last)
		text_print(sink, "]%*s", (int)(10 - indent), "");
	else
		text_print(sink, "-%3u]%*s", last, (int)(6 - indent), "");
}

static void print_entry(struct text_sink *sink, vaddr_t va, entry_t entry,
			const struct leaf_kind *kind)
{
	char letters[FLAGS_BYTES];

	flag_letters(letters, kind);
	text_print(sink, " 0x%012llx 0x%016llx 0x%012llx %s  ", (ull)va, (ull)entry.raw,
		   (ull)entry_pa(entry), letters);
}

static void print_size(struct text_sink *sink, unsigned pages, unsigned level)
{
	uint64_t span = entry_span(level);
	bool in_mib = span >= MIB;

	text_print(sink, "%u page%s of %llu %s", pages, pages == 1 ? "" : "s",
		   (ull)(span / (in_mib ? MIB : KIB)), in_mib ? "MiB" : "KiB");
}

static void flush_run(struct printer *printer, unsigned level)
{
	const struct run *run = &printer->run;
	struct text_sink *sink = printer->sink;

	if (!printer->has_run)
		return;
	printer->has_run = false;
	print_place(sink, level, run->first, run->last);
	print_entry(sink, run->va, run->entry, &run->kind);
	print_size(sink, run->last - run->first + 1, level);
	if (run->kind.swapped)
		text_print(sink, ", swapped out to slot %llu on", (ull)entry_slot(run->entry));
	else
		text_print(sink, ", %s", frame_state_names[run->kind.state]);
	if (!run->kind.swapped && !(run->kind.prot & VM_READ))
		text_put(sink, ", no access");
	if (run->kind.count > 1)
		text_print(sink, " x%u", run->kind.count);
	if (run->first != run->last && !run->contiguous)
		text_put(sink, ", scattered");
	text_put(sink, "\n");
}

static void add_leaf(struct printer *printer, unsigned level, unsigned index, vaddr_t va,
		     entry_t entry)
{
	struct run *run = &printer->run;
	struct leaf_kind kind = kind_of(entry);

	if (printer->has_run && run->last + 1 == index && alike(&run->kind, &kind)) {
		uint64_t offset = (index - run->first) * entry_span(level);
		run->contiguous &= entry_pa(entry) == entry_pa(run->entry) + offset;
		run->last = index;
		return;
	}
	flush_run(printer, level);
	*run = (struct run){kind, index, index, va, entry, true};
	printer->has_run = true;
}

static void print_table(struct printer *printer, paddr_t pa, unsigned level, vaddr_t base);

static void print_child(struct printer *printer, unsigned level, unsigned index, vaddr_t va,
			entry_t entry)
{
	struct leaf_kind kind = kind_of(entry);

	print_place(printer->sink, level, index, index);
	print_entry(printer->sink, va, entry, &kind);
	text_put(printer->sink, "table");
	if (kind.count > 1)
		text_print(printer->sink, " x%u, shared with all below it", kind.count);
	text_put(printer->sink, "\n");
	print_table(printer, entry_pa(entry), level - 1, va);
}

/* Recursion is as deep as the tree: at most MMU_LEVELS. */
static void print_table(struct printer *printer, paddr_t pa, unsigned level, vaddr_t base)
{
	const entry_t *table = phys_to_virt(pa);
	unsigned entries = level == MMU_LEVELS ? MMU_USER_ENTRIES : MMU_ENTRIES;

	for (unsigned i = 0; i < entries; i++) {
		entry_t entry = entry_load(&table[i]);
		vaddr_t va = base + i * entry_span(level);
		if (entry_is_none(entry))
			continue;
		if (entry_is_swap(entry) || entry_is_leaf(entry, level)) {
			add_leaf(printer, level, i, va, entry);
		} else {
			flush_run(printer, level);
			print_child(printer, level, i, va, entry);
		}
	}
	flush_run(printer, level);
}

void vm_print_tables_locked(const struct vm_space *space, struct text_sink *sink)
{
	struct printer printer = {.sink = sink};

	if (!space->root)
		return;
	text_print(sink, "root table at pa %#llx\n", (ull)space->root);
	text_print(sink, "%-18s %-14s %-18s %-14s %s\n", "level, index", "va", "entry", "pa",
		   "flags    names");
	print_table(&printer, space->root, MMU_LEVELS, 0);
}

void vm_print_locked(const struct vm_space *space, struct text_sink *sink)
{
	assert(rw_held_exclusive(&space->lock));
	vm_print_regions_locked(space, sink);
	vm_print_tables_locked(space, sink);
}

void vm_print_faults_locked(const struct vm_space *space, struct text_sink *sink)
{
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		text_print(sink, "%-12s %llu\n", vm_fault_kind_names[i], (ull)space->faults[i]);
	text_print(sink, "%-12s %llu\n", "fork-entries", (ull)space->fork_entries);
}
