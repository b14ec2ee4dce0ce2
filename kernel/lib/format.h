/*
 * format.h: printf's formatting: %d %i %u %x %X %o %c %s %p %%, flags - 0 + space #, width and
 * precision (also *), lengths hh h l ll z t j. No floating point. An unknown conversion is copied
 * as it stands.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include "lib/types.h"

/* As snprintf: NUL-terminated if size > 0, returns the length it would have had. */
PRINTF(3, 4) size_t format(char *to, size_t size, const char *format, ...);
size_t format_list(char *to, size_t size, const char *format, va_list arguments);

#endif
