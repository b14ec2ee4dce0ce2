/*
 * test_tlb.c: how much is flushed, and when, on processors with tags: vm/tlb.c. host_walks() tells
 * whether a translation was there still.
 */
#include "mmu_access.h"
#include "host.h"
#include "sync/cpu.h"
#include "vm/tlb.h"

#define AREA  0x40000000ull
#define OTHER (AREA + PAGE_SIZE)

static struct world world;
static struct vm_space *second;

static bool begin(void)
{
	if (!world_create(&world) || !EXPECT_EQ(vm_space_create(&second), 0))
		return false;
	map_pages(world.space, AREA, 2, RW, NULL, 0);
	WRITES(AREA, 1);
	WRITES(OTHER, 2);
	return true;
}

static void end(void)
{
	vm_space_destroy(second);
	world_destroy(&world);
}

/* Has the processor to walk the tables for va? */
static bool walks(vaddr_t va)
{
	uint64_t before = host_walks(), value;

	EXPECT_EQ(host_load(world.space, va, &value), HOST_OK);
	return host_walks() != before;
}

static void leave_and_come_back(void)
{
	vm_space_activate(second);
	vm_space_activate(world.space);
}

KTEST(tlb_keeps_what_nobody_has_changed)
{
	if (!begin())
		return;
	leave_and_come_back();
	EXPECT(!walks(AREA) && !walks(OTHER));
	vm_space_activate(NULL);
	EXPECT(!walks(AREA));
	/* A change to another space is none to this one. */
	vm_flush(second, AREA, AREA + PAGE_SIZE);
	leave_and_come_back();
	EXPECT(!walks(AREA));
	end();
}

KTEST(tlb_flushes_what_was_changed_in_between)
{
	if (!begin())
		return;
	vm_space_activate(second);
	vm_flush(world.space, AREA, AREA + PAGE_SIZE);
	EXPECT(walks(AREA) && walks(OTHER));
	/* Once. */
	leave_and_come_back();
	EXPECT(!walks(AREA) && !walks(OTHER));
	vm_space_activate(second);
	vm_flush_everywhere();
	EXPECT(walks(AREA) && walks(OTHER));
	end();
}

KTEST(tlb_flushes_a_range_of_the_running_space)
{
	if (!begin())
		return;
	vm_flush(world.space, AREA, AREA + PAGE_SIZE);
	EXPECT(walks(AREA) && !walks(OTHER));
	leave_and_come_back();
	EXPECT(!walks(AREA) && !walks(OTHER));
	vm_flush_here(world.space, AREA, AREA + PAGE_SIZE);
	EXPECT(walks(AREA) && !walks(OTHER));
	leave_and_come_back();
	EXPECT(!walks(AREA));
	end();
}

/* Two CPUs flush this space, and the call of the second one comes first: it can't tell what the
 * first one is about, so all goes, and there is nothing left to do for the other. */
KTEST(tlb_calls_that_overtake_each_other)
{
	if (!begin())
		return;
	world.space->tlb_generation++; /* of OTHER, by a CPU whose call is on its way */
	vm_flush(world.space, AREA, AREA + PAGE_SIZE);
	EXPECT(walks(AREA) && walks(OTHER));
	leave_and_come_back();
	EXPECT(!walks(AREA) && !walks(OTHER));
	end();
}

/* One was made between this CPU's look at the generation and its call: it has not reached this CPU
 * when the space is left, so that must not be forgotten. */
KTEST(tlb_a_call_that_has_not_come_yet)
{
	if (!begin())
		return;
	world.space->tlb_generation++;
	leave_and_come_back();
	EXPECT(walks(AREA) && walks(OTHER));
	end();
}

KTEST(tlb_takes_the_tag_that_was_not_used_for_longest)
{
	struct vm_space *more[CPU_TAGS];

	if (!begin())
		return;
	for (unsigned i = 0; i < CPU_TAGS; i++)
		EXPECT_EQ(vm_space_create(&more[i]), 0);
	/* This one comes back all the time, and so keeps its tag. */
	for (unsigned i = 0; i < CPU_TAGS; i++) {
		vm_space_activate(more[i]);
		EXPECT(!walks(AREA));
	}
	for (unsigned i = 0; i < CPU_TAGS; i++)
		vm_space_activate(more[i]);
	EXPECT(walks(AREA));
	for (unsigned i = 0; i < CPU_TAGS; i++)
		vm_space_destroy(more[i]);
	end();
}

KTEST(tlb_without_tags_every_switch_flushes)
{
	host_tags = false;
	if (begin()) {
		EXPECT(!walks(AREA));
		leave_and_come_back();
		EXPECT(walks(AREA) && walks(OTHER));
		vm_flush(world.space, AREA, AREA + PAGE_SIZE);
		EXPECT(walks(AREA) && !walks(OTHER));
		EXPECT_EQ(world.space->tlb_generation, 0);
		end();
	}
	host_tags = true;
}
