/* test_clock.c: the arithmetic of clocks and dates. */
#include "../../arch/x86_64/clock_math.h"

#include "debug/ktest.h"

KTEST(clock_mul_div_is_exact_and_saturates)
{
	EXPECT_EQ(mul_div(0, 5, 7), 0);
	EXPECT_EQ(mul_div(10, 10, 3), 33);
	EXPECT_EQ(mul_div(UINT64_MAX, 7, 7), UINT64_MAX);
	EXPECT_EQ(mul_div(1ull << 63, 1ull << 40, 1ull << 50), 1ull << 53);
	EXPECT_EQ(mul_div(1ull << 63, 4, 1), UINT64_MAX);
	EXPECT_EQ(mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1), UINT64_MAX);
}

KTEST(clock_scale_keeps_years_exact_to_a_millionth)
{
	static const uint64_t frequencies[] = {1000000, 24000000, 1000000000, 2595411000ull,
					       5200000000ull};
	const uint64_t seconds = 365ull * 24 * 3600;

	for (unsigned i = 0; i < ARRAY_SIZE(frequencies); i++) {
		uint64_t ns = clock_ns(frequencies[i] * seconds, clock_scale(frequencies[i]));
		uint64_t exact = seconds * NS_PER_SECOND;
		EXPECT(ns <= exact);
		EXPECT(exact - ns < exact / 1000000);
	}
}

/* A timer that is set by it is not early after a year, and hardly late. */
KTEST(clock_ticks_are_the_inverse)
{
	static const uint64_t frequencies[] = {1000000,       24000000,      1000000000,
					       2595411000ull, 2400000000ull, 5200000000ull};
	static const uint64_t times[] = {0,
					 1,
					 999,
					 1234567891,
					 86400ull * NS_PER_SECOND,
					 365 * 86400ull * NS_PER_SECOND + 12345};

	for (unsigned i = 0; i < ARRAY_SIZE(frequencies) * ARRAY_SIZE(times); i++) {
		uint64_t scale = clock_scale(frequencies[i / ARRAY_SIZE(times)]);
		uint64_t wanted = times[i % ARRAY_SIZE(times)];
		uint64_t ticks = clock_ticks(wanted, scale);
		EXPECT(clock_ns(ticks, scale) >= wanted);
		EXPECT(ticks < 2 || clock_ns(ticks - 2, scale) < wanted);
	}
	EXPECT_EQ(clock_ticks(UINT64_MAX, 1), UINT64_MAX);
}

KTEST(clock_elapsed_sees_through_a_wrap)
{
	EXPECT_EQ(counter_elapsed(5, 9, UINT32_MAX), 4);
	EXPECT_EQ(counter_elapsed(0xfffff0, 0x10, 0xffffff), 0x20);
	EXPECT_EQ(counter_elapsed(UINT64_MAX, 1, UINT64_MAX), 2);
}

KTEST(clock_difference_of_two_counters)
{
	/* Between the two readings: they may be equal. */
	EXPECT_EQ(counter_difference(100, 100, 120), 0);
	EXPECT_EQ(counter_difference(100, 110, 120), 0);
	EXPECT_EQ(counter_difference(100, 120, 120), 0);
	EXPECT_EQ(counter_difference(UINT64_MAX - 5, 3, 10), 0);
	/* Else the middle is taken for the same moment. */
	EXPECT_EQ(counter_difference(100, 210, 120), 100);
	EXPECT_EQ(counter_difference(300, 210, 320), (uint64_t)-100);
	EXPECT_EQ(counter_difference(5, UINT64_MAX - 4, 15), (uint64_t)-15);
}

KTEST(clock_epoch_of_known_dates)
{
	/* From `date -u -d ... +%s`. */
	static const struct {
		struct date date;
		uint64_t epoch;
	} cases[] = {
		{{1970, 1, 1, 0, 0, 0}, 0},
		{{1999, 12, 31, 23, 59, 59}, 946684799},
		{{2000, 2, 29, 12, 0, 0}, 951825600},
		{{2000, 3, 1, 0, 0, 0}, 951868800},
		{{2024, 2, 29, 23, 59, 59}, 1709251199},
		{{2038, 1, 19, 3, 14, 8}, 2147483648},
		{{2100, 3, 1, 0, 0, 0}, 4107542400},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT(date_is_valid(&cases[i].date));
		EXPECT_EQ(date_to_epoch(&cases[i].date), cases[i].epoch);
	}
}

KTEST(clock_invalid_dates_are_refused)
{
	static const struct date dates[] = {
		{1969, 1, 1, 0, 0, 0},  {2024, 0, 1, 0, 0, 0},  {2024, 13, 1, 0, 0, 0},
		{2024, 1, 0, 0, 0, 0},  {2024, 1, 32, 0, 0, 0}, {2024, 1, 1, 24, 0, 0},
		{2024, 1, 1, 0, 60, 0}, {2024, 1, 1, 0, 0, 60},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(dates); i++)
		EXPECT(!date_is_valid(&dates[i]));
}

KTEST(clock_rtc_formats)
{
	const struct rtc_registers bcd = {
		.second = 0x59,
		.minute = 0x34,
		.hour = 0x23,
		.day = 0x31,
		.month = 0x12,
		.year = 0x26,
		.century = 0x20,
	};
	struct date date = rtc_date(&bcd, RTC_B_24_HOURS, true);

	EXPECT_EQ(date.year, 2026);
	EXPECT_EQ(date.month, 12);
	EXPECT_EQ(date.day, 31);
	EXPECT_EQ(date.hour, 23);
	EXPECT_EQ(date.minute, 34);
	EXPECT_EQ(date.second, 59);

	struct rtc_registers binary = {.day = 31, .month = 12, .year = 99, .hour = 12};
	EXPECT_EQ(rtc_date(&binary, RTC_B_24_HOURS | RTC_B_BINARY, false).year, 1999);
	EXPECT_EQ(rtc_date(&binary, RTC_B_24_HOURS | RTC_B_BINARY, false).day, 31);
	/* 12 AM is midnight, 12 PM is noon. */
	EXPECT_EQ(rtc_date(&binary, RTC_B_BINARY, false).hour, 0);
	binary.hour = 12 | RTC_HOUR_PM;
	EXPECT_EQ(rtc_date(&binary, RTC_B_BINARY, false).hour, 12);
	binary.hour = 11 | RTC_HOUR_PM;
	EXPECT_EQ(rtc_date(&binary, RTC_B_BINARY, false).hour, 23);
}

KTEST(clock_nonsense_century_is_ignored)
{
	struct rtc_registers r = {.day = 1, .month = 1, .year = 0x26, .century = 0xff};

	EXPECT_EQ(rtc_date(&r, RTC_B_24_HOURS, true).year, 2026);
	r.century = 0;
	EXPECT_EQ(rtc_date(&r, RTC_B_24_HOURS, true).year, 2026);
}
