/*
 * fbtext.h: a terminal's cells (dev/vt.h) as pixels on a linear framebuffer. Pure: draws into any
 * memory that looks like one.
 *
 * It remembers what each place of the screen shows, and draws only those that differ, so the
 * framebuffer is written to and never read: reading one over the bus costs a microsecond a word.
 * However far the text scrolled since the last look, the screen is drawn once.
 */
#ifndef DEV_FBTEXT_H
#define DEV_FBTEXT_H

#include "dev/psf.h"
#include "dev/vt.h"
#include "lib/types.h"

struct boot_framebuffer;

struct fbtext {
	/* The surface. */
	uint8_t *memory;
	uint32_t width, height; /* pixels */
	uint32_t pitch;         /* bytes a line */
	unsigned pixel_bytes;   /* 2, 3 or 4 */
	uint32_t red_mask, green_mask, blue_mask;

	const struct psf_font *font;
	unsigned scale; /* each pixel of a glyph is scale x scale pixels */
	unsigned columns, rows;

	struct vt_cell *shown;  /* rows x columns */
	unsigned next_row;      /* where the next update goes on */
	uint64_t bytes_written; /* to the framebuffer, ever */
};

/*
 * Make out what `framebuffer` is and how many cells of `font`, each pixel of it `scale` by `scale`,
 * it holds; `text` is overwritten. -EINVAL if its numbers make no sense. Set text->memory and
 * ->shown, of fbtext_cell_bytes(), before the next call.
 */
NODISCARD int fbtext_layout(struct fbtext *text, const struct boot_framebuffer *framebuffer,
			    const struct psf_font *font, unsigned scale);
/* How large letters should be, in times of 8 by 16 pixels: 1 to 4. Where it is known how large the
 * framebuffer shows, as large as 96 dots an inch make them, but 80 columns and 25 rows have room;
 * and in any case not smaller than what many lines call for. */
unsigned fbtext_letter_size(const struct boot_framebuffer *framebuffer);
size_t fbtext_cell_bytes(const struct fbtext *text);

/* Blank the whole surface. */
void fbtext_clear(struct fbtext *text);

/* Draw one cell, whatever is there. For whoever has no terminal; text->shown may be NULL. */
void fbtext_draw(struct fbtext *text, unsigned row, unsigned column, const struct vt_cell *cell);

/* Draw what differs from the terminal's screen, whole rows, until `most` bytes or more are written;
 * the next call goes on from there. False: that was not all. */
bool fbtext_update(struct fbtext *text, struct vt *vt, size_t most);

#endif
