/*
 * oracle.c: what a program must find, kept flat: for each process and page the protection, where it
 * comes from, and two words. There is no sharing here: fork copies all of it.
 */
#include "model.h"

#include "debug/assert.h"
#include "lib/errno.h"
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
struct memory memories[MEMORIES];
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

uint64_t *page_words(struct page *page)
{
	if (page->memory != ANONYMOUS && !page->copied)
		return memories[page->memory].words[page->memory_page];
	return page->value;
}

void make_private(struct page *page)
{
	if (page->shared || page->memory == ANONYMOUS || page->copied)
		return;
	memcpy(page->value, page_words(page), sizeof(page->value));
	page->copied = true;
}

void oracle_cut(struct process *process, unsigned page)
{
	struct page *pages = process->pages;

	if (page == 0 || page >= PAGES || !pages[page - 1].grows || pages[page - 1].end <= page)
		return;
	uint16_t end = pages[page - 1].end;
	for (unsigned i = page; i-- > 0 && pages[i].grows && pages[i].end == end;)
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
	if (above == window->first + window->pages || !pages[above].grows ||
	    pages[above].end - page > LIMIT_PAGES)
		return NO_PAGE;
	/* The gap must be free, but another stack, or what nobody can access, may be in it. */
	while (under > window->first && page - under < GAP_PAGES) {
		const struct page *below = &pages[--under];
		if (below->prot != UNMAPPED)
			return below->prot && !below->grows ? NO_PAGE : above;
	}
	return above;
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
			.grows = true,
			.huge = process->pages[above].huge,
			.fork = process->pages[above].fork,
			.end = process->pages[above].end,
		};
}

/* Is this the lowest page of a region that grows down? */
static bool starts_growing(const struct process *process, unsigned page)
{
	const struct page *p = &process->pages[page];

	return p->grows && (page == 0 || !p[-1].grows || p[-1].end != p->end);
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

/* ---- memories ---- */

static uint64_t file_word(uint64_t index)
{
	return 0xf11e000000000000ull + index;
}

static int fill_file(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	memset(page, 0, PAGE_SIZE);
	*(uint64_t *)page = file_word(index);
	((uint64_t *)page)[PAGE_SIZE / sizeof(uint64_t) - 1] = file_word(index);
	return 0;
}

static int fill_zeros(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	(void)index;
	memset(page, 0, PAGE_SIZE);
	return 0;
}

static void forget(struct vm_object *object)
{
	((struct memory *)object->context)->object = NULL;
}

static const struct vm_object_ops file_ops = {.fill = fill_file, .release = forget};
static const struct vm_object_ops shared_ops = {.fill = fill_zeros, .release = forget};

void files_create(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		int error = vm_object_create(&file_ops, &memories[i], FILE_PAGES * PAGE_SIZE,
					     &memories[i].object);
		assert(!error);
		memories[i].pages = FILE_PAGES;
		for (unsigned page = 0; page < FILE_PAGES; page++)
			for (unsigned word = 0; word < WORDS; word++)
				memories[i].words[page][word] = file_word(page);
	}
}

void files_destroy(void)
{
	for (unsigned i = 0; i < FILES; i++)
		vm_object_put(memories[i].object);
}

unsigned memory_create(unsigned pages)
{
	for (unsigned i = FILES; i < MEMORIES; i++) {
		if (memories[i].object)
			continue;
		int error = vm_object_create(&shared_ops, &memories[i], pages * PAGE_SIZE,
					     &memories[i].object);
		assert(!error || error == -ENOMEM);
		memset(memories[i].words, 0, sizeof(memories[i].words));
		memories[i].pages = pages;
		return error ? NO_PAGE : i;
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
	if (page->shared != !!(region->flags & REGION_SHARED) ||
	    page->grows != !!(region->flags & REGION_GROWS_DOWN))
		differ("flags of a region", va, region->flags, 0);
	if (page->grows && page_va(page->end - 1u) + PAGE_SIZE != region->end)
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
	uint64_t mapped = 0;

	for (unsigned i = 0; i < PAGES; i++)
		mapped += process->pages[i].prot != UNMAPPED;
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
