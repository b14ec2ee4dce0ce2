/* panic.h: the other way to panic; panic() itself is in debug/assert.h. */
#ifndef DEBUG_PANIC_H
#define DEBUG_PANIC_H

#include "lib/types.h"

struct text_sink;
struct trap_frame;

/* Does another CPU panic? Then this one stops. Any context. */
bool panic_is_elsewhere(void);

/* What a panic prints last, after the backtrace. One; it takes no locks and does not allocate. At
 * boot. */
void panic_set_report(void (*report)(struct text_sink *sink));

/*
 * panic() for an exception that the kernel can't go on from: prints the registers in `frame`, and
 * the backtrace of the code that was interrupted instead of the caller's. For the processor code;
 * any stack, interrupts on or off.
 */
NORETURN PRINTF(2, 3) void panic_trap(const struct trap_frame *frame, const char *format, ...);

#endif
