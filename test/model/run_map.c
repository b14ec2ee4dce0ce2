/* run_map.c: mmap, munmap, mprotect and brk. */
#include <linux/mman.h>

#include "lib/errno.h"
#include "model.h"
#include "vm/region.h"

void unmap_outside(struct process *process, vaddr_t at, unsigned count)
{
	host_allow_allocations(-1);
	if (page_at(at) != NO_PAGE && page_at(at) + count <= PAGES)
		differ("a place that is not the highest", at, at, 0);
	int error = vm_unmap(process->space, at, count * PAGE_SIZE);
	if (error)
		differ("unmap of what was put below", at, (uint64_t)error, 0);
}

static void set_pages(struct process *process, const struct operation *op, unsigned first,
		      uint8_t memory, unsigned flags, unsigned memory_page)
{
	for (unsigned i = 0; i < op->count; i++)
		process->pages[first + i] = (struct page){
			.prot = (uint8_t)op->prot,
			.memory = memory,
			.flags = (uint16_t)flags,
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

/* The region flags of a new mapping. Some shared files are not open for writing. */
static unsigned region_flags(const struct operation *op)
{
	if (op->kind == OP_MAP_SHARED_MEMORY)
		return REGION_SHARED;
	if (op->kind != OP_MAP_FILE_SHARED)
		return 0;
	return op->flag && !(op->prot & VM_WRITE) ? REGION_SHARED | REGION_READ_ONLY
						  : REGION_SHARED;
}

static enum outcome expect_error(const char *what, const struct operation *op, int error, int want)
{
	if (error != want && !(error == -ENOMEM && op->allow >= 0))
		differ(what, page_va(op->first), (uint64_t)error, (uint64_t)want);
	return REFUSED;
}

/* The call succeeded: set what it must have made at its place. */
static enum outcome mapped(const struct operation *op, struct process *process,
			   const struct vm_map_request *request, unsigned memory, vaddr_t address)
{
	bool anywhere = op->kind == OP_MAP_ANYWHERE, huge = op->kind == OP_MAP_HUGE;
	unsigned place = anywhere ? expected_place(process, op) : op->first;

	if (place == NO_PAGE) {
		unmap_outside(process, address, op->count);
		return SKIPPED;
	}
	if (address != page_va(place))
		differ("place of a mapping", page_va(op->first), address, page_va(place));
	oracle_unmap(process, place, op->count);
	set_pages(process, op, place, (uint8_t)memory,
		  request->region_flags | (huge ? REGION_HUGE : 0),
		  (unsigned)(request->offset >> PAGE_SHIFT));
	if (!huge)
		return DONE;
	host_allow_allocations(-1);
	int error =
		vm_advise(process->space, address, address + op->count * PAGE_SIZE, MADV_HUGEPAGE);
	if (error)
		differ("advice", page_va(place), (uint64_t)error, 0);
	return DONE;
}

/* What a mapping there adds to what is mapped; one at any place adds all of it. */
static unsigned pages_more(const struct operation *op, const struct process *process)
{
	return op->count -
	       (op->kind == OP_MAP_ANYWHERE ? 0 : mapped_in(process, op->first, op->count));
}

enum outcome run_map(const struct operation *op, struct process *process)
{
	bool file = op->kind == OP_MAP_FILE_PRIVATE || op->kind == OP_MAP_FILE_SHARED;
	unsigned flags = op->kind == OP_MAP_ANYWHERE ? 0 : VM_MAP_FIXED;
	unsigned memory = file ? op->kind == OP_MAP_FILE_SHARED || op->flag : ANONYMOUS;
	vaddr_t address;

	if (op->kind == OP_MAP_SHARED_MEMORY) {
		memory = memory_create(op->count);
		if (memory == NO_PAGE)
			return SKIPPED;
	}
	if (flags && op->flag && !file)
		flags |= VM_MAP_NOREPLACE;
	struct vm_map_request request = {
		.address = page_va(op->first),
		.bytes = op->count * PAGE_SIZE,
		.prot = op->prot,
		.flags = flags,
		.region_flags = region_flags(op),
		.object = memory == ANONYMOUS ? NULL : memories[memory].object,
		.offset = file ? op->memory_page * PAGE_SIZE : 0,
	};
	int error = vm_map(process->space, &request, &address);
	if (op->kind == OP_MAP_SHARED_MEMORY)
		vm_object_put(request.object);
	if ((flags & VM_MAP_NOREPLACE) && !all_free(process, op->first, op->count))
		return expect_error("map without replacing", op, error, -EEXIST);
	if (!within_limits(process, op->prot, request.region_flags, pages_more(op, process)))
		return expect_error("map beyond the limit", op, error, -ENOMEM);
	enum outcome outcome = expect_done("map", op, error);
	return outcome == DONE ? mapped(op, process, &request, memory, address) : outcome;
}

enum outcome run_unmap(const struct operation *op, struct process *process)
{
	int error = vm_unmap(process->space, page_va(op->first), op->count * PAGE_SIZE);
	enum outcome outcome = expect_done("unmap", op, error);

	if (outcome == DONE)
		oracle_unmap(process, op->first, op->count);
	return outcome;
}

/* May all of the run of mapped pages from the first on be writable? Else, up to which. */
static unsigned protectable(const struct operation *op, const struct process *process,
			    unsigned count)
{
	for (unsigned i = 0; i < count && (op->prot & VM_WRITE); i++) {
		const struct page *page = &process->pages[op->first + i];
		if (!(page->prot & VM_WRITE) && (page->flags & REGION_READ_ONLY))
			return i;
	}
	return count;
}

/* What is before a hole, or before a region that must stay read-only, is changed. */
enum outcome run_protect(const struct operation *op, struct process *process)
{
	vaddr_t start = page_va(op->first);
	unsigned count = 0;
	int want = -ENOMEM;

	while (count < op->count && process->pages[op->first + count].prot != UNMAPPED)
		count++;
	/* What becomes data is refused region by region, and the oracle knows pages only. */
	if (process->data_limit != NO_LIMIT && (op->prot & VM_WRITE))
		return SKIPPED;
	int error = vm_protect(process->space, start, op->count * PAGE_SIZE, op->prot);
	if (!count)
		return expect_error("protect of a hole", op, error, want);
	if (count == op->count) {
		want = 0;
		if (error == -ENOMEM && op->allow >= 0)
			return FAILED;
	} else if (op->allow >= 0) {
		/* A hole, or no memory? Once more, to know. */
		host_allow_allocations(-1);
		error = vm_protect(process->space, start, op->count * PAGE_SIZE, op->prot);
	}
	unsigned changed = protectable(op, process, count);
	if (changed < count)
		want = -EACCES;
	if (error != want)
		differ("protect", start, (uint64_t)error, (uint64_t)want);
	oracle_cut(process, op->first);
	oracle_cut(process, op->first + count);
	for (unsigned i = 0; i < changed; i++)
		process->pages[op->first + i].prot = (uint8_t)op->prot;
	return want ? PARTLY : DONE;
}

/* Is there room to move the end of the heap to `wanted`? A page stays free above it, and the gap of
 * a stack. */
static bool heap_fits(const struct process *process, unsigned wanted)
{
	const struct window *window = window_of(BRK_PAGE);
	unsigned above = process->brk, end = window->first + window->pages;

	if (wanted <= process->brk)
		return wanted == process->brk || !all_free(process, wanted, process->brk - wanted);
	while (above < end && process->pages[above].prot == UNMAPPED)
		above++;
	unsigned gap = above < end && grows_down(&process->pages[above]) ? GAP_PAGES : 0;
	return (above == end || wanted + 1 + gap <= above) &&
	       within_limits(process, VM_READ | VM_WRITE, REGION_HEAP, wanted - process->brk);
}

enum outcome run_brk(const struct operation *op, struct process *process)
{
	unsigned wanted = BRK_PAGE + op->to % (PROGRAM_PAGES - BRK_PAGE), old = process->brk;
	/* To the byte: anywhere in the last page. */
	vaddr_t end = page_va(wanted) - (wanted > BRK_PAGE ? op->value % PAGE_SIZE : 0);
	/* RLIMIT_DATA counts the heap to the byte, even where it becomes smaller. */
	bool fits = heap_fits(process, wanted) &&
		    (process->data_limit == NO_LIMIT ||
		     end - page_va(BRK_PAGE) <= process->data_limit * PAGE_SIZE);
	vaddr_t before = vm_brk(process->space, 0), now = vm_brk(process->space, end);

	if (now != end) {
		if (now != before)
			differ("brk that failed", end, now, before);
		if (fits && op->allow < 0)
			differ("brk", end, now, end);
		return fits ? FAILED : REFUSED;
	}
	if (!fits && end != before)
		differ("brk into a region", end, now, before);
	if (wanted < old)
		oracle_unmap(process, wanted, old - wanted);
	for (unsigned i = old; i < wanted; i++)
		process->pages[i] = (struct page){
			.prot = VM_READ | VM_WRITE,
			.memory = ANONYMOUS,
			.flags = REGION_HEAP,
		};
	process->brk = wanted;
	return DONE;
}
