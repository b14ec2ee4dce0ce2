/* run_process.c: fork, exec and exit of a space. */
#include <linux/mman.h>

#include <stdio.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "model.h"
#include "vm/region.h"

/* What a child does not get, or gets empty. */
static void inherit(struct process *child)
{
	for (unsigned i = 0; i < PAGES; i++) {
		struct page *page = &child->pages[i];
		page->flags &= (uint16_t)~REGION_LOCK_BITS;
		if (page->prot == UNMAPPED)
			continue;
		if (page->flags & REGION_NO_FORK)
			*page = (struct page){.prot = UNMAPPED};
		else if (page->flags & REGION_WIPE_ON_FORK)
			memset(page->value, 0, sizeof(page->value));
	}
}

enum outcome run_fork(const struct operation *op, struct process *parent)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct process *child = &processes[i];
		if (child->space)
			continue;
		struct vm_space *space = NULL;
		int error = vm_fork(parent->space, &space);
		enum outcome outcome = expect_done("fork", op, error);
		if (outcome == DONE) {
			memcpy(child, parent, sizeof(*child));
			child->space = space;
			inherit(child);
		}
		return outcome;
	}
	return SKIPPED;
}

/* ---- exec: what a loader does ---- */

struct segment {
	unsigned first, count, prot, region_flags;
	bool file;
};
#define DATA_FIRST (TEXT_PAGES + RODATA_PAGES)
#define BSS_FIRST  (DATA_FIRST + DATA_PAGES)

static const struct segment segments[] = {
	{0, TEXT_PAGES, VM_READ | VM_EXEC, 0, true},
	{TEXT_PAGES, RODATA_PAGES, VM_READ, 0, true},
	{DATA_FIRST, DATA_PAGES, VM_READ | VM_WRITE, 0, true},
	{BSS_FIRST, BSS_PAGES, VM_READ | VM_WRITE, 0, false},
	{PAGES - STACK_FIRST, STACK_FIRST, VM_READ | VM_WRITE, REGION_GROWS_DOWN, false},
};

static int map_segment(struct vm_space *space, const struct segment *segment, unsigned file_page)
{
	vaddr_t address = page_va(segment->first);
	struct vm_map_request request = {
		.address = address,
		.bytes = segment->count * PAGE_SIZE,
		.prot = segment->prot,
		.flags = VM_MAP_FIXED | VM_MAP_NOREPLACE | VM_MAP_NORESERVE,
		.region_flags = segment->region_flags,
		.object = segment->file ? memories[0].object : NULL,
		.offset = segment->file ? (file_page + segment->first) * PAGE_SIZE : 0,
	};

	return vm_map(space, &request, &address);
}

/* The program of the file from that page on. The last page of data ends in the middle, the rest of
 * it is zeros; one word is on the stack. */
static int load(struct vm_space *space, unsigned file_page, uint64_t stack_word)
{
	int error = 0;

	space->stack_limit = LIMIT_PAGES * PAGE_SIZE;
	for (unsigned i = 0; i < ARRAY_SIZE(segments) && !error; i++)
		error = map_segment(space, &segments[i], file_page);
	if (!error)
		error = vm_zero_remote(space, page_va(BSS_FIRST - 1) + PAGE_SIZE / 2,
				       PAGE_SIZE / 2);
	if (!error)
		error = vm_write_remote(space, word_va(PAGES - 1, 1), &stack_word,
					sizeof(stack_word));
	if (!error)
		vm_set_brk_start(space, page_va(BRK_PAGE), 0);
	return error;
}

static void loaded(struct process *process, unsigned file_page, uint64_t stack_word)
{
	for (unsigned i = 0; i < PAGES; i++)
		process->pages[i] = (struct page){.prot = UNMAPPED};
	for (const struct segment *s = segments; s < segments + ARRAY_SIZE(segments); s++)
		for (unsigned i = s->first; i < s->first + s->count; i++)
			process->pages[i] = (struct page){
				.prot = (uint8_t)s->prot,
				.memory = s->file ? 0 : ANONYMOUS,
				.memory_page = (uint16_t)(s->file ? file_page + i : 0),
				.flags = (uint16_t)(s->region_flags | REGION_NORESERVE),
				.end = PAGES,
			};
	make_private(&process->pages[BSS_FIRST - 1]);
	process->pages[BSS_FIRST - 1].value[1] = 0;
	process->pages[PAGES - 1].value[1] = stack_word;
	process->brk = BRK_PAGE;
	process->limit = process->data_limit = NO_LIMIT;
}

enum outcome run_exec(const struct operation *op, struct process *process)
{
	unsigned file_page = op->memory_page % (FILE_PAGES - BSS_FIRST);
	bool whole = memories[0].pages == FILE_PAGES && !memories[0].ends_inside;
	struct vm_space *space = NULL;

	/* A program that was cut off is written anew. */
	if (!whole)
		memory_resize(0, FILE_PAGES, false);
	int error = vm_space_create(&space);
	if (!error) {
		error = load(space, file_page, op->value);
		if (error)
			vm_space_destroy(space);
	}
	enum outcome outcome = expect_done("exec", op, error);
	if (outcome != DONE)
		return whole ? outcome : PARTLY;
	vm_space_activate(NULL);
	if (process->space)
		vm_space_destroy(process->space);
	process->space = space;
	loaded(process, file_page, op->value);
	return DONE;
}

enum outcome run_exit(const struct operation *op, struct process *process)
{
	(void)op;
	vm_space_activate(NULL);
	vm_space_destroy(process->space);
	process->space = NULL;
	return DONE;
}
