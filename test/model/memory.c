/* memory.c: files and shared memory: what they hold, and where they end. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "model.h"

struct memory memories[MEMORIES];

static bool is_file(const struct memory *memory)
{
	return memory < &memories[FILES];
}

/* A word as it was at first. */
static uint64_t first_word(const struct memory *memory, uint64_t index)
{
	return is_file(memory) ? 0xf11e000000000000ull + index : 0;
}

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	const struct memory *memory = object->context;

	memset(page, 0, PAGE_SIZE);
	*(uint64_t *)page = first_word(memory, index);
	if (!memory->cut[index])
		((uint64_t *)page)[PAGE_SIZE / sizeof(uint64_t) - 1] = first_word(memory, index);
	return 0;
}

static void forget(struct vm_object *object)
{
	((struct memory *)object->context)->object = NULL;
}

static const struct vm_object_ops ops = {.fill = fill, .release = forget};
/* Nothing but the object has the content of this one. */
static const struct vm_object_ops shared_ops = {.fill = NULL, .release = forget};

static void reset(struct memory *memory, unsigned first)
{
	for (unsigned page = first; page < FILE_PAGES; page++) {
		memory->cut[page] = false;
		for (unsigned word = 0; word < WORDS; word++)
			memory->words[page][word] = first_word(memory, page);
	}
}

static int create(struct memory *memory, unsigned pages, const struct vm_object_ops *with)
{
	reset(memory, 0);
	memory->pages = pages;
	memory->ends_inside = false;
	return vm_object_create(with, memory, pages * PAGE_SIZE, &memory->object);
}

void files_create(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		int error = create(&memories[i], FILE_PAGES, &ops);
		assert(!error);
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
		int error = create(&memories[i], pages, i % 2 ? &ops : &shared_ops);
		assert(!error || error == -ENOMEM);
		return error ? NO_PAGE : i;
	}
	return NO_PAGE;
}

/* ---- truncation ---- */

static uint64_t bytes_of(unsigned pages, bool inside)
{
	return pages * PAGE_SIZE - (inside ? PAGE_SIZE / 2 : 0);
}

/* Private copies of what is cut off are gone, too. */
static void forget_copies(unsigned memory)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		for (unsigned j = 0; processes[i].space && j < PAGES; j++) {
			struct page *page = &processes[i].pages[j];
			if (page->prot != UNMAPPED && page->memory == memory &&
			    page->memory_page >= memories[memory].pages)
				page->copied = false;
		}
}

void memory_resize(unsigned number, unsigned pages, bool inside)
{
	struct memory *memory = &memories[number];
	uint64_t old = bytes_of(memory->pages, memory->ends_inside);
	uint64_t bytes = bytes_of(pages, inside), nearer = MIN(old, bytes);

	/* A page that is filled again is so as it will be. */
	if (old != bytes && !IS_ALIGNED(nearer, PAGE_SIZE)) {
		memory->cut[nearer >> PAGE_SHIFT] = true;
		memory->words[nearer >> PAGE_SHIFT][1] = 0;
	}
	memory->pages = pages;
	memory->ends_inside = inside;
	reset(memory, pages);
	forget_copies(number);
	vm_object_resize(memory->object, bytes);
}

enum outcome run_truncate(const struct operation *op, struct process *process)
{
	unsigned number = operation_memory(op), pages = operation_memory_end(op);

	(void)process;
	if (!memories[number].object)
		return SKIPPED;
	memory_resize(number, pages, pages && op->value / 4096 % 4 == 0);
	return DONE;
}
