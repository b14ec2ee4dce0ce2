/* text.c: see text.h. */
#include "lib/text.h"

#include "lib/format.h"
#include "lib/string.h"

void text_print(struct text_sink *sink, const char *format_text, ...)
{
	char piece[TEXT_PIECE_BYTES];
	va_list arguments;

	va_start(arguments, format_text);
	size_t length = format_list(piece, sizeof(piece), format_text, arguments);
	va_end(arguments);
	sink->put(sink, piece, MIN(length, sizeof(piece) - 1));
}

void text_put(struct text_sink *sink, const char *text)
{
	sink->put(sink, text, strlen(text));
}

static void buffer_put(struct text_sink *sink, const char *text, size_t bytes)
{
	struct text_buffer *buffer = container_of(sink, struct text_buffer, sink);
	size_t room = buffer->size - 1 - buffer->length;

	bytes = MIN(bytes, room);
	memcpy(buffer->to + buffer->length, text, bytes);
	buffer->length += bytes;
	buffer->to[buffer->length] = '\0';
}

void text_buffer_init(struct text_buffer *buffer, char *to, size_t size)
{
	*buffer = (struct text_buffer){.sink = {buffer_put}, .to = to, .size = size};
	to[0] = '\0';
}

static bool is_space(char character)
{
	return character == ' ' || character == '\t';
}

int text_words(char *line, const char **words, unsigned max)
{
	unsigned count = 0;

	for (;;) {
		while (is_space(*line))
			line++;
		if (!*line)
			return (int)count;
		if (count == max)
			return -1;
		words[count++] = line;
		while (*line && !is_space(*line))
			line++;
		if (*line)
			*line++ = '\0';
	}
}
