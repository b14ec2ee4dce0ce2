/*
 * oracle.c: what a program must find, kept flat: for each process and page the protection, where it
 * comes from, and two words. There is no sharing here: fork copies all of it.
 */
#include "model.h"

#include "debug/assert.h"
#include "lib/string.h"
#include "vm/region.h"

#define ARENA_FIRST PROGRAM_PAGES
#define TOP_FIRST   (ARENA_FIRST + ARENA_PAGES)
#define STACK_START (TOP_FIRST + TOP_PAGES)

const struct window windows[WINDOWS] = {
	[WINDOW_PROGRAM] = {0x400000, 0, PROGRAM_PAGES},
	[WINDOW_ARENA] = {0x40000000 - 700 * PAGE_SIZE, ARENA_FIRST, ARENA_PAGES},
	[WINDOW_TOP] = {VM_MMAP_TOP - TOP_PAGES * PAGE_SIZE, TOP_FIRST, TOP_PAGES},
	[WINDOW_STACK] = {USER_END - STACK_PAGES * PAGE_SIZE, STACK_START, STACK_PAGES},
};
struct process processes[PROCESSES];

/* ---- places ---- */

const struct window *window_of(unsigned page)
{
	unsigned kind = 0;

	assert(page < PAGES);
	while (page >= windows[kind].first + windows[kind].pages)
		kind++;
	return &windows[kind];
}

vaddr_t page_va(unsigned page)
{
	const struct window *window = window_of(page);

	return window->start + (page - window->first) * PAGE_SIZE;
}

unsigned page_at(vaddr_t va)
{
	for (unsigned i = 0; i < WINDOWS; i++)
		if (va >= windows[i].start && va < windows[i].start + windows[i].pages * PAGE_SIZE)
			return windows[i].first + (unsigned)((va - windows[i].start) >> PAGE_SHIFT);
	return NO_PAGE;
}

vaddr_t word_va(unsigned page, unsigned word)
{
	return page_va(page) + (word ? PAGE_SIZE - sizeof(uint64_t) : 0);
}

/* ---- pages ---- */

bool all_mapped(const struct process *process, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (process->pages[i].prot == UNMAPPED)
			return false;
	return true;
}

bool all_free(const struct process *process, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (process->pages[i].prot != UNMAPPED)
			return false;
	return true;
}

unsigned mapped_in(const struct process *process, unsigned first, unsigned count)
{
	unsigned mapped = 0;

	for (unsigned i = first; i < first + count; i++)
		mapped += process->pages[i].prot != UNMAPPED;
	return mapped;
}

static bool is_data(unsigned prot, unsigned flags)
{
	return (prot & VM_WRITE) && !(flags & (REGION_SHARED | REGION_GROWS_DOWN));
}

unsigned data_pages(const struct process *process)
{
	unsigned data = 0;

	for (unsigned i = 0; i < PAGES; i++)
		data += process->pages[i].prot != UNMAPPED &&
			is_data(process->pages[i].prot, process->pages[i].flags);
	return data;
}

bool within_limits(const struct process *process, unsigned prot, unsigned flags, unsigned more)
{
	if (process->limit != NO_LIMIT && mapped_in(process, 0, PAGES) + more > process->limit)
		return false;
	return process->data_limit == NO_LIMIT || !is_data(prot, flags) ||
	       data_pages(process) + more <= process->data_limit;
}

uint64_t *page_words(struct page *page)
{
	if (page->memory != ANONYMOUS && !page->copied)
		return memories[page->memory].words[page->memory_page];
	return page->value;
}

void make_private(struct page *page)
{
	if ((page->flags & REGION_SHARED) || page->memory == ANONYMOUS || page->copied)
		return;
	memcpy(page->value, page_words(page), sizeof(page->value));
	page->copied = true;
}

void oracle_cut(struct process *process, unsigned page)
{
	struct page *pages = process->pages;

	if (page == 0 || page >= PAGES || !grows_down(&pages[page - 1]) ||
	    pages[page - 1].end <= page)
		return;
	uint16_t end = pages[page - 1].end;
	for (unsigned i = page; i-- > 0 && grows_down(&pages[i]) && pages[i].end == end;)
		pages[i].end = (uint16_t)page;
}

void oracle_unmap(struct process *process, unsigned first, unsigned count)
{
	oracle_cut(process, first);
	oracle_cut(process, first + count);
	for (unsigned i = first; i < first + count; i++)
		process->pages[i] = (struct page){.prot = UNMAPPED};
}

/* The stack above an unmapped page, if it may grow down to it: the number of its lowest page. */
static unsigned growing_stack(const struct process *process, unsigned page)
{
	const struct window *window = window_of(page);
	const struct page *pages = process->pages;
	unsigned above = page, under = page;

	while (above < window->first + window->pages && pages[above].prot == UNMAPPED)
		above++;
	if (above == window->first + window->pages || !grows_down(&pages[above]) ||
	    pages[above].end - page > LIMIT_PAGES)
		return NO_PAGE;
	/* Nearer than the gap there is nothing but what nobody can access, or another stack. */
	while (under > window->first && pages[under - 1].prot == UNMAPPED)
		under--;
	if (under > window->first && page - under < GAP_PAGES && pages[under - 1].prot != 0 &&
	    !grows_down(&pages[under - 1]))
		return NO_PAGE;
	return within_limits(process, pages[above].prot, pages[above].flags, above - page)
		       ? above
		       : NO_PAGE;
}

enum host_result expect_access(const struct process *process, unsigned page, unsigned access,
			       bool *grows)
{
	const struct page *p = &process->pages[page];

	*grows = false;
	if (p->prot == UNMAPPED) {
		unsigned above = growing_stack(process, page);
		if (above == NO_PAGE)
			return HOST_FAULT_ADDRESS;
		*grows = true;
		p = &process->pages[above];
	}
	bool allowed = access & VM_WRITE  ? p->prot & VM_WRITE
		       : access & VM_EXEC ? p->prot & VM_EXEC
					  : p->prot != 0;
	*grows &= allowed;
	if (!allowed)
		return HOST_FAULT_ACCESS;
	bool past_end = p->memory != ANONYMOUS && p->memory_page >= memories[p->memory].pages;
	return past_end ? HOST_FAULT_OBJECT : HOST_OK;
}

void oracle_grow(struct process *process, unsigned page)
{
	unsigned above = growing_stack(process, page);

	assert(above != NO_PAGE);
	for (unsigned i = page; i < above; i++)
		process->pages[i] = (struct page){
			.prot = process->pages[above].prot,
			.memory = ANONYMOUS,
			.flags = process->pages[above].flags,
			.end = process->pages[above].end,
		};
}

/* Is this the lowest page of a region that grows down? */
static bool starts_growing(const struct process *process, unsigned page)
{
	const struct page *p = &process->pages[page];

	return grows_down(p) && (page == 0 || !grows_down(&p[-1]) || p[-1].end != p->end);
}

bool near_a_stack(const struct process *process, unsigned page)
{
	const struct window *window = window_of(page - 1);

	for (unsigned i = page; i < window->first + window->pages; i++)
		if (process->pages[i].prot != UNMAPPED)
			return i - page < GAP_PAGES && starts_growing(process, i);
	return false;
}

unsigned oracle_find_gap(const struct process *process, unsigned count)
{
	const struct window *window = &windows[WINDOW_TOP];
	unsigned ceiling = window->first + window->pages;

	/* [i, ceiling) is free. */
	for (unsigned i = ceiling; i-- > window->first;) {
		if (process->pages[i].prot == UNMAPPED) {
			if (i < ceiling && ceiling - i == count)
				return i;
			continue;
		}
		ceiling = MIN(ceiling, i);
		if (starts_growing(process, i))
			ceiling = MIN(ceiling, i > GAP_PAGES ? i - GAP_PAGES : 0);
	}
	return NO_PAGE;
}

/* ---- checks ---- */

static void check_page(const struct process *process, const struct vm_region *region, vaddr_t va)
{
	unsigned number = page_at(va);

	if (number == NO_PAGE)
		differ("a region outside of all windows", va, 1, 0);
	const struct page *page = &process->pages[number];
	if (page->prot != region->prot)
		differ("protection of a region", va, region->prot, page->prot);
	if (page->flags != region->flags)
		differ("flags of a region", va, region->flags, page->flags);
	if (grows_down(page) && page_va(page->end - 1u) + PAGE_SIZE != region->end)
		differ("end of a growing region", va, region->end, page_va(page->end - 1u));
	struct vm_object *object = page->memory == ANONYMOUS ? NULL : memories[page->memory].object;
	if (region->object != object)
		differ("object of a region", va, (uint64_t)region->object, (uint64_t)object);
	if (object && region_offset(region, va) >> PAGE_SHIFT != page->memory_page)
		differ("offset of a region", va, region_offset(region, va) >> PAGE_SHIFT,
		       page->memory_page);
}

void oracle_check_regions(const struct process *process)
{
	uint64_t mapped = mapped_in(process, 0, PAGES);

	if (process->space->mapped >> PAGE_SHIFT != mapped)
		differ("mapped pages", 0, process->space->mapped >> PAGE_SHIFT, mapped);
	for (struct vm_region *region = region_first(process->space); region;
	     region = region_next(region))
		for (vaddr_t va = region->start; va < region->end; va += PAGE_SIZE)
			check_page(process, region, va);
}

/* A shared memory lives as long as it is mapped; its count is that of the regions. */
void oracle_check_memories(void)
{
	for (unsigned i = 0; i < MEMORIES; i++) {
		uint32_t names = i < FILES;
		if (!memories[i].object)
			continue; /* check_page() found no region of it */
		for (unsigned j = 0; j < PROCESSES; j++) {
			if (!processes[j].space)
				continue;
			struct vm_region *region = region_first(processes[j].space);
			for (; region; region = region_next(region))
				names += region->object == memories[i].object;
		}
		if (memories[i].object->count != names || !names)
			differ("count of an object", 0, memories[i].object->count, names);
	}
}
