/* run_map.c: the calls that change what is mapped. */
#include <linux/mman.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "model.h"
#include "vm/region.h"

/* The kernel put something below WINDOW_TOP, where nobody looks: take it away again. */
static void unmap_outside(struct process *process, vaddr_t at, unsigned count)
{
	host_allow_allocations(-1);
	if (page_at(at) != NO_PAGE && page_at(at) + count <= PAGES)
		differ("a place that is not the highest", at, at, 0);
	int error = vm_unmap(process->space, at, count * PAGE_SIZE);
	if (error)
		differ("unmap of what was put below", at, (uint64_t)error, 0);
}

static void set_pages(struct process *process, const struct operation *op, unsigned first,
		      uint8_t memory, bool shared, unsigned memory_page)
{
	for (unsigned i = 0; i < op->count; i++)
		process->pages[first + i] = (struct page){
			.prot = (uint8_t)op->prot,
			.memory = memory,
			.shared = shared,
			.memory_page = (uint16_t)(memory == ANONYMOUS ? 0 : memory_page + i),
		};
}

/* Where a mapping without a fixed place must go; NO_PAGE: below the windows. */
static unsigned expected_place(const struct process *process, const struct operation *op)
{
	if (all_free(process, op->first, op->count) &&
	    !near_a_stack(process, op->first + op->count))
		return op->first;
	return oracle_find_gap(process, op->count);
}

enum outcome run_map(const struct operation *op, struct process *process)
{
	bool file = op->kind == OP_MAP_FILE_PRIVATE || op->kind == OP_MAP_FILE_SHARED;
	bool shared = op->kind == OP_MAP_FILE_SHARED || op->kind == OP_MAP_SHARED_MEMORY;
	bool anywhere = op->kind == OP_MAP_ANYWHERE;
	unsigned memory = file ? op->kind == OP_MAP_FILE_SHARED || op->flag : ANONYMOUS;
	unsigned memory_page = file ? op->memory_page : 0, place = op->first;
	vaddr_t address;

	if (op->kind == OP_MAP_SHARED_MEMORY) {
		memory = memory_create(op->count);
		if (memory == NO_PAGE)
			return SKIPPED;
	}
	struct vm_map_request request = {
		.address = page_va(op->first),
		.bytes = op->count * PAGE_SIZE,
		.prot = op->prot,
		.flags = anywhere ? 0 : VM_MAP_FIXED | (op->flag && !file ? VM_MAP_NOREPLACE : 0),
		.region_flags = shared ? REGION_SHARED : 0,
		.object = memory == ANONYMOUS ? NULL : memories[memory].object,
		.offset = memory_page * PAGE_SIZE,
	};
	int error = vm_map(process->space, &request, &address);
	if (op->kind == OP_MAP_SHARED_MEMORY)
		vm_object_put(request.object);
	if ((request.flags & VM_MAP_NOREPLACE) && !all_free(process, op->first, op->count)) {
		if (error != -EEXIST && !(error == -ENOMEM && op->allow >= 0))
			differ("map without replacing", request.address, (uint64_t)error,
			       (uint64_t)-EEXIST);
		return REFUSED;
	}
	enum outcome outcome = expect_done("map", op, error);
	if (outcome != DONE)
		return outcome;
	if (anywhere)
		place = expected_place(process, op);
	if (place == NO_PAGE) {
		unmap_outside(process, address, op->count);
		return SKIPPED;
	}
	if (address != page_va(place))
		differ("place of a mapping", page_va(op->first), address, page_va(place));
	oracle_unmap(process, place, op->count);
	set_pages(process, op, place, (uint8_t)memory, shared, memory_page);
	if (op->kind != OP_MAP_HUGE)
		return DONE;
	host_allow_allocations(-1);
	error = vm_advise(process->space, page_va(place), page_va(place) + op->count * PAGE_SIZE,
			  MADV_HUGEPAGE);
	if (error)
		differ("advice", page_va(place), (uint64_t)error, 0);
	return DONE;
}

enum outcome run_unmap(const struct operation *op, struct process *process)
{
	int error = vm_unmap(process->space, page_va(op->first), op->count * PAGE_SIZE);
	enum outcome outcome = expect_done("unmap", op, error);

	if (outcome == DONE)
		oracle_unmap(process, op->first, op->count);
	return outcome;
}

/* As Linux's, the call changes what is before a hole, and then complains. */
enum outcome run_protect(const struct operation *op, struct process *process)
{
	vaddr_t start = page_va(op->first);
	unsigned run = 0;
	int error = vm_protect(process->space, start, op->count * PAGE_SIZE, op->prot);

	while (run < op->count && process->pages[op->first + run].prot != UNMAPPED)
		run++;
	if (run < op->count && run && op->allow >= 0) {
		/* The one or the other reason: do it again to know. */
		host_allow_allocations(-1);
		error = vm_protect(process->space, start, op->count * PAGE_SIZE, op->prot);
	}
	if (run < op->count && error != -ENOMEM)
		differ("protect of a hole", start, (uint64_t)error, (uint64_t)-ENOMEM);
	if (!run)
		return REFUSED;
	enum outcome outcome = run < op->count ? DONE : expect_done("protect", op, error);
	if (outcome != DONE)
		return outcome;
	oracle_cut(process, op->first);
	oracle_cut(process, op->first + run);
	for (unsigned i = 0; i < run; i++)
		process->pages[op->first + i].prot = (uint8_t)op->prot;
	return DONE;
}

/* ---- mremap ---- */

/* Like Linux's, a call without memory may have cut off or unmapped the target first. Look. */
static enum outcome look_again(struct process *process)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (process->pages[i].prot != UNMAPPED && !region_find(process->space, page_va(i)))
			oracle_unmap(process, i, 1);
	return PARTLY;
}

static void move_pages(struct process *process, unsigned from, unsigned count, unsigned to,
		       unsigned to_count)
{
	struct page *pages = process->pages;
	struct page last = pages[from + MIN(count, to_count) - 1];

	oracle_cut(process, from);
	oracle_cut(process, from + count);
	oracle_unmap(process, to, to_count);
	for (unsigned i = 0; i < to_count; i++) {
		struct page *page = &pages[to + i];
		*page = last;
		if (i < count) {
			*page = pages[from + i];
		} else if (last.memory == ANONYMOUS) {
			memset(page->value, 0, sizeof(page->value));
		} else {
			page->memory_page = (uint16_t)(last.memory_page + 1 + i - count);
			page->copied = false;
		}
		page->end = (uint16_t)(to + to_count);
	}
	oracle_unmap(process, from, count);
}

/* The pages of [first, first + count) that are in the region of the first: only that much can be
 * moved. 0: it is not mapped. */
static unsigned movable(const struct process *process, unsigned first, unsigned count)
{
	const struct vm_region *region = region_find(process->space, page_va(first));

	if (!region)
		return 0;
	return (unsigned)MIN((uint64_t)count, (region->end - page_va(first)) >> PAGE_SHIFT);
}

static enum outcome remap_to(const struct operation *op, struct process *process, unsigned count)
{
	unsigned to_count = op->flag ? MIN(op->to_count, count) : op->to_count;
	vaddr_t address = page_va(op->to);

	if (op->to < op->first + count && op->first < op->to + to_count)
		return SKIPPED;
	int error = vm_remap(process->space, page_va(op->first), count * PAGE_SIZE,
			     to_count * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, &address);
	if (expect_done("remap", op, error) != DONE)
		return look_again(process);
	if (address != page_va(op->to))
		differ("place of a remap", page_va(op->first), address, page_va(op->to));
	move_pages(process, op->first, count, op->to, to_count);
	return DONE;
}

/* The region's last page is the last that is moved, and what follows is free. */
static bool grows_in_place(const struct process *process, unsigned first, unsigned count,
			   unsigned to_count)
{
	const struct vm_region *region = region_find(process->space, page_va(first));

	return region->end == page_va(first) + count * PAGE_SIZE &&
	       all_free(process, first + count, to_count - count);
}

static void lengthen(struct process *process, unsigned first, unsigned count, unsigned to_count)
{
	struct page *pages = process->pages, last = pages[first + count - 1];

	for (unsigned i = count; i < to_count; i++) {
		pages[first + i] = (struct page){
			.prot = last.prot,
			.memory = last.memory,
			.shared = last.shared,
			.grows = last.grows,
			.huge = last.huge,
			.fork = last.fork,
			.memory_page = (uint16_t)(last.memory == ANONYMOUS
							  ? 0
							  : last.memory_page + 1 + i - count),
		};
	}
	if (!last.grows)
		return;
	for (unsigned i = first + to_count;
	     i-- > 0 && pages[i].grows && (i >= first + count || pages[i].end == last.end);)
		pages[i].end = (uint16_t)(first + to_count);
}

static enum outcome remap_anywhere(const struct operation *op, struct process *process,
				   unsigned count)
{
	const struct window *window = window_of(op->first);
	unsigned room = window->first + window->pages - op->first;
	unsigned to_count = MIN(op->to_count, room);
	bool in_place = to_count > count && grows_in_place(process, op->first, count, to_count);
	unsigned gap = to_count > count ? oracle_find_gap(process, to_count) : NO_PAGE;
	vaddr_t address = 0;
	int error = vm_remap(process->space, page_va(op->first), count * PAGE_SIZE,
			     to_count * PAGE_SIZE, op->flag ? MREMAP_MAYMOVE : 0, &address);

	if (to_count > count && !in_place && !op->flag) {
		if (error != -ENOMEM)
			differ("remap in place", page_va(op->first), (uint64_t)error,
			       (uint64_t)-ENOMEM);
		return REFUSED;
	}
	enum outcome outcome = expect_done("remap", op, error);
	if (outcome != DONE)
		return outcome;
	if (to_count <= count) {
		if (to_count < count)
			oracle_unmap(process, op->first + to_count, count - to_count);
	} else if (in_place) {
		lengthen(process, op->first, count, to_count);
	} else if (gap == NO_PAGE) {
		oracle_unmap(process, op->first, count);
		unmap_outside(process, address, to_count);
		return DONE;
	} else {
		move_pages(process, op->first, count, gap, to_count);
	}
	vaddr_t place = to_count <= count || in_place ? page_va(op->first) : page_va(gap);
	if (address != place)
		differ("place of a remap", page_va(op->first), address, place);
	return DONE;
}

enum outcome run_remap(const struct operation *op, struct process *process)
{
	unsigned count = movable(process, op->first, op->count);

	if (!count)
		return SKIPPED;
	return op->kind == OP_REMAP_TO ? remap_to(op, process, count)
				       : remap_anywhere(op, process, count);
}

/* ---- madvise and brk ---- */

/* madvise(2) over all of the operation's pages. It goes from region to region and over holes; where
 * memory runs short in the middle it is done again with memory, which must bring it to the end. */
static enum outcome advise(const struct operation *op, struct process *process, int advice)
{
	vaddr_t start = page_va(op->first), end = start + op->count * PAGE_SIZE;
	const struct vm_region *region = region_find(process->space, start);
	bool one_region = region && region->end >= end;
	int error = vm_advise(process->space, start, end, advice);

	if (error == -EAGAIN && op->allow >= 0) {
		if (one_region)
			return FAILED;
		host_allow_allocations(-1);
		error = vm_advise(process->space, start, end, advice);
	}
	bool mapped = all_mapped(process, op->first, op->count);
	if (error != (mapped ? 0 : -ENOMEM))
		differ("advice", start, (uint64_t)error, mapped);
	return DONE;
}

enum outcome run_discard(const struct operation *op, struct process *process)
{
	enum outcome outcome = advise(op, process, MADV_DONTNEED);

	for (unsigned i = op->first; outcome == DONE && i < op->first + op->count; i++) {
		struct page *page = &process->pages[i];
		page->copied = false;
		if (page->memory == ANONYMOUS)
			memset(page->value, 0, sizeof(page->value));
	}
	return outcome;
}

/* A region whose advice is new is cut at the ends of the range. */
static void cut_for_advice(struct process *process, unsigned page, unsigned border, bool huge)
{
	if (process->pages[page].huge != huge)
		oracle_cut(process, border);
}

/* Which pages are large is no business of the program's: the oracle does not know. */
enum outcome run_advise(const struct operation *op, struct process *process)
{
	enum outcome outcome = advise(op, process, op->flag ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	unsigned end = op->first + op->count;

	if (outcome != DONE)
		return outcome;
	cut_for_advice(process, op->first, op->first, op->flag);
	cut_for_advice(process, end - 1, end, op->flag);
	for (unsigned i = op->first; i < end; i++)
		process->pages[i].huge = op->flag && process->pages[i].prot != UNMAPPED;
	return DONE;
}

/* The fork advice of an operation: which bit it sets or clears. */
static int fork_advice(const struct operation *op, uint8_t *bit, bool *set)
{
	static const int advice[] = {MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK};
	unsigned which = op->value % ARRAY_SIZE(advice);

	*bit = which < 2 ? NOT_FORKED : WIPED;
	*set = which % 2 == 0;
	return advice[which];
}

enum outcome run_advise_fork(const struct operation *op, struct process *process)
{
	uint8_t bit;
	bool set;
	int advice_number = fork_advice(op, &bit, &set);
	struct page *pages = process->pages;
	unsigned end = op->first + op->count, stop = op->first;

	/* It stops at the first region that can't be wiped: a file's, or shared. Not tried: where
	 * it stops in the middle. */
	while (stop < end && (pages[stop].prot == UNMAPPED || pages[stop].memory == ANONYMOUS))
		stop++;
	if (bit == WIPED && set && stop < end)
		return SKIPPED;
	enum outcome outcome = advise(op, process, advice_number);
	if (outcome != DONE)
		return outcome;
	for (unsigned i = op->first; i < end; i++) {
		uint8_t advised = (uint8_t)(set ? pages[i].fork | bit : pages[i].fork & ~bit);
		if (pages[i].prot == UNMAPPED)
			continue;
		if (i == op->first && advised != pages[i].fork)
			oracle_cut(process, i);
		if (i == end - 1 && advised != pages[i].fork)
			oracle_cut(process, end);
		pages[i].fork = advised;
	}
	return DONE;
}

/* May the heap end at the page `end`? A page above it stays free, and the gap below a stack. */
static bool heap_fits(const struct process *process, unsigned old, unsigned end)
{
	return all_free(process, old, end + 1 - old) && !near_a_stack(process, end + 1);
}

enum outcome run_brk(const struct operation *op, struct process *process)
{
	unsigned wanted = BRK_PAGE + op->to % (PROGRAM_PAGES - BRK_PAGE), old = process->brk;
	/* To the byte: anywhere in the last page. */
	vaddr_t end = page_va(wanted) - (wanted > BRK_PAGE ? op->value % PAGE_SIZE : 0);
	bool fits = wanted > old ? heap_fits(process, old, wanted)
				 : wanted == old || !all_free(process, wanted, old - wanted);
	vaddr_t before = vm_brk(process->space, 0), now = vm_brk(process->space, end);

	if (now != end) {
		if (now != before)
			differ("brk that failed", end, now, before);
		if (fits && op->allow < 0)
			differ("brk", end, now, end);
		return fits ? FAILED : REFUSED;
	}
	if (!fits)
		differ("brk that must fail", end, now, before);
	if (wanted < old)
		oracle_unmap(process, wanted, old - wanted);
	for (unsigned i = old; i < wanted; i++)
		process->pages[i] = (struct page){
			.prot = VM_READ | VM_WRITE,
			.memory = ANONYMOUS,
		};
	process->brk = wanted;
	return DONE;
}
