/* line_echo.h: echo, between line_discipline.c and line_output.c: what the keyboard makes appear on
 * the screen. When it can't be shown for long, the rest is dropped. */
#ifndef FS_LINE_ECHO_H
#define FS_LINE_ECHO_H

#include "fs/line_discipline.h"

static inline bool echo_is_control(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f;
}

/* As it is, but for output processing. */
void echo_raw(struct line_discipline *line, uint8_t byte);
/* The same, but control characters as "^C" if ECHOCTL says so. */
void echo_byte(struct line_discipline *line, uint8_t byte);
/* One column is blank again, and the cursor on it. */
void echo_erase(struct line_discipline *line);
/* The cursor goes back. */
void echo_back(struct line_discipline *line, unsigned columns);

#endif
