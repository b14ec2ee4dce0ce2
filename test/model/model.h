/*
 * model.h: random operations on address spaces, over the host's software MMU, against an oracle.
 *
 *   model.c        runs a list of operations, and checks
 *   operation.c    an operation from its number; in words
 *   run_*.c        an operation done to the kernel's code and to the oracle, and compared
 *   oracle.c       what a program must find, page by page
 *   memory.c       what files and shared memory hold
 *   snapshot.c     what a space contains, to tell whether a failed call changed it
 *   shrink.c       the shortest list that still fails
 *
 * One thread; a run is decided by the seed and the numbers of its operations.
 */
#ifndef TEST_MODEL_MODEL_H
#define TEST_MODEL_MODEL_H

#include "host.h"
#include "lib/types.h"
#include "vm/object.h"
#include "vm/space.h"

#define PROCESSES 6u
#define FRAMES    40000u
#define WORDS     2u /* of each page that are looked at: the first and the last */
#define NO_PAGE   (~0u)

/* ---- where things are: the pages of each process that the model uses, numbered from 0 ---- */

enum window_kind {
	WINDOW_PROGRAM, /* text, data, bss, then the heap */
	WINDOW_ARENA,   /* crosses leaf tables (512 pages), 2 MiB and a boundary of 1 GiB */
	WINDOW_TOP,     /* where the kernel puts what has no place of its own */
	WINDOW_STACK,   /* below USER_END: the limit, the gap, and some more */
	WINDOWS
};
struct window {
	vaddr_t start;
	unsigned first, pages; /* numbers */
};
extern const struct window windows[WINDOWS];

#define PROGRAM_PAGES 760u
#define ARENA_PAGES   3000u
#define TOP_PAGES     400u
#define LIMIT_PAGES   96u /* RLIMIT_STACK */
#define GAP_PAGES     256u
#define STACK_PAGES   (LIMIT_PAGES + GAP_PAGES + 60u)
#define PAGES         (PROGRAM_PAGES + ARENA_PAGES + TOP_PAGES + STACK_PAGES)

/* The program that exec maps, from the first page on. */
#define TEXT_PAGES   40u
#define RODATA_PAGES 10u
#define DATA_PAGES   20u
#define BSS_PAGES    60u
#define BRK_PAGE     (TEXT_PAGES + RODATA_PAGES + DATA_PAGES + BSS_PAGES + 5)
#define STACK_FIRST  4u /* pages of stack at first */

/* ---- the oracle ---- */

#define UNMAPPED    0xff
#define FILE_PAGES  600u
#define SHARED_MOST 64u /* pages of one shared memory */
#define MEMORIES    12u /* of which the first two are files, which last */
#define FILES       2u  /* 0: programs run from it, nobody writes; 1: anybody */
#define NO_LIMIT    (~0u)
#define ANONYMOUS   0xff /* in place of the number of a memory */

/* What is mapped from somewhere: a file or shared memory. */
struct memory {
	struct vm_object *object; /* NULL: a free place */
	unsigned pages;           /* a mapping may reach beyond */
	bool ends_inside;         /* in the middle of the last of them */
	bool cut[FILE_PAGES];     /* the end once was inside: the second word is gone */
	uint64_t words[FILE_PAGES][WORDS];
};
extern struct memory memories[MEMORIES];

struct page {
	uint8_t prot;         /* VM_*, or UNMAPPED */
	uint8_t memory;       /* its number, or ANONYMOUS */
	bool copied;          /* a private page of a memory that was written: value counts */
	uint16_t flags;       /* REGION_* */
	uint16_t end;         /* if its region grows down: the page after that */
	uint16_t memory_page; /* of its memory */
	uint64_t value[WORDS];
};

struct process {
	struct vm_space *space; /* NULL: no process */
	unsigned brk;           /* the page after the heap */
	unsigned limit;         /* RLIMIT_AS in pages, or NO_LIMIT */
	unsigned data_limit;    /* RLIMIT_DATA, the same */
	struct page pages[PAGES];
};
extern struct process processes[PROCESSES];

static inline bool grows_down(const struct page *page)
{
	return page->prot != UNMAPPED && (page->flags & REGION_GROWS_DOWN);
}

vaddr_t page_va(unsigned page);
unsigned page_at(vaddr_t va); /* or NO_PAGE */
const struct window *window_of(unsigned page);
vaddr_t word_va(unsigned page, unsigned word);

bool all_mapped(const struct process *process, unsigned first, unsigned count);
bool all_free(const struct process *process, unsigned first, unsigned count);
unsigned mapped_in(const struct process *process, unsigned first, unsigned count);
/* May so many pages more be mapped, with this protection and these REGION_*? */
bool within_limits(const struct process *process, unsigned prot, unsigned flags, unsigned more);
/* The pages that RLIMIT_DATA counts. */
unsigned data_pages(const struct process *process);
/* Where the words of a page stand now: its own, or its memory's. */
uint64_t *page_words(struct page *page);
/* Before a private page is written. */
void make_private(struct page *page);

/* What an access (VM_READ, VM_WRITE, VM_EXEC) must come to; *grows: the stack grows by it. */
enum host_result expect_access(const struct process *process, unsigned page, unsigned access,
			       bool *grows);
void oracle_grow(struct process *process, unsigned page);
void oracle_unmap(struct process *process, unsigned first, unsigned count);
/* A region border comes to be below `page`. */
void oracle_cut(struct process *process, unsigned page);
/* The highest free pages of WINDOW_TOP that the kernel must choose; NO_PAGE: it goes lower. */
unsigned oracle_find_gap(const struct process *process, unsigned count);
/* Is the end of a mapping, `page`, too near to a stack above it? */
bool near_a_stack(const struct process *process, unsigned page);
/* Every region is as the oracle says, and it says nothing more. */
void oracle_check_regions(const struct process *process);
void oracle_check_memories(void);
/* A free place for a shared memory of that many pages, created; NO_PAGE: there is none, or no frame
 * for it. The caller drops its reference after mapping it. */
unsigned memory_create(unsigned pages);
void files_create(void);
void files_destroy(void);
/* Move the end of a memory. `inside`: to the middle of the last page. What is cut off is gone, from
 * all mappings, too; if the end moves back a file's pages are as at first, those of shared memory
 * zeros. */
void memory_resize(unsigned memory, unsigned pages, bool inside);

/* ---- operations ---- */

#define OPERATIONS(X)        \
	X(MAP_ANONYMOUS)     \
	X(MAP_FILE_PRIVATE)  \
	X(MAP_FILE_SHARED)   \
	X(MAP_SHARED_MEMORY) \
	X(MAP_ANYWHERE)      \
	X(MAP_HUGE)          \
	X(UNMAP)             \
	X(PROTECT)           \
	X(REMAP_TO)          \
	X(REMAP_ANYWHERE)    \
	X(DISCARD)           \
	X(ADVISE_HUGE)       \
	X(ADVISE_FORK)       \
	X(LOCK)              \
	X(POPULATE)          \
	X(LIMIT)             \
	X(TRUNCATE)          \
	X(BRK)               \
	X(LOAD)              \
	X(STORE)             \
	X(EXECUTE)           \
	X(COPY_FROM_USER)    \
	X(COPY_TO_USER)      \
	X(CLEAR_USER)        \
	X(COPY_STRING)       \
	X(WRITE_REMOTE)      \
	X(ZERO_REMOTE)       \
	X(FORK)              \
	X(EXEC)              \
	X(EXIT)
#define OPERATION_NAME(name) OP_##name,
enum operation_kind { OPERATIONS(OPERATION_NAME) OPERATION_KINDS };

/* All that is random is decided here, without looking at any state, so that any part of a list of
 * operations can be run alone. */
struct operation {
	enum operation_kind kind;
	unsigned process;      /* or the next one that lives */
	unsigned first, count; /* pages, in one window */
	unsigned to, to_count; /* the same */
	unsigned prot;
	unsigned memory_page; /* offset in the file; fits count if that is at most FILE_PAGES */
	unsigned word;
	bool flag;
	bool mapped; /* an access: to the next page that is mapped, if there is one */
	uint64_t value;
	long allow; /* frames that may be allocated; negative: all */
};

enum outcome {
	DONE,
	SKIPPED, /* makes no sense now; nothing was called */
	REFUSED, /* rightly, and not for want of memory: nothing has changed */
	FAILED,  /* for want of memory: nothing has changed */
	PARTLY,  /* part of it is done, as is allowed */
	OUTCOMES
};

/* The MADV_* of DISCARD, ADVISE_HUGE and ADVISE_FORK. */
int operation_advice(const struct operation *op);
/* The REGION_LOCK_BITS that LOCK sets. */
unsigned operation_lock_bits(const struct operation *op);
enum vm_populate operation_populate(const struct operation *op);
/* LIMIT: is it RLIMIT_DATA, not RLIMIT_AS? */
bool operation_limits_data(const struct operation *op);
/* Which memory TRUNCATE moves the end of; it may not be there. And where to. */
unsigned operation_memory(const struct operation *op);
unsigned operation_memory_end(const struct operation *op);

/* What kind of a mremap(2) it is. */
enum remap_kind {
	REMAP_REGION,     /* of what is one region */
	REMAP_ANY,        /* of what there is */
	REMAP_WHOLE,      /* the same, and the size stays */
	REMAP_LEAVE,      /* the same, and empty pages stay: MREMAP_DONTUNMAP */
	REMAP_LEAVE_HINT, /* the same, and the new place is only a hint */
	REMAP_VIEW,       /* old size 0 */
};
enum remap_kind operation_remap(const struct operation *op);

void operation_make(uint64_t seed, unsigned long number, unsigned oom, struct operation *out);
/* Around some of the calls the ends of their range are written and read: the processor then has
 * translations that the call makes stale, and would be seen to use them. */
bool operation_touches(const struct operation *op);
/* A line of words into `text`. */
void operation_describe(const struct operation *op, unsigned process, char *text, size_t bytes);
extern const char *const operation_names[OPERATION_KINDS];

/* Do it to the kernel's code and to the oracle; a difference ends the run. */
enum outcome run_map(const struct operation *op, struct process *process);
enum outcome run_unmap(const struct operation *op, struct process *process);
enum outcome run_protect(const struct operation *op, struct process *process);
enum outcome run_remap(const struct operation *op, struct process *process);
enum outcome run_lock(const struct operation *op, struct process *process);
enum outcome run_populate(const struct operation *op, struct process *process);
enum outcome run_limit(const struct operation *op, struct process *process);
enum outcome run_truncate(const struct operation *op, struct process *process);
enum outcome run_advise(const struct operation *op, struct process *process);
enum outcome run_brk(const struct operation *op, struct process *process);
enum outcome run_access(const struct operation *op, struct process *process);
enum outcome run_copy(const struct operation *op, struct process *process);
enum outcome run_string(const struct operation *op, struct process *process);
enum outcome run_fork(const struct operation *op, struct process *process);
enum outcome run_exec(const struct operation *op, struct process *process);
enum outcome run_exit(const struct operation *op, struct process *process);

/* Take away what the kernel put below WINDOW_TOP, where nobody looks. */
void unmap_outside(struct process *process, vaddr_t at, unsigned count);

/* The kernel and the oracle differ: say so and end this run as failed. */
NORETURN void differ(const char *what, vaddr_t va, uint64_t got, uint64_t want);
/* An error of a call that may fail for want of memory only. */
enum outcome expect_done(const char *what, const struct operation *op, int error);

/* ---- snapshots ---- */

/* The contents of a space: regions, and for each present leaf its address, protection but for W,
 * and words. `which` is 0 or 1: there are two places. */
void snapshot_take(unsigned which, struct vm_space *space);
/* Does the space still have that content? Words of objects' own pages, which anybody may
 * write, are compared only if `cached`. */
void snapshot_compare(unsigned which, struct vm_space *space, bool cached, const char *what);
/* The words that the leaf at va holds; false: there is none. */
bool snapshot_peek(struct vm_space *space, vaddr_t va, uint64_t words[WORDS]);

/* ---- running lists ---- */

struct arguments {
	unsigned long seed, operations, check;
	unsigned oom;
	const char *share; /* how deep fork shares */
	bool words;        /* print each operation before it is run */
};

/* Where a run is; in memory that outlives it. */
struct progress {
	unsigned long place; /* in the list */
	unsigned long outcomes[OPERATION_KINDS][OUTCOMES];
};

/* Run these operations, by their numbers, in a new machine. Where something differs the process
 * ends. `numbers` NULL: all from 0. */
void run_list(const struct arguments *arguments, const unsigned long *numbers, unsigned long count,
	      volatile struct progress *progress);

/* run_list() in a process of its own. true: it failed, and *count is cut behind the operation at
 * which it did. */
bool run_fails(const struct arguments *arguments, const unsigned long *numbers,
	       unsigned long *count, bool loud, volatile struct progress *progress);
/* The command that runs this list. */
void print_replay(const struct arguments *arguments, const unsigned long *numbers,
		  unsigned long count);

/* Find a shorter list that fails as well, print it, and the command that runs it. The exit status:
 * 1, or 2 if nothing fails. */
int shrink(const struct arguments *arguments, const unsigned long *given, unsigned long count,
	   volatile struct progress *progress);

#endif
