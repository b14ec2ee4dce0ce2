/*
 * reference.c: see reference.h. In order of trust: the frequency that the processor states (SDM 2A,
 * CPUID leaf 15h), the HPET (IA-PC HPET specification 1.0a), the ACPI power-management timer (ACPI
 * 6.5, 4.8.3.3), and the PIT (Intel 8254 data sheet), which some firmware switches off.
 */
#include "reference.h"

#include <arch/mmu.h>
#include <arch/port.h>

#include "clock_math.h"
#include "dev/acpi.h"
#include "mm/kmap.h"
#include "x86.h"

#define LEAF_TSC 0x15u

#define HPET_BYTES         0x400
#define HPET_CAPABILITIES  0x000
#define HPET_CONFIGURATION 0x010
#define HPET_COUNTER       0x0f0
#define HPET_ENABLE        1u
#define HPET_64BIT         (1u << 13)
#define HPET_PERIOD_MAX    100000000ull /* femtoseconds, by the specification */
#define FEMTOSECONDS       1000000000000000ull

#define PM_TIMER_HZ 3579545u

#define PIT_HZ             1193182u
#define PIT_CHANNEL2       0x42
#define PIT_COMMAND        0x43
#define PIT_CHANNEL2_MODE0 0xb0 /* low byte, then high byte; counts down once */
#define PIT_CHANNEL2_LATCH 0x80
#define PORT_B             0x61 /* bit 0 gates channel 2, bit 1 is the speaker */
#define PORT_B_GATE        0x01
#define PORT_B_SPEAKER     0x02

/* A read takes 0.1 to 2 us: a counter that did not move in so many does not count. */
#define ALIVE_READS 20000u

static volatile uint8_t *hpet; /* boot CPU, at boot only */

static uint64_t hpet_read(void)
{
	return *(volatile uint32_t *)(hpet + HPET_COUNTER);
}

static bool find_hpet(struct reference *out)
{
	if (!acpi_info()->hpet)
		return false;
	hpet = kmap_device(acpi_info()->hpet, HPET_BYTES, 0);
	if (!hpet)
		return false;
	uint64_t period = *(volatile uint32_t *)(hpet + HPET_CAPABILITIES + 4);
	if (period == 0 || period > HPET_PERIOD_MAX)
		return false;
	*(volatile uint32_t *)(hpet + HPET_CONFIGURATION) |= HPET_ENABLE;
	/* The low 32 bits do, and are one access on every bus. */
	*out = (struct reference){"HPET", FEMTOSECONDS / period, UINT32_MAX, hpet_read};
	return true;
}

/* Some chips give a torn value now and then: three reads in order are right. */
static uint64_t pm_timer_read(void)
{
	uint16_t port = (uint16_t)acpi_info()->pm_timer_port;
	uint32_t first, second, third;
	unsigned tries = 10;

	do {
		first = port_in32(port);
		second = port_in32(port);
		third = port_in32(port);
	} while ((first > second || second > third) && tries--);
	return second;
}

static bool find_pm_timer(struct reference *out)
{
	const struct acpi_info *acpi = acpi_info();

	if (!acpi->pm_timer_port || acpi->pm_timer_port > UINT16_MAX)
		return false;
	uint64_t mask = acpi->pm_timer_32bit ? UINT32_MAX : (1u << 24) - 1;
	*out = (struct reference){"ACPI PM timer", PM_TIMER_HZ, mask, pm_timer_read};
	return true;
}

static uint64_t pit_read(void)
{
	port_out8(PIT_COMMAND, PIT_CHANNEL2_LATCH);
	unsigned low = port_in8(PIT_CHANNEL2);
	unsigned high = port_in8(PIT_CHANNEL2);
	return UINT16_MAX - (high << 8 | low);
}

static bool find_pit(struct reference *out)
{
	uint8_t gate = (port_in8(PORT_B) & (uint8_t)~PORT_B_SPEAKER) | PORT_B_GATE;

	port_out8(PORT_B, gate);
	port_out8(PIT_COMMAND, PIT_CHANNEL2_MODE0);
	port_out8(PIT_CHANNEL2, 0xff);
	port_out8(PIT_CHANNEL2, 0xff);
	*out = (struct reference){"PIT", PIT_HZ, UINT16_MAX, pit_read};
	return true;
}

/* Crystal frequency times a ratio. Many processors leave the crystal's out. */
static bool find_stated(struct reference *out)
{
	struct cpuid tsc = cpuid(LEAF_TSC, 0);

	if (!tsc.eax || !tsc.ebx || !tsc.ecx)
		return false;
	uint64_t frequency = mul_div(tsc.ecx, tsc.ebx, tsc.eax);
	if (!frequency)
		return false;
	*out = (struct reference){"CPUID", frequency, UINT64_MAX, tsc_read};
	return true;
}

static bool counts(const struct reference *reference)
{
	uint64_t first = reference->read();

	for (unsigned i = 0; i < ALIVE_READS; i++)
		if (reference->read() != first)
			return true;
	return false;
}

bool reference_find(struct reference *out)
{
	static bool (*const finders[])(struct reference *) = {find_stated, find_hpet, find_pm_timer,
							      find_pit};

	for (unsigned i = 0; i < ARRAY_SIZE(finders); i++)
		if (finders[i](out) && counts(out))
			return true;
	return false;
}
