/*
 * apic.c: this CPU's local interrupt controller and its timer. (SDM 3A, chapter 10.) Where the
 * firmware has turned x2APIC on, the registers are MSRs and the memory window is dead.
 */
#include <arch/irq.h>
#include <arch/mmu.h>

#include "debug/log.h"
#include "apic_icr.h"
#include "mm/kmap.h"
#include "x86.h"

#define LEAF_FEATURES    1u
#define FEATURE_EDX_APIC (1u << 9)
#define APIC_BASE_MASK   0x000ffffffffff000ull
#define APIC_BYTES       4096u

/* Registers, by their offset in the memory window (SDM 3A, table 10-1). */
#define APIC_ID            0x020
#define APIC_VERSION       0x030
#define APIC_TASK_PRIORITY 0x080
#define APIC_EOI           0x0b0
#define APIC_SPURIOUS      0x0f0
#define APIC_IN_SERVICE    0x100 /* 8 of 32 bits, 0x10 apart */
#define APIC_ERROR_STATUS  0x280
#define APIC_ICR_LOW       0x300 /* with x2APIC: all of it */
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_CMCI      0x2f0
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_THERMAL   0x330
#define APIC_LVT_COUNTERS  0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define SPURIOUS_ENABLE  (1u << 8)
#define LVT_MASKED       (1u << 16)
#define LVT_NMI          (4u << 8)
#define LVT_TSC_DEADLINE (2u << 17)
#define DIVIDE_BY_16     3u

#define SEND_TRIES 1000000u /* an APIC that never sends must not hang the kernel */

/* The highest LVT entry, from the version register; each is there from this number on. */
#define VERSION_MAX_LVT(version) ((version) >> 16 & 0xff)
#define MAX_LVT_ERROR            3u
#define MAX_LVT_COUNTERS         4u
#define MAX_LVT_THERMAL          5u
#define MAX_LVT_CMCI             6u

/* Set by apic_init(), constant after it: the same for all CPUs. */
static volatile uint8_t *window; /* NULL: registers are MSRs */
static bool present;

static uint32_t apic_read(unsigned offset)
{
	if (!window)
		return (uint32_t)msr_read(MSR_X2APIC + offset / 16);
	return *(volatile uint32_t *)(window + offset);
}

static void apic_write(unsigned offset, uint32_t value)
{
	if (!window)
		msr_write(MSR_X2APIC + offset / 16, value);
	else
		*(volatile uint32_t *)(window + offset) = value;
}

/* Firmware may have left any of these armed. LINT1 is where a PC wires its NMI button. */
static void mask_local_vectors(void)
{
	unsigned max = VERSION_MAX_LVT(apic_read(APIC_VERSION));

	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	if (max >= MAX_LVT_ERROR)
		apic_write(APIC_LVT_ERROR, LVT_MASKED);
	if (max >= MAX_LVT_COUNTERS)
		apic_write(APIC_LVT_COUNTERS, LVT_MASKED);
	if (max >= MAX_LVT_THERMAL)
		apic_write(APIC_LVT_THERMAL, LVT_MASKED);
	if (max >= MAX_LVT_CMCI)
		apic_write(APIC_LVT_CMCI, LVT_MASKED);
}

/* Enabled, in the mode that the boot CPU is in. Firmware leaves every CPU in the same one. */
static void enable(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE)) {
		base |= APIC_BASE_ENABLE;
		msr_write(MSR_APIC_BASE, base);
	}
	if (present && !window && !(base & APIC_BASE_X2APIC))
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
}

static void set_up(void)
{
	mask_local_vectors();
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_ERROR_STATUS, 0);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
}

bool apic_init(void)
{
	if (!(cpuid(LEAF_FEATURES, 0).edx & FEATURE_EDX_APIC))
		return false;
	enable();
	uint64_t base = msr_read(MSR_APIC_BASE);
	if (!(base & APIC_BASE_X2APIC)) {
		window = kmap_device(base & APIC_BASE_MASK, APIC_BYTES, 0);
		if (!window)
			return false;
	}
	present = true;
	set_up();
	log_info("APIC: id %u, %s", apic_id(), window ? "xAPIC" : "x2APIC");
	return true;
}

void apic_init_further(void)
{
	enable();
	set_up();
}

static bool wait_until_sent(void)
{
	for (unsigned i = 0; i < SEND_TRIES; i++) {
		if (!(apic_read(APIC_ICR_LOW) & ICR_PENDING))
			return true;
		cpu_relax();
	}
	return false;
}

bool apic_send(uint32_t id, uint32_t command)
{
	uint64_t icr = icr_encode(!window, id, command);
	bool sent = true;

	if (!icr_can_reach(!window, id))
		return false;
	if (!window) {
		/* The store that the receiver shall find must be seen before the MSR is written.
		 * (SDM 3A, 10.12.3) */
		__asm__ volatile("mfence; lfence" : : : "memory");
		msr_write(MSR_X2APIC + APIC_ICR_LOW / 16, icr);
		return true;
	}
	bool were_on = irq_save(); /* a handler may send, too, between the two halves */
	sent = wait_until_sent();
	if (sent) {
		apic_write(APIC_ICR_HIGH, (uint32_t)(icr >> 32));
		apic_write(APIC_ICR_LOW, (uint32_t)icr);
	}
	irq_restore(were_on);
	return sent;
}

uint32_t apic_id(void)
{
	return window ? apic_read(APIC_ID) >> 24 : apic_read(APIC_ID);
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}

bool apic_in_service(unsigned vector)
{
	return present && (apic_read(APIC_IN_SERVICE + vector / 32 * 16) & 1u << vector % 32);
}

void apic_timer_start(uint32_t count)
{
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_use_deadline(void)
{
	apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
	/* The window's store must be seen before the MSR is written. (SDM 3A, 10.5.4.1) */
	__asm__ volatile("mfence" : : : "memory");
}

void apic_timer_deadline(uint64_t tsc)
{
	msr_write(MSR_TSC_DEADLINE, tsc);
}
