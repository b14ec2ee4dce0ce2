/* rtc.c: the real-time clock of a PC, read once. (Motorola MC146818A data sheet.) */
#include <arch/cpu.h>
#include <arch/port.h>

#include "clock_math.h"
#include "lib/string.h"
#include "x86.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define RTC_SECOND 0x00
#define RTC_MINUTE 0x02
#define RTC_HOUR   0x04
#define RTC_DAY    0x07
#define RTC_MONTH  0x08
#define RTC_YEAR   0x09
#define RTC_A      0x0a
#define RTC_B      0x0b

#define RTC_A_UPDATING 0x80
#define CMOS_BYTES     0x80

/* An update takes 2 ms, and a port read some 0.1 to 1 us: so many reads are more than enough. */
#define UPDATE_READS 50000u
#define READ_TRIES   5u

static uint8_t cmos_read(uint8_t index)
{
	port_out8(CMOS_INDEX, index);
	return port_in8(CMOS_DATA);
}

static bool wait_no_update(void)
{
	for (unsigned i = 0; i < UPDATE_READS; i++) {
		if (!(cmos_read(RTC_A) & RTC_A_UPDATING))
			return true;
		cpu_relax();
	}
	return false;
}

static struct rtc_registers read_registers(uint8_t century_register)
{
	return (struct rtc_registers){
		.second = cmos_read(RTC_SECOND),
		.minute = cmos_read(RTC_MINUTE),
		.hour = cmos_read(RTC_HOUR),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = century_register ? cmos_read(century_register) : 0,
	};
}

/* An update may begin between any two reads: only two equal readings are believed. */
uint64_t rtc_read_epoch(uint8_t century_register)
{
	struct rtc_registers first, second;

	if (century_register >= CMOS_BYTES)
		century_register = 0;
	for (unsigned i = 0; i < READ_TRIES; i++) {
		if (!wait_no_update())
			return 0;
		first = read_registers(century_register);
		if (!wait_no_update())
			return 0;
		second = read_registers(century_register);
		if (memcmp(&first, &second, sizeof(first)) != 0)
			continue;
		struct date date = rtc_date(&first, cmos_read(RTC_B), century_register != 0);
		return date_is_valid(&date) ? date_to_epoch(&date) : 0;
	}
	return 0;
}
