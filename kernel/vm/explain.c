/*
 * explain.c: one address, walked as the processor walks it, and what an access there would do. The
 * prediction follows the picture in fault.c, without changing anything; a test holds the two
 * against each other.
 */
#include "debug/assert.h"
#include "mm/layout.h"
#include "vm/object.h"
#include "vm/print.h"
#include "vm/region.h"
#include "vm/table.h"

typedef unsigned long long ull; /* what format()'s ll takes */

/* The walk to an address, and what owning the tables on the way would do. */
struct path {
	entry_t entry;   /* where it ends: none, a swap slot or a leaf */
	unsigned to_own; /* entries on the way that are not writable when it is their turn */
	bool copies;     /* a table on the way would be copied, and then all below it */
};

static struct path walk(const struct vm_space *space, vaddr_t va)
{
	const entry_t *table = phys_to_virt(space->root);
	struct path path = {.to_own = 0};

	for (unsigned level = MMU_LEVELS;; level--) {
		path.entry = entry_load(&table[entry_index(va, level)]);
		if (!entry_is_present(path.entry) || entry_is_leaf(path.entry, level))
			return path;
		/* Copying a table takes W from all entries in it, and gives each child one more
		 * name. */
		if (path.copies || !entry_can_write(path.entry)) {
			path.to_own++;
			path.copies |= frame_count(table_child(path.entry)) > 1;
		}
		table = phys_to_virt(entry_pa(path.entry));
	}
}

static bool allowed(const struct vm_region *region, unsigned access)
{
	if (access & (VM_WRITE | VM_EXEC))
		return region->prot & access & (VM_WRITE | VM_EXEC);
	return region->prot;
}

static enum vm_fault_kind kind_of_absent(const struct vm_region *region, vaddr_t va, bool write)
{
	if (!region->object)
		return write ? FAULT_ZERO_FILL : FAULT_ZERO_READ;
	if (region_offset(region, ALIGN_DOWN(va, PAGE_SIZE)) >= region->object->bytes)
		return FAULT_BAD_ADDRESS;
	return write && !(region->flags & REGION_SHARED) ? FAULT_FILE_COPY : FAULT_FILE_MAP;
}

/* A write to a page that is there, once the tables on the way are owned. */
static enum vm_fault_kind kind_of_present(const struct path *path)
{
	const struct frame *frame = table_child(path->entry);

	if (entry_shared(path->entry))
		return entry_can_write(path->entry) ? FAULT_OWN_TABLE : FAULT_REUSE;
	if (frame->state == FRAME_ZERO)
		return FAULT_ZERO_FILL;
	if (path->copies || frame_count(frame) > 1)
		return FAULT_OWN_PAGE;
	return entry_can_write(path->entry) ? FAULT_OWN_TABLE : FAULT_REUSE;
}

struct vm_prediction vm_predict_locked(const struct vm_space *space, vaddr_t va, unsigned access)
{
	struct vm_prediction result = {.faults = true, .kind = FAULT_BAD_ADDRESS};
	bool write = access & VM_WRITE;

	assert(rw_held_exclusive(&space->lock));
	if (va >= USER_END || !space->root)
		return result;
	const struct vm_region *region = region_find(space, va);
	if (!region) {
		region = vm_stack_above(space, va);
		result.grows_stack = region != NULL;
	}
	if (!region)
		return result;
	result.kind = FAULT_BAD_ACCESS;
	if (!allowed(region, access))
		return result;
	if (mmu_probe(space->root, va, access | VM_USER))
		return (struct vm_prediction){.faults = false, .kind = FAULT_SPURIOUS};
	struct path path = walk(space, va);
	result.own_tables = path.to_own;
	if (entry_is_swap(path.entry))
		result.kind = FAULT_SWAP_IN;
	else if (!entry_is_present(path.entry))
		result.kind = kind_of_absent(region, va, write);
	else
		result.kind = kind_of_present(&path);
	return result;
}

/* ---- in words ---- */

static const char *const kind_words[FAULT_KINDS] = {
	[FAULT_ZERO_READ] = "the page of zeros is mapped, read-only",
	[FAULT_ZERO_FILL] = "a new page of zeros is mapped",
	[FAULT_FILE_MAP] = "the file's own page is mapped",
	[FAULT_FILE_COPY] = "a copy of the file's page is mapped",
	[FAULT_OWN_PAGE] = "the page is copied, others keep the old one",
	[FAULT_REUSE] = "nobody else has the page: it becomes writable",
	[FAULT_SWAP_IN] = "the page is read back from swap",
	[FAULT_BAD_ADDRESS] = "SIGSEGV, SEGV_MAPERR; SIGBUS past the end of a file",
	[FAULT_BAD_ACCESS] = "SIGSEGV, SEGV_ACCERR",
};

static void explain_access(const struct vm_space *space, vaddr_t va, unsigned access,
			   const char *name, struct text_sink *sink)
{
	struct vm_prediction result = vm_predict_locked(space, va, access);

	text_print(sink, "%-8s ", name);
	if (!result.faults) {
		text_put(sink, "the tables allow it: no fault\n");
		return;
	}
	text_put(sink, "page fault: ");
	if (result.grows_stack)
		text_put(sink, "stack-grow; then ");
	if (result.own_tables)
		text_print(sink, "own-table (%u table%s on the way)%s", result.own_tables,
			   result.own_tables == 1 ? "" : "s",
			   result.kind == FAULT_OWN_TABLE ? "\n" : "; then ");
	if (result.kind != FAULT_OWN_TABLE)
		text_print(sink, "%s: %s\n", vm_fault_kind_names[result.kind],
			   kind_words[result.kind]);
}

static void explain_region(const struct vm_space *space, vaddr_t va, struct text_sink *sink)
{
	const struct vm_region *region = region_find(space, va);

	text_print(sink, "address %#llx: ", (ull)va);
	if (!region) {
		text_put(sink, va < USER_END ? "in no region\n" : "not the program's half\n");
		return;
	}
	text_print(sink, "in region %#llx-%#llx %c%c%c%c, %s%s%s\n", (ull)region->start,
		   (ull)region->end, region->prot & VM_READ ? 'r' : '-',
		   region->prot & VM_WRITE ? 'w' : '-', region->prot & VM_EXEC ? 'x' : '-',
		   region->flags & REGION_SHARED ? 's' : 'p', region->object ? "a file" : "zeros",
		   region->name ? " " : "", region->name ? region->name : "");
}

static void explain_entry(entry_t entry, unsigned level, unsigned index, struct text_sink *sink)
{
	text_print(sink, "  level %u, entry %3u: ", level, index);
	if (entry_is_none(entry)) {
		text_put(sink, "empty: the walk ends here\n");
		return;
	}
	if (entry_is_swap(entry)) {
		text_print(sink, "not present, swap slot %llu\n", (ull)entry_slot(entry));
		return;
	}
	const struct frame *frame = table_child(entry);
	text_print(sink, "0x%016llx, %s at pa %#llx (%s), %s", (ull)entry.raw,
		   entry_is_leaf(entry, level) ? "the page" : "a table", (ull)entry_pa(entry),
		   frame_state_names[frame->state],
		   entry_can_write(entry) ? "writable" : "not writable");
	if (frame_count(frame) > 1)
		text_print(sink, ", %u names: shared", frame_count(frame));
	text_put(sink, "\n");
}

void vm_explain_locked(const struct vm_space *space, vaddr_t va, struct text_sink *sink)
{
	const entry_t *table = phys_to_virt(space->root);

	assert(rw_held_exclusive(&space->lock));
	explain_region(space, va, sink);
	if (va < USER_END && space->root) {
		for (unsigned level = MMU_LEVELS; level >= 1; level--) {
			unsigned index = entry_index(va, level);
			entry_t entry = entry_load(&table[index]);
			explain_entry(entry, level, index, sink);
			if (!entry_is_present(entry) || entry_is_leaf(entry, level))
				break;
			table = phys_to_virt(entry_pa(entry));
		}
	}
	explain_access(space, va, VM_READ, "read:", sink);
	explain_access(space, va, VM_WRITE, "write:", sink);
	explain_access(space, va, VM_EXEC, "execute:", sink);
}
