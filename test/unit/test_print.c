/* test_print.c: what the memory system shows of itself: printed tables, predicted faults, memory
 * counted from the tables, the trace. */
#include "debug/ktest.h"
#include "host.h"
#include "lib/string.h"
#include "lib/text.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "mm/slab.h"
#include "vm/object.h"
#include "vm/peek.h"
#include "vm/print.h"
#include "vm/region.h"
#include "vm/trace.h"
#include "vm/usage.h"

#define FRAMES     20000u
#define AREA       0x600000ull
#define TEXT_BYTES 65536u

static char text[TEXT_BYTES];
static struct text_buffer buffer;

static struct vm_space *fresh_space(void)
{
	struct vm_space *space = NULL;

	host_memory_init(FRAMES);
	EXPECT_EQ(vm_space_create(&space), 0);
	return space;
}

static void map(struct vm_space *space, vaddr_t at, uint64_t bytes, unsigned prot,
		unsigned region_flags, struct vm_object *object)
{
	vaddr_t address;
	struct vm_map_request request = {
		.address = at,
		.bytes = bytes,
		.prot = prot,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
		.object = object,
	};

	EXPECT_EQ(vm_map(space, &request, &address), 0);
}

static const char *tables_of(struct vm_space *space)
{
	text_buffer_init(&buffer, text, sizeof(text));
	mutex_lock(&space->lock);
	vm_print_tables_locked(space, &buffer.sink);
	mutex_unlock(&space->lock);
	return text;
}

static bool contains(const char *haystack, const char *needle)
{
	size_t bytes = strlen(needle);

	for (; *haystack; haystack++)
		if (!strncmp(haystack, needle, bytes))
			return true;
	return false;
}

static unsigned count_lines(const char *what)
{
	unsigned count = 0;

	for (; *what; what++)
		count += *what == '\n';
	return count;
}

static void touch(struct vm_space *space, vaddr_t start, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		EXPECT_EQ(host_store(space, start + i * PAGE_SIZE, i + 1), HOST_OK);
}

static void end_space(struct vm_space *space)
{
	vm_check(space);
	vm_space_activate(NULL);
	vm_space_destroy(space);
}

/* ---- text ---- */

KTEST(text_buffer_drops_what_does_not_fit)
{
	struct text_buffer small;
	char to[8];

	text_buffer_init(&small, to, sizeof(to));
	EXPECT_STREQ(to, "");
	text_print(&small.sink, "%s-%d", "abc", 12);
	EXPECT_STREQ(to, "abc-12");
	text_put(&small.sink, "xyz");
	EXPECT_STREQ(to, "abc-12x");
	text_put(&small.sink, "more");
	EXPECT_STREQ(to, "abc-12x");
	EXPECT_EQ(small.length, 7);
}

KTEST(text_words_are_cut_in_place)
{
	char line[] = "  pagetable\t12  x ", empty[] = " ";
	const char *words[3];

	EXPECT_EQ(text_words(line, words, 3), 3);
	EXPECT_STREQ(words[0], "pagetable");
	EXPECT_STREQ(words[1], "12");
	EXPECT_STREQ(words[2], "x");
	EXPECT_EQ(text_words(empty, words, 3), 0);
	char many[] = "a b c d";
	EXPECT_EQ(text_words(many, words, 3), -1);
}

/* ---- tables ---- */

KTEST(print_folds_alike_leaves)
{
	struct vm_space *space = fresh_space();

	map(space, AREA, 8 * MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 1024); /* two whole tables */
	tables_of(space);
	/* The root and the heading, an entry each at levels 4 and 3, two tables with one line of
	 * pages each. */
	EXPECT_EQ(count_lines(text), 2 + 1 + 1 + 2 * 2);
	EXPECT(contains(text, "L1 [  0-511]"));
	EXPECT(contains(text, "rw-uad-  512 pages of 4 KiB, anon"));
	EXPECT(!contains(text, " x2"));
	/* One that was only read is no longer alike. */
	EXPECT_EQ(vm_discard(space, AREA + 5 * PAGE_SIZE, PAGE_SIZE), 0);
	tables_of(space);
	EXPECT(contains(text, "L1 [  0-  4]") && contains(text, "L1 [  6-511]"));
	EXPECT_EQ(host_load(space, AREA + 5 * PAGE_SIZE, &(uint64_t){0}), HOST_OK);
	tables_of(space);
	EXPECT(contains(text, "L1 [  5]") && contains(text, "1 page of 4 KiB, zero x"));
	end_space(space);
}

KTEST(print_shows_what_fork_shares)
{
	struct vm_space *space = fresh_space(), *child;

	map(space, AREA, MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 3);
	EXPECT_EQ(vm_fork(space, &child), 0);
	/* The first table below the root has two names, and is not writable through either. */
	tables_of(child);
	EXPECT(contains(text, "L4 [  0]"));
	EXPECT(contains(text, "r-xua--  table x2, shared with all below it"));
	/* The child writes: the tables on the way are its own, the other pages have two names. */
	touch(child, AREA + PAGE_SIZE, 1);
	tables_of(child);
	EXPECT(!contains(text, "table x2"));
	EXPECT(contains(text, "r--uad-  1 page of 4 KiB, anon x2"));
	EXPECT(contains(text, "rw-uad-  1 page of 4 KiB, anon\n"));
	end_space(child);
	end_space(space);
}

/* No call makes a large leaf of user memory yet; the printer reads it from the table. */
KTEST(print_knows_large_leaves_and_no_access)
{
	struct vm_space *space = fresh_space();

	map(space, AREA, 8 * MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 2);
	struct frame *block = frame_alloc(FRAME_ANON, 9);
	EXPECT(block != NULL);
	const entry_t *at = phys_to_virt(space->root);
	at = phys_to_virt(entry_pa(at[0]));
	entry_t *level2 = phys_to_virt(entry_pa(at[0]));
	level2[5] = entry_leaf(frame_pa(block), 2, VM_READ | VM_WRITE | VM_USER);
	tables_of(space);
	EXPECT(contains(text, "L2 [  5]"));
	EXPECT(contains(text, "rw-uad-  1 page of 2 MiB, anon"));
	struct vm_usage usage;
	mutex_lock(&space->lock);
	vm_usage_locked(space, AREA, AREA + 8 * MIB, &usage);
	mutex_unlock(&space->lock);
	EXPECT_EQ(usage.huge, 2 * MIB);
	EXPECT_EQ(usage.resident, 2 * MIB + 2 * PAGE_SIZE);
	level2[5] = entry_none();
	frame_free(block);
	EXPECT_EQ(vm_protect(space, AREA, PAGE_SIZE, 0), 0);
	tables_of(space);
	EXPECT(contains(text, "1 page of 4 KiB, anon, no access"));
	end_space(space);
}

KTEST(print_regions_one_a_line)
{
	struct vm_space *space = fresh_space();

	map(space, AREA, 8 * PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL);
	map(space, USER_END - PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE, REGION_GROWS_DOWN, NULL);
	text_buffer_init(&buffer, text, sizeof(text));
	mutex_lock(&space->lock);
	vm_print_regions_locked(space, &buffer.sink);
	mutex_unlock(&space->lock);
	EXPECT_EQ(count_lines(text), 3);
	EXPECT(contains(text, "2 regions, 36 KiB"));
	EXPECT(contains(text, "000000600000-000000608000 rw-p       32 KiB  zeros\n"));
	EXPECT(contains(text, "rw-p        4 KiB  zeros, grows down\n"));
	end_space(space);
}

/* ---- prediction ---- */

/* What is predicted must be what the counters then say. */
static void expect_predicted(struct vm_space *space, vaddr_t va, unsigned access)
{
	uint64_t before[FAULT_KINDS];

	mutex_lock(&space->lock);
	struct vm_prediction told = vm_predict_locked(space, va, access);
	memcpy(before, space->faults, sizeof(before));
	mutex_unlock(&space->lock);
	if (!told.faults) {
		EXPECT(mmu_probe(space->root, va, access | VM_USER));
		return;
	}
	enum vm_result result = vm_fault(space, va, access);
	EXPECT_EQ(result == VM_BAD_ADDRESS, told.kind == FAULT_BAD_ADDRESS);
	EXPECT_EQ(result == VM_BAD_ACCESS, told.kind == FAULT_BAD_ACCESS);
	before[FAULT_OWN_TABLE] += told.own_tables;
	before[FAULT_STACK_GROW] += told.grows_stack;
	before[told.kind] += told.kind != FAULT_OWN_TABLE && va < USER_END;
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		if (!EXPECT_EQ(space->faults[i], before[i]))
			ktest_fail(__FILE__, __LINE__, "case %s at %#llx, access %u",
				   vm_fault_kind_names[i], (unsigned long long)va, access);
}

static int fill_page(struct vm_object *object, uint64_t index, void *page)
{
	memset(page, (int)index + 1, PAGE_SIZE);
	return 0;
}

static const struct vm_object_ops object_ops = {.fill = fill_page};

static void expect_all_predicted(struct vm_space *space, vaddr_t file, vaddr_t shared)
{
	const vaddr_t places[] = {AREA,
				  AREA + 3 * PAGE_SIZE,
				  AREA + 4 * MIB,
				  file,
				  file + PAGE_SIZE,
				  shared,
				  shared + PAGE_SIZE,
				  USER_END - PAGE_SIZE,
				  USER_END - 3 * MIB,
				  USER_END - 64 * MIB,
				  USER_END,
				  0x1000};

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		expect_predicted(space, places[i], VM_READ);
		expect_predicted(space, places[i], VM_WRITE);
		expect_predicted(space, places[i] + PAGE_SIZE, VM_WRITE);
		expect_predicted(space, places[i], VM_EXEC);
	}
}

KTEST(explain_foretells_each_fault)
{
	const vaddr_t file = 0x10000000ull, shared = 0x20000000ull;
	struct vm_space *space = fresh_space(), *child, *grandchild;
	struct vm_object *object;

	EXPECT_EQ(vm_object_create(&object_ops, NULL, 16 * PAGE_SIZE, &object), 0);
	map(space, AREA, 8 * MIB, VM_READ | VM_WRITE, 0, NULL);
	map(space, file, 8 * PAGE_SIZE, VM_READ | VM_WRITE | VM_EXEC, 0, object);
	map(space, shared, 8 * PAGE_SIZE, VM_READ | VM_WRITE, REGION_SHARED, object);
	map(space, USER_END - PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE, REGION_GROWS_DOWN, NULL);
	expect_all_predicted(space, file, shared);
	EXPECT_EQ(vm_fork(space, &child), 0);
	expect_all_predicted(child, file, shared);
	EXPECT_EQ(vm_fork(child, &grandchild), 0);
	expect_all_predicted(space, file, shared);
	end_space(child);
	expect_all_predicted(grandchild, file, shared);
	end_space(space);
	expect_all_predicted(grandchild, file, shared);
	end_space(grandchild);
	vm_object_put(object);
}

static const char *explained(struct vm_space *space, vaddr_t va)
{
	text_buffer_init(&buffer, text, sizeof(text));
	mutex_lock(&space->lock);
	vm_explain_locked(space, va, &buffer.sink);
	mutex_unlock(&space->lock);
	return text;
}

KTEST(explain_says_it_in_words)
{
	struct vm_space *space = fresh_space(), *child;

	map(space, AREA, MIB, VM_READ | VM_WRITE, 0, NULL);
	explained(space, AREA);
	EXPECT(contains(text, "level 4, entry   0: empty: the walk ends here"));
	EXPECT(contains(text, "read:    page fault: zero-read:"));
	EXPECT(contains(text, "write:   page fault: zero-fill:"));
	EXPECT(contains(text, "execute: page fault: bad-access: SIGSEGV, SEGV_ACCERR"));
	touch(space, AREA, 1);
	EXPECT(contains(explained(space, AREA), "write:   the tables allow it: no fault"));
	EXPECT_EQ(vm_fork(space, &child), 0);
	explained(child, AREA);
	EXPECT(contains(text, "(table), not writable, 2 names: shared"));
	EXPECT(contains(text, "own-table (3 tables on the way); then own-page:"));
	EXPECT(contains(explained(child, 0x1000), "in no region"));
	EXPECT(contains(explained(child, UINT64_MAX), "not the program's half"));
	end_space(child);
	end_space(space);
}

/* ---- usage ---- */

static struct vm_usage usage_of(struct vm_space *space, vaddr_t start, uint64_t bytes)
{
	struct vm_usage usage;

	mutex_lock(&space->lock);
	vm_usage_locked(space, start, start + bytes, &usage);
	mutex_unlock(&space->lock);
	return usage;
}

KTEST(usage_counts_pages_and_who_shares_them)
{
	struct vm_space *space = fresh_space(), *child;

	map(space, AREA, 8 * MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 600);
	EXPECT_EQ(host_load(space, AREA + 4 * MIB, &(uint64_t){0}), HOST_OK); /* zeros: nowhere */
	struct vm_usage usage = usage_of(space, AREA, 8 * MIB);
	EXPECT_EQ(usage.resident, 600 * PAGE_SIZE);
	EXPECT_EQ(usage.anonymous, 600 * PAGE_SIZE);
	EXPECT_EQ(usage.private_dirty, 600 * PAGE_SIZE);
	EXPECT_EQ(usage.shared_dirty + usage.shared_clean + usage.private_clean, 0);
	EXPECT_EQ(usage.proportional >> VM_USAGE_FRACTION_BITS, 600 * PAGE_SIZE);
	EXPECT_EQ(usage.tables, 5 * PAGE_SIZE); /* one of levels 3 and 2, three of level 1 */
	/* A part of it only. */
	EXPECT_EQ(usage_of(space, AREA + 599 * PAGE_SIZE, 4 * PAGE_SIZE).resident, PAGE_SIZE);

	/* Shared through the tables above them, then through their own counts: the same for both.
	 */
	EXPECT_EQ(vm_fork(space, &child), 0);
	usage = usage_of(child, AREA, 8 * MIB);
	EXPECT_EQ(usage.shared_dirty, 600 * PAGE_SIZE);
	EXPECT_EQ(usage.proportional >> VM_USAGE_FRACTION_BITS, 300 * PAGE_SIZE);
	touch(child, AREA, 1);
	usage = usage_of(child, AREA, 8 * MIB);
	EXPECT_EQ(usage.private_dirty, PAGE_SIZE);
	EXPECT_EQ(usage.shared_dirty, 599 * PAGE_SIZE);
	EXPECT_EQ(usage.proportional >> VM_USAGE_FRACTION_BITS,
		  299 * PAGE_SIZE + PAGE_SIZE * 3 / 2);
	usage = usage_of(space, AREA, 8 * MIB);
	EXPECT_EQ(usage.private_dirty, PAGE_SIZE);
	end_space(child);
	usage = usage_of(space, AREA, 8 * MIB);
	EXPECT_EQ(usage.private_dirty, 600 * PAGE_SIZE);
	end_space(space);
}

KTEST(usage_of_file_pages)
{
	const vaddr_t again = 0x10000000ull;
	struct vm_space *space = fresh_space();
	struct vm_object *object;

	EXPECT_EQ(vm_object_create(&object_ops, NULL, 16 * PAGE_SIZE, &object), 0);
	map(space, AREA, 8 * PAGE_SIZE, VM_READ | VM_WRITE, 0, object);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(host_load(space, AREA + i * PAGE_SIZE, &(uint64_t){0}), HOST_OK);
	touch(space, AREA, 1); /* a copy */
	struct vm_usage usage = usage_of(space, AREA, 8 * PAGE_SIZE);
	EXPECT_EQ(usage.resident, 4 * PAGE_SIZE);
	EXPECT_EQ(usage.anonymous, PAGE_SIZE);
	EXPECT_EQ(usage.private_clean, 3 * PAGE_SIZE); /* the cache's own reference is no sharer */
	EXPECT_EQ(usage.private_dirty, PAGE_SIZE);
	map(space, again, 8 * PAGE_SIZE, VM_READ, 0, object);
	EXPECT_EQ(host_load(space, again + PAGE_SIZE, &(uint64_t){0}), HOST_OK);
	usage = usage_of(space, AREA, 8 * PAGE_SIZE);
	EXPECT_EQ(usage.private_clean, 2 * PAGE_SIZE);
	EXPECT_EQ(usage.shared_clean, PAGE_SIZE);
	end_space(space);
	vm_object_put(object);
}

/* ---- looking at what others have ---- */

KTEST(peek_reads_what_is_there)
{
	struct vm_space *space = fresh_space();
	uint64_t words[3] = {9, 9, 9};

	map(space, AREA, 3 * PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL);
	EXPECT_EQ(host_store(space, AREA + PAGE_SIZE - 8, 17), HOST_OK);
	EXPECT_EQ(host_store(space, AREA + PAGE_SIZE, 18), HOST_OK);
	mutex_lock(&space->lock);
	vm_peek_locked(space, words, AREA + PAGE_SIZE - 8, 16); /* across two pages */
	EXPECT(words[0] == 17 && words[1] == 18 && words[2] == 9);
	vm_peek_locked(space, words, AREA + 2 * PAGE_SIZE - 8, 24); /* into one not there */
	EXPECT(words[0] == 0 && words[1] == 0 && words[2] == 0);
	vm_peek_locked(space, words, USER_END - 8, 8); /* in no region */
	EXPECT_EQ(vm_physical_locked(space, AREA + 2 * PAGE_SIZE), 0);
	mutex_unlock(&space->lock);
	EXPECT_EQ(space->faults[FAULT_ZERO_READ], 0);
	end_space(space);
}

/* A process has exited while its files are read: they find nothing. */
KTEST(onlookers_find_an_ended_space_empty)
{
	struct vm_space *space = fresh_space();
	struct vm_usage usage;

	map(space, AREA, MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 3);
	vm_space_get(space);
	end_space(space);
	tables_of(space);
	EXPECT_STREQ(text, "");
	usage = usage_of(space, 0, USER_END);
	EXPECT_EQ(usage.resident + usage.tables, 0);
	explained(space, AREA);
	EXPECT(contains(text, "write:   page fault: bad-address"));
	vm_space_put(space);
	struct frame_counts counts;
	frame_counts(&counts);
	EXPECT_EQ(counts.by_state[FRAME_SLAB], 0);
}

KTEST(mutex_try_lock_never_waits)
{
	struct vm_space *space = fresh_space();

	EXPECT(mutex_try_lock(&space->lock));
	EXPECT(!mutex_try_lock(&space->lock)); /* not even for itself */
	EXPECT(mutex_held(&space->lock));
	mutex_unlock(&space->lock);
	EXPECT(mutex_try_lock(&space->lock));
	mutex_unlock(&space->lock);
	end_space(space);
}

/* ---- trace ---- */

KTEST(trace_tells_the_cases_in_order)
{
	struct vm_space *space = fresh_space(), *child;
	const char *last = text;

	vm_trace_set(true);
	space->id = 41;
	map(space, AREA, MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 1);
	EXPECT_EQ(vm_fork(space, &child), 0);
	child->id = 42;
	touch(child, AREA, 1);
	EXPECT_EQ(host_store(child, 0x1000, 1), HOST_FAULT_ADDRESS);
	vm_trace_set(false);
	touch(child, AREA + PAGE_SIZE, 1); /* not recorded any more */
	text_buffer_init(&buffer, text, sizeof(text));
	vm_trace_print(&buffer.sink, 6);
	EXPECT_EQ(count_lines(text), 6);
	static const char *const expected[] = {
		"pid 41 va 0x000000600000 zero-fill   frame 0x",
		"pid 42 va 0x000000600000 own-table ",
		"pid 42 va 0x000000600000 own-table ",
		"pid 42 va 0x000000600000 own-table ",
		"pid 42 va 0x000000600000 own-page    frame 0x",
		"pid 42 va 0x000000001000 bad-address",
	};
	for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
		const char *behind_time = strchr(last, ']');
		EXPECT(behind_time && !strncmp(behind_time + 2, expected[i], strlen(expected[i])));
		last = strchr(last, '\n') + 1;
	}
	end_space(child);
	end_space(space);
}

KTEST(trace_keeps_the_last_events)
{
	struct vm_space *space = fresh_space();

	vm_trace_set(true);
	map(space, AREA, 8 * MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, VM_TRACE_EVENTS + 100);
	vm_trace_set(false);
	text_buffer_init(&buffer, text, sizeof(text));
	vm_trace_print(&buffer.sink, VM_TRACE_PANIC_EVENTS);
	EXPECT_EQ(count_lines(text), VM_TRACE_PANIC_EVENTS);
	EXPECT(contains(text, "va 0x000000a63000 zero-fill")); /* the last page touched */
	end_space(space);
}
