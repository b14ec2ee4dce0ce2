/* run_access.c: what a program does with its memory, and what the kernel does on its behalf. */
#include "lib/errno.h"
#include "lib/string.h"
#include "model.h"
#include "vm/region.h"
#include "vm/user_copy.h"

/* A write by `process` to a page that may be written. */
static void write_word(struct process *process, unsigned number, unsigned word, uint64_t value)
{
	struct page *page = &process->pages[number];

	make_private(page);
	page_words(page)[word] = value;
}

static enum host_result result_of(enum vm_result result)
{
	switch (result) {
	case VM_FIXED:
	case VM_SPURIOUS_FAULT:
		return HOST_OK;
	case VM_NO_MEMORY:
		return HOST_NO_MEMORY;
	case VM_BAD_ADDRESS:
		return HOST_FAULT_ADDRESS;
	case VM_BAD_ACCESS:
		return HOST_FAULT_ACCESS;
	default:
		return HOST_FAULT_OBJECT;
	}
}

/* The host's MMU has no fetches: fault as a fetch would, and ask the tables. */
static enum host_result execute(struct process *process, vaddr_t va)
{
	enum host_result result = result_of(vm_fault(process->space, va, VM_EXEC));

	if (result == HOST_OK && !mmu_probe(process->space->root, va, VM_EXEC | VM_USER))
		differ("a served fetch", va, 0, 1);
	return result;
}

enum outcome run_access(const struct operation *op, struct process *process)
{
	vaddr_t va = word_va(op->first, op->word);
	unsigned access = op->kind == OP_STORE ? VM_WRITE : op->kind == OP_LOAD ? VM_READ : VM_EXEC;
	uint64_t value = op->value;
	bool grows;
	enum host_result want = expect_access(process, op->first, access, &grows);
	enum host_result got = op->kind == OP_STORE  ? host_store(process->space, va, value)
			       : op->kind == OP_LOAD ? host_load(process->space, va, &value)
						     : execute(process, va);

	if (got == HOST_NO_MEMORY && op->allow >= 0 &&
	    (want == HOST_OK || want == HOST_FAULT_OBJECT))
		return FAILED;
	if (got != want)
		differ(operation_names[op->kind], va, got, want);
	if (got != HOST_OK)
		return REFUSED;
	if (grows)
		oracle_grow(process, op->first);
	uint64_t *words = page_words(&process->pages[op->first]);
	if (op->kind == OP_STORE)
		write_word(process, op->first, op->word, value);
	else if (op->kind == OP_LOAD && value != words[op->word])
		differ("LOAD", va, value, words[op->word]);
	return DONE;
}

/* ---- copies ---- */

#define COPY_PAGES 3u
static char buffer[COPY_PAGES * PAGE_SIZE];

/* A copy: either whole pages, or the last word of one page and the first of the next. */
struct copy {
	vaddr_t va;
	size_t bytes;
	unsigned first, pages;
	bool whole;
	bool write;
};

/* Where the word of the copy's page stands in the buffer; NULL: it is not copied. */
static uint64_t *in_buffer(const struct copy *copy, unsigned page, unsigned word)
{
	vaddr_t va =
		page_va(copy->first) + page * PAGE_SIZE + (word ? PAGE_SIZE - sizeof(uint64_t) : 0);

	if (va < copy->va || va >= copy->va + copy->bytes)
		return NULL;
	return (uint64_t *)(buffer + (va - copy->va));
}

static struct copy copy_of(const struct operation *op)
{
	struct copy copy = {.first = op->first, .whole = op->flag};

	copy.pages = copy.whole ? 1 + (unsigned)(op->value % COPY_PAGES) : 2;
	copy.va = copy.whole ? page_va(op->first) : word_va(op->first, 1);
	copy.bytes = copy.whole ? copy.pages * PAGE_SIZE : 2 * sizeof(uint64_t);
	copy.write = op->kind != OP_COPY_FROM_USER;
	return copy;
}

static bool is_page_of(unsigned first, unsigned page)
{
	const struct window *window = window_of(first);

	return page < window->first + window->pages;
}

static int call(const struct operation *op, struct process *process, const struct copy *copy)
{
	/* The remote ones must work whoever is active. */
	if (op->kind != OP_WRITE_REMOTE && op->kind != OP_ZERO_REMOTE)
		vm_space_activate(process->space);
	switch (op->kind) {
	case OP_COPY_FROM_USER:
		return copy_from_user(buffer, copy->va, copy->bytes);
	case OP_COPY_TO_USER:
		return copy_to_user(copy->va, buffer, copy->bytes);
	case OP_CLEAR_USER:
		return clear_user(copy->va, copy->bytes);
	case OP_WRITE_REMOTE:
		return vm_write_remote(process->space, copy->va, buffer, copy->bytes);
	default:
		return vm_zero_remote(process->space, copy->va, copy->bytes);
	}
}

/* Bring the oracle to where the call must have come: false, if it must have stopped early. */
static bool follow(struct process *process, const struct copy *copy)
{
	for (unsigned i = 0; i < copy->pages; i++) {
		unsigned number = copy->first + i;
		bool grows;
		if (!is_page_of(copy->first, number) ||
		    expect_access(process, number, copy->write ? VM_WRITE : VM_READ, &grows) !=
			    HOST_OK)
			return false;
		if (grows)
			oracle_grow(process, number);
		for (unsigned word = 0; word < WORDS; word++) {
			const uint64_t *value = in_buffer(copy, i, word);
			const uint64_t *known = &page_words(&process->pages[number])[word];
			if (value && copy->write)
				write_word(process, number, word, *value);
			else if (value && *value != *known)
				differ("copy_from_user", page_va(number), *value, *known);
		}
	}
	return true;
}

/* It stopped for want of memory: each page is as before or as asked, and none after one that is as
 * before. */
static enum outcome follow_partly(struct process *process, const struct copy *copy)
{
	bool stopped = false;

	for (unsigned i = 0; i < copy->pages; i++) {
		unsigned number = copy->first + i;
		uint64_t words[WORDS];
		bool grows;
		if (!is_page_of(copy->first, number) ||
		    expect_access(process, number, copy->write ? VM_WRITE : VM_READ, &grows) !=
			    HOST_OK)
			break;
		if (!region_find(process->space, page_va(number)))
			break; /* the stack has not grown: it stopped here */
		if (grows)
			oracle_grow(process, number);
		if (!copy->write || !snapshot_peek(process->space, page_va(number), words))
			continue;
		for (unsigned word = 0; word < WORDS; word++) {
			const uint64_t *asked = in_buffer(copy, i, word);
			uint64_t old = page_words(&process->pages[number])[word];
			if (asked && words[word] == *asked && *asked != old && !stopped)
				write_word(process, number, word, *asked);
			else if (words[word] != old)
				differ("copy without memory", page_va(number), words[word], old);
			else
				stopped |= asked && *asked != old;
		}
	}
	return PARTLY;
}

enum outcome run_copy(const struct operation *op, struct process *process)
{
	struct copy copy = copy_of(op);

	memset(buffer, 0, sizeof(buffer));
	for (unsigned i = 0; i < copy.pages; i++)
		for (unsigned word = 0; word < WORDS; word++)
			if ((op->kind == OP_COPY_TO_USER || op->kind == OP_WRITE_REMOTE) &&
			    in_buffer(&copy, i, word))
				*in_buffer(&copy, i, word) = op->value + i * WORDS + word;
	int error = call(op, process, &copy);
	if (error && op->allow >= 0)
		return follow_partly(process, &copy);
	bool whole = follow(process, &copy);
	if (error != (whole ? 0 : -EFAULT))
		differ(operation_names[op->kind], copy.va, (uint64_t)error, whole);
	return whole ? DONE : PARTLY;
}

/* ---- strings ---- */

/* A string that starts in the last word of a page and may reach into the first of the next. */
enum outcome run_string(const struct operation *op, struct process *process)
{
	char known[2 * sizeof(uint64_t)], got[sizeof(known)] = {0};
	vaddr_t va = word_va(op->first, 1);
	ssize_t want = -EFAULT;
	bool grows;

	vm_space_activate(process->space);
	ssize_t length = copy_string_from_user(got, va, sizeof(got));
	if (length == -EFAULT && op->allow >= 0) {
		const struct copy copy = {.first = op->first, .pages = 2};
		return follow_partly(process, &copy);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (!is_page_of(op->first, op->first + i) ||
		    expect_access(process, op->first + i, VM_READ, &grows) != HOST_OK)
			break;
		if (grows)
			oracle_grow(process, op->first + i);
		memcpy(known + i * sizeof(uint64_t),
		       &page_words(&process->pages[op->first + i])[!i], sizeof(uint64_t));
		size_t end = strnlen(known, (i + 1) * sizeof(uint64_t));
		if (end < (i + 1) * sizeof(uint64_t)) {
			want = (ssize_t)end;
			break;
		}
		want = i == 1 ? -ENAMETOOLONG : -EFAULT;
	}
	if (length != want)
		differ("length of a string", va, (uint64_t)length, (uint64_t)want);
	if (length >= 0 && memcmp(got, known, (size_t)length) != 0)
		differ("a string", va, *(uint64_t *)got, *(uint64_t *)known);
	return length >= 0 ? DONE : PARTLY;
}
