/* fake_clock.c: see fake_clock.h. */
#include "fake_clock.h"

#include <arch/time.h>

uint64_t fake_now;

uint64_t time_now(void)
{
	return fake_now;
}
