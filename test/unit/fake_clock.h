/* fake_clock.h: a clock that stands still unless a test moves it. */
#ifndef TEST_UNIT_FAKE_CLOCK_H
#define TEST_UNIT_FAKE_CLOCK_H

#include "lib/types.h"

extern uint64_t fake_now; /* what time_now() says */

#endif
