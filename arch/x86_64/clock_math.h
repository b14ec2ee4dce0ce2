/* clock_math.h: the arithmetic of clocks, pure. */
#ifndef X86_CLOCK_MATH_H
#define X86_CLOCK_MATH_H

#include "lib/types.h"

#define NS_PER_SECOND 1000000000ull

/* ns = ticks * scale >> 32, for a clock of `hz` > 0 ticks a second. */
static inline uint64_t clock_scale(uint64_t hz)
{
	return (uint64_t)(((unsigned __int128)NS_PER_SECOND << 32) / hz);
}

static inline uint64_t clock_to_ns(uint64_t ticks, uint64_t scale)
{
	return (uint64_t)((unsigned __int128)ticks * scale >> 32);
}

/* Ticks of `hz` in `ns`, rounded up. */
static inline uint64_t clock_from_ns(uint64_t ns, uint64_t hz)
{
	return (uint64_t)(((unsigned __int128)ns * hz + NS_PER_SECOND - 1) / NS_PER_SECOND);
}

/* Seconds since 1970 of a date of the Gregorian calendar, UTC. month 1-12, day 1-31. */
uint64_t clock_epoch(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second);

static inline unsigned clock_from_bcd(unsigned value)
{
	return (value >> 4) * 10 + (value & 0xf);
}

#endif
