/* test_usage.c: memory counted from the tables, memory of others looked at, the trace of faults. */
#include <linux/mman.h>

#include "lib/text.h"
#include "space_support.h"
#include "vm/peek.h"
#include "vm/print.h"
#include "vm/table.h"
#include "vm/trace.h"
#include "vm/usage.h"

#define TEXT_BYTES 65536u

static char text[TEXT_BYTES];
static struct text_buffer buffer;

/* ---- usage ---- */

static struct vm_usage usage_of(struct vm_space *space, vaddr_t start, uint64_t bytes)
{
	struct vm_usage usage;

	rw_lock_exclusive(&space->lock);
	vm_usage_locked(space, start, start + bytes, &usage);
	rw_unlock_exclusive(&space->lock);
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

KTEST(usage_of_large_pages)
{
	struct vm_space *space = fresh_space(), *child;

	map(space, HUGE_BYTES, 2 * HUGE_BYTES, VM_READ | VM_WRITE, 0, NULL);
	EXPECT_EQ(vm_advise(space, HUGE_BYTES, 3 * HUGE_BYTES, MADV_HUGEPAGE), 0);
	touch(space, 2 * HUGE_BYTES, 1);
	struct vm_usage usage = usage_of(space, HUGE_BYTES, 2 * HUGE_BYTES);
	EXPECT_EQ(usage.huge, HUGE_BYTES);
	EXPECT_EQ(usage.private_dirty, HUGE_BYTES);
	/* Cut apart it is small pages, and still nobody else's. */
	EXPECT_EQ(vm_protect(space, 2 * HUGE_BYTES, PAGE_SIZE, VM_READ), 0);
	usage = usage_of(space, HUGE_BYTES, 2 * HUGE_BYTES);
	EXPECT_EQ(usage.huge, 0);
	EXPECT_EQ(usage.private_dirty, HUGE_BYTES);
	end_space(space);

	/* Cut apart by one of two who share it. */
	space = fresh_space();
	map(space, HUGE_BYTES, HUGE_BYTES, VM_READ | VM_WRITE, 0, NULL);
	EXPECT_EQ(vm_advise(space, HUGE_BYTES, 2 * HUGE_BYTES, MADV_HUGEPAGE), 0);
	touch(space, HUGE_BYTES, 1);
	EXPECT_EQ(vm_fork(space, &child), 0);
	EXPECT_EQ(vm_protect(child, HUGE_BYTES, PAGE_SIZE, VM_READ), 0);
	usage = usage_of(child, HUGE_BYTES, HUGE_BYTES);
	EXPECT_EQ(usage.shared_dirty, HUGE_BYTES);
	EXPECT_EQ(usage.proportional >> VM_USAGE_FRACTION_BITS, HUGE_BYTES / 2);
	usage = usage_of(space, HUGE_BYTES, HUGE_BYTES);
	EXPECT_EQ(usage.shared_dirty, HUGE_BYTES);
	EXPECT_EQ(usage.huge, HUGE_BYTES);
	EXPECT_EQ(usage.proportional >> VM_USAGE_FRACTION_BITS, HUGE_BYTES / 2);
	end_space(space);
	usage = usage_of(child, HUGE_BYTES, HUGE_BYTES);
	EXPECT_EQ(usage.private_dirty, HUGE_BYTES);
	end_space(child);
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
	rw_lock_exclusive(&space->lock);
	vm_peek_locked(space, words, AREA + PAGE_SIZE - 8, 16); /* across two pages */
	EXPECT(words[0] == 17 && words[1] == 18 && words[2] == 9);
	vm_peek_locked(space, words, AREA + 2 * PAGE_SIZE - 8, 24); /* into one not there */
	EXPECT(words[0] == 0 && words[1] == 0 && words[2] == 0);
	vm_peek_locked(space, words, USER_END - 8, 8); /* in no region */
	EXPECT_EQ(vm_physical_locked(space, AREA + 2 * PAGE_SIZE), 0);
	rw_unlock_exclusive(&space->lock);
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
	text_buffer_init(&buffer, text, sizeof(text));
	rw_lock_exclusive(&space->lock);
	vm_print_tables_locked(space, &buffer.sink);
	EXPECT_STREQ(text, "");
	vm_explain_locked(space, AREA, &buffer.sink);
	EXPECT(contains(text, "write:   page fault: bad-address"));
	rw_unlock_exclusive(&space->lock);
	usage = usage_of(space, 0, USER_END);
	EXPECT_EQ(usage.resident + usage.tables, 0);
	vm_space_put(space);
	struct frame_counts counts;
	frame_counts(&counts);
	EXPECT_EQ(counts.by_state[FRAME_SLAB], 0);
}

KTEST(mutex_try_lock_never_waits)
{
	struct vm_space *space = fresh_space();

	EXPECT(rw_try_lock_exclusive(&space->lock));
	EXPECT(!rw_try_lock_exclusive(&space->lock)); /* not even for itself */
	EXPECT(rw_held_exclusive(&space->lock));
	rw_unlock_exclusive(&space->lock);
	EXPECT(rw_try_lock_exclusive(&space->lock));
	rw_unlock_exclusive(&space->lock);
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
