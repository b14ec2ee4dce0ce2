/* test_vm.c: the address-space calls one by one, over the host's software MMU. model.c tests them
 * together. */
#include <linux/mman.h>

#include "debug/ktest.h"
#include "host.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "vm/object.h"
#include "vm/region.h"

#define FRAMES     20000u
#define HEAP_START 0x600000ull
#define STACK_TOP  USER_END

static struct vm_space *fresh_space(void)
{
	struct vm_space *space = NULL;

	host_memory_init(FRAMES);
	EXPECT_EQ(vm_space_create(&space), 0);
	return space;
}

static void end_space(struct vm_space *space)
{
	struct frame_counts counts;

	vm_check(space);
	vm_space_activate(NULL);
	vm_space_destroy(space);
	frame_counts(&counts);
	EXPECT_EQ(counts.by_state[FRAME_ANON], 0);
	EXPECT_EQ(counts.by_state[FRAME_SLAB], 0);
	EXPECT_EQ(counts.by_state[FRAME_TABLE], 1); /* the kernel's root */
}

static uint64_t frames_in(enum frame_state state)
{
	struct frame_counts counts;

	frame_counts(&counts);
	return counts.by_state[state];
}

static int map_fixed(struct vm_space *space, vaddr_t at, uint64_t bytes, unsigned prot,
		     unsigned region_flags)
{
	vaddr_t address;
	struct vm_map_request request = {
		.address = at,
		.bytes = bytes,
		.prot = prot,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
	};

	return vm_map(space, &request, &address);
}

KTEST(vm_brk_is_lazy_and_exact_to_the_byte)
{
	struct vm_space *space = fresh_space();
	uint64_t value;

	vm_set_brk_start(space, HEAP_START, 0);
	EXPECT_EQ(vm_brk(space, 0), HEAP_START);
	uint64_t before = frames_in(FRAME_FREE);
	EXPECT_EQ(vm_brk(space, HEAP_START + 64 * MIB + 5), HEAP_START + 64 * MIB + 5);
	EXPECT(before - frames_in(FRAME_FREE) <= 1); /* the region's slab, no more */
	EXPECT_EQ(host_store(space, HEAP_START + 10 * MIB, 7), HOST_OK);
	EXPECT_EQ(frames_in(FRAME_ANON), 1);
	/* Pages that come back are zero again, and were freed at once. */
	EXPECT_EQ(vm_brk(space, HEAP_START + 1), HEAP_START + 1);
	EXPECT_EQ(frames_in(FRAME_ANON), 0);
	EXPECT_EQ(vm_brk(space, HEAP_START + 64 * MIB), HEAP_START + 64 * MIB);
	EXPECT_EQ(host_load(space, HEAP_START + 10 * MIB, &value), HOST_OK);
	EXPECT_EQ(value, 0);
	end_space(space);
}

KTEST(vm_brk_refuses_with_the_old_end)
{
	struct vm_space *space = fresh_space();

	vm_set_brk_start(space, HEAP_START, 0);
	EXPECT_EQ(vm_brk(space, HEAP_START + PAGE_SIZE), HEAP_START + PAGE_SIZE);
	EXPECT_EQ(vm_brk(space, HEAP_START - 1), HEAP_START + PAGE_SIZE);
	EXPECT_EQ(vm_brk(space, UINT64_MAX), HEAP_START + PAGE_SIZE);
	EXPECT_EQ(vm_brk(space, USER_END + 1), HEAP_START + PAGE_SIZE);
	EXPECT_EQ(vm_brk(space, HEAP_START + 2ull * FRAMES * PAGE_SIZE), HEAP_START + PAGE_SIZE);
	EXPECT_EQ(map_fixed(space, HEAP_START + 16 * PAGE_SIZE, PAGE_SIZE, VM_READ, 0), 0);
	EXPECT_EQ(vm_brk(space, HEAP_START + 17 * PAGE_SIZE), HEAP_START + PAGE_SIZE);
	/* A page stays free between the heap and what is above it. */
	EXPECT_EQ(vm_brk(space, HEAP_START + 16 * PAGE_SIZE), HEAP_START + PAGE_SIZE);
	EXPECT_EQ(vm_brk(space, HEAP_START + 15 * PAGE_SIZE), HEAP_START + 15 * PAGE_SIZE);
	end_space(space);
}

KTEST(vm_stack_grows_to_its_limit_and_keeps_a_gap)
{
	struct vm_space *space = fresh_space();
	uint64_t limit = 8 * MIB;

	EXPECT_EQ(map_fixed(space, STACK_TOP - PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE,
			    REGION_GROWS_DOWN),
		  0);
	EXPECT_EQ(host_store(space, STACK_TOP - 5 * MIB, 1), HOST_OK); /* whatever the distance */
	EXPECT_EQ(host_store(space, STACK_TOP - limit, 1), HOST_OK);
	EXPECT_EQ(host_store(space, STACK_TOP - limit - 8, 1), HOST_FAULT_ADDRESS);
	EXPECT_EQ(space->faults[FAULT_STACK_GROW], 2);
	EXPECT_EQ(frames_in(FRAME_ANON), 2);
	end_space(space);

	/* A mapping below keeps the stack a gap away. */
	space = fresh_space();
	EXPECT_EQ(map_fixed(space, STACK_TOP - PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE,
			    REGION_GROWS_DOWN),
		  0);
	EXPECT_EQ(map_fixed(space, STACK_TOP - 4 * MIB, PAGE_SIZE, VM_READ, 0), 0);
	EXPECT_EQ(host_store(space, STACK_TOP - 2 * MIB, 1), HOST_OK);
	EXPECT_EQ(host_store(space, STACK_TOP - 4 * MIB + PAGE_SIZE + MIB - 8, 1),
		  HOST_FAULT_ADDRESS);
	end_space(space);
}

KTEST(vm_stack_does_not_grow_for_an_access_that_fails)
{
	struct vm_space *space = fresh_space();

	EXPECT_EQ(map_fixed(space, STACK_TOP - PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE,
			    REGION_GROWS_DOWN),
		  0);
	EXPECT_EQ(vm_fault(space, STACK_TOP - MIB, VM_EXEC), VM_BAD_ACCESS);
	EXPECT_EQ(space->mapped, PAGE_SIZE);
	host_allow_allocations(0);
	EXPECT_EQ(host_store(space, STACK_TOP - MIB, 1), HOST_NO_MEMORY);
	EXPECT_EQ(space->mapped, PAGE_SIZE);
	host_allow_allocations(-1);
	EXPECT_EQ(host_store(space, STACK_TOP - MIB, 1), HOST_OK);
	EXPECT_EQ(space->mapped, MIB);
	end_space(space);
}

KTEST(vm_map_chooses_from_the_top_and_refuses_nonsense)
{
	struct vm_space *space = fresh_space();
	vaddr_t first, second;
	struct vm_map_request request = {.bytes = 3 * PAGE_SIZE, .prot = VM_READ | VM_WRITE};

	EXPECT_EQ(vm_map(space, &request, &first), 0);
	EXPECT_EQ(first, VM_MMAP_TOP - 3 * PAGE_SIZE);
	EXPECT_EQ(vm_map(space, &request, &second), 0);
	EXPECT_EQ(second, first - 3 * PAGE_SIZE);
	EXPECT_EQ(space->region_count, 1); /* alike and adjacent: one region */

	request.bytes = 0;
	EXPECT_EQ(vm_map(space, &request, &first), -EINVAL);
	request.bytes = UINT64_MAX;
	EXPECT_EQ(vm_map(space, &request, &first), -ENOMEM);
	request.bytes = 1ull << 46;
	EXPECT_EQ(vm_map(space, &request, &first), -ENOMEM);
	EXPECT_EQ(map_fixed(space, 0, PAGE_SIZE, VM_READ, 0), -EPERM);
	EXPECT_EQ(map_fixed(space, 0x100001, PAGE_SIZE, VM_READ, 0), -EINVAL);
	EXPECT_EQ(map_fixed(space, USER_END, PAGE_SIZE, VM_READ, 0), -ENOMEM);
	EXPECT_EQ(map_fixed(space, USER_END - PAGE_SIZE, 2 * PAGE_SIZE, VM_READ, 0), -ENOMEM);
	EXPECT_EQ(map_fixed(space, 0xffff800000000000ull, PAGE_SIZE, VM_READ, 0), -ENOMEM);
	end_space(space);
}

KTEST(vm_unmap_in_the_middle_splits)
{
	struct vm_space *space = fresh_space();
	vaddr_t base = 0x10000000;
	uint64_t value;

	EXPECT_EQ(map_fixed(space, base, 10 * PAGE_SIZE, VM_READ | VM_WRITE, 0), 0);
	for (unsigned i = 0; i < 10; i++)
		EXPECT_EQ(host_store(space, base + i * PAGE_SIZE, i), HOST_OK);
	EXPECT_EQ(vm_unmap(space, base + 3 * PAGE_SIZE, 4 * PAGE_SIZE), 0);
	EXPECT_EQ(space->region_count, 2);
	EXPECT_EQ(frames_in(FRAME_ANON), 6);
	EXPECT_EQ(host_load(space, base + 3 * PAGE_SIZE, &value), HOST_FAULT_ADDRESS);
	EXPECT_EQ(host_load(space, base + 7 * PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 7);
	EXPECT_EQ(vm_unmap(space, base + 1, PAGE_SIZE), -EINVAL);
	EXPECT_EQ(vm_unmap(space, base, 0), -EINVAL);
	EXPECT_EQ(vm_unmap(space, 0x20000000, PAGE_SIZE), 0); /* nothing there: no error */
	end_space(space);
}

KTEST(vm_protect_takes_away_and_gives_back)
{
	struct vm_space *space = fresh_space();
	vaddr_t base = 0x10000000;
	uint64_t value;

	EXPECT_EQ(map_fixed(space, base, 4 * PAGE_SIZE, VM_READ | VM_WRITE, 0), 0);
	EXPECT_EQ(host_store(space, base, 42), HOST_OK);
	EXPECT_EQ(vm_protect(space, base, PAGE_SIZE, VM_READ), 0);
	EXPECT_EQ(host_store(space, base, 43), HOST_FAULT_ACCESS);
	EXPECT_EQ(vm_protect(space, base, PAGE_SIZE, 0), 0);
	EXPECT_EQ(host_load(space, base, &value), HOST_FAULT_ACCESS);
	EXPECT_EQ(vm_protect(space, base, PAGE_SIZE, VM_READ | VM_WRITE), 0);
	EXPECT_EQ(host_load(space, base, &value), HOST_OK);
	EXPECT_EQ(value, 42);
	EXPECT_EQ(space->region_count, 1); /* merged again */
	EXPECT_EQ(vm_protect(space, base, 5 * PAGE_SIZE, VM_READ), -ENOMEM);
	EXPECT_EQ(vm_protect(space, base + 1, PAGE_SIZE, VM_READ), -EINVAL);
	EXPECT_EQ(vm_protect(space, base, 0, VM_READ), 0);
	end_space(space);
}

KTEST(vm_remap_grows_in_place_or_moves)
{
	struct vm_space *space = fresh_space();
	vaddr_t base = 0x10000000, address = 0;
	uint64_t value;

	EXPECT_EQ(map_fixed(space, base, 2 * PAGE_SIZE, VM_READ | VM_WRITE, 0), 0);
	EXPECT_EQ(host_store(space, base + PAGE_SIZE, 5), HOST_OK);
	EXPECT_EQ(vm_remap(space, base, 2 * PAGE_SIZE, 6 * PAGE_SIZE, 0, &address), 0);
	EXPECT_EQ(address, base);
	EXPECT_EQ(map_fixed(space, base + 6 * PAGE_SIZE, PAGE_SIZE, VM_READ, 0), 0);
	EXPECT_EQ(vm_remap(space, base, 6 * PAGE_SIZE, 8 * PAGE_SIZE, 0, &address), -ENOMEM);
	EXPECT_EQ(vm_remap(space, base, 6 * PAGE_SIZE, 8 * PAGE_SIZE, MREMAP_MAYMOVE, &address), 0);
	EXPECT(address != base);
	EXPECT_EQ(host_load(space, address + PAGE_SIZE, &value), HOST_OK);
	EXPECT_EQ(value, 5);
	EXPECT_EQ(host_load(space, base + PAGE_SIZE, &value), HOST_FAULT_ADDRESS);
	EXPECT_EQ(vm_remap(space, 0x50000000, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE, &address),
		  -EFAULT);
	end_space(space);
}

/* The entries that fork touches do not depend on how much memory the process has. */
KTEST(vm_fork_takes_one_frame_whatever_the_size)
{
	static const uint64_t sizes[] = {64 * KIB, 4 * MIB, 32 * MIB};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct vm_space *space = fresh_space(), *child;
		vaddr_t base = 0x10000000;
		uint64_t value;
		EXPECT_EQ(map_fixed(space, base, sizes[i], VM_READ | VM_WRITE, 0), 0);
		for (uint64_t at = 0; at < sizes[i]; at += PAGE_SIZE)
			EXPECT_EQ(host_store(space, base + at, at), HOST_OK);
		uint64_t tables = frames_in(FRAME_TABLE), pages = frames_in(FRAME_ANON);
		EXPECT_EQ(vm_fork(space, &child), 0);
		EXPECT_EQ(frames_in(FRAME_TABLE), tables + 1);
		EXPECT_EQ(frames_in(FRAME_ANON), pages);
		/* A write by either is the writer's own: one page and the tables above it. */
		EXPECT_EQ(host_store(child, base, 99), HOST_OK);
		EXPECT_EQ(frames_in(FRAME_ANON), pages + 1);
		EXPECT_EQ(frames_in(FRAME_TABLE), tables + 4);
		EXPECT_EQ(host_load(space, base, &value), HOST_OK);
		EXPECT_EQ(value, 0);
		vm_check(child);
		vm_space_activate(NULL);
		vm_space_destroy(child);
		/* The last one takes over without a copy. */
		EXPECT_EQ(host_store(space, base + PAGE_SIZE, 1), HOST_OK);
		EXPECT_EQ(space->faults[FAULT_REUSE], 1);
		EXPECT_EQ(space->faults[FAULT_OWN_PAGE], 0);
		EXPECT_EQ(frames_in(FRAME_ANON), pages);
		EXPECT_EQ(frames_in(FRAME_TABLE), tables);
		end_space(space);
	}
}

KTEST(vm_every_call_survives_every_failed_allocation)
{
	vaddr_t base = 0x40000000 - 4 * PAGE_SIZE, address;

	for (long allowed = 0; allowed < 12; allowed++) {
		struct vm_space *space = fresh_space(), *child;
		uint64_t value;
		EXPECT_EQ(map_fixed(space, base, 8 * PAGE_SIZE, VM_READ | VM_WRITE, 0), 0);
		for (unsigned i = 0; i < 8; i++)
			EXPECT_EQ(host_store(space, base + i * PAGE_SIZE, i + 1), HOST_OK);
		EXPECT_EQ(vm_fork(space, &child), 0);
		host_allow_allocations(allowed);
		address = 0;
		int protect = vm_protect(space, base, 2 * PAGE_SIZE, VM_READ);
		int unmap = vm_unmap(space, base + 2 * PAGE_SIZE, 3 * PAGE_SIZE);
		int remap = vm_remap(space, base + 5 * PAGE_SIZE, 3 * PAGE_SIZE, 9 * PAGE_SIZE,
				     MREMAP_MAYMOVE, &address);
		EXPECT(protect == 0 || protect == -ENOMEM);
		EXPECT(unmap == 0 || unmap == -ENOMEM);
		EXPECT(remap == 0 || remap == -ENOMEM);
		host_allow_allocations(-1);
		vm_check(space);
		for (unsigned i = 0; i < 8; i++) {
			EXPECT_EQ(host_load(child, base + i * PAGE_SIZE, &value), HOST_OK);
			EXPECT_EQ(value, i + 1);
		}
		EXPECT_EQ(host_load(space, base, &value), HOST_OK);
		EXPECT_EQ(value, 1);
		EXPECT_EQ(host_load(space, base + 3 * PAGE_SIZE, &value),
			  unmap ? HOST_OK : HOST_FAULT_ADDRESS);
		vm_space_activate(NULL);
		vm_space_destroy(child);
		end_space(space);
	}
}
