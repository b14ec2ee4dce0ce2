/* run_advise.c: madvise, mlock, populating, and the limit: what changes no place of anything. */
#include <linux/mman.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "model.h"
#include "vm/region.h"

static bool is_anonymous(const struct page *page)
{
	return page->memory == ANONYMOUS && !(page->flags & REGION_SHARED);
}

static vaddr_t end_va(const struct operation *op)
{
	return page_va(op->first) + op->count * PAGE_SIZE;
}

/* ---- madvise ---- */

static bool discards(int advice)
{
	return advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED || advice == MADV_FREE;
}

/* Is the advice nothing for such a page? */
static bool is_refused(const struct page *page, int advice)
{
	if (advice == MADV_WIPEONFORK)
		return !is_anonymous(page);
	if (advice == MADV_FREE && !is_anonymous(page))
		return true;
	return (advice == MADV_FREE || advice == MADV_DONTNEED) && (page->flags & REGION_LOCKED);
}

static unsigned advised_flags(unsigned flags, int advice)
{
	switch (advice) {
	case MADV_DONTFORK:
		return flags | REGION_NO_FORK;
	case MADV_DOFORK:
		return flags & ~REGION_NO_FORK;
	case MADV_WIPEONFORK:
		return flags | REGION_WIPE_ON_FORK;
	case MADV_KEEPONFORK:
		return flags & ~REGION_WIPE_ON_FORK;
	case MADV_HUGEPAGE:
		return flags | REGION_HUGE;
	case MADV_NOHUGEPAGE:
		return flags & ~REGION_HUGE;
	default:
		return flags;
	}
}

/* The page has other flags now. Regions end where they differ. */
static void set_flags(const struct operation *op, struct process *process, unsigned number,
		      unsigned flags)
{
	struct page *page = &process->pages[number];

	if (page->flags == flags)
		return;
	if (number == op->first)
		oracle_cut(process, number);
	if (number == op->first + op->count - 1)
		oracle_cut(process, number + 1);
	page->flags = (uint16_t)flags;
}

/* What the call must say; *changed: it did something before it stopped. */
static int follow_advice(const struct operation *op, struct process *process, bool *changed)
{
	int advice = operation_advice(op), result = 0;

	*changed = false;
	for (unsigned i = op->first; i < op->first + op->count; i++) {
		struct page *page = &process->pages[i];
		if (page->prot == UNMAPPED) {
			result = -ENOMEM;
			continue;
		}
		if (is_refused(page, advice))
			return -EINVAL;
		*changed = true;
		set_flags(op, process, i, advised_flags(page->flags, advice));
		if (!discards(advice))
			continue;
		page->copied = false;
		if (page->memory == ANONYMOUS)
			memset(page->value, 0, sizeof(page->value));
	}
	return result;
}

static bool is_one_region(const struct operation *op, const struct process *process)
{
	const struct vm_region *region = region_find(process->space, page_va(op->first));

	return region && region->end >= end_va(op);
}

enum outcome run_advise(const struct operation *op, struct process *process)
{
	bool one = is_one_region(op, process), changed;
	int advice = operation_advice(op);
	int error = vm_advise(process->space, page_va(op->first), end_va(op), advice);

	if (error == -EAGAIN && op->allow >= 0) {
		if (one)
			return FAILED;
		/* Some regions may be done. All of them now. */
		host_allow_allocations(-1);
		error = vm_advise(process->space, page_va(op->first), end_va(op), advice);
	}
	int want = follow_advice(op, process, &changed);
	if (error != want)
		differ("advice", page_va(op->first), (uint64_t)error, (uint64_t)want);
	return !want ? DONE : changed ? PARTLY : REFUSED;
}

/* ---- mlock ---- */

enum outcome run_lock(const struct operation *op, struct process *process)
{
	unsigned bits = operation_lock_bits(op), done = 0;
	bool one = is_one_region(op, process);
	int error = vm_lock(process->space, page_va(op->first), end_va(op), bits);

	if (error == -ENOMEM && op->allow >= 0) {
		if (one)
			return FAILED;
		host_allow_allocations(-1);
		error = vm_lock(process->space, page_va(op->first), end_va(op), bits);
	}
	for (; done < op->count && process->pages[op->first + done].prot != UNMAPPED; done++)
		set_flags(op, process, op->first + done,
			  (process->pages[op->first + done].flags & ~REGION_LOCK_BITS) | bits);
	int want = done < op->count ? -ENOMEM : 0;
	if (error != want)
		differ("lock", page_va(op->first), (uint64_t)error, (uint64_t)want);
	return !want ? DONE : done ? PARTLY : REFUSED;
}

/* ---- populating ---- */

/* How the page is to be accessed; 0: not at all. */
static unsigned populate_access(const struct page *page, enum vm_populate how)
{
	if (how == VM_POPULATE_READ)
		return VM_READ;
	if (how == VM_POPULATE_WRITE)
		return VM_WRITE;
	if (how == VM_POPULATE_LOCKED && (page->flags & REGION_LOCK_BITS) != REGION_LOCKED)
		return 0;
	return (page->prot & VM_WRITE) && !(page->flags & REGION_SHARED) ? VM_WRITE : VM_READ;
}

/* What must come of one page. */
static int expect_populate(const struct process *process, unsigned number, enum vm_populate how)
{
	const struct page *page = &process->pages[number];
	unsigned access = populate_access(page, how);
	bool grows;

	if (page->prot == UNMAPPED)
		return -EFAULT;
	if (!access)
		return 0;
	/* The processor lets what is writable be read, but this call does not. */
	if ((how == VM_POPULATE_READ || how == VM_POPULATE_WRITE) && !(page->prot & access))
		return -EACCES;
	enum host_result result = expect_access(process, number, access, &grows);
	return result == HOST_OK ? 0 : result == HOST_FAULT_OBJECT ? -EIO : -EACCES;
}

/* The page is there now, and an access takes no fault. */
static void populated(struct process *process, unsigned number, enum vm_populate how)
{
	unsigned access = populate_access(&process->pages[number], how);

	if (access && !mmu_probe(process->space->root, page_va(number), access | VM_USER))
		differ("a page that was populated", page_va(number), 0, access);
	if (access == VM_WRITE)
		make_private(&process->pages[number]);
}

/* In steps, as long as there is no error. */
static int populate(struct vm_space *space, vaddr_t start, vaddr_t end, enum vm_populate how,
		    vaddr_t *reached)
{
	int error = 0;

	for (*reached = start; *reached < end && !error;)
		error = vm_populate(space, *reached, end, how, reached);
	return error;
}

enum outcome run_populate(const struct operation *op, struct process *process)
{
	enum vm_populate how = operation_populate(op);
	vaddr_t reached;
	int error = populate(process->space, page_va(op->first), end_va(op), how, &reached);
	int want = 0;

	for (unsigned i = op->first; i < op->first + op->count; i++) {
		want = expect_populate(process, i, how);
		if (error == -ENOMEM && op->allow >= 0 && page_va(i) == reached)
			return PARTLY;
		if (want) {
			if (error != want || reached != page_va(i))
				differ("populate", reached, (uint64_t)error, (uint64_t)want);
			return i > op->first ? PARTLY : REFUSED;
		}
		populated(process, i, how);
	}
	if (error || reached != end_va(op))
		differ("populate", reached, (uint64_t)error, 0);
	return DONE;
}

/* ---- RLIMIT_AS and RLIMIT_DATA ---- */

enum outcome run_limit(const struct operation *op, struct process *process)
{
	bool data = operation_limits_data(op);
	struct vm_limits limits = {
		.stack = LIMIT_PAGES * PAGE_SIZE,
		.address_space = VM_NO_LIMIT,
		.data = VM_NO_LIMIT,
		.data_hard = VM_NO_LIMIT,
	};

	process->limit = process->data_limit = NO_LIMIT;
	if (op->flag && data) {
		/* Often below what is there already: that stays, and no more comes. */
		process->data_limit = op->count + (op->value & 1 ? data_pages(process) : 0);
		limits.data = limits.data_hard = process->data_limit * PAGE_SIZE;
	} else if (op->flag) {
		process->limit = mapped_in(process, 0, PAGES) + op->count;
		limits.address_space = process->limit * PAGE_SIZE + op->value % PAGE_SIZE;
	}
	vm_set_limits(process->space, &limits);
	return DONE;
}
