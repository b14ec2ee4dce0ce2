/* clock_math.h: the arithmetic of clocks, pure. */
#ifndef X86_CLOCK_MATH_H
#define X86_CLOCK_MATH_H

#include "lib/types.h"

#define NS_PER_SECOND 1000000000ull

/* a * b / c, the product being 128 bits wide; UINT64_MAX where the quotient does not fit. c > 0. */
static inline uint64_t clock_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t low = (uint64_t)product, high = (uint64_t)(product >> 64), quotient;

	if (high >= c)
		return UINT64_MAX;
	/* The compiler would call a library for this division. */
	__asm__("divq %3" : "=a"(quotient), "+d"(high) : "0"(low), "r"(c) : "cc");
	return quotient;
}

/* ns = ticks * scale >> 32, for a clock of `hz` > 0 ticks a second. */
static inline uint64_t clock_scale(uint64_t hz)
{
	return clock_mul_div(NS_PER_SECOND, 1ull << 32, hz);
}

static inline uint64_t clock_to_ns(uint64_t ticks, uint64_t scale)
{
	return (uint64_t)((unsigned __int128)ticks * scale >> 32);
}

/* Ticks of `hz` that are more than `ns`. */
static inline uint64_t clock_from_ns(uint64_t ns, uint64_t hz)
{
	return clock_mul_div(ns, hz, NS_PER_SECOND) + 1;
}

/* Seconds since 1970 of a date of the Gregorian calendar, UTC. month 1-12, day 1-31. */
uint64_t clock_epoch(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		     unsigned second);

static inline unsigned clock_from_bcd(unsigned value)
{
	return (value >> 4) * 10 + (value & 0xf);
}

#endif
