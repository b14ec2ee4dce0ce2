/* screen.c: a screen of cells, and the escapes that bring a terminal up to date (ECMA-48). */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memview.h"

#define OUTPUT_BYTES 65536u

enum colours screen_colours(void)
{
	const char *colour = getenv("COLORTERM"), *term = getenv("TERM"), *tty;

	if (!term || !*term || !strcmp(term, "dumb"))
		return COLOURS_NONE;
	if (colour && (!strcmp(colour, "truecolor") || !strcmp(colour, "24bit")))
		return COLOURS_ALL;
	/* The console on the screen takes any colour, though its name does not say so. */
	tty = strcmp(term, "linux") ? NULL : ttyname(STDOUT_FILENO);
	if (tty && !strncmp(tty, "/dev/tty", 8) && tty[8] >= '0' && tty[8] <= '9')
		return COLOURS_ALL;
	return strstr(term, "256color") ? COLOURS_256 : COLOURS_16;
}

bool screen_resize(struct screen *screen, int columns, int rows)
{
	size_t cells = (size_t)columns * (size_t)rows;
	struct cell *now = calloc(cells, sizeof(*now)), *shown = calloc(cells, sizeof(*shown));

	if (!now || !shown) {
		free(now);
		free(shown);
		return false;
	}
	free(screen->now);
	free(screen->shown);
	screen->now = now;
	screen->shown = shown;
	screen->columns = columns;
	screen->rows = rows;
	screen->is_fresh = true;
	screen_clear(screen);
	return true;
}

void screen_clear(struct screen *screen)
{
	for (int i = 0; i < screen->columns * screen->rows; i++)
		screen->now[i] = (struct cell){' ', false, COLOUR_DEFAULT, COLOUR_DEFAULT};
}

void screen_put(struct screen *screen, int row, int column, struct cell cell)
{
	if (row >= 0 && row < screen->rows && column >= 0 && column < screen->columns)
		screen->now[row * screen->columns + column] = cell;
}

void screen_text(struct screen *screen, int row, int column, int width, uint32_t colour,
		 const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (int i = 0; text[i] && i < width; i++) {
		if (row < 0 || row >= screen->rows || column + i < 0 ||
		    column + i >= screen->columns)
			continue;
		struct cell *cell = &screen->now[row * screen->columns + column + i];
		cell->character = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
		cell->text = colour;
	}
}

/* ---- colours ---- */

static unsigned red(uint32_t colour)
{
	return colour >> 16 & 0xff;
}

static unsigned green(uint32_t colour)
{
	return colour >> 8 & 0xff;
}

static unsigned blue(uint32_t colour)
{
	return colour & 0xff;
}

static unsigned distance(uint32_t a, uint32_t b)
{
	int r = (int)red(a) - (int)red(b), g = (int)green(a) - (int)green(b);
	int u = (int)blue(a) - (int)blue(b);

	return (unsigned)(r * r * 3 + g * g * 4 + u * u * 2);
}

/* The nearest of the first 8 ECMA-48 colours, or with `bright` of 16, as xterm and Linux show them.
 */
static unsigned nearest_16(uint32_t colour, bool bright)
{
	static const uint32_t palette[16] = {
		0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
		0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff};
	unsigned best = 0;

	for (unsigned i = 1; i < (bright ? 16u : 8u); i++)
		if (distance(colour, palette[i]) < distance(colour, palette[best]))
			best = i;
	return best;
}

/* The nearest of the cube of 6 x 6 x 6 in the palette of 256. */
static unsigned nearest_256(uint32_t colour)
{
	unsigned levels[3] = {red(colour), green(colour), blue(colour)}, index = 0;

	for (unsigned i = 0; i < 3; i++)
		index = index * 6 + (levels[i] < 48    ? 0
				     : levels[i] < 115 ? 1
						       : (levels[i] - 35) / 40);
	return 16 + index;
}

/* ---- output ---- */

struct output {
	char bytes[OUTPUT_BYTES];
	size_t used;
	int fd;
	bool failed;
};

static void flush(struct output *output)
{
	size_t done = 0;

	while (done < output->used && !output->failed) {
		ssize_t part = write(output->fd, output->bytes + done, output->used - done);
		if (part < 0 && errno != EINTR)
			output->failed = true;
		done += part > 0 ? (size_t)part : 0;
	}
	output->used = 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct output *output, const char *format,
						      ...)
{
	va_list arguments;

	if (sizeof(output->bytes) - output->used < 128)
		flush(output);
	va_start(arguments, format);
	int length = vsnprintf(output->bytes + output->used, 128, format, arguments);
	va_end(arguments);
	output->used += length > 0 ? (size_t)length : 0;
}

/* base: 38 for text, 48 for what is behind it (SGR). */
static void put_colour(struct output *output, enum colours colours, unsigned base, uint32_t colour)
{
	bool back = base == 48;

	if (colour == COLOUR_DEFAULT)
		return; /* the reset before it has done that */
	if (colours == COLOURS_ALL)
		put(output, "\033[%u;2;%u;%u;%um", base, red(colour), green(colour), blue(colour));
	else if (colours == COLOURS_256)
		put(output, "\033[%u;5;%um", base, nearest_256(colour));
	else if (colours == COLOURS_16) {
		unsigned index = nearest_16(colour, !back);
		put(output, "\033[%um", (back ? 40 : index < 8 ? 30 : 82) + index);
	}
}

static bool same_style(const struct cell *a, const struct cell *b)
{
	return a->bold == b->bold && a->text == b->text && a->back == b->back;
}

bool screen_show(struct screen *screen, int fd)
{
	static struct output output;
	struct cell style = {.text = UINT32_MAX};
	int at = -1;

	output.fd = fd;
	output.failed = false;
	if (screen->is_fresh)
		put(&output, "\033[0m\033[H\033[2J");
	for (int i = 0; i < screen->columns * screen->rows; i++) {
		const struct cell *cell = &screen->now[i], *shown = &screen->shown[i];
		if (!screen->is_fresh && cell->character == shown->character &&
		    same_style(cell, shown))
			continue;
		/* A line's last cell leaves the cursor where terminals do not agree. */
		if (i != at || i % screen->columns == 0)
			put(&output, "\033[%d;%dH", i / screen->columns + 1,
			    i % screen->columns + 1);
		if (!same_style(cell, &style)) {
			put(&output, cell->bold ? "\033[0;1m" : "\033[0m");
			put_colour(&output, screen->colours, 38, cell->text);
			put_colour(&output, screen->colours, 48, cell->back);
			style = *cell;
		}
		put(&output, "%c", cell->character);
		at = i + 1;
	}
	put(&output, "\033[0m\033[%d;%dH", screen->rows, 1);
	flush(&output);
	memcpy(screen->shown, screen->now,
	       sizeof(*screen->now) * (size_t)screen->columns * (size_t)screen->rows);
	screen->is_fresh = false;
	return !output.failed;
}

bool screen_print(const struct screen *screen, int fd)
{
	static struct output output;

	output.fd = fd;
	for (int row = 0; row < screen->rows; row++) {
		const struct cell *line = &screen->now[row * screen->columns];
		int length = screen->columns;
		while (length && line[length - 1].character == ' ')
			length--;
		for (int i = 0; i < length; i++)
			put(&output, "%c", line[i].character);
		put(&output, "\n");
	}
	flush(&output);
	return !output.failed;
}
