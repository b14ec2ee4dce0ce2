/* fbtext.c: cells as pixels. See fbtext.h. */
#include "dev/fbtext.h"
#include "boot_info.h"
#include "lib/errno.h"
#include "lib/string.h"

/* On a screen of so many lines letters of 16 and of 32 could hardly be read. */
#define LARGE_FROM        1440u
#define LARGER_FROM       2880u
/* Letters of 16 pixels were made for this. */
#define DOTS_PER_INCH     96u
#define TENTH_MM_PER_INCH 254u
#define LEAST_MM          100u
#define MOST_MM           2000u
#define MAX_LETTER_SIZE   4u
#define LEAST_COLUMNS     80u
#define LEAST_ROWS        25u
#define MAX_PIXELS        16384u /* of width or height: twice an 8K screen */
#define MAX_PIXEL_BYTES   4u
#define MAX_SCALE         4u

/* Unicode's block elements are drawn, not taken from the font: they meet at the edges of cells. */
#define BLOCKS_FIRST 0x2580u
#define BLOCKS_LAST  0x259fu

/* ---- the surface ---- */

/* A mask of adjacent bits inside the pixel. */
static bool is_channel(uint32_t mask, unsigned bits_per_pixel)
{
	if (mask == 0 || (bits_per_pixel < 32 && mask >> bits_per_pixel))
		return false;
	uint32_t low = mask >> __builtin_ctz(mask);
	return (low & (low + 1)) == 0;
}

static uint32_t channel(uint32_t value8, uint32_t mask)
{
	unsigned bits = (unsigned)__builtin_popcount(mask);
	uint32_t value = bits >= 8 ? value8 << (bits - 8) : value8 >> (8 - bits);

	return value << __builtin_ctz(mask);
}

static uint32_t pixel(const struct fbtext *text, uint32_t rgb)
{
	return channel(rgb >> 16 & 0xff, text->red_mask) |
	       channel(rgb >> 8 & 0xff, text->green_mask) | channel(rgb & 0xff, text->blue_mask);
}

static bool is_sane(const struct boot_framebuffer *fb)
{
	unsigned bits = fb->bits_per_pixel;

	if (fb->width == 0 || fb->width > MAX_PIXELS || fb->height == 0 || fb->height > MAX_PIXELS)
		return false;
	if (bits != 16 && bits != 24 && bits != 32)
		return false;
	if (fb->pitch < (uint64_t)fb->width * (bits / 8) ||
	    fb->pitch > MAX_PIXELS * MAX_PIXEL_BYTES)
		return false;
	if (!is_channel(fb->red_mask, bits) || !is_channel(fb->green_mask, bits) ||
	    !is_channel(fb->blue_mask, bits))
		return false;
	return (fb->red_mask & fb->green_mask) == 0 && (fb->red_mask & fb->blue_mask) == 0 &&
	       (fb->green_mask & fb->blue_mask) == 0;
}

int fbtext_layout(struct fbtext *text, const struct boot_framebuffer *fb,
		  const struct psf_font *font, unsigned scale)
{
	if (!is_sane(fb) || scale == 0 || scale > MAX_SCALE)
		return -EINVAL;
	memset(text, 0, sizeof(*text));
	text->width = fb->width;
	text->height = fb->height;
	text->pitch = fb->pitch;
	text->pixel_bytes = fb->bits_per_pixel / 8;
	text->red_mask = fb->red_mask;
	text->green_mask = fb->green_mask;
	text->blue_mask = fb->blue_mask;
	text->font = font;
	text->scale = scale;
	text->columns = MIN(fb->width / (font->width * scale), VT_MAX_COLUMNS);
	text->rows = MIN(fb->height / (font->height * scale), VT_MAX_ROWS);
	return text->columns > 0 && text->rows > 0 ? 0 : -EINVAL;
}

static unsigned size_by_lines(const struct boot_framebuffer *fb)
{
	return fb->height >= LARGER_FROM ? 4 : fb->height >= LARGE_FROM ? 2 : 1;
}

/* What displays say of themselves is often wrong: projectors know no size, and some tell the
 * proportions of theirs instead. */
static bool is_measured(const struct boot_framebuffer *fb)
{
	uint64_t across = (uint64_t)fb->width * fb->height_mm;
	uint64_t down = (uint64_t)fb->height * fb->width_mm;

	return fb->width_mm >= LEAST_MM && fb->width_mm <= MOST_MM && fb->height_mm &&
	       across * 4 <= down * 5 && down * 4 <= across * 5;
}

unsigned fbtext_letter_size(const struct boot_framebuffer *fb)
{
	unsigned by_lines = size_by_lines(fb);

	if (!is_measured(fb))
		return by_lines;
	uint64_t dots = (uint64_t)fb->width * TENTH_MM_PER_INCH / (10ull * fb->width_mm);
	unsigned size = (unsigned)MIN((dots + DOTS_PER_INCH / 2) / DOTS_PER_INCH, MAX_LETTER_SIZE);
	while (size > 1 &&
	       (fb->width / (8 * size) < LEAST_COLUMNS || fb->height / (16 * size) < LEAST_ROWS))
		size--;
	return MAX(size, by_lines);
}

size_t fbtext_cell_bytes(const struct fbtext *text)
{
	return (size_t)text->rows * text->columns * sizeof(struct vt_cell);
}

void fbtext_clear(struct fbtext *text)
{
	const struct vt_cell blank = {.character = ' '};

	for (size_t i = 0; i < (size_t)text->rows * text->columns; i++)
		text->shown[i] = blank;
	text->next_row = 0;
	for (uint32_t y = 0; y < text->height; y++)
		memset(text->memory + (size_t)y * text->pitch, 0, /* black in every format */
		       (size_t)text->width * text->pixel_bytes);
	text->bytes_written += (uint64_t)text->height * text->width * text->pixel_bytes;
}

/* ---- glyphs ---- */

static uint32_t left_bits(unsigned pixels)
{
	return pixels ? ~0u << (32 - pixels) : 0;
}

/* Line `y` of a block element, as psf_glyph_line() has it: eighths from below or from the left,
 * shades, or quarters. */
static uint32_t block_line(uint32_t character, unsigned width, unsigned height, unsigned y)
{
	/* Of U+2596 to U+259F: upper left 8, upper right 4, lower left 2, lower right 1. */
	static const uint8_t quarters[] = {2, 1, 8, 11, 9, 14, 13, 4, 6, 7};
	static const uint32_t shades[][2] = {
		{0x88888888u, 0x22222222u}, {0xaaaaaaaau, 0x55555555u}, {0xddddddddu, 0x77777777u}};
	uint32_t all = left_bits(width), left = left_bits(width / 2);

	if (character == 0x2580)
		return y < height / 2 ? all : 0;
	if (character <= 0x2588)
		return y >= height - height * (character - 0x2580) / 8 ? all : 0;
	if (character <= 0x258f)
		return left_bits(width * (0x2590 - character) / 8);
	if (character == 0x2590)
		return all & ~left;
	if (character <= 0x2593)
		return shades[character - 0x2591][y % 2] & all;
	if (character == 0x2594)
		return y < height / 8 ? all : 0;
	if (character == 0x2595)
		return all & ~left_bits(width - width / 8);
	unsigned parts = quarters[character - 0x2596] >> (y < height / 2 ? 2 : 0);
	return (parts & 2 ? left : 0) | (parts & 1 ? all & ~left : 0);
}

struct glyph {
	const struct psf_font *font;
	uint32_t character;
	unsigned number;
	bool is_block, underlined;
};

static struct glyph glyph_of(const struct psf_font *font, const struct vt_cell *cell)
{
	uint32_t character = cell->character & VT_CHARACTER;
	bool is_block = character >= BLOCKS_FIRST && character <= BLOCKS_LAST;

	return (struct glyph){font, character, is_block ? 0 : psf_glyph(font, character), is_block,
			      cell->character & VT_UNDERLINE};
}

static uint32_t glyph_line(const struct glyph *glyph, unsigned y)
{
	const struct psf_font *font = glyph->font;

	if (glyph->underlined && y == font->height - font->height / 8)
		return left_bits(font->width);
	return glyph->is_block ? block_line(glyph->character, font->width, font->height, y)
			       : psf_glyph_line(font, glyph->number, y);
}

/* ---- cells ---- */

/* One line of a glyph, `scale` pixels for each of its bits, into `to`. */
static void expand_line(const struct fbtext *text, uint32_t bits, const uint32_t colors[2],
			uint8_t *to)
{
	for (unsigned x = 0; x < text->font->width; x++, bits <<= 1) {
		uint32_t value = colors[bits >> 31];
		for (unsigned i = 0; i < text->scale; i++, to += text->pixel_bytes)
			memcpy(to, &value, sizeof(value));
	}
}

void fbtext_draw(struct fbtext *text, unsigned row, unsigned column, const struct vt_cell *cell)
{
	/* Every pixel is stored as four bytes and the next one overwrites those that it has not. */
	uint8_t line[PSF_MAX_WIDTH * MAX_SCALE * MAX_PIXEL_BYTES + MAX_PIXEL_BYTES];
	const uint32_t colors[2] = {pixel(text, cell->background), pixel(text, cell->foreground)};
	const struct glyph glyph = glyph_of(text->font, cell);
	unsigned height = text->font->height;
	size_t cell_width = (size_t)text->font->width * text->scale * text->pixel_bytes;
	uint8_t *to = text->memory + (size_t)row * height * text->scale * text->pitch +
		      column * cell_width;
	uint32_t drawn = 0;

	for (unsigned y = 0; y < height; y++) {
		uint32_t bits = glyph_line(&glyph, y);
		if (y == 0 || bits != drawn)
			expand_line(text, bits, colors, line);
		drawn = bits;
		for (unsigned i = 0; i < text->scale; i++, to += text->pitch)
			memcpy(to, line, cell_width);
	}
	text->bytes_written += cell_width * height * text->scale;
}

/* What a place should look like: beyond the terminal's size it is black. */
static struct vt_cell wanted_cell(const struct vt *vt, unsigned row, unsigned column)
{
	if (row >= vt->rows || column >= vt->columns)
		return (struct vt_cell){.character = ' '};
	struct vt_cell cell = vt_shown_row(vt, row)[column];
	bool is_cursor = vt->cursor_visible && row == vt->cursor.row + vt->view &&
			 column == vt->cursor.column;
	if (is_cursor != vt->reverse_screen)
		cell = (struct vt_cell){cell.character, cell.background, cell.foreground};
	/* What can't be seen need not be drawn again because it is of another colour. */
	if ((cell.character & ~(VT_WIDE | VT_RIGHT)) == ' ')
		cell = (struct vt_cell){' ', cell.background, cell.background};
	cell.character &= ~(VT_WIDE | VT_RIGHT);
	return cell;
}

static bool differ(const struct vt_cell *a, const struct vt_cell *b)
{
	return a->character != b->character || a->background != b->background ||
	       a->foreground != b->foreground;
}

static void update_row(struct fbtext *text, const struct vt *vt, unsigned row)
{
	struct vt_cell *shown = text->shown + (size_t)row * text->columns;

	for (unsigned column = 0; column < text->columns; column++) {
		struct vt_cell cell = wanted_cell(vt, row, column);
		if (!differ(&cell, &shown[column]))
			continue;
		fbtext_draw(text, row, column, &cell);
		shown[column] = cell;
	}
}

bool fbtext_update(struct fbtext *text, struct vt *vt, size_t most)
{
	uint64_t start = text->bytes_written;

	for (unsigned i = 0; i < text->rows; i++) {
		unsigned row = text->next_row;
		if (vt_is_dirty(vt, row) && text->bytes_written - start >= most)
			return false;
		if (vt_is_dirty(vt, row))
			update_row(text, vt, row);
		vt->dirty[row / 8] &= (uint8_t) ~(1u << row % 8);
		text->next_row = row + 1 < text->rows ? row + 1 : 0;
	}
	return true;
}
