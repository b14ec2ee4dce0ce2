/* run_remap.c: mremap. */
#include <linux/mman.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "model.h"
#include "vm/region.h"

/* A call: pages, and how. */
struct remap {
	unsigned from, count;
	unsigned to, to_count;
	unsigned flags; /* MREMAP_* */
};

static bool leaves(const struct remap *remap)
{
	return remap->flags & MREMAP_DONTUNMAP;
}

/* Like Linux's, a call that fails may have cut off or unmapped the target first. Look. */
static enum outcome look_again(struct process *process)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (process->pages[i].prot != UNMAPPED && !region_find(process->space, page_va(i)))
			oracle_unmap(process, i, 1);
	return PARTLY;
}

/* How many pages from this one on are its region's; 0: it is not mapped. */
static unsigned region_pages(const struct process *process, unsigned page)
{
	const struct vm_region *region = region_find(process->space, page_va(page));

	return region ? (unsigned)((region->end - page_va(page)) >> PAGE_SHIFT) : 0;
}

/* ---- what the pages are afterwards ---- */

/* A page of the same mapping, `further` pages on, that nobody has touched. */
static struct page fresh(const struct page *page, unsigned further)
{
	struct page made = *page;

	made.copied = false;
	memset(made.value, 0, sizeof(made.value));
	if (made.memory != ANONYMOUS)
		made.memory_page = (uint16_t)(made.memory_page + further);
	return made;
}

/* The old place is given up, or left empty. */
static void leave(struct process *process, const struct remap *remap)
{
	if (!leaves(remap)) {
		oracle_unmap(process, remap->from, remap->count);
		return;
	}
	for (unsigned i = remap->from; i < remap->from + remap->count; i++) {
		struct page *page = &process->pages[i];
		*page = fresh(page, 0);
		page->flags &= (uint16_t)~REGION_LOCK_BITS;
	}
}

/* The pages of one region move; with count 0 there is another view of it. */
static void move_pages(struct process *process, const struct remap *remap)
{
	struct page *pages = process->pages;
	unsigned kept = MIN(remap->count, remap->to_count);
	struct page last = pages[remap->from + (kept ? kept - 1 : 0)];

	if (kept) {
		oracle_cut(process, remap->from);
		oracle_cut(process, remap->from + remap->count);
	}
	oracle_unmap(process, remap->to, remap->to_count);
	for (unsigned i = 0; i < remap->to_count; i++) {
		struct page *page = &pages[remap->to + i];
		*page = i < kept ? pages[remap->from + i] : fresh(&last, i + !!kept - kept);
		page->end = (uint16_t)(remap->to + remap->to_count);
	}
	leave(process, remap);
}

static void lengthen(struct process *process, unsigned first, unsigned count, unsigned to_count)
{
	struct page *pages = process->pages, last = pages[first + count - 1];

	for (unsigned i = count; i < to_count; i++)
		pages[first + i] = fresh(&last, i + 1 - count);
	if (!grows_down(&last))
		return;
	for (unsigned i = first + to_count;
	     i-- > 0 && grows_down(&pages[i]) && (i >= first + count || pages[i].end == last.end);)
		pages[i].end = (uint16_t)(first + to_count);
}

/* ---- what the call must say ---- */

/* Before anything is changed. */
static int expect_refusal(const struct process *process, const struct remap *remap)
{
	const struct page *page = &process->pages[remap->from];
	bool stays = !(remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP));
	unsigned more = remap->to_count > remap->count ? remap->to_count - remap->count : 0;

	if (!stays && remap->to < remap->from + remap->count &&
	    remap->from < remap->to + remap->to_count)
		return -EINVAL;
	if (page->prot == UNMAPPED)
		return -EFAULT;
	if (stays && !more)
		return 0;
	if (!remap->count && !(page->flags & REGION_SHARED))
		return -EINVAL;
	if (MIN(remap->count, remap->to_count) > region_pages(process, remap->from) &&
	    !((remap->flags & MREMAP_FIXED) && remap->count == remap->to_count))
		return -EFAULT;
	return more && !within_limits(process, page->prot, page->flags, more) ? -ENOMEM : 0;
}

static enum outcome refused(const struct remap *remap, const struct operation *op, int error,
			    int want)
{
	if (error != want && !(error == -ENOMEM && op->allow >= 0))
		differ("remap", page_va(remap->from), (uint64_t)error, (uint64_t)want);
	return REFUSED;
}

static int call(const struct process *process, const struct remap *remap, vaddr_t *address)
{
	*address = page_va(remap->to);
	return vm_remap(process->space, page_va(remap->from), remap->count * PAGE_SIZE,
			remap->to_count * PAGE_SIZE, remap->flags, address);
}

/* ---- to a place that is given ---- */

/* What moves as one: the pages from the first on that are one region's in the kernel. Done before
 * the call, which changes that. */
struct parts {
	unsigned count;
	struct remap part[PAGES];
};
static struct parts parts; /* of the call that is being made */

/* A move that keeps the size takes along all regions, and the holes between them. */
static void find_parts(const struct process *process, const struct remap *remap)
{
	parts.count = 0;
	for (unsigned at = 0; at < remap->count;) {
		unsigned pages = MIN(region_pages(process, remap->from + at), remap->count - at);
		if (pages) {
			struct remap *part = &parts.part[parts.count++];
			*part = *remap;
			part->from += at;
			part->to += at;
			part->count = part->to_count = pages;
		}
		at += MAX(pages, 1u);
	}
}

/* 0, or the error that it must have come to, after some of the parts. */
static int follow_parts(struct process *process)
{
	for (unsigned i = 0; i < parts.count; i++) {
		const struct remap *part = &parts.part[i];
		oracle_unmap(process, part->to, part->to_count);
		const struct page *page = &process->pages[part->from];
		if (leaves(part) && !within_limits(process, page->prot, page->flags, part->count))
			return -ENOMEM;
		move_pages(process, part);
	}
	return 0;
}

static enum outcome remap_to(const struct operation *op, struct process *process,
			     const struct remap *remap)
{
	bool whole = remap->count == remap->to_count;
	int want = expect_refusal(process, remap);
	vaddr_t address;

	if (whole)
		find_parts(process, remap);
	/* Where memory runs out on the way nobody could tell what is done. */
	if (whole && parts.count > 1 && op->allow >= 0)
		return SKIPPED;
	int error = call(process, remap, &address);
	if (want)
		return refused(remap, op, error, want);
	if (error == -ENOMEM && op->allow >= 0)
		return look_again(process);
	if (whole) {
		want = follow_parts(process);
	} else if (remap->to == remap->from) {
		/* Another view in place of itself: that is unmapped first, and nothing is left. */
		oracle_unmap(process, remap->to, remap->to_count);
		want = -EFAULT;
	} else {
		move_pages(process, remap);
	}
	if (error != want)
		differ("remap", page_va(remap->from), (uint64_t)error, (uint64_t)want);
	if (!error && address != page_va(remap->to))
		differ("place of a remap", page_va(remap->from), address, page_va(remap->to));
	return want ? PARTLY : DONE;
}

/* ---- where there is room ---- */

/* It must have moved to page `to`, or to where nobody looks. */
static enum outcome moved(struct process *process, struct remap *remap, vaddr_t address,
			  unsigned to)
{
	if (to == NO_PAGE) {
		oracle_cut(process, remap->from);
		oracle_cut(process, remap->from + remap->count);
		leave(process, remap);
		unmap_outside(process, address, remap->to_count);
		return DONE;
	}
	if (address != page_va(to))
		differ("place of a remap", page_va(remap->from), address, page_va(to));
	remap->to = to;
	move_pages(process, remap);
	return DONE;
}

/* The old place is kept, so the new one needs room in the limit. */
static enum outcome leave_for_hint(const struct operation *op, struct process *process,
				   struct remap *remap)
{
	bool free_there = all_free(process, remap->to, remap->to_count);
	unsigned place = free_there ? remap->to : oracle_find_gap(process, remap->to_count);
	int want = expect_refusal(process, remap);
	vaddr_t address;

	const struct page *page = &process->pages[remap->from];
	if (!want && !within_limits(process, page->prot, page->flags, remap->count))
		want = -ENOMEM;
	int error = call(process, remap, &address);
	if (want)
		return refused(remap, op, error, want);
	enum outcome outcome = expect_done("remap", op, error);
	return outcome == DONE ? moved(process, remap, address, place) : outcome;
}

static enum outcome resize(const struct operation *op, struct process *process, struct remap *remap)
{
	bool grows = remap->to_count > remap->count;
	bool in_place =
		grows && region_pages(process, remap->from) == remap->count &&
		all_free(process, remap->from + remap->count, remap->to_count - remap->count);
	unsigned gap = grows ? oracle_find_gap(process, remap->to_count) : NO_PAGE;
	int want = expect_refusal(process, remap);
	vaddr_t address;

	if (!want && grows && !in_place && !(remap->flags & MREMAP_MAYMOVE))
		want = -ENOMEM;
	int error = call(process, remap, &address);
	if (want)
		return refused(remap, op, error, want);
	enum outcome outcome = expect_done("remap", op, error);
	if (outcome != DONE)
		return outcome;
	if (grows && !in_place)
		return moved(process, remap, address, gap);
	if (address != page_va(remap->from))
		differ("place of a remap", page_va(remap->from), address, page_va(remap->from));
	if (grows)
		lengthen(process, remap->from, remap->count, remap->to_count);
	else if (remap->to_count < remap->count)
		oracle_unmap(process, remap->from + remap->to_count,
			     remap->count - remap->to_count);
	return DONE;
}

enum outcome run_remap(const struct operation *op, struct process *process)
{
	enum remap_kind kind = operation_remap(op);
	struct remap remap = {op->first, op->count, op->to, op->to_count, MREMAP_MAYMOVE};
	const struct window *window = window_of(op->first);

	if (op->kind == OP_REMAP_ANYWHERE) {
		remap.flags = op->flag ? MREMAP_MAYMOVE : 0;
		remap.to = op->first; /* which does not matter */
		remap.to_count = MIN(op->to_count, window->first + window->pages - op->first);
	} else {
		remap.flags |= kind == REMAP_LEAVE_HINT ? 0 : MREMAP_FIXED;
	}
	if (kind == REMAP_REGION)
		remap.count = MIN(op->count, region_pages(process, op->first));
	if (kind == REMAP_REGION && !remap.count)
		return SKIPPED;
	if (kind == REMAP_REGION && op->kind == OP_REMAP_TO && op->flag)
		remap.to_count = MIN(remap.to_count, remap.count);
	if (kind == REMAP_VIEW)
		remap.count = 0;
	if (kind == REMAP_WHOLE || kind == REMAP_LEAVE || kind == REMAP_LEAVE_HINT)
		remap.count = remap.to_count = MIN(remap.count, remap.to_count);
	if (kind == REMAP_LEAVE || kind == REMAP_LEAVE_HINT)
		remap.flags |= MREMAP_DONTUNMAP;
	if (op->kind == OP_REMAP_ANYWHERE)
		return resize(op, process, &remap);
	return kind == REMAP_LEAVE_HINT ? leave_for_hint(op, process, &remap)
					: remap_to(op, process, &remap);
}
