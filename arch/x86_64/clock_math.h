/* clock_math.h: the arithmetic of clocks. Pure, so that tests call it with numbers of their own. */
#ifndef ARCH_X86_64_CLOCK_MATH_H
#define ARCH_X86_64_CLOCK_MATH_H

#include "lib/types.h"

#define NS_PER_SECOND 1000000000ull

/* a * b / c rounded down, with no overflow in between; UINT64_MAX if it does not fit. c > 0. */
static inline uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;

	if (high >= c)
		return UINT64_MAX;
	/* The compiler would call its library for this; the processor has an instruction. */
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(c) : "cc");
	return low;
}

/* A counter's ticks times this, shifted right by 32, are nanoseconds. */
static inline uint64_t clock_scale(uint64_t frequency)
{
	return (NS_PER_SECOND << 32) / frequency;
}

static inline uint64_t clock_ns(uint64_t ticks, uint64_t scale)
{
	return (uint64_t)((unsigned __int128)ticks * scale >> 32);
}

/* How many ticks it takes until clock_ns() says so much, and not by the frequency: the scale is
 * rounded, and a timer that is set by another rule is early by more and more, and set again and
 * again. */
static inline uint64_t clock_ticks(uint64_t ns, uint64_t scale)
{
	uint64_t ticks = mul_div(ns, 1ull << 32, scale);

	return ticks == UINT64_MAX ? ticks : ticks + 1;
}

/* What a counter that wraps after `mask` has counted from `before` to `after`. */
static inline uint64_t counter_elapsed(uint64_t before, uint64_t after, uint64_t mask)
{
	return (after - before) & mask;
}

/* A counter read `before` and `after` another one read `there`: what to add to it, modulo 2^64; 0
 * if they may be equal. Neither is more than half of its range ahead. */
static inline uint64_t counter_difference(uint64_t before, uint64_t there, uint64_t after)
{
	if (there - before <= after - before)
		return 0;
	return there - (before + (after - before) / 2);
}

struct date {
	unsigned year, month, day; /* from 1 */
	unsigned hour, minute, second;
};

static inline bool date_is_valid(const struct date *date)
{
	return date->year >= 1970 && date->year < 2200 && date->month >= 1 && date->month <= 12 &&
	       date->day >= 1 && date->day <= 31 && date->hour < 24 && date->minute < 60 &&
	       date->second < 60;
}

/* Seconds from 1970-01-01T00:00:00 to a valid date, Gregorian, without leap seconds. */
static inline uint64_t date_to_epoch(const struct date *date)
{
	/* Years that start in March have their leap day last. */
	unsigned year = date->month > 2 ? date->year : date->year - 1;
	unsigned month = date->month > 2 ? date->month - 3 : date->month + 9;
	uint64_t days = 365ull * year + year / 4 - year / 100 + year / 400;

	days += (153 * month + 2) / 5 + date->day - 1; /* March to January repeat 31 30 31 30 31 */
	days -= 719468;                                /* 0000-03-01 to 1970-01-01 */
	return ((days * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}

static inline unsigned bcd_to_binary(uint8_t bcd)
{
	return (bcd >> 4) * 10u + (bcd & 0xf);
}

/* Register values of the real-time clock, as they are read. */
struct rtc_registers {
	uint8_t second, minute, hour, day, month, year, century;
};

#define RTC_B_24_HOURS 0x02
#define RTC_B_BINARY   0x04
#define RTC_HOUR_PM    0x80

/* has_century: the machine has a century register. Else years before 70 are of this century. */
static inline struct date rtc_date(const struct rtc_registers *r, uint8_t status_b,
				   bool has_century)
{
	bool binary = status_b & RTC_B_BINARY;
	uint8_t hour_bits = r->hour & (uint8_t)~RTC_HOUR_PM;
	unsigned hour = binary ? hour_bits : bcd_to_binary(hour_bits);
	unsigned year = binary ? r->year : bcd_to_binary(r->year);
	unsigned century = binary ? r->century : bcd_to_binary(r->century);

	if (!(status_b & RTC_B_24_HOURS))
		hour = hour % 12 + (r->hour & RTC_HOUR_PM ? 12 : 0); /* 12 AM is 0, 12 PM is 12 */
	if (!has_century || century < 19 || century > 21)
		century = year < 70 ? 20 : 19;
	return (struct date){
		.year = century * 100 + year,
		.month = binary ? r->month : bcd_to_binary(r->month),
		.day = binary ? r->day : bcd_to_binary(r->day),
		.hour = hour,
		.minute = binary ? r->minute : bcd_to_binary(r->minute),
		.second = binary ? r->second : bcd_to_binary(r->second),
	};
}

#endif
