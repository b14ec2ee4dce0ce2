/* clock_math.c: see clock_math.h. */
#include "clock_math.h"

uint64_t clock_epoch(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		     unsigned second)
{
	/* Years that start in March, so that the leap day is the last: days before month m are (153
	 * m + 2) / 5. */
	unsigned y = month > 2 ? year : year - 1;
	unsigned m = month > 2 ? month - 3 : month + 9;
	uint64_t days = 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
	const uint64_t days_to_1970 = 719468; /* from 0000-03-01 */

	return ((days - days_to_1970) * 24 + hour) * 3600 + minute * 60 + second;
}
