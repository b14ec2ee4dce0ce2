/* format.c: the few formats that sentences need. */
#include "loader.h"

struct text {
	char *out;
	size_t used, bytes;
};

static void put(struct text *text, char c)
{
	if (text->used + 1 < text->bytes)
		text->out[text->used++] = c;
}

static void put_string(struct text *text, const char *string)
{
	while (*string)
		put(text, *string++);
}

static void put_number(struct text *text, uint64_t number, unsigned base)
{
	char digits[20]; /* of 2^64 - 1 */
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (count)
		put(text, digits[--count]);
}

void format_text(char *out, size_t bytes, const char *format, va_list arguments)
{
	struct text text = {.out = out, .bytes = bytes};

	for (; *format; format++) {
		if (*format != '%') {
			put(&text, *format);
			continue;
		}
		format++;
		if (*format == 's') {
			put_string(&text, va_arg(arguments, const char *));
		} else if (*format == 'u') {
			put_number(&text, va_arg(arguments, unsigned), 10);
		} else if (format[0] == 'l' && format[1] == 'l') {
			format += 2;
			put_number(&text, va_arg(arguments, unsigned long long),
				   *format == 'x' ? 16 : 10);
		} else {
			put(&text, *format);
		}
	}
	text.out[text.used] = '\0';
}
