/*
 * time.c: the clock is the time-stamp counter, measured once against a counter of known frequency;
 * the timer is the local APIC's, by TSC deadline where the CPU has that.
 */
#include <arch/time.h>

#include <arch/irq.h>

#include "clock_math.h"
#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "reference.h"
#include "sync/cpu.h"
#include "x86.h"

#define WINDOW_PER_SECOND 100u /* the measurement takes 1/100 s */
#define SAMPLE_TRIES      5u
/* However slow a read of the reference is, the window is over after so many. */
#define WINDOW_READS      10000000u

/* Set by time_init(), constant after it. */
static bool running;
static uint64_t tsc_start, tsc_hz, tsc_scale;
static uint64_t apic_hz; /* of the timer, divided; 0: by TSC deadline */
static uint64_t boot_epoch;

/* The three counters at one moment. */
struct sample {
	uint64_t reference, tsc, apic;
};

/* A guest may be stopped between two reads: the try that took the least is the truest. */
static struct sample take_sample(const struct reference *reference)
{
	struct sample best = {0};
	uint64_t best_width = UINT64_MAX;

	for (unsigned i = 0; i < SAMPLE_TRIES; i++) {
		uint64_t before = tsc_read();
		uint64_t value = reference->read();
		uint64_t apic = apic_timer_left();
		uint64_t width = tsc_read() - before;
		if (width < best_width) {
			best_width = width;
			best = (struct sample){value, before + width / 2, apic};
		}
	}
	return best;
}

/* Let the window pass. Counts what the reference does, since it may wrap; false if it stopped. */
static bool wait_window(const struct reference *reference, uint64_t start)
{
	uint64_t wanted = reference->frequency / WINDOW_PER_SECOND;

	for (unsigned i = 0; i < WINDOW_READS; i++) {
		if (counter_elapsed(start, reference->read(), reference->mask) >= wanted)
			return true;
		cpu_relax();
	}
	return false;
}

static void measure(const struct reference *reference)
{
	apic_timer_start(UINT32_MAX);
	struct sample start = take_sample(reference);
	if (!wait_window(reference, start.reference))
		panic("the %s stopped while it was used to measure the clock", reference->name);
	struct sample end = take_sample(reference);
	apic_timer_start(0);

	uint64_t ticks = counter_elapsed(start.reference, end.reference, reference->mask);
	tsc_hz = mul_div(end.tsc - start.tsc, reference->frequency, ticks);
	/* The APIC's timer counts down. */
	apic_hz = mul_div(counter_elapsed(end.apic, start.apic, UINT32_MAX), reference->frequency,
			  ticks);
	if (!tsc_hz)
		panic("the time-stamp counter does not count");
}

static void log_clock(const struct reference *reference)
{
	log_fact("time: TSC at %llu.%03llu MHz by %s%s; timer: %s",
		 (unsigned long long)tsc_hz / 1000000, (unsigned long long)tsc_hz / 1000 % 1000,
		 reference->name, cpu_features.tsc_invariant ? "" : " (its rate may change)",
		 apic_hz ? "APIC countdown" : "TSC deadline");
	if (apic_hz)
		log_info("time: APIC timer at %llu.%03llu MHz",
			 (unsigned long long)apic_hz / 1000000,
			 (unsigned long long)apic_hz / 1000 % 1000);
}

void time_init(void)
{
	struct reference reference;
	uint64_t before;

	if (!apic_init())
		panic("this processor has no local APIC, and so no timer");
	if (!reference_find(&reference))
		panic("no counter of known frequency: neither CPUID, HPET, ACPI PM timer nor PIT");
	measure(&reference);
	if (cpu_features.tsc_deadline) {
		apic_hz = 0;
		apic_timer_use_deadline();
	} else if (!apic_hz) {
		panic("the APIC's timer does not count");
	}
	cpu_local()->arch.armed = cpu_local()->arch.programmed = UINT64_MAX;
	tsc_init();
	before = tsc_read();
	tsc_scale = clock_scale(tsc_hz);
	tsc_start = before;
	running = true;
	boot_epoch = rtc_read_epoch(acpi_info()->century_register);
	log_clock(&reference);
	if (!boot_epoch)
		log_warning("time: the real-time clock gives no date; it is 1970");
}

void time_init_further(void)
{
	cpu_local()->arch.armed = cpu_local()->arch.programmed = UINT64_MAX;
	if (!apic_hz)
		apic_timer_use_deadline();
}

uint64_t time_ticks(void)
{
	return tsc_read();
}

uint64_t time_of_ticks(uint64_t ticks)
{
	return clock_ns(ticks, tsc_scale);
}

uint64_t tsc_frequency(void)
{
	return tsc_hz;
}

uint64_t time_now(void)
{
	return running ? tsc_clamp(clock_ns(tsc_shared() - tsc_start, tsc_scale)) : 0;
}

uint64_t time_boot_epoch(void)
{
	return boot_epoch;
}

/* Interrupts off. */
static void arm_hardware(uint64_t deadline)
{
	uint64_t now = time_now();
	uint64_t wait = deadline > now ? deadline - now : 0;

	if (!apic_hz) {
		uint64_t at; /* 0 would disarm */
		if (__builtin_add_overflow(tsc_start, clock_ticks(deadline, tsc_scale), &at))
			at = UINT64_MAX;
		else
			at = MAX(at - cpu_local()->arch.tsc_behind, 1ull);
		apic_timer_deadline(at);
	} else {
		/* A deadline too far for the counter takes several rounds. */
		uint64_t count = mul_div(wait, apic_hz, NS_PER_SECOND);
		apic_timer_start((uint32_t)MIN(count + 1, (uint64_t)UINT32_MAX));
	}
}

/* To set the timer is slow, above all in a virtual machine, and most deadlines are replaced long
 * before they come. So it is left alone where it is set to an earlier one: it interrupts once for
 * nothing, and is set then. */
void time_arm(uint64_t deadline)
{
	bool were_on = irq_save();
	struct arch_cpu *cpu = &cpu_local()->arch;

	assert(running);
	cpu->armed = deadline;
	if (deadline < cpu->programmed) {
		cpu->programmed = deadline;
		arm_hardware(deadline);
	}
	irq_restore(were_on);
}

/* The two clocks differ a little, so the timer may be early, too: then it is set again. */
void time_interrupt(void)
{
	struct arch_cpu *cpu = &cpu_local()->arch;

	cpu->programmed = UINT64_MAX;
	if (cpu->armed == UINT64_MAX)
		return;
	if (time_now() < cpu->armed) {
		cpu->programmed = cpu->armed;
		arm_hardware(cpu->armed);
		return;
	}
	cpu->armed = UINT64_MAX;
	trap_timer();
}
