/*
 * print.h: an address space as text, for people: what its regions and tables are, and what an
 * access would do. Nothing here changes anything: no entry, count or counter. All need
 * space->lock, and print to any sink (lib/text.h).
 */
#ifndef VM_PRINT_H
#define VM_PRINT_H

#include "lib/text.h"
#include "vm/space.h"

/* The regions, then the tables. */
void vm_print_locked(const struct vm_space *space, struct text_sink *sink);

/* A line a region: where, what it allows, what fills it. */
void vm_print_regions_locked(const struct vm_space *space, struct text_sink *sink);

/*
 * The tree of page tables, a line an entry, indented by level. Neighbouring leaves that are alike
 * (flags, kind of frame, count) share a line, so 1 GiB takes about 1,000 lines and not 262,144.
 */
void vm_print_tables_locked(const struct vm_space *space, struct text_sink *sink);

/*
 * What each page of [start, end), page-aligned, is now: runs " <letter><pages>[@<frame>[+|-]]" with
 * the first page's frame in hexadecimal, and whether the others' go up or down from there. Letters:
 *
 *   a absent                       p private: nobody else has it
 *   z the page of zeros            c private memory shared until somebody writes (copy-on-write)
 *   f a page of a file             s a page of a shared mapping
 *   w swapped out
 *
 * Large letters: by way of a page table that another space has, too. The length is bounded by the
 * pages in memory, not by the range.
 */
void vm_print_pages_locked(const struct vm_space *space, vaddr_t start, vaddr_t end,
			   struct text_sink *sink);

/* How often each case of the picture in fault.c has happened. */
void vm_print_faults_locked(const struct vm_space *space, struct text_sink *sink);

/* The walk to one address, level by level, and what a read, a write and an execution there would
 * do, in words. Any address, even a kernel's. */
void vm_explain_locked(const struct vm_space *space, vaddr_t va, struct text_sink *sink);

/* What an access (VM_READ, VM_WRITE or VM_EXEC) by the program would do. */
struct vm_prediction {
	bool faults;             /* else: the processor allows it */
	enum vm_fault_kind kind; /* of the leaf, were there memory enough; own-table: the leaf
				    needs nothing */
	bool grows_stack;
	unsigned own_tables; /* tables on the way that would be copied or taken over */
};
struct vm_prediction vm_predict_locked(const struct vm_space *space, vaddr_t va, unsigned access);

#endif
