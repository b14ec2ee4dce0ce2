/*
 * log.h: the kernel log. One call is one line; the newline is added.
 * A line goes to every console (serial, framebuffer) as "[seconds.micros] text", or
 * "[...] warning: text", "[...] error: text". Callable from any context, before any init.
 */
#ifndef DEBUG_LOG_H
#define DEBUG_LOG_H

#include "lib/types.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

PRINTF(2, 3) void log_line(enum log_level level, const char *format, ...);

/* The same as LOG_INFO, and kept for the hardware report (debug/facts.h): what a person needs to
 * know about the machine, who is not in front of it. */
PRINTF(1, 2) void log_fact(const char *format, ...);

/* Lines above `level` are dropped. Default LOG_INFO; boot option log=error|warning|info|debug. */
void log_set_level(enum log_level level);

#define log_error(...)   log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)

#endif
