/*
 * tsc.c: the time-stamp counters of all processors as one clock. They start together with the
 * machine, but firmware may have written to some, or one may have been off for a while. So each
 * further CPU first takes over the first one's IA32_TSC_ADJUST (SDM 3B, 17.17.3), which makes them
 * equal where there is that register. Then it asks the first one for its counter:
 *
 *	further CPU	before -- question ---------------- answer -- after
 *	first CPU	                     its counter
 *
 * If `its counter` is between `before` and `after`, they may well be equal, and are taken for that.
 * If not, the difference is added from then on; it is known only to half the time that the question
 * takes, so that a clock by it could go back between two CPUs. Then the clock is clamped: nobody
 * reads less than anybody has read before.
 */
#include "clock_math.h"
#include "debug/log.h"
#include "sync/cpu.h"
#include "x86.h"

#define LEAF_STRUCTURED       7u
#define STRUCTURED_EBX_ADJUST (1u << 1)

#define QUESTIONS        16u /* the quickest one counts */
/* One that takes less than this part of a second, and finds no difference, is the last. */
#define QUICK_PER_SECOND 20000u

/* The number of the last question, and of the last answer; atomic. Only one CPU asks at a time. */
static uint64_t asked, answered;
static uint64_t answer;       /* owned by who is to answer or to read */
static uint64_t first_adjust; /* set by the first CPU before others run */
static bool clamped;          /* atomic: the CPUs' clocks may differ by a little */
static uint64_t latest;       /* atomic: what clamped clocks have shown */

static bool can_adjust(void)
{
	return cpuid(LEAF_STRUCTURED, 0).ebx & STRUCTURED_EBX_ADJUST;
}

void tsc_init(void)
{
	if (can_adjust())
		first_adjust = msr_read(MSR_TSC_ADJUST);
}

void tsc_answer(void)
{
	uint64_t number = __atomic_load_n(&asked, __ATOMIC_ACQUIRE);

	if (number == __atomic_load_n(&answered, __ATOMIC_RELAXED))
		return;
	answer = tsc_read();
	__atomic_store_n(&answered, number, __ATOMIC_RELEASE);
}

/* Of the quickest of several questions. */
static uint64_t measure_difference(void)
{
	uint64_t difference = 0, least = UINT64_MAX;

	for (unsigned i = 0; i < QUESTIONS; i++) {
		uint64_t number = __atomic_load_n(&asked, __ATOMIC_RELAXED) + 1;
		uint64_t before = tsc_read();
		__atomic_store_n(&asked, number, __ATOMIC_RELEASE);
		while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) != number)
			cpu_relax();
		uint64_t after = tsc_read();
		if (after - before < least) {
			least = after - before;
			difference = counter_difference(before, answer, after);
		}
		if (!difference && least < tsc_frequency() / QUICK_PER_SECOND)
			break;
	}
	return difference;
}

void tsc_join(void)
{
	if (can_adjust() && msr_read(MSR_TSC_ADJUST) != first_adjust)
		msr_write(MSR_TSC_ADJUST, first_adjust);
	uint64_t difference = measure_difference();
	cpu_local()->arch.tsc_behind = difference;
	if (!difference)
		return;
	tsc_set_clamped(true);
	log_info("CPU %u: its time-stamp counter is %lld off", cpu_local()->id,
		 (long long)difference);
}

uint64_t tsc_shared(void)
{
	return tsc_read() + cpu_local()->arch.tsc_behind;
}

void tsc_set_clamped(bool clamp)
{
	__atomic_store_n(&clamped, clamp, __ATOMIC_RELEASE);
}

uint64_t tsc_clamp(uint64_t now)
{
	if (LIKELY(!__atomic_load_n(&clamped, __ATOMIC_ACQUIRE)))
		return now;
	uint64_t shown = __atomic_load_n(&latest, __ATOMIC_RELAXED);
	while (shown < now)
		if (__atomic_compare_exchange_n(&latest, &shown, now, true, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return now;
	return shown;
}
