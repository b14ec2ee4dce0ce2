/* mmu_access.c: see mmu_access.h. */
#include "mmu_access.h"

#include <arch/user.h>

#include "machine.h"
#include "sync/cpu.h"
#include "vm/region.h"

bool world_create(struct world *world)
{
	machine_reset();
	world->before = cpu_local()->space;
	frame_counts(&world->counts);
	if (!EXPECT_EQ(vm_space_create(&world->space), 0))
		return false;
	vm_space_activate(world->space);
	return true;
}

void world_destroy(struct world *world)
{
	struct frame_counts after;

	vm_check(world->space);
	vm_space_activate(world->before);
	vm_space_destroy(world->space);
	frame_counts(&after);
	for (unsigned state = 0; state < FRAME_STATES; state++)
		EXPECT_EQ(after.by_state[state], world->counts.by_state[state]);
}

void map_pages(struct vm_space *space, vaddr_t at, unsigned pages, unsigned prot,
	       struct vm_object *object, unsigned region_flags)
{
	struct vm_map_request request = {
		.address = at,
		.bytes = pages * PAGE_SIZE,
		.prot = prot,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
		.object = object,
	};

	EXPECT_EQ(vm_map(space, &request, &at), 0);
}

static uint64_t faults_of(const struct vm_space *space)
{
	uint64_t sum = 0;

	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		sum += space->faults[kind];
	return sum;
}

/* Without what is counted beside another kind: at most one for each fault. */
static uint64_t served_by(const struct vm_space *space)
{
	return faults_of(space) - space->faults[FAULT_OWN_TABLE] - space->faults[FAULT_STACK_GROW];
}

bool expect_access(int line, struct access want)
{
	struct vm_space *space = cpu_local()->space;
	unsigned access = VM_USER | (want.write ? VM_WRITE : VM_READ);
	bool granted = mmu_probe(space->root, want.va, access);
	uint64_t before = faults_of(space), served = served_by(space), value = want.value;
	size_t left = want.write ? arch_copy_to_user(want.va, &value, sizeof(value))
				 : arch_copy_from_user(&value, want.va, sizeof(value));
	bool faulted = left != 0 || faults_of(space) != before;

	if ((left == 0) != want.allowed)
		ktest_fail(__FILE__, line, "%s at %#llx is %s", want.write ? "writing" : "reading",
			   (unsigned long long)want.va, left ? "refused" : "allowed");
	if (faulted == granted)
		ktest_fail(__FILE__, line, "%s at %#llx %s, and the tables %s it",
			   want.write ? "writing" : "reading", (unsigned long long)want.va,
			   faulted ? "faults" : "goes through", granted ? "allow" : "refuse");
	if (left == 0 && served_by(space) > served + 1)
		ktest_fail(__FILE__, line, "one access at %#llx took %llu faults",
			   (unsigned long long)want.va,
			   (unsigned long long)(served_by(space) - served));
	if (left == 0 && !mmu_probe(space->root, want.va, access))
		ktest_fail(__FILE__, line, "%#llx was served, and the tables refuse it",
			   (unsigned long long)want.va);
	if (left == 0 && value != want.value)
		ktest_fail(__FILE__, line, "%#llx holds %#llx, expected %#llx",
			   (unsigned long long)want.va, (unsigned long long)value,
			   (unsigned long long)want.value);
	return faulted;
}
