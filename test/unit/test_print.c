/* test_print.c: what the memory system shows of itself: regions and tables as text, and faults that
 * are foretold. */
#include <linux/mman.h>

#include "lib/text.h"
#include "space_support.h"
#include "vm/print.h"
#include "vm/table.h"

#define TEXT_BYTES 65536u

static char text[TEXT_BYTES];
static struct text_buffer buffer;

static const char *tables_of(struct vm_space *space)
{
	text_buffer_init(&buffer, text, sizeof(text));
	rw_lock_exclusive(&space->lock);
	vm_print_tables_locked(space, &buffer.sink);
	rw_unlock_exclusive(&space->lock);
	return text;
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
	EXPECT_EQ(vm_advise(space, AREA + 5 * PAGE_SIZE, AREA + 6 * PAGE_SIZE, MADV_DONTNEED), 0);
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

KTEST(print_knows_large_leaves_and_no_access)
{
	struct vm_space *space = fresh_space(), *child;

	map(space, HUGE_BYTES, 2 * HUGE_BYTES, VM_READ | VM_WRITE, 0, NULL);
	EXPECT_EQ(vm_advise(space, HUGE_BYTES, 3 * HUGE_BYTES, MADV_HUGEPAGE), 0);
	touch(space, 2 * HUGE_BYTES, 1);
	tables_of(space);
	EXPECT(contains(text, "L2 [  2]"));
	EXPECT(contains(text, "rw-uad-  1 page of 2 MiB, anon\n"));
	EXPECT(!contains(text, "L1"));
	/* Cut apart while it is shared, its pages have one count together: the block's. */
	EXPECT_EQ(vm_fork(space, &child), 0);
	EXPECT_EQ(vm_protect(child, 2 * HUGE_BYTES, PAGE_SIZE, 0), 0);
	tables_of(child);
	EXPECT(contains(text, "1 page of 4 KiB, anon, no access x513\n"));
	EXPECT(contains(text, "511 pages of 4 KiB, anon x513\n"));
	tables_of(space);
	EXPECT(contains(text, "1 page of 2 MiB, anon x513\n"));
	end_space(child);
	end_space(space);
}

KTEST(print_regions_one_a_line)
{
	struct vm_space *space = fresh_space();

	map(space, AREA, 8 * PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL);
	map(space, USER_END - PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE, REGION_GROWS_DOWN, NULL);
	text_buffer_init(&buffer, text, sizeof(text));
	rw_lock_exclusive(&space->lock);
	vm_print_regions_locked(space, &buffer.sink);
	rw_unlock_exclusive(&space->lock);
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

	rw_lock_exclusive(&space->lock);
	struct vm_prediction told = vm_predict_locked(space, va, access);
	memcpy(before, space->faults, sizeof(before));
	rw_unlock_exclusive(&space->lock);
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
	rw_lock_exclusive(&space->lock);
	vm_explain_locked(space, va, &buffer.sink);
	rw_unlock_exclusive(&space->lock);
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
