/*
 * tlb.c: which space a CPU runs, and what it may remember of the tables of that and of others.
 *
 * Without tags a CPU remembers translations of the space that it runs alone: loading another root
 * flushes. So a flush is for the CPUs in space->cpus.
 *
 * Where the processor has tags (x86: PCIDs), each CPU has CPU_TAGS of them, for the spaces that it
 * ran last. It goes by the translations of the running space's tag alone. What is under the others
 * is neither used nor walked on from, so it may be stale, as long as it is flushed before that
 * space runs here again:
 *
 *	vm_flush()			vm_space_activate()
 *	change the tables		join space->cpus
 *	raise the generation		read the generation
 *	read space->cpus		flush, if the tag's is another one
 *	call those
 *
 * Either the one sees the other in the set, and calls it, or that one sees the new generation. A
 * tag bears the generation that its translations are as new as, and the serial number of its space,
 * which no other space ever has. So nothing has to be done where a space ends: its tags age.
 *
 * The kernel's half is global, the same under all tags, and no business of this file.
 */
#include "vm/tlb.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>

#include "debug/assert.h"
#include "mm/kmap.h"
#include "sync/cpu.h"
#include "sync/cross_call.h"
#include "vm/space.h"

#define TAG_OF_KERNEL 0u
#define TAG_OF_SLOT   1u /* of the first; the others follow */

/* ---- running a space ---- */

/* The slot of this space's, or the one that was not used for longest. Interrupts off. */
static unsigned find_slot(const struct cpu *cpu, uint64_t serial)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < CPU_TAGS; i++) {
		if (cpu->tags[i].space == serial)
			return i;
		if (cpu->tags[i].used < cpu->tags[oldest].used)
			oldest = i;
	}
	return oldest;
}

/* This CPU is in space->cpus already. Interrupts off. */
static NOINLINE void load_tagged(struct cpu *cpu, struct vm_space *space)
{
	if (!space) {
		/* It has no user's half, so there is nothing that could be stale. */
		mmu_activate_tagged(kmap_root(), TAG_OF_KERNEL, true);
		return;
	}
	uint64_t generation = __atomic_load_n(&space->tlb_generation, __ATOMIC_SEQ_CST);
	unsigned slot = find_slot(cpu, space->serial);
	struct cpu_tag *tag = &cpu->tags[slot];
	bool fresh = tag->space == space->serial && tag->generation == generation;
	*tag = (struct cpu_tag){space->serial, generation, ++cpu->activations};
	cpu->slot = slot;
	mmu_activate_tagged(space->root, TAG_OF_SLOT + slot, fresh);
}

void vm_space_activate(struct vm_space *space)
{
	struct cpu *cpu = cpu_local();
	struct vm_space *old = cpu->space;
	uint64_t bit = 1ull << cpu->id;

	if (old == space)
		return;
	/* A call for a flush that came between the next two would find `old` gone and answer that
	 * nothing of it is left here, though the processor walks its tables for as long as the root
	 * is loaded: also ahead of what the kernel asks for. */
	bool were_on = irq_save();
	/* In the set before the first walk of its tables, and until after the last. */
	if (space)
		__atomic_fetch_or(&space->cpus, bit, __ATOMIC_SEQ_CST);
	cpu->space = space;
	if (UNLIKELY(mmu_has_tags()))
		load_tagged(cpu, space);
	else
		mmu_activate(space ? space->root : kmap_root());
	if (old)
		__atomic_fetch_and(&old->cpus, ~bit, __ATOMIC_RELEASE);
	irq_restore(were_on);
}

/* ---- flushing ---- */

/* Beyond this many pages one flush of everything costs less than a flush of each. */
#define FLUSH_PAGES_MAX 32

struct flush {
	const struct vm_space *space;
	vaddr_t start, end;
};

/* Where there are tags. */
struct tagged_flush {
	struct flush flush;
	uint64_t generation; /* of the space, that it makes */
};

static void flush_range(const struct flush *flush)
{
	if ((flush->end - flush->start) >> PAGE_SHIFT > FLUSH_PAGES_MAX) {
		mmu_flush_all();
		return;
	}
	for (vaddr_t va = flush->start; va < flush->end; va += PAGE_SIZE)
		mmu_flush_page(va);
}

/* On a CPU that has, or a moment ago had, the space active. */
static void flush_here(void *argument)
{
	const struct flush *flush = argument;

	/* Whoever activated another one has flushed, or will before this one is back. */
	if (cpu_local()->space == flush->space)
		flush_range(flush);
}

/*
 * The same where there are tags: the running space's is as new as the flush's generation then, and
 * says so. The flush of a range makes it so only if nothing else has changed between. Another CPU's
 * call may come in the middle: at worst the tag then bears an older generation than it could.
 */
static void flush_tagged_here(void *argument)
{
	const struct tagged_flush *wanted = argument;
	const struct vm_space *space = wanted->flush.space;
	struct cpu *cpu = cpu_local();
	struct cpu_tag *tag = &cpu->tags[cpu->slot];

	if (cpu->space != space)
		return;
	assert(tag->space == space->serial);
	if (tag->generation >= wanted->generation)
		return; /* done with a later one, which has overtaken it */
	uint64_t generation = wanted->generation;
	if (tag->generation + 1 == generation) {
		flush_range(&wanted->flush);
	} else {
		generation = __atomic_load_n(&space->tlb_generation, __ATOMIC_SEQ_CST);
		mmu_flush_all();
	}
	/* Only now: a call that came before would have been told that it is done. */
	tag->generation = MAX(tag->generation, generation);
}

void vm_flush_here(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct flush flush = {space, start, end};

	flush_here(&flush);
}

void vm_flush_tagged(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct tagged_flush flush = {{space, start, end}, 0};
	uint64_t me = 1ull << cpu_local()->id;

	flush.generation = __atomic_add_fetch(&space->tlb_generation, 1, __ATOMIC_SEQ_CST);
	uint64_t active = __atomic_load_n(&space->cpus, __ATOMIC_ACQUIRE);
	if (active & me)
		flush_tagged_here(&flush);
	if (active & ~me)
		cross_call(active & ~me, flush_tagged_here, &flush);
}

void vm_flush_untagged(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct flush flush = {space, start, end};
	uint64_t me = 1ull << cpu_local()->id;

	/* A CPU that comes into the set after this walks the tables as they are now. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t active = __atomic_load_n(&space->cpus, __ATOMIC_ACQUIRE);
	if (active & me)
		flush_here(&flush);
	if (UNLIKELY(active & ~me))
		cross_call(active & ~me, flush_here, &flush);
}

/* The running space's translations now, and the others' before they are used again. */
static NOINLINE void flush_user(void *argument)
{
	struct cpu *cpu = cpu_local();

	for (unsigned i = 0; i < CPU_TAGS; i++)
		if (!cpu->space || i != cpu->slot)
			cpu->tags[i].space = 0;
	mmu_flush_all();
}

void vm_flush_everywhere(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	bool were_on = irq_save();
	flush_user(NULL);
	irq_restore(were_on);
	cross_call(UINT64_MAX, flush_user, NULL);
}
