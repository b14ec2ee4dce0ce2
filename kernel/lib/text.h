/*
 * text.h: somewhere for text to go: a console, a buffer, a file that is being read. Who prints does
 * not know which.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/types.h"

struct text_sink {
	/* Take all of it. Never fails for the caller: a sink that runs out of room remembers so. */
	void (*put)(struct text_sink *sink, const char *text, size_t bytes);
};

/* One formatted piece, as printf (lib/format.h). What is beyond TEXT_PIECE_BYTES is cut off: long
 * names go through text_put(). */
#define TEXT_PIECE_BYTES 256u
PRINTF(2, 3) void text_print(struct text_sink *sink, const char *format, ...);
/* A NUL-terminated string of any length. */
void text_put(struct text_sink *sink, const char *text);

/* A sink into memory of a fixed size: always NUL-terminated, the rest is dropped. */
struct text_buffer {
	struct text_sink sink;
	char *to;
	size_t size;
	size_t length; /* in `to`, without the NUL */
};
void text_buffer_init(struct text_buffer *buffer, char *to, size_t size); /* size > 0 */

/* The words of a line, cut apart in place at white space. Their number; -1 if there are more than
 * `max`. */
int text_words(char *line, const char **words, unsigned max);

#endif
