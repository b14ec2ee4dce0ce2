/* rtc.h: the real-time clock. */
#ifndef X86_RTC_H
#define X86_RTC_H

#include "lib/types.h"

/* Seconds since 1970, taking the clock to show UTC; 0: it shows no date, or there is none. */
uint64_t rtc_read(void);

#endif
