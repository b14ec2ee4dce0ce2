/* host.c: see host.h. */
#include "host.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/page.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/frame_init.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "mm/mm.h"
#include "sync/cpu.h"
#include "sync/cross_call.h"
#include "sync/wait_queue.h"
#include "vm/space.h"

#define HOST_RAM_START  (1 * MIB) /* frame numbers below do not exist, as on a PC */
#define HOST_FRAMES_MAX (1u << 20)

static __thread struct cpu *local; /* this thread's; NULL: the boot CPU */

/* A direct-mapped translation cache for each tag, so that what should be flushed is there still
 * when its space is back. Each CPU's own. */
#define TLB_ENTRIES 512u
static __thread struct translation {
	bool valid, writable;
	vaddr_t page;
	paddr_t pa;
} tlb[MMU_TAGS][TLB_ENTRIES];
static __thread paddr_t active_root;
static __thread unsigned active_tag;
static __thread uint64_t walks;

struct frame *host_frames;
bool host_tags = true;
static uint64_t ram_bytes;
static paddr_t kernel_root;

struct cpu *cpu_local(void)
{
	return local ? local : &boot_cpu;
}

void cpu_set_local(struct cpu *cpu)
{
	local = cpu;
}

bool irq_enabled(void)
{
	return cpu_local()->arch.interrupts;
}

/* What has waited for interrupts to be on again is served at once. */
void host_take_interrupts(void)
{
	struct cpu *cpu = cpu_local();

	if (!cpu->arch.interrupts || !__atomic_load_n(&cpu->callers, __ATOMIC_RELAXED))
		return;
	cpu->arch.interrupts = false;
	cross_call_serve();
	cpu->arch.interrupts = true;
}

void irq_enable(void)
{
	cpu_local()->arch.interrupts = true;
	host_take_interrupts();
}

void irq_disable(void)
{
	cpu_local()->arch.interrupts = false;
}

bool irq_save(void)
{
	bool were_on = cpu_local()->arch.interrupts;

	cpu_local()->arch.interrupts = false;
	return were_on;
}

void irq_restore(bool were_on)
{
	if (were_on)
		irq_enable();
	else
		irq_disable();
}

/* Nothing stops a thread at an instruction: it looks itself whether somebody called. */
void smp_interrupt(struct cpu *cpu)
{
}

void cpu_relax(void)
{
	sched_yield();
	host_take_interrupts();
}

/* Who waits looks again and again. */
void wait_prepare(struct wait_queue *queue, struct waiter *waiter)
{
	if (cpu_count() == 1)
		panic("a lock is contended, and there is one thread");
}

void wait_block_always(void)
{
	cpu_relax();
}

void wait_finish(struct waiter *waiter)
{
}

unsigned wait_wake(struct wait_queue *queue, unsigned max)
{
	return 0;
}

paddr_t kmap_root(void)
{
	return kernel_root;
}

/* A clock that the tests can foretell. */
uint64_t time_now(void)
{
	static uint64_t microseconds; /* atomic */

	return __atomic_add_fetch(&microseconds, 1, __ATOMIC_RELAXED) * 1000;
}

uint64_t mm_total_bytes(void)
{
	return ram_bytes;
}

/* ---- memory ---- */

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

void host_memory_init(unsigned frames)
{
	pfn_t first = HOST_RAM_START >> PAGE_SHIFT;
	void *ram = (void *)(ARCH_DIRECT_MAP_BASE + HOST_RAM_START);

	assert(frames && frames <= HOST_FRAMES_MAX);
	if (ram_bytes)
		munmap(ram, ram_bytes);
	ram_bytes = frames * PAGE_SIZE;
	if (mmap(ram, ram_bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0) != ram) {
		perror("mmap of the memory that plays RAM");
		exit(1);
	}
	free(host_frames);
	host_frames = calloc(first + frames, sizeof(*host_frames));
	memset(&boot_cpu, 0, sizeof(boot_cpu));
	boot_cpu.arch.interrupts = true;
	struct frame_span span = {first, first + frames};
	frame_database_init(&span, 1);
	frame_set_poison(true);
	frame_add_free(span.start, span.end);
	bool made = frame_zero_init();
	struct frame *root = frame_alloc_zeroed(FRAME_TABLE);
	assert(made && root);
	kernel_root = frame_pa(root);
	memset(tlb, 0, sizeof(tlb));
}

void host_allow_allocations(long count)
{
	struct frame_counts counts;

	frame_counts(&counts);
	uint64_t free_now = counts.by_state[FRAME_FREE];
	frame_set_reserve(count < 0 || (uint64_t)count > free_now ? 0 : free_now - (uint64_t)count);
}

/* ---- the software MMU over the tables ---- */

static struct translation *tlb_slot(vaddr_t va)
{
	return &tlb[active_tag][(va >> PAGE_SHIFT) % TLB_ENTRIES];
}

void mmu_flush_all(void)
{
	memset(tlb[active_tag], 0, sizeof(tlb[active_tag]));
}

void mmu_flush_page(vaddr_t va)
{
	tlb_slot(va)->valid = false;
}

void mmu_activate(paddr_t root)
{
	mmu_activate_tagged(root, 0, false);
}

void mmu_activate_tagged(paddr_t root, unsigned tag, bool keep)
{
	assert(tag < MMU_TAGS);
	active_root = root;
	active_tag = tag;
	if (!keep)
		mmu_flush_all();
}

/* Walk as the processor does. false: a fault. */
static bool walk(paddr_t root, vaddr_t va, unsigned access, struct translation *out)
{
	entry_t *table = phys_to_virt(root);
	unsigned granted = VM_READ | VM_WRITE | VM_EXEC | VM_USER;

	for (unsigned level = MMU_LEVELS;; level--) {
		entry_t *p = &table[entry_index(va, level)];
		entry_t entry = entry_load(p);
		granted &= entry_is_present(entry) ? entry_prot(entry) : 0;
		if (!(granted & VM_READ) || (access & ~granted))
			return false;
		if (entry_is_leaf(entry, level)) {
			*out = (struct translation){
				.valid = true,
				.writable = granted & VM_WRITE,
				.page = ALIGN_DOWN(va, PAGE_SIZE),
				.pa = entry_pa(entry) +
				      (ALIGN_DOWN(va, PAGE_SIZE) & (entry_span(level) - 1)),
			};
			return true;
		}
		table = phys_to_virt(entry_pa(entry));
	}
}

bool mmu_probe(paddr_t root, vaddr_t va, unsigned access)
{
	struct translation unused;

	return walk(root, va, access, &unused);
}

uint64_t host_walks(void)
{
	return walks;
}

static void *translate(vaddr_t va, bool write)
{
	struct translation *slot = tlb_slot(va);
	bool hit = slot->valid && slot->page == ALIGN_DOWN(va, PAGE_SIZE) &&
		   (!write || slot->writable);

	walks += !hit;
	if (!hit && !walk(active_root, va, VM_USER | (write ? VM_WRITE : VM_READ), slot))
		return NULL;
	return phys_to_virt(slot->pa + (va & (PAGE_SIZE - 1)));
}

#define FAULTS_MAX 4 /* more for one access mean that serving them gets nowhere */

enum host_result host_reach(struct vm_space *space, vaddr_t va, bool write, void **where)
{
	vm_space_activate(space);
	for (unsigned tries = 0; tries < FAULTS_MAX; tries++) {
		*where = translate(va, write);
		if (*where)
			return HOST_OK;
		switch (vm_fault(space, va, write ? VM_WRITE : VM_READ)) {
		case VM_NO_MEMORY:
			return HOST_NO_MEMORY;
		case VM_BAD_ADDRESS:
			return HOST_FAULT_ADDRESS;
		case VM_BAD_ACCESS:
			return HOST_FAULT_ACCESS;
		case VM_BAD_OBJECT:
			return HOST_FAULT_OBJECT;
		case VM_FIXED:
		case VM_SPURIOUS_FAULT:
		case VM_RETRY:
			break;
		}
	}
	panic("a fault at %#llx was served %u times, in vain", (unsigned long long)va, FAULTS_MAX);
}

enum host_result host_load(struct vm_space *space, vaddr_t va, uint64_t *value)
{
	void *where;
	enum host_result result = host_reach(space, va, false, &where);

	if (result == HOST_OK)
		*value = __atomic_load_n((uint64_t *)where, __ATOMIC_RELAXED);
	return result;
}

enum host_result host_store(struct vm_space *space, vaddr_t va, uint64_t value)
{
	void *where;
	enum host_result result = host_reach(space, va, true, &where);

	if (result == HOST_OK)
		__atomic_store_n((uint64_t *)where, value, __ATOMIC_RELAXED);
	return result;
}
