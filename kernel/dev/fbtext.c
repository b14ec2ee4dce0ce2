/* fbtext.c: text in a grid of cells, and cells as pixels. */
#include "dev/fbtext.h"
#include "boot_info.h"
#include "lib/errno.h"
#include "lib/string.h"

#define BLANK           ' '
#define BLACK           0u /* in every format of a pixel */
#define TAB_COLUMNS     8u
#define MAX_PIXELS      16384u /* of width or height: twice an 8K screen */
#define MAX_PIXEL_BYTES 4u
#define MAX_SCALE       2u
#define REPLACEMENT     0xfffdu /* Unicode's character for what can't be shown */

/* On a screen of so many lines a 16 pixel font could hardly be read. */
#define DOUBLE_SIZE_FROM 1440u

/* A full screen scrolls by a quarter: line by line would draw nearly all of it again for each line.
 */
#define JUMP_DIVISOR 4u

static const uint32_t rgb_foreground[FBTEXT_COLORS] = {
	[FBTEXT_NORMAL] = 0xc8c8c8u,
	[FBTEXT_ALARM] = 0xff5050u,
};

/* ECMA-48: ESC [ parameters... final byte. Any other sequence is taken to be one character long. */
enum escape_state { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_CSI };
#define ESC             '\033'
#define CSI_FINAL_FIRST 0x40
#define CSI_FINAL_LAST  0x7e

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

static uint32_t pixel(const struct boot_framebuffer *fb, uint32_t rgb)
{
	return channel(rgb >> 16 & 0xff, fb->red_mask) | channel(rgb >> 8 & 0xff, fb->green_mask) |
	       channel(rgb & 0xff, fb->blue_mask);
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
		  const struct psf_font *font)
{
	if (!is_sane(fb))
		return -EINVAL;
	memset(text, 0, sizeof(*text));
	text->width = fb->width;
	text->height = fb->height;
	text->pitch = fb->pitch;
	text->pixel_bytes = fb->bits_per_pixel / 8;
	for (unsigned i = 0; i < FBTEXT_COLORS; i++)
		text->foreground[i] = pixel(fb, rgb_foreground[i]);
	text->font = font;
	text->scale = fb->height >= DOUBLE_SIZE_FROM ? 2 : 1;
	text->columns = MIN(fb->width / (font->width * text->scale), FBTEXT_MAX_COLUMNS);
	text->rows = MIN(fb->height / (font->height * text->scale), FBTEXT_MAX_ROWS);
	return text->columns > 0 && text->rows > 0 ? 0 : -EINVAL;
}

size_t fbtext_cell_bytes(const struct fbtext *text)
{
	return (size_t)text->rows * text->columns * sizeof(struct fbtext_cell);
}

/* ---- pixels ---- */

/* One line of a glyph, `scale` pixels for each of its bits, into `to`. */
static void expand_line(const struct fbtext *text, uint32_t bits, uint32_t color, uint8_t *to)
{
	for (unsigned x = 0; x < text->font->width; x++, bits <<= 1) {
		uint32_t value = bits >> 31 ? color : BLACK;
		for (unsigned i = 0; i < text->scale; i++, to += text->pixel_bytes)
			memcpy(to, &value, sizeof(value));
	}
}

static void draw_cell(const struct fbtext *text, unsigned row, unsigned column,
		      struct fbtext_cell cell)
{
	/* Every pixel is stored as four bytes and the next one overwrites those that it has not. */
	uint8_t line[PSF_MAX_WIDTH * MAX_SCALE * MAX_PIXEL_BYTES + MAX_PIXEL_BYTES];
	const struct psf_font *font = text->font;
	size_t cell_width = (size_t)font->width * text->scale * text->pixel_bytes;
	uint8_t *to = text->memory + (size_t)row * font->height * text->scale * text->pitch +
		      column * cell_width;

	for (unsigned y = 0; y < font->height; y++) {
		expand_line(text, psf_glyph_line(font, cell.glyph, y), text->foreground[cell.color],
			    line);
		for (unsigned i = 0; i < text->scale; i++, to += text->pitch)
			memcpy(to, line, cell_width);
	}
}

/* Draw the cells that differ from what the screen shows. */
static void show(struct fbtext *text)
{
	size_t i = 0;

	for (unsigned row = 0; row < text->rows; row++) {
		for (unsigned column = 0; column < text->columns; column++, i++) {
			struct fbtext_cell cell = text->cells[i];
			if (cell.glyph == text->shown[i].glyph &&
			    cell.color == text->shown[i].color)
				continue;
			draw_cell(text, row, column, cell);
			text->shown[i] = cell;
		}
	}
}

/* ---- text ---- */

static void blank_row(struct fbtext *text, unsigned row)
{
	const struct fbtext_cell blank = {(uint16_t)psf_glyph(text->font, BLANK), FBTEXT_NORMAL};
	struct fbtext_cell *cells = text->cells + (size_t)row * text->columns;

	for (unsigned i = 0; i < text->columns; i++)
		cells[i] = blank;
}

void fbtext_clear(struct fbtext *text)
{
	for (unsigned row = 0; row < text->rows; row++)
		blank_row(text, row);
	memcpy(text->shown, text->cells, fbtext_cell_bytes(text));
	text->row = text->column = 0;
	for (uint32_t y = 0; y < text->height; y++)
		memset(text->memory + (size_t)y * text->pitch, BLACK,
		       (size_t)text->width * text->pixel_bytes);
}

static void new_line(struct fbtext *text)
{
	unsigned jump = MAX(text->rows / JUMP_DIVISOR, 1u);
	unsigned kept = text->rows - jump;

	text->column = 0;
	if (++text->row < text->rows)
		return;
	memmove(text->cells, text->cells + (size_t)jump * text->columns,
		(size_t)kept * text->columns * sizeof(struct fbtext_cell));
	for (unsigned row = kept; row < text->rows; row++)
		blank_row(text, row);
	text->row = kept;
}

static void put_character(struct fbtext *text, uint32_t character)
{
	if (text->column == text->columns)
		new_line(text);
	struct fbtext_cell *cell = &text->cells[(size_t)text->row * text->columns + text->column++];
	cell->glyph = (uint16_t)psf_glyph(text->font, character);
	cell->color = (uint8_t)text->color;
}

/* True if the byte belongs to an escape sequence. */
static bool skip_escape(struct fbtext *text, uint8_t byte)
{
	switch ((enum escape_state)text->escape) {
	case ESCAPE_NONE:
		if (byte != ESC)
			return false;
		text->escape = ESCAPE_SEEN;
		break;
	case ESCAPE_SEEN:
		text->escape = byte == '[' ? ESCAPE_CSI : ESCAPE_NONE;
		break;
	case ESCAPE_CSI:
		if (byte >= CSI_FINAL_FIRST && byte <= CSI_FINAL_LAST)
			text->escape = ESCAPE_NONE;
		break;
	}
	return true;
}

static void control(struct fbtext *text, uint8_t byte)
{
	switch (byte) {
	case '\n':
		new_line(text);
		break;
	case '\r':
		text->column = 0;
		break;
	case '\b':
		if (text->column > 0)
			text->column--;
		break;
	case '\t':
		text->column = MIN(ALIGN_UP(text->column + 1, TAB_COLUMNS), text->columns);
		break;
	}
}

/* One byte of UTF-8 from 0x80 on. What is not UTF-8 shows as a replacement character. */
static void multibyte(struct fbtext *text, uint8_t byte)
{
	bool continues = (byte & 0xc0) == 0x80;

	if (continues && text->utf8_left > 0) {
		text->utf8 = text->utf8 << 6 | (byte & 0x3fu);
		if (--text->utf8_left == 0)
			put_character(text, text->utf8);
		return;
	}
	text->utf8_left = 0;
	if (byte >= 0xc2 && byte <= 0xf4) {
		text->utf8_left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		text->utf8 = byte & (0x3fu >> text->utf8_left);
	} else {
		put_character(text, REPLACEMENT);
	}
}

void fbtext_write(struct fbtext *text, const char *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)data[i];
		if (skip_escape(text, byte))
			continue;
		if (byte >= 0x80) {
			multibyte(text, byte);
			continue;
		}
		text->utf8_left = 0;
		if (byte < ' ' || byte == 0x7f)
			control(text, byte);
		else
			put_character(text, byte);
	}
	show(text);
}
