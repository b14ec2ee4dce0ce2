/* format.c: printf's formatting (ISO C 7.21.6.1), without floating point. */
#include "lib/format.h"
#include "lib/string.h"

#define WIDTH_MAX 0x7fffffff /* printf's widths are ints */

enum size {
	SIZE_CHAR,
	SIZE_SHORT,
	SIZE_INT,
	SIZE_LONG
}; /* long long, size_t, ... are all 64 bits */

/* One conversion specification: "%-08.3lx" and so on. */
struct spec {
	bool left, zero, plus, space, alternate;
	int width;
	int precision; /* negative: none given */
	enum size size;
	char conversion;
};

struct sink {
	char *to;
	size_t size, length;
};

/* A va_list handed on by its address: a va_list parameter itself may be an array. */
struct arguments {
	va_list list;
};

static void put(struct sink *sink, char character)
{
	if (sink->length + 1 < sink->size)
		sink->to[sink->length] = character;
	sink->length++;
}

static void put_text(struct sink *sink, const char *text, size_t length)
{
	while (length-- > 0)
		put(sink, *text++);
}

static void put_repeated(struct sink *sink, char character, int count)
{
	while (count-- > 0)
		put(sink, character);
}

/* `prefix`, zeros, `body`, padded to the width. */
static void put_field(struct sink *sink, const struct spec *spec, const char *prefix, int zeros,
		      const char *body, size_t body_length)
{
	size_t length = strlen(prefix) + (size_t)zeros + body_length;
	int padding = length < (size_t)spec->width ? spec->width - (int)length : 0;

	if (!spec->left)
		put_repeated(sink, ' ', padding);
	put_text(sink, prefix, strlen(prefix));
	put_repeated(sink, '0', zeros);
	put_text(sink, body, body_length);
	if (spec->left)
		put_repeated(sink, ' ', padding);
}

static void put_number(struct sink *sink, const struct spec *spec, const char *prefix,
		       uint64_t value, unsigned base)
{
	const char *digits = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[22]; /* 2^64 has 22 octal digits */
	size_t start = sizeof(text);
	int length, zeros;

	for (; value != 0; value /= base)
		text[--start] = digits[value % base];
	length = (int)(sizeof(text) - start);
	zeros = MAX((spec->precision < 0 ? 1 : spec->precision) - length, 0);
	if (base == 8 && spec->alternate && zeros == 0)
		zeros = 1;
	if (spec->zero && !spec->left && spec->precision < 0)
		zeros = MAX(spec->width - (int)strlen(prefix) - length, zeros);
	put_field(sink, spec, prefix, zeros, text + start, (size_t)length);
}

static int64_t next_signed(struct arguments *arguments, enum size size)
{
	switch (size) {
	case SIZE_CHAR:
		return (signed char)va_arg(arguments->list, int);
	case SIZE_SHORT:
		return (short)va_arg(arguments->list, int);
	case SIZE_INT:
		return va_arg(arguments->list, int);
	case SIZE_LONG:
		break;
	}
	return va_arg(arguments->list, int64_t);
}

static uint64_t next_unsigned(struct arguments *arguments, enum size size)
{
	switch (size) {
	case SIZE_CHAR:
		return (unsigned char)va_arg(arguments->list, unsigned);
	case SIZE_SHORT:
		return (unsigned short)va_arg(arguments->list, unsigned);
	case SIZE_INT:
		return va_arg(arguments->list, unsigned);
	case SIZE_LONG:
		break;
	}
	return va_arg(arguments->list, uint64_t);
}

static void put_signed(struct sink *sink, const struct spec *spec, struct arguments *arguments)
{
	int64_t value = next_signed(arguments, spec->size);
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(sink, spec, sign, magnitude, 10);
}

static void put_unsigned(struct sink *sink, const struct spec *spec, struct arguments *arguments)
{
	uint64_t value = next_unsigned(arguments, spec->size);
	const char *prefix = "";
	unsigned base = 10;

	if (spec->conversion == 'o') {
		base = 8;
	} else if (spec->conversion != 'u') {
		base = 16;
		if (spec->alternate && value != 0)
			prefix = spec->conversion == 'X' ? "0X" : "0x";
	}
	put_number(sink, spec, prefix, value, base);
}

static void put_string(struct sink *sink, const struct spec *spec, const char *text)
{
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (text == NULL)
		text = "(null)";
	put_field(sink, spec, "", 0, text, strnlen(text, max));
}

/* False: the conversion is unknown. */
static bool put_conversion(struct sink *sink, const struct spec *spec, struct arguments *arguments)
{
	char character;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		put_signed(sink, spec, arguments);
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(sink, spec, arguments);
		return true;
	case 'c':
		character = (char)va_arg(arguments->list, int);
		put_field(sink, spec, "", 0, &character, 1);
		return true;
	case 's':
		put_string(sink, spec, va_arg(arguments->list, const char *));
		return true;
	case 'p':
		put_number(sink, spec, "0x", (uintptr_t)va_arg(arguments->list, void *), 16);
		return true;
	case '%':
		put(sink, '%');
		return true;
	}
	return false;
}

static const char *parse_flags(const char *at, struct spec *spec)
{
	for (;; at++) {
		switch (*at) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		default:
			return at;
		}
	}
}

/* A width or precision: digits, or "*" for an argument. No digits are 0. */
static const char *parse_number(const char *at, int *number, struct arguments *arguments)
{
	int64_t value = 0;

	if (*at == '*') {
		*number = va_arg(arguments->list, int);
		return at + 1;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		value = MIN(value * 10 + (*at - '0'), WIDTH_MAX);
	*number = (int)value;
	return at;
}

static const char *parse_size(const char *at, struct spec *spec)
{
	spec->size = SIZE_INT;
	switch (*at) {
	case 'h':
		spec->size = at[1] == 'h' ? SIZE_CHAR : SIZE_SHORT;
		return at[1] == 'h' ? at + 2 : at + 1;
	case 'l':
		spec->size = SIZE_LONG;
		return at[1] == 'l' ? at + 2 : at + 1;
	case 'z':
	case 't':
	case 'j':
		spec->size = SIZE_LONG;
		return at + 1;
	}
	return at;
}

/* `at` is behind the "%"; returns the place of the conversion character, which may be the
 * terminating NUL. */
static const char *parse_spec(const char *at, struct spec *spec, struct arguments *arguments)
{
	*spec = (struct spec){.precision = -1};
	at = parse_flags(at, spec);
	at = parse_number(at, &spec->width, arguments);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = spec->width < -WIDTH_MAX ? WIDTH_MAX : -spec->width;
	}
	if (*at == '.')
		at = parse_number(at + 1, &spec->precision, arguments);
	at = parse_size(at, spec);
	spec->conversion = *at;
	return at;
}

size_t format_list(char *to, size_t size, const char *format, va_list list)
{
	struct sink sink = {.to = to, .size = size};
	struct arguments arguments;

	va_copy(arguments.list, list);
	while (*format != '\0') {
		struct spec spec;
		const char *start = format, *end;

		if (*format != '%') {
			put(&sink, *format++);
			continue;
		}
		end = parse_spec(format + 1, &spec, &arguments);
		format = *end != '\0' ? end + 1 : end;
		if (!put_conversion(&sink, &spec, &arguments))
			put_text(&sink, start, (size_t)(format - start));
	}
	va_end(arguments.list);
	if (size > 0)
		to[MIN(sink.length, size - 1)] = '\0';
	return sink.length;
}

size_t format(char *to, size_t size, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_list(to, size, format, arguments);
	va_end(arguments);
	return length;
}
