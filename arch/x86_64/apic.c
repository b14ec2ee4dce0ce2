/* apic.c: this CPU's local interrupt controller, as memory (xAPIC) or as MSRs (x2APIC). SDM 3A,
 * chapter 11. */
#include <arch/cpu.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "interrupts.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "registers.h"
#include "vectors.h"

/* Register offsets in bytes; MSR_X2APIC + offset / 16 in x2APIC mode. Table 11-1. */
enum {
	APIC_ID = 0x020,
	APIC_TASK_PRIORITY = 0x080,
	APIC_EOI = 0x0b0,
	APIC_SPURIOUS = 0x0f0,
	APIC_LVT_CMCI = 0x2f0,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERFORMANCE = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_INITIAL_COUNT = 0x380,
	APIC_CURRENT_COUNT = 0x390,
	APIC_DIVIDE = 0x3e0,
};
#define APIC_ENABLE     (1u << 8)  /* in APIC_SPURIOUS */
#define APIC_MASKED     (1u << 16) /* in an LVT entry */
#define APIC_DIVIDE_16  0x3u
#define APIC_BASE_X2    (1u << 10)
#define APIC_BASE_ON    (1u << 11)
#define APIC_BASE_MASK  0x000ffffffffff000ull
#define APIC_PAGE_BYTES 4096
#define XAPIC_ID_SHIFT  24

static volatile uint32_t *registers; /* xAPIC; the same address on every CPU. NULL: x2APIC */
static bool present;

static uint32_t apic_read(unsigned offset)
{
	if (!registers)
		return (uint32_t)read_msr(MSR_X2APIC + offset / 16);
	return registers[offset / sizeof(uint32_t)];
}

static void apic_write(unsigned offset, uint32_t value)
{
	if (!registers)
		write_msr(MSR_X2APIC + offset / 16, value);
	else
		registers[offset / sizeof(uint32_t)] = value;
}

bool apic_is_x2(void)
{
	return present && !registers;
}

bool apic_init(void)
{
	static const unsigned lvts[] = {APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERFORMANCE,
					APIC_LVT_LINT0, APIC_LVT_LINT1,   APIC_LVT_ERROR};
	uint64_t base = read_msr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ON)) {
		log_warning("local APIC: turned off by the firmware");
		return false;
	}
	/* What the firmware chose is kept: some machines do not allow the way back from x2APIC. */
	if (!(base & APIC_BASE_X2)) {
		registers = kmap_device(base & APIC_BASE_MASK, APIC_PAGE_BYTES, VM_UNCACHED);
		if (!registers)
			return false;
	}
	present = true;
	for (unsigned i = 0; i < ARRAY_SIZE(lvts); i++)
		apic_write(lvts[i], APIC_MASKED);
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_DIVIDE, APIC_DIVIDE_16);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	return true;
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
	return registers ? apic_read(APIC_ID) >> XAPIC_ID_SHIFT : apic_read(APIC_ID);
}

void apic_timer_set(uint32_t ticks)
{
	apic_write(APIC_INITIAL_COUNT, ticks);
}

uint32_t apic_timer_left(void)
{
	return apic_read(APIC_CURRENT_COUNT);
}
