/* rtc.c: the date, from the MC146818 real-time clock that every PC has. Its data sheet; ACPI's FADT
 * for the century. */
#include "rtc.h"

#include <arch/port.h>

#include "clock_math.h"
#include "dev/acpi.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

enum {
	RTC_SECONDS = 0,
	RTC_MINUTES = 2,
	RTC_HOURS = 4,
	RTC_DAY = 7,
	RTC_MONTH = 8,
	RTC_YEAR = 9,
	RTC_A = 10,
	RTC_B = 11
};
#define RTC_A_UPDATING (1u << 7)
#define RTC_B_24_HOURS (1u << 1)
#define RTC_B_BINARY   (1u << 2)
#define RTC_HOUR_PM    (1u << 7)
#define UPDATE_POLLS   100000u /* an update takes 2 ms; a port access about 1 us */
#define READ_TRIES     4u

struct rtc_time {
	unsigned second, minute, hour, day, month, year, century;
};

static unsigned cmos_read(unsigned index)
{
	port_out8(CMOS_INDEX, (uint8_t)index);
	return port_in8(CMOS_DATA);
}

static bool wait_for_update(void)
{
	for (unsigned i = 0; i < UPDATE_POLLS; i++)
		if (!(cmos_read(RTC_A) & RTC_A_UPDATING))
			return true;
	return false;
}

static struct rtc_time read_once(void)
{
	unsigned century = acpi_info()->century_register;

	return (struct rtc_time){
		.second = cmos_read(RTC_SECONDS),
		.minute = cmos_read(RTC_MINUTES),
		.hour = cmos_read(RTC_HOURS),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = century ? cmos_read(century) : 0,
	};
}

static uint64_t to_epoch(struct rtc_time t, unsigned format)
{
	bool pm = !(format & RTC_B_24_HOURS) && (t.hour & RTC_HOUR_PM);

	if (!(format & RTC_B_24_HOURS))
		t.hour &= ~RTC_HOUR_PM;
	if (!(format & RTC_B_BINARY))
		t = (struct rtc_time){
			clock_from_bcd(t.second),  clock_from_bcd(t.minute), clock_from_bcd(t.hour),
			clock_from_bcd(t.day),     clock_from_bcd(t.month),  clock_from_bcd(t.year),
			clock_from_bcd(t.century),
		};
	if (!(format & RTC_B_24_HOURS))
		t.hour = t.hour % 12 + (pm ? 12 : 0);
	if (t.second > 60 || t.minute > 59 || t.hour > 23 || !t.day || t.day > 31 || !t.month ||
	    t.month > 12 || t.year > 99)
		return 0;
	unsigned year = (t.century >= 19 && t.century <= 29 ? t.century : 20) * 100 + t.year;
	return clock_epoch(year, t.month, t.day, t.hour, t.minute, t.second);
}

uint64_t rtc_read(void)
{
	struct rtc_time last = {.second = ~0u};

	/* Two equal readings in a row: no update came in between. */
	for (unsigned tries = 0; tries < READ_TRIES; tries++) {
		if (!wait_for_update())
			return 0;
		struct rtc_time now = read_once();
		if (now.second == last.second && now.minute == last.minute &&
		    now.hour == last.hour && now.day == last.day)
			return to_epoch(now, cmos_read(RTC_B));
		last = now;
	}
	return 0;
}
