/*
 * time.c: the time-stamp counter as the clock, the local APIC's timer for deadlines. Both are
 * measured against a clock whose rate is known, at once: CPUID leaf 15h says the TSC's rate; else
 * HPET; else the ACPI PM timer; else the PIT.
 */
#include <arch/time.h>

#include <arch/port.h>
#include <cpuid.h>

#include "clock_math.h"
#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "interrupts.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "registers.h"
#include "rtc.h"

#define MEASURE_NS      (10 * 1000 * 1000ull)
#define MEASURE_POLLS   20000000u /* a reference that stands still must not hang the boot */
#define PM_TIMER_HZ     3579545u  /* ACPI 6.5, 4.8.2.1 */
#define HPET_BYTES      0x400
#define HPET_PERIOD     1 /* 32-bit word: femtoseconds a tick. IA-PC HPET 1.0a, 2.3.4 */
#define HPET_CONFIG     4
#define HPET_COUNTER    60
#define HPET_ENABLE     1u
#define HPET_MAX_PERIOD 100000000u /* the specification's */
#define FS_PER_SECOND   1000000000000000ull
#define PIT_HZ          1193182u
#define PIT_CHANNEL0    0x40
#define PIT_COMMAND     0x43
#define PIT_RATE_MODE   0x34 /* channel 0, both bytes, mode 2 */
#define PIT_LATCH       0x00
#define FALLBACK_TSC_HZ 1000000000ull
#define LEAF_TSC        0x15u

static uint64_t tsc_start, tsc_scale, tsc_hz; /* set once, at boot */
static uint64_t timer_hz;                     /* of the APIC timer; 0: there is none */
static uint64_t boot_epoch;
static volatile uint32_t *hpet;

/* ---- clocks of known rate ---- */

struct reference {
	const char *name;
	uint64_t hz;
	uint32_t mask; /* of its counter */
	uint32_t (*read)(void);
};

static uint32_t read_hpet(void)
{
	return hpet[HPET_COUNTER];
}

static uint32_t read_pm_timer(void)
{
	return port_in32((uint16_t)acpi_info()->pm_timer_port);
}

/* It counts down. */
static uint32_t read_pit(void)
{
	port_out8(PIT_COMMAND, PIT_LATCH);
	uint32_t low = port_in8(PIT_CHANNEL0);
	return ~(low | (uint32_t)port_in8(PIT_CHANNEL0) << 8);
}

static bool try_hpet(struct reference *out)
{
	if (!acpi_info()->hpet)
		return false;
	hpet = kmap_device(acpi_info()->hpet, HPET_BYTES, VM_UNCACHED);
	if (!hpet || !hpet[HPET_PERIOD] || hpet[HPET_PERIOD] > HPET_MAX_PERIOD)
		return false;
	hpet[HPET_CONFIG] |= HPET_ENABLE;
	*out = (struct reference){"HPET", FS_PER_SECOND / hpet[HPET_PERIOD], UINT32_MAX, read_hpet};
	return true;
}

static struct reference choose_reference(void)
{
	struct reference reference;

	if (try_hpet(&reference))
		return reference;
	if (acpi_info()->pm_timer_port)
		return (struct reference){"ACPI PM timer", PM_TIMER_HZ,
					  acpi_info()->pm_timer_32bit ? UINT32_MAX : 0xffffff,
					  read_pm_timer};
	port_out8(PIT_COMMAND, PIT_RATE_MODE);
	port_out8(PIT_CHANNEL0, 0);
	port_out8(PIT_CHANNEL0, 0);
	return (struct reference){"PIT", PIT_HZ, 0xffff, read_pit};
}

/* Wait MEASURE_NS by the reference; its ticks, or 0 if it stands still. */
static uint64_t wait_by(const struct reference *reference)
{
	uint64_t want = clock_from_ns(MEASURE_NS, reference->hz), passed = 0;
	uint32_t last = reference->read();

	for (uint32_t polls = 0; polls < MEASURE_POLLS; polls++) {
		uint32_t now = reference->read();
		passed += (now - last) & reference->mask;
		last = now;
		if (passed >= want)
			return passed;
	}
	return 0;
}

/* The TSC's rate by CPUID, SDM 3B, 18.7.3; 0 where it is not told whole. */
static uint64_t tsc_hz_by_cpuid(void)
{
	unsigned denominator, numerator, crystal, unused;

	if (!__get_cpuid(LEAF_TSC, &denominator, &numerator, &crystal, &unused) || !denominator ||
	    !numerator)
		return 0;
	return (uint64_t)crystal * numerator / denominator;
}

static void measure(bool has_apic)
{
	struct reference reference = choose_reference();
	uint64_t tsc_before = read_tsc();

	if (has_apic)
		apic_timer_set(UINT32_MAX);
	uint64_t ticks = wait_by(&reference);
	uint64_t tsc_passed = read_tsc() - tsc_before;
	uint32_t timer_passed = has_apic ? UINT32_MAX - apic_timer_left() : 0;
	if (has_apic)
		apic_timer_set(0);

	uint64_t by_cpuid = tsc_hz_by_cpuid();
	if (ticks) {
		tsc_hz = clock_mul_div(tsc_passed, reference.hz, ticks);
		timer_hz = clock_mul_div(timer_passed, reference.hz, ticks);
	} else {
		log_warning("time: the %s stands still; the clock's rate is a guess",
			    reference.name);
		tsc_hz = FALLBACK_TSC_HZ;
		timer_hz = timer_passed * FALLBACK_TSC_HZ / MAX(tsc_passed, 1ull);
	}
	if (by_cpuid)
		tsc_hz = by_cpuid;
	tsc_hz = MAX(tsc_hz, 1ull);
	log_info("time: TSC at %llu MHz by %s, APIC timer at %llu kHz%s",
		 (unsigned long long)(tsc_hz / 1000000), by_cpuid ? "CPUID" : reference.name,
		 (unsigned long long)(timer_hz / 1000), apic_is_x2() ? " (x2APIC)" : "");
}

void time_init(void)
{
	bool has_apic = apic_init();

	measure(has_apic);
	if (!timer_hz)
		log_warning("time: no timer interrupts; programs are not preempted, and sleep by "
			    "polling");
	tsc_scale = clock_scale(tsc_hz);
	tsc_start = read_tsc();
	boot_epoch = rtc_read();
}

uint64_t time_now(void)
{
	return tsc_scale ? clock_to_ns(read_tsc() - tsc_start, tsc_scale) : 0;
}

void time_arm(uint64_t deadline)
{
	if (!timer_hz)
		return;
	if (deadline == UINT64_MAX) {
		apic_timer_set(0);
		return;
	}
	uint64_t now = time_now();
	uint64_t ticks =
		deadline > now ? clock_from_ns(MIN(deadline - now, NS_PER_SECOND), timer_hz) : 1;
	/* A deadline further away than a second, or than the counter reaches, comes in steps:
	 * trap_timer looks again. */
	apic_timer_set((uint32_t)MIN(MAX(ticks, 1ull), (uint64_t)UINT32_MAX));
}

uint64_t time_boot_epoch(void)
{
	return boot_epoch;
}
