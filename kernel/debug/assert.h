/* assert.h: assertions are compiled into every build. A failed one panics. */
#ifndef DEBUG_ASSERT_H
#define DEBUG_ASSERT_H

#include "lib/types.h"

/* Log `format` and the registers and backtrace of this CPU, stop the others, and end the machine.
 */
NORETURN PRINTF(1, 2) void panic(const char *format, ...);

#define assert(condition)                                                                      \
	do {                                                                                   \
		if (UNLIKELY(!(condition)))                                                    \
			panic("%s:%d: %s: assertion failed: %s", __FILE__, __LINE__, __func__, \
			      #condition);                                                     \
	} while (0)

#endif
