/* operation.c: an operation from the seed and its number, and the same in words. */
#include <linux/mman.h>

#include <stdarg.h>
#include <stdio.h>

#include "model.h"
#include "random.h"
#include "vm/table.h"

#define STRINGIZE(name) #name,
const char *const operation_names[OPERATION_KINDS] = {OPERATIONS(STRINGIZE)};

/* How often each is chosen, of the sum. */
static const unsigned shares[OPERATION_KINDS] = {
	[OP_MAP_ANONYMOUS] = 26,
	[OP_MAP_FILE_PRIVATE] = 14,
	[OP_MAP_FILE_SHARED] = 10,
	[OP_MAP_SHARED_MEMORY] = 8,
	[OP_MAP_ANYWHERE] = 8,
	[OP_MAP_HUGE] = 6,
	[OP_UNMAP] = 20,
	[OP_PROTECT] = 30,
	[OP_REMAP_TO] = 10,
	[OP_REMAP_ANYWHERE] = 8,
	[OP_DISCARD] = 20,
	[OP_ADVISE_HUGE] = 6,
	[OP_ADVISE_FORK] = 8,
	[OP_LOCK] = 6,
	[OP_POPULATE] = 8,
	[OP_LIMIT] = 4,
	[OP_TRUNCATE] = 6,
	[OP_BRK] = 20,
	[OP_LOAD] = 620,
	[OP_STORE] = 700,
	[OP_EXECUTE] = 40,
	[OP_COPY_FROM_USER] = 40,
	[OP_COPY_TO_USER] = 60,
	[OP_CLEAR_USER] = 20,
	[OP_COPY_STRING] = 30,
	[OP_WRITE_REMOTE] = 30,
	[OP_ZERO_REMOTE] = 15,
	[OP_FORK] = 10,
	[OP_EXEC] = 3,
	[OP_EXIT] = 6,
};

static unsigned below(uint64_t *state, unsigned limit)
{
	return (unsigned)random_below(state, limit);
}

static enum operation_kind pick_kind(uint64_t *state)
{
	unsigned sum = 0, kind;

	for (kind = 0; kind < OPERATION_KINDS; kind++)
		sum += shares[kind];
	unsigned dice = below(state, sum);
	for (kind = 0; dice >= shares[kind]; kind++)
		dice -= shares[kind];
	return kind;
}

static const struct window *pick_window(uint64_t *state)
{
	static const enum window_kind kinds[] = {
		WINDOW_ARENA,   WINDOW_ARENA,   WINDOW_ARENA, WINDOW_ARENA, WINDOW_ARENA,
		WINDOW_PROGRAM, WINDOW_PROGRAM, WINDOW_TOP,   WINDOW_STACK,
	};

	return &windows[kinds[below(state, ARRAY_SIZE(kinds))]];
}

/* A range of pages in one window: mostly short, sometimes most of it. */
static void pick_range(uint64_t *state, unsigned *first, unsigned *count)
{
	const struct window *window = pick_window(state);
	unsigned at = below(state, window->pages);

	*count = 1 + (below(state, 8) ? below(state, 40) : below(state, 1500));
	*count = MIN(*count, window->pages - at);
	*first = window->first + at;
}

/* One page: often one of a few, so that processes meet there; on the stack, near its top. */
static unsigned pick_page(uint64_t *state)
{
	const struct window *window = pick_window(state);
	unsigned at = below(state, below(state, 2) ? window->pages : MIN(64u, window->pages));

	if (window == &windows[WINDOW_STACK] || window == &windows[WINDOW_TOP])
		at = window->pages - 1 - at;
	return window->first + at;
}

/* One or two times 2 MiB of the arena, aligned, writable. */
static void pick_large(uint64_t *state, struct operation *op)
{
	const struct window *arena = &windows[WINDOW_ARENA];
	unsigned to_border =
		(unsigned)((ALIGN_UP(arena->start, HUGE_BYTES) - arena->start) >> PAGE_SHIFT);
	unsigned large = (arena->pages - to_border) / MMU_ENTRIES;
	unsigned count = 1 + below(state, 2);

	op->first = arena->first + to_border + MMU_ENTRIES * below(state, large - count + 1);
	op->count = count * MMU_ENTRIES;
	op->prot = VM_READ | VM_WRITE;
	op->flag = false;
}

void operation_make(uint64_t seed, unsigned long number, unsigned oom, struct operation *op)
{
	static const unsigned prots[] = {
		VM_READ | VM_WRITE, VM_READ | VM_WRITE,           VM_READ | VM_WRITE, VM_READ, 0,
		VM_READ | VM_EXEC,  VM_READ | VM_WRITE | VM_EXEC, VM_WRITE,           VM_EXEC,
	};
	/* Stay with one process for a while: a switch flushes, and would hide that an operation
	 * forgot to. */
	uint64_t turn = seed * 0x9e3779b97f4a7c15ull + number / 47;
	uint64_t state = (seed << 40) + number;

	(void)random_next(&state);
	*op = (struct operation){.kind = pick_kind(&state)};
	op->process = below(&turn, PROCESSES);
	pick_range(&state, &op->first, &op->count);
	pick_range(&state, &op->to, &op->to_count);
	op->prot = prots[below(&state, ARRAY_SIZE(prots))];
	op->memory_page = below(&state, FILE_PAGES);
	op->word = below(&state, WORDS);
	op->flag = below(&state, 2);
	op->value = random_next(&state);
	op->allow = oom && below(&state, oom) == 0 ? (long)below(&state, 6) : -1;
	if (op->kind >= OP_LOAD && op->kind <= OP_ZERO_REMOTE) {
		op->first = pick_page(&state);
		op->mapped = below(&state, 4);
	}
	if (op->kind == OP_PROTECT && below(&state, 2))
		op->count = MIN(op->count, 8u); /* so that many succeed */
	if (op->kind == OP_DISCARD || op->kind == OP_POPULATE)
		op->count = MIN(op->count, 20u);
	if (op->kind == OP_MAP_HUGE)
		pick_large(&state, op);
	if (op->kind == OP_MAP_SHARED_MEMORY)
		op->count = MIN(op->count, SHARED_MOST);
	if (op->kind == OP_MAP_FILE_PRIVATE || op->kind == OP_MAP_FILE_SHARED) {
		op->count = MIN(op->count, FILE_PAGES);
		op->memory_page = below(&state, FILE_PAGES - op->count + 1);
	}
	/* Files that are not open for writing. */
	if (op->kind == OP_MAP_FILE_SHARED && op->flag && below(&state, 3) == 0)
		op->prot &= ~VM_WRITE;
	/* Half of all words have no zero byte, so that strings reach from page to page. */
	op->value |= below(&state, 2) ? 0x0101010101010101ull : 0;
	op->value &= below(&state, 2) ? ~0ull : ~0ull >> 8;
}

bool operation_touches(const struct operation *op)
{
	return op->kind < OP_LOAD && op->value % 4 == 0;
}

/* ---- what some of them mean ---- */

/* Bits of the value that nothing else is made of. */
static unsigned choice(const struct operation *op, unsigned limit)
{
	return (unsigned)(op->value >> 17) % limit;
}

int operation_advice(const struct operation *op)
{
	static const int discard[] = {MADV_DONTNEED, MADV_DONTNEED, MADV_FREE,
				      MADV_DONTNEED_LOCKED};
	static const int fork[] = {MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK};

	if (op->kind == OP_DISCARD)
		return discard[choice(op, ARRAY_SIZE(discard))];
	if (op->kind == OP_ADVISE_FORK)
		return fork[choice(op, ARRAY_SIZE(fork))];
	return op->flag ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
}

unsigned operation_lock_bits(const struct operation *op)
{
	static const unsigned bits[] = {0, 0, REGION_LOCKED, REGION_LOCKED | REGION_LOCK_ONFAULT};

	return bits[choice(op, ARRAY_SIZE(bits))];
}

enum vm_populate operation_populate(const struct operation *op)
{
	return (enum vm_populate)choice(op, VM_POPULATE_LOCKED + 1);
}

bool operation_limits_data(const struct operation *op)
{
	return choice(op, 3) == 0;
}

enum remap_kind operation_remap(const struct operation *op)
{
	static const enum remap_kind kinds[] = {REMAP_REGION, REMAP_REGION, REMAP_REGION,
						REMAP_REGION, REMAP_ANY,    REMAP_VIEW,
						REMAP_WHOLE,  REMAP_LEAVE,  REMAP_LEAVE_HINT};
	bool anywhere = op->kind == OP_REMAP_ANYWHERE;

	return kinds[choice(op, anywhere ? 6 : ARRAY_SIZE(kinds))];
}

/* Mostly the files, whose mappings are many. */
unsigned operation_memory(const struct operation *op)
{
	unsigned number = choice(op, 3 * MEMORIES);

	return number < MEMORIES ? number : number % FILES;
}

/* Often all there is, so that programs find something. */
unsigned operation_memory_end(const struct operation *op)
{
	unsigned pages = operation_memory(op) < FILES ? FILE_PAGES : SHARED_MOST;

	return op->flag ? pages : op->memory_page % (pages + 1);
}

/* ---- in words ---- */

static const char *prot_words(unsigned prot)
{
	static const char *const words[] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};

	return words[prot & 7];
}

struct words {
	char *text;
	size_t bytes, length;
};

PRINTF(2, 3) static void say(struct words *words, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int more = vsnprintf(words->text + words->length, words->bytes - words->length, format,
			     arguments);
	va_end(arguments);
	words->length = MIN(words->length + (size_t)more, words->bytes - 1);
}

static void say_range(struct words *words, const char *verb, unsigned first, unsigned count)
{
	say(words, "%s %u page%s at %#llx", verb, count, count == 1 ? "" : "s",
	    (unsigned long long)page_va(first));
}

static void say_map(struct words *words, const struct operation *op)
{
	bool file = op->kind == OP_MAP_FILE_PRIVATE || op->kind == OP_MAP_FILE_SHARED;

	say_range(words, "maps", op->first, op->count);
	say(words, "%s, %s, ",
	    op->kind == OP_MAP_ANYWHERE ? " if they are free, else anywhere"
	    : op->flag && !file         ? " if they are free"
					: "",
	    prot_words(op->prot));
	if (op->kind == OP_MAP_HUGE)
		say(words, "private, zeros, with large pages");
	else if (op->kind == OP_MAP_FILE_SHARED)
		say(words, "shared, file 1 from page %u", op->memory_page);
	else if (op->kind == OP_MAP_FILE_PRIVATE)
		say(words, "private, file %u from page %u", op->flag, op->memory_page);
	else
		say(words,
		    op->kind == OP_MAP_SHARED_MEMORY ? "new shared memory" : "private, zeros");
}

static void say_remap(struct words *words, const struct operation *op)
{
	static const char *const kinds[] = {
		[REMAP_REGION] = ", or what of them is one region,",
		[REMAP_ANY] = ", whatever they are,",
		[REMAP_WHOLE] = ", or as many as fit,",
		[REMAP_LEAVE] = ", leaving empty ones,",
		[REMAP_LEAVE_HINT] = ", leaving empty ones, preferably",
		[REMAP_VIEW] = " again (no old pages),",
	};
	bool anywhere = op->kind == OP_REMAP_ANYWHERE;

	say_range(words, anywhere ? "makes" : "moves", op->first, op->count);
	say(words, "%s", kinds[operation_remap(op)]);
	if (anywhere)
		say(words, " %u long%s", op->to_count, op->flag ? "" : ", in place");
	else
		say_range(words, " to", op->to, op->to_count);
}

static void say_advice(struct words *words, const struct operation *op)
{
	static const char *const advice_names[] = {
		[MADV_DONTNEED] = "DONTNEED",
		[MADV_DONTNEED_LOCKED] = "DONTNEED_LOCKED",
		[MADV_FREE] = "FREE",
		[MADV_DONTFORK] = "DONTFORK",
		[MADV_DOFORK] = "DOFORK",
		[MADV_WIPEONFORK] = "WIPEONFORK",
		[MADV_KEEPONFORK] = "KEEPONFORK",
		[MADV_HUGEPAGE] = "HUGEPAGE",
		[MADV_NOHUGEPAGE] = "NOHUGEPAGE",
	};
	static const char *const how[] = {"reading", "writing", "owning", "owning what is locked"};

	switch (op->kind) {
	case OP_LOCK:
		say_range(words, operation_lock_bits(op) ? "locks" : "unlocks", op->first,
			  op->count);
		if (operation_lock_bits(op) & REGION_LOCK_ONFAULT)
			say(words, " on fault");
		break;
	case OP_POPULATE:
		say_range(words, "populates", op->first, op->count);
		say(words, " by %s", how[operation_populate(op)]);
		break;
	default:
		say_range(words, "advises", op->first, op->count);
		say(words, " with %s", advice_names[operation_advice(op)]);
	}
}

static void say_range_call(struct words *words, const struct operation *op)
{
	switch (op->kind) {
	case OP_UNMAP:
		say_range(words, "unmaps", op->first, op->count);
		break;
	case OP_PROTECT:
		say_range(words, "protects", op->first, op->count);
		say(words, " as %s", prot_words(op->prot));
		break;
	case OP_REMAP_TO:
	case OP_REMAP_ANYWHERE:
		say_remap(words, op);
		break;
	case OP_LIMIT:
		say(words, op->flag ? "may map %u pages more%s" : "may map what it wants",
		    op->count, operation_limits_data(op) ? " of data" : "");
		break;
	case OP_TRUNCATE:
		say(words, "moves the end of memory %u to page %u", operation_memory(op),
		    operation_memory_end(op));
		break;
	case OP_BRK:
		say(words, "moves the end of its heap to %u pages",
		    op->to % (PROGRAM_PAGES - BRK_PAGE));
		break;
	default:
		say_advice(words, op);
	}
}

static void say_access(struct words *words, const struct operation *op)
{
	static const char *const verbs[OPERATION_KINDS] = {
		[OP_LOAD] = "reads",
		[OP_STORE] = "writes",
		[OP_EXECUTE] = "executes",
		[OP_COPY_FROM_USER] = "has the kernel copy from",
		[OP_COPY_TO_USER] = "has the kernel copy to",
		[OP_CLEAR_USER] = "has the kernel clear",
		[OP_COPY_STRING] = "has the kernel read a string from",
		[OP_WRITE_REMOTE] = "is written from outside at",
		[OP_ZERO_REMOTE] = "is cleared from outside at",
	};
	bool copies = op->kind > OP_EXECUTE, whole = op->flag && op->kind != OP_COPY_STRING;
	unsigned word = copies ? !whole : op->word;

	say(words, "%s %#llx", verbs[op->kind], (unsigned long long)word_va(op->first, word));
	if (copies)
		say(words, whole ? ", whole pages" : ", across the page's end");
}

void operation_describe(const struct operation *op, unsigned process, char *text, size_t bytes)
{
	struct words words = {.text = text, .bytes = bytes};

	say(&words, "process %u ", process);
	if (op->kind <= OP_MAP_HUGE)
		say_map(&words, op);
	else if (op->kind <= OP_BRK)
		say_range_call(&words, op);
	else if (op->kind <= OP_ZERO_REMOTE)
		say_access(&words, op);
	else
		say(&words, op->kind == OP_FORK   ? "forks"
			    : op->kind == OP_EXEC ? "runs a new program"
						  : "exits");
	if (operation_touches(op))
		say(&words, ", and touches the ends before and after");
	if (op->allow >= 0)
		say(&words, ", with %ld free frame%s", op->allow, op->allow == 1 ? "" : "s");
}
