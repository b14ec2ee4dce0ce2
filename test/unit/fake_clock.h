/* fake_clock.h: a clock that stands still unless a test moves it; and one timer. */
#ifndef TEST_UNIT_FAKE_CLOCK_H
#define TEST_UNIT_FAKE_CLOCK_H

#include "lib/types.h"

extern uint64_t fake_now; /* what time_now() says */

/* To the deadline of the timer that was set last, which then expires; false: none is set. */
NODISCARD bool fake_clock_expire(void);

#endif
