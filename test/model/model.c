/*
 * model.c: random operations on address spaces, over the host's software MMU, against an oracle.
 *
 *     model [--seed N] [--ops N] [--check N] [--oom N]
 *
 * The oracle keeps, for each process and page of an arena, what a program would find there: the
 * protection and the first and last words. fork copies it flat. It also knows where the two files
 * end just now: they are made shorter and longer under their mappings. Every difference ends the
 * run with the seed and the operation's number.
 *   --check N  check all invariants, and all counts, every N operations (default 100)
 *   --oom N    one operation in N runs with only 0 to 5 frames left (default 8; 0: never)
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "debug/assert.h"
#include "host.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/region.h"

#define PROCESSES   6u
#define ARENA_PAGES 3000u /* crosses leaf tables: 512 pages each */
#define ARENA_START \
	(0x40000000ull - 700 * PAGE_SIZE) /* and a boundary of 1 GiB, so a level-3 entry */
#define FILE_PAGES 600u
#define FRAMES     40000u
#define UNMAPPED   0xff
#define WORDS      2u /* of each page that are looked at: the first and the last */

/* Is in memory by object pages from `fill`, which come back when it was short and is longer again.
 */
struct file {
	struct vm_object *object;
	unsigned pages;                    /* where it ends now */
	uint64_t words[FILE_PAGES][WORDS]; /* what shared mappings see */
};

struct page {
	uint8_t prot; /* VM_*, or UNMAPPED */
	bool shared;
	struct file *file; /* NULL: anonymous */
	uint16_t file_page;
	uint64_t fresh;        /* both words before anything is written: 0, or the private file's */
	uint64_t value[WORDS]; /* now, unless shared */
};

struct process {
	struct vm_space *space;
	struct page pages[ARENA_PAGES];
};

static struct process processes[PROCESSES];
static struct file private_file, shared_file; /* how they are mapped */
static uint64_t state;
static unsigned long seed = 1, operation;
static unsigned oom; /* one operation in this many runs short of memory */
static unsigned long counted[16];

NORETURN static void differ(const char *what, vaddr_t va, uint64_t got, uint64_t want)
{
	fprintf(stderr,
		"model: %s at %#llx: %#llx, the oracle says %#llx\nreplay: model --seed %lu --ops "
		"%lu --check 1\n",
		what, (unsigned long long)va, (unsigned long long)got, (unsigned long long)want,
		seed, operation + 1);
	exit(1);
}

/* xorshift64*: the same everywhere for one seed. */
static uint64_t random_u64(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned limit)
{
	return (unsigned)(random_u64() >> 33) % limit;
}

static uint64_t file_word(uint64_t index)
{
	return 0xf11e000000000000ull + index;
}

static uint64_t word_offset(unsigned word)
{
	return word ? PAGE_SIZE - sizeof(uint64_t) : 0;
}

static int fill(struct vm_object *object, uint64_t index, void *page)
{
	(void)object;
	memset(page, 0, PAGE_SIZE);
	for (unsigned word = 0; word < WORDS; word++)
		*(uint64_t *)((char *)page + word_offset(word)) = file_word(index);
	return 0;
}

static const struct vm_object_ops file_ops = {.fill = fill};

static vaddr_t page_va(unsigned page)
{
	return ARENA_START + page * PAGE_SIZE;
}

static void start(struct process *process)
{
	int error = vm_space_create(&process->space);

	assert(!error);
	for (unsigned i = 0; i < ARENA_PAGES; i++)
		process->pages[i] = (struct page){.prot = UNMAPPED};
}

static void expect_error(const char *what, int error, bool memory_short)
{
	if (error && !(memory_short && error == -ENOMEM))
		differ(what, 0, (uint64_t)error, 0);
}

/* A random range of pages: mostly short, sometimes most of the arena. */
static void pick_range(unsigned *first, unsigned *count)
{
	*first = below(ARENA_PAGES);
	*count = 1 + (below(8) ? below(40) : below(1500));
	*count = MIN(*count, ARENA_PAGES - *first);
}

static void do_map(struct process *process, bool memory_short)
{
	static const unsigned prots[] = {VM_READ | VM_WRITE, VM_READ | VM_WRITE, VM_READ, 0,
					 VM_READ | VM_EXEC};
	unsigned first, count, kind = below(4), prot = prots[below(ARRAY_SIZE(prots))];
	struct file *file = kind == 2 ? &private_file : kind == 3 ? &shared_file : NULL;
	vaddr_t address;

	pick_range(&first, &count);
	if (kind >= 2)
		count = MIN(count, FILE_PAGES);
	unsigned offset = kind >= 2 ? below(FILE_PAGES - count + 1) : 0;
	struct vm_map_request request = {
		.address = page_va(first),
		.bytes = count * PAGE_SIZE,
		.prot = prot,
		.flags = VM_MAP_FIXED,
		.region_flags = kind == 3 ? REGION_SHARED : 0,
		.object = file ? file->object : NULL,
		.offset = offset * PAGE_SIZE,
	};
	int error = vm_map(process->space, &request, &address);
	expect_error("map", error, memory_short);
	if (error)
		return;
	for (unsigned i = 0; i < count; i++)
		process->pages[first + i] = (struct page){
			.prot = (uint8_t)prot,
			.shared = kind == 3,
			.file = file,
			.file_page = (uint16_t)(offset + i),
			.fresh = kind == 2 ? file_word(offset + i) : 0,
			.value = {kind == 2 ? file_word(offset + i) : 0,
				  kind == 2 ? file_word(offset + i) : 0},
		};
}

static void do_unmap(struct process *process, bool memory_short)
{
	unsigned first, count;

	pick_range(&first, &count);
	int error = vm_unmap(process->space, page_va(first), count * PAGE_SIZE);
	expect_error("unmap", error, memory_short);
	for (unsigned i = 0; !error && i < count; i++)
		process->pages[first + i] = (struct page){.prot = UNMAPPED};
}

/* Does the page lie behind the end of its file? */
static bool is_cut_off(const struct page *page)
{
	return page->file && page->file_page >= page->file->pages;
}

/* Move the end of a file, often back to where it was first. */
static void do_truncate(struct process *process, bool memory_short)
{
	struct file *file = below(2) ? &private_file : &shared_file;
	unsigned pages = below(2) ? FILE_PAGES : below(FILE_PAGES + 1);

	(void)process;
	(void)memory_short; /* it takes no memory */
	vm_object_resize(file->object, pages * PAGE_SIZE);
	file->pages = pages;
	for (unsigned i = pages; i < FILE_PAGES; i++)
		file->words[i][0] = file->words[i][1] = file_word(i);
	for (unsigned i = 0; i < PROCESSES; i++)
		for (unsigned j = 0; processes[i].space && j < ARENA_PAGES; j++) {
			struct page *page = &processes[i].pages[j];
			if (page->file == file && is_cut_off(page))
				page->value[0] = page->value[1] = page->fresh;
		}
}

static bool all_mapped(const struct process *process, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (process->pages[first + i].prot == UNMAPPED)
			return false;
	return true;
}

static void do_protect(struct process *process, bool memory_short)
{
	static const unsigned prots[] = {VM_READ | VM_WRITE, VM_READ, 0, VM_READ | VM_EXEC,
					 VM_WRITE};
	unsigned first, count, prot = prots[below(ARRAY_SIZE(prots))];

	pick_range(&first, &count);
	if (below(2))
		count = MIN(count, 8u); /* so that many succeed */
	int error = vm_protect(process->space, page_va(first), count * PAGE_SIZE, prot);
	if (!all_mapped(process, first, count)) {
		if (error != -ENOMEM)
			differ("protect of a hole", page_va(first), (uint64_t)error,
			       (uint64_t)-ENOMEM);
		return;
	}
	expect_error("protect", error, memory_short);
	for (unsigned i = 0; !error && i < count; i++)
		process->pages[first + i].prot = (uint8_t)prot;
}

/* Runs of pages move only where they are one region: pick by what the kernel has there. */
static void do_remap(struct process *process, bool memory_short)
{
	unsigned first, count, to, to_count;
	vaddr_t address;

	pick_range(&first, &count);
	pick_range(&to, &to_count);
	struct vm_region *region = region_find(process->space, page_va(first));
	if (!region)
		return;
	count = (unsigned)MIN((uint64_t)count, (region->end - page_va(first)) >> PAGE_SHIFT);
	to_count = MIN(count, ARENA_PAGES - to);
	if (to < first + count && first < to + to_count)
		return;
	address = page_va(to);
	int error = vm_remap(process->space, page_va(first), count * PAGE_SIZE,
			     to_count * PAGE_SIZE, 3, &address);
	expect_error("remap", error, memory_short);
	if (error) {
		/* Like Linux's: what was at the target, and what was cut off, may be gone. Look. */
		for (unsigned i = 0; i < ARENA_PAGES; i++)
			if (!region_find(process->space, page_va(i)))
				process->pages[i].prot = UNMAPPED;
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		if (i < to_count)
			process->pages[to + i] = process->pages[first + i];
		process->pages[first + i] = (struct page){.prot = UNMAPPED};
	}
}

/* Over a hole and with no memory the kernel may have stopped before it dropped anything or gone on:
 * ask it. */
static void read_back(struct process *process, unsigned first, unsigned count)
{
	host_allow_allocations(-1);
	for (unsigned i = first; i < first + count; i++)
		for (unsigned word = 0; word < WORDS; word++) {
			struct page *page = &process->pages[i];
			if (page->prot == UNMAPPED || page->prot == 0 || page->shared ||
			    is_cut_off(page))
				continue;
			if (host_load(process->space, page_va(i) + word_offset(word),
				      &page->value[word]) != HOST_OK)
				differ("load after discard", page_va(i), 0, 0);
		}
}

static void do_discard(struct process *process, bool memory_short)
{
	unsigned first = below(ARENA_PAGES), count = 1 + below(20);

	count = MIN(count, ARENA_PAGES - first);
	int error = vm_discard(process->space, page_va(first), count * PAGE_SIZE);
	if (memory_short && error && all_mapped(process, first, count))
		return;
	if (!all_mapped(process, first, count) && memory_short)
		return read_back(process, first, count);
	if ((error == 0) != all_mapped(process, first, count))
		differ("discard", page_va(first), (uint64_t)error, 0);
	for (unsigned i = 0; i < count; i++)
		for (unsigned word = 0; word < WORDS; word++)
			process->pages[first + i].value[word] = process->pages[first + i].fresh;
}

static void do_fork(struct process *parent, bool memory_short)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct process *child = &processes[i];
		if (child->space)
			continue;
		int error = vm_fork(parent->space, &child->space);
		expect_error("fork", error, memory_short);
		if (error)
			child->space = NULL;
		else
			memcpy(child->pages, parent->pages, sizeof(child->pages));
		return;
	}
}

static void do_exit(struct process *process)
{
	vm_space_activate(NULL);
	vm_space_destroy(process->space);
	process->space = NULL;
}

static void do_access(struct process *process, bool memory_short)
{
	unsigned index = below(2) ? below(ARENA_PAGES) : below(64);
	struct page *page = &process->pages[index];
	bool write = below(2);
	unsigned which = below(WORDS);
	vaddr_t va = page_va(index) + word_offset(which);
	uint64_t value = write ? random_u64() >> 8 : 0;
	enum host_result want = page->prot == UNMAPPED                          ? HOST_FAULT_ADDRESS
				: !(write ? page->prot & VM_WRITE : page->prot) ? HOST_FAULT_ACCESS
				: is_cut_off(page)                              ? HOST_FAULT_OBJECT
										: HOST_OK;
	uint64_t *word =
		page->shared ? &shared_file.words[page->file_page][which] : &page->value[which];
	enum host_result got = write ? host_store(process->space, va, value)
				     : host_load(process->space, va, &value);

	if (got == HOST_NO_MEMORY && memory_short)
		return;
	if (got != want)
		differ(write ? "result of a store" : "result of a load", va, got, want);
	if (got != HOST_OK)
		return;
	if (write)
		*word = value;
	else if (value != *word)
		differ("load", va, value, *word);
}

static void step(void)
{
	static const struct {
		unsigned share;
		void (*run)(struct process *, bool);
	} operations[] = {{60, do_map},     {20, do_unmap}, {30, do_protect}, {10, do_remap},
			  {20, do_discard}, {8, do_fork},   {6, do_truncate}};
	/* Stay with one process for a while: a switch flushes, and would hide that an operation
	 * forgot to. */
	static struct process *process; /* that of the last step */
	if (!process || !process->space || !below(50))
		process = &processes[below(PROCESSES)];
	bool memory_short = false;

	if (!process->space) {
		if (!processes[0].space)
			start(&processes[0]);
		return;
	}
	if (oom && below(oom) == 0) {
		memory_short = true;
		host_allow_allocations((long)below(6));
	}
	unsigned dice = below(2000);
	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++) {
		if (dice < operations[i].share) {
			counted[i]++;
			operations[i].run(process, memory_short);
			host_allow_allocations(-1);
			return;
		}
		dice -= operations[i].share;
	}
	if (dice < 6)
		do_exit(process);
	else
		do_access(process, memory_short);
	host_allow_allocations(-1);
}

static void make_file(struct file *file)
{
	int error = vm_object_create(&file_ops, NULL, FILE_PAGES * PAGE_SIZE, &file->object);

	assert(!error);
	file->pages = FILE_PAGES;
	for (unsigned i = 0; i < FILE_PAGES; i++)
		file->words[i][0] = file->words[i][1] = file_word(i);
}

static void check_everything(void)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		if (processes[i].space)
			vm_check(processes[i].space);
}

static unsigned long argument(int argc, char **argv, const char *name, unsigned long otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return strtoul(argv[i + 1], NULL, 0);
	return otherwise;
}

int main(int argc, char **argv)
{
	struct frame_counts before, after;
	unsigned long ops = argument(argc, argv, "--ops", 100000);
	unsigned long every = argument(argc, argv, "--check", 100);

	seed = argument(argc, argv, "--seed", 1);
	oom = (unsigned)argument(argc, argv, "--oom", 8);
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	host_memory_init(FRAMES);
	make_file(&private_file);
	make_file(&shared_file);
	frame_counts(&before);
	for (operation = 0; operation < ops; operation++) {
		step();
		if (every && operation % every == 0)
			check_everything();
	}
	for (unsigned i = 0; i < PROCESSES; i++)
		if (processes[i].space)
			do_exit(&processes[i]);
	vm_object_put(private_file.object);
	vm_object_put(shared_file.object);
	frame_counts(&after);
	for (unsigned i = 0; i < FRAME_STATES; i++)
		if (i != FRAME_SLAB && i != FRAME_FREE && after.by_state[i] != before.by_state[i])
			differ(frame_state_names[i], 0, after.by_state[i], before.by_state[i]);
	if (after.by_state[FRAME_SLAB] != 0)
		differ("slab frames left", 0, after.by_state[FRAME_SLAB], 0);
	printf("seed %lu: %lu operations, maps %lu unmaps %lu protects %lu remaps %lu discards %lu "
	       "forks %lu truncations %lu: ok\n",
	       seed, ops, counted[0], counted[1], counted[2], counted[3], counted[4], counted[5],
	       counted[6]);
	return 0;
}
