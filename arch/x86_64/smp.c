/*
 * smp.c: starting the further processors, one after the other:
 *
 *	INIT to all of them, a pause; then to each STARTUP, with the trampoline's page
 *	  trampoline.S   real mode -> protected -> long mode, on tables of its own
 *	  begin()        the kernel's tables, its registers, its APIC
 *	  cpu_run()      the scheduler
 *
 * (SDM 3A, 8.4.4.1 has the order and the pauses.) The trampoline's tables are the kernel's, and the
 * first 2 MiB at their own address: so that nobody else ever has low memory mapped.
 */
#include <arch/smp.h>

#include <arch/mmu.h>
#include <arch/thread.h>
#include <arch/time.h>

#include "apic_icr.h"
#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "sync/cpu.h"
#include "trampoline.h"
#include "x86.h"

#define INIT_PAUSE_NS    10000000ull
#define STARTUP_PAUSE_NS 200000ull
#define START_LIMIT_NS   1000000000ull /* an emulated CPU on a busy host takes its time */

/* Segments (SDM 3A, 3.4.5): flat, accessed; 32-bit code, 64-bit code, data. */
#define SEGMENT_CODE32 0x00cf9b000000ffffull
#define SEGMENT_CODE64 0x00af9b000000ffffull
#define SEGMENT_DATA   0x00cf93000000ffffull

/* What became of a CPU that is started. Who leaves WAITING first decides, the CPU or the first one,
 * which gives up waiting: so a CPU that comes late knows that it is not wanted any more. */
enum start {
	START_WAITING,
	START_READY, /* it puts itself into the set of those that run */
	START_RUNS,
	START_DIFFERS,
	START_STRANGER,
	START_LOST,
};

/* ---- the trampoline ---- */

/* Pages of it: the code with its data, then a table of each level but the lowest. */
struct pages {
	char code[TRAMPOLINE_DATA];
	struct trampoline data;
	char rest[PAGE_SIZE - TRAMPOLINE_DATA - sizeof(struct trampoline)];
	entry_t root[MMU_ENTRIES], level3[MMU_ENTRIES], level2[MMU_ENTRIES];
};
_Static_assert(sizeof(struct pages) == SMP_TRAMPOLINE_PAGES * PAGE_SIZE, "as many as it is given");

static void fill_tables(struct pages *pages, paddr_t at)
{
	paddr_t root = at + offsetof(struct pages, root), level3 = root + PAGE_SIZE;
	paddr_t level2 = level3 + PAGE_SIZE;

	memcpy(pages->root, phys_to_virt(kmap_root()), PAGE_SIZE);
	memset(pages->level3, 0, PAGE_SIZE);
	memset(pages->level2, 0, PAGE_SIZE);
	pages->root[0] = entry_table(level3, VM_WRITE);
	pages->level3[0] = entry_table(level2, VM_WRITE);
	pages->level2[0] = entry_leaf(0, 2, VM_READ | VM_WRITE | VM_EXEC);
	pages->data.root = (uint32_t)root;
}

static NORETURN void begin(struct cpu *cpu);

static void fill(struct pages *pages, paddr_t at)
{
	struct trampoline *data = &pages->data;
	size_t bytes = (size_t)(trampoline_code_end - trampoline_code);
	uint32_t base = (uint32_t)at;

	assert(bytes <= sizeof(pages->code) && at + sizeof(*pages) <= MIB);
	memcpy(pages->code, trampoline_code, bytes);
	*data = (struct trampoline){
		.gdt_limit = sizeof(data->gdt) - 1,
		.gdt_base = base + TRAMPOLINE_DATA + offsetof(struct trampoline, gdt),
		.jump32 = {base + (uint32_t)(trampoline32 - trampoline_code), TRAMPOLINE_CS32, 0},
		.jump64 = {base + (uint32_t)(trampoline64 - trampoline_code), TRAMPOLINE_CS64, 0},
		.entry = (vaddr_t)begin,
		.gdt = {0, SEGMENT_CODE32, SEGMENT_CODE64, SEGMENT_DATA},
	};
	fill_tables(pages, at);
}

/* ---- on the CPU that starts ---- */

/* False: somebody was faster. */
static bool decide(struct cpu *cpu, enum start what)
{
	uint32_t waiting = START_WAITING;

	return __atomic_compare_exchange_n(&cpu->arch.start, &waiting, what, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static NORETURN void stop(struct cpu *cpu, enum start what)
{
	(void)decide(cpu, what);
	cpu_halt();
}

/* Interrupts off, on its own stack and the trampoline's tables. */
static NORETURN void begin(struct cpu *cpu)
{
	cpu_set_local(cpu);
	mmu_activate(kmap_root());
	if (!cpu_init_further(cpu->stack_top))
		stop(cpu, START_DIFFERS);
	apic_init_further();
	if (apic_id() != cpu->arch.apic_id)
		stop(cpu, START_STRANGER);
	time_init_further();
	/* Nothing before this may go by its number: who is lost may have lost that to another. */
	if (!decide(cpu, START_READY))
		cpu_halt();
	tsc_join();
	cpu_set_online();
	__atomic_store_n(&cpu->arch.start, START_RUNS, __ATOMIC_RELEASE);
	cpu_run();
}

/* ---- on the first CPU ---- */

static void pause_for(uint64_t nanoseconds)
{
	uint64_t end = time_now() + nanoseconds;

	while (time_now() < end)
		cpu_relax();
}

static enum start wait_for_start(const struct cpu *cpu, uint64_t nanoseconds)
{
	uint64_t end = time_now() + nanoseconds;
	uint32_t now;

	while ((now = __atomic_load_n(&cpu->arch.start, __ATOMIC_ACQUIRE)) == START_READY ||
	       (now == START_WAITING && time_now() < end)) {
		tsc_answer();
		cpu_relax();
	}
	return (enum start)now;
}

/* STARTUP, and once more for a CPU that did not hear. */
static enum start start_one(struct pages *pages, paddr_t at, struct cpu *cpu)
{
	uint32_t command = ICR_STARTUP | (uint32_t)(at >> PAGE_SHIFT);

	pages->data.stack = cpu->stack_top;
	__atomic_store_n(&pages->data.cpu, (vaddr_t)cpu, __ATOMIC_RELEASE);
	if (!apic_send(cpu->arch.apic_id, command))
		return START_WAITING;
	enum start result = wait_for_start(cpu, STARTUP_PAUSE_NS);
	if (result == START_WAITING && apic_send(cpu->arch.apic_id, command))
		result = wait_for_start(cpu, START_LIMIT_NS);
	if (result != START_WAITING)
		return result;
	/* Who has taken the stack by now is on its way. */
	if (__atomic_exchange_n(&pages->data.cpu, 0, __ATOMIC_ACQ_REL) != 0)
		return START_WAITING;
	result = wait_for_start(cpu, START_LIMIT_NS);
	if (result == START_WAITING)
		return decide(cpu, START_LOST) ? START_LOST : wait_for_start(cpu, 0);
	return result;
}

static void log_failure(uint32_t id, enum start result)
{
	static const char *const reasons[] = {
		[START_WAITING] = "does not start",
		[START_DIFFERS] = "has not the features of the first one",
		[START_STRANGER] = "has another APIC id than the tables say",
		[START_LOST] = "starts and is not heard of again",
	};

	log_warning("CPU with APIC id %u %s; it is left alone", id, reasons[result]);
}

static bool is_further(const struct acpi_cpu *listed)
{
	return listed->enabled && listed->apic_id != cpu_local()->arch.apic_id;
}

/* False: no more can be had. */
static bool start(struct pages *pages, paddr_t at, uint32_t id)
{
	struct cpu *cpu = cpu_prepare();

	if (!cpu) {
		log_warning("CPU with APIC id %u and those after it are left alone: no memory, or "
			    "more than %u",
			    id, CPU_MAX);
		return false;
	}
	cpu->arch.apic_id = id;
	enum start result = start_one(pages, at, cpu);
	if (result != START_RUNS) {
		log_failure(id, result);
		/* The others halt on their stack, or may yet come to life on it. */
		if (result == START_WAITING)
			cpu_discard(cpu);
		else
			cpu_remove(cpu);
	}
	return true;
}

void smp_start(paddr_t trampoline, unsigned most)
{
	const struct acpi_info *acpi = acpi_info();
	unsigned listed = 0;

	cpu_local()->arch.apic_id = apic_id();
	for (unsigned i = 0; i < acpi->cpu_count; i++)
		listed += is_further(&acpi->cpus[i]);
	if (!listed || most <= 1)
		return;
	struct pages *pages = trampoline ? kmap_low_memory(trampoline, sizeof(struct pages)) : NULL;
	if (!pages) {
		log_warning("no page below 1 MiB is free: one CPU runs, %u are left alone", listed);
		return;
	}
	fill(pages, trampoline);
	for (unsigned i = 0; i < acpi->cpu_count; i++)
		if (is_further(&acpi->cpus[i]) &&
		    !apic_send(acpi->cpus[i].apic_id, ICR_INIT | ICR_LEVEL | ICR_ASSERT))
			log_warning("CPU with APIC id %u can't be reached", acpi->cpus[i].apic_id);
	pause_for(INIT_PAUSE_NS);
	for (unsigned i = 0; i < acpi->cpu_count && cpu_count() < most; i++)
		if (is_further(&acpi->cpus[i]) && !start(pages, trampoline, acpi->cpus[i].apic_id))
			break;
	memset(pages, 0, sizeof(*pages));
	log_fact("CPUs: %u of %u run", (unsigned)__builtin_popcountll(cpus_online()), listed + 1);
}

void smp_interrupt(struct cpu *cpu)
{
	bool sent = apic_send(cpu->arch.apic_id, ICR_FIXED | ICR_ASSERT | VECTOR_CALL);

	assert(sent);
}

void smp_stop_others(void)
{
	uint64_t others = cpus_online() & ~(1ull << cpu_local()->id);

	for (; others; others &= others - 1)
		(void)apic_send(cpus[__builtin_ctzll(others)]->arch.apic_id, ICR_NMI | ICR_ASSERT);
}
