/*
 * fbtext.h: text on a linear framebuffer. Pure: draws into any memory that looks like one.
 *
 * Text goes into a grid of cells. A second grid remembers what each place of the screen shows, and
 * after each write only the places that differ are drawn, so the framebuffer is written to and
 * never read: reading one over the bus costs a microsecond a word. Scrolling many lines in one
 * write draws the screen once.
 */
#ifndef DEV_FBTEXT_H
#define DEV_FBTEXT_H

#include "dev/psf.h"
#include "lib/types.h"

struct boot_framebuffer;

/* More does not fit a person's eye. What a larger screen has beyond these stays black. */
#define FBTEXT_MAX_COLUMNS 512u
#define FBTEXT_MAX_ROWS    256u

enum fbtext_color { FBTEXT_NORMAL, FBTEXT_ALARM, FBTEXT_COLORS };

struct fbtext_cell {
	uint16_t glyph;
	uint8_t color; /* enum fbtext_color */
};

struct fbtext {
	/* The surface. */
	uint8_t *memory;
	uint32_t width, height; /* pixels */
	uint32_t pitch;         /* bytes a line */
	unsigned pixel_bytes;   /* 2, 3 or 4 */
	uint32_t foreground[FBTEXT_COLORS];

	const struct psf_font *font;
	unsigned scale; /* each pixel of a glyph is scale x scale pixels */

	/* The text. */
	unsigned columns, rows;
	unsigned column, row; /* of the next character; column == columns: the line is full */
	struct fbtext_cell *cells, *shown; /* rows x columns each */
	enum fbtext_color color;

	/* Bytes of an escape sequence or of a UTF-8 character that are still to come. */
	uint8_t escape; /* enum escape_state of fbtext.c */
	uint8_t utf8_left;
	uint32_t utf8;
};

/*
 * Make out what `framebuffer` is and how many cells it holds; `text` is overwritten. -EINVAL if its
 * numbers make no sense. Set text->memory, ->cells and ->shown, of fbtext_cell_bytes() each, before
 * the next call.
 */
NODISCARD int fbtext_layout(struct fbtext *text, const struct boot_framebuffer *framebuffer,
			    const struct psf_font *font);
size_t fbtext_cell_bytes(const struct fbtext *text);

/* Blank the whole surface. */
void fbtext_clear(struct fbtext *text);

/* UTF-8. Obeys \n \r \b \t; skips escape sequences and other control characters. */
void fbtext_write(struct fbtext *text, const char *data, size_t bytes);

#endif
