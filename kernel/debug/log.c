/* log.c: formats one line on the caller's stack, so that any context may log, and hands it to the
 * consoles. */
#include "debug/log.h"
#include <arch/time.h>
#include "debug/facts.h"
#include "dev/console.h"
#include "lib/format.h"
#include "lib/string.h"

#define LOG_LINE_MAX 512 /* with the time and the newline; what is longer ends in "..." */

#define NS_PER_US 1000u
#define US_PER_S  1000000u

static const char *const level_prefix[] = {
	[LOG_ERROR] = "error: ",
	[LOG_WARNING] = "warning: ",
	[LOG_INFO] = "",
	[LOG_DEBUG] = "",
};

/* Set at boot, before there is a second CPU. */
static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

/* Text from a program or from firmware must not be able to look like a second line of the log. */
static void replace_control_characters(char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	}
}

static void log_list(enum log_level level, bool is_fact, const char *format_text, va_list arguments)
{
	char line[LOG_LINE_MAX];

	uint64_t us = time_now() / NS_PER_US;
	size_t length = format(line, sizeof(line), "[%5u.%06u] ", (unsigned)(us / US_PER_S),
			       (unsigned)(us % US_PER_S));
	size_t stamp = length;
	length += format(line + length, sizeof(line) - length, "%s", level_prefix[level]);
	size_t start = length;
	length += format_list(line + length, sizeof(line) - length, format_text, arguments);
	if (length >= sizeof(line)) {
		length = sizeof(line) - 1;
		memcpy(line + length - 3, "...", 3);
	}
	replace_control_characters(line + start, length - start);
	if (is_fact || level <= LOG_WARNING)
		facts_add(line + stamp, length - stamp, !is_fact);
	if (level > threshold)
		return;
	line[length++] = '\n'; /* in place of the NUL */
	console_write_log(line, length);
}

void log_line(enum log_level level, const char *format_text, ...)
{
	va_list arguments;

	if (level > threshold && level > LOG_WARNING)
		return;
	va_start(arguments, format_text);
	log_list(level, false, format_text, arguments);
	va_end(arguments);
}

void log_fact(const char *format_text, ...)
{
	va_list arguments;

	va_start(arguments, format_text);
	log_list(LOG_INFO, true, format_text, arguments);
	va_end(arguments);
}
