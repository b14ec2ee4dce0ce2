/* vt_color.c: colours and attributes of the terminal's cells, and how wide characters are. */
#include "dev/vt_internal.h"
#include "lib/string.h"

#define BRIGHT         8u /* from a colour to its bright one */
#define DEFAULT_TEXT   7u
#define DEFAULT_GROUND 0u
#define CUBE_FIRST     16u /* of xterm's 256: 6 x 6 x 6 */
#define GREY_FIRST     232u
#define RGB_MAX        255u
#define EXTENDED_INDEX 5u /* ESC [ 38 ; 5 ; n */
#define EXTENDED_RGB   2u /* ESC [ 38 ; 2 ; r ; g ; b */

/* As VGA has them, but that white is lighter: it is what most text has. */
static const uint32_t vga_colors[VT_COLORS] = {
	0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xc8c8c8,
	0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
};

void vt_reset_palette(struct vt *vt)
{
	memcpy(vt->palette, vga_colors, sizeof(vga_colors));
}

void vt_reset_pen(struct vt_pen *pen)
{
	*pen = (struct vt_pen){.foreground = VT_DEFAULT, .background = VT_DEFAULT};
}

/* ---- looking colours up ---- */

/* 0 to 5 of the cube, as xterm has it. */
static uint32_t cube_level(unsigned step)
{
	return step ? 55 + step * 40 : 0;
}

static uint32_t indexed_color(const struct vt *vt, unsigned index)
{
	if (index < CUBE_FIRST)
		return vt->palette[index];
	if (index >= GREY_FIRST)
		return (8 + (index - GREY_FIRST) * 10) * 0x010101u;
	index -= CUBE_FIRST;
	return cube_level(index / 36) << 16 | cube_level(index / 6 % 6) << 8 |
	       cube_level(index % 6);
}

static uint32_t foreground(const struct vt *vt, const struct vt_pen *pen)
{
	uint32_t color = pen->foreground;

	if (color & VT_DEFAULT)
		color = VT_INDEXED | DEFAULT_TEXT;
	if (color & VT_INDEXED) {
		unsigned index = color & 0xff;
		color = indexed_color(vt, pen->bold && index < BRIGHT ? index + BRIGHT : index);
	}
	return pen->dim ? color >> 1 & 0x7f7f7f : color;
}

static uint32_t background(const struct vt *vt, const struct vt_pen *pen)
{
	uint32_t color = pen->background;

	if (color & VT_DEFAULT)
		return vt->palette[DEFAULT_GROUND];
	return color & VT_INDEXED ? indexed_color(vt, color & 0xff) : color;
}

struct vt_cell vt_paint(const struct vt *vt, uint32_t character)
{
	const struct vt_pen *pen = &vt->cursor.pen;
	struct vt_cell cell = {character, foreground(vt, pen), background(vt, pen)};

	if (pen->reverse)
		cell = (struct vt_cell){character, cell.background, cell.foreground};
	if (pen->hidden)
		cell.foreground = cell.background;
	if (pen->underline)
		cell.character |= VT_UNDERLINE;
	return cell;
}

/* ---- ESC [ m ---- */

static uint32_t byte_of(const struct vt *vt, unsigned index)
{
	return index < vt->parameter_count ? MIN(vt->parameters[index], RGB_MAX) : 0;
}

/* How many parameters with colons before them follow number `index`. */
static unsigned joined_after(const struct vt *vt, unsigned index)
{
	unsigned count = 0;

	while (index + 1 + count < vt->parameter_count && vt->joined >> (index + 1 + count) & 1)
		count++;
	return count;
}

/* 38 or 48 is at `index`: 5;n or 2;r;g;b follows, or 5:n, 2:r:g:b or 2:space:r:g:b. How many
 * parameters that were. */
static unsigned extended_color(const struct vt *vt, unsigned index, uint32_t *color)
{
	unsigned joined = joined_after(vt, index), at = index + 2;
	unsigned kind = index + 1 < vt->parameter_count ? vt->parameters[index + 1] : 0;

	if (kind == EXTENDED_INDEX) {
		*color = VT_INDEXED | byte_of(vt, at);
		return joined ? joined : 2;
	}
	if (kind != EXTENDED_RGB)
		return joined ? joined : 1;
	if (joined > 4)
		at++;
	*color = byte_of(vt, at) << 16 | byte_of(vt, at + 1) << 8 | byte_of(vt, at + 2);
	return joined ? joined : 4;
}

static void set_attribute(struct vt_pen *pen, unsigned code)
{
	switch (code) {
	case 0:
		vt_reset_pen(pen);
		break;
	case 1:
		pen->bold = true;
		break;
	case 2:
		pen->dim = true;
		break;
	case 4:
	case 21:
		pen->underline = true;
		break;
	case 7:
		pen->reverse = true;
		break;
	case 8:
		pen->hidden = true;
		break;
	case 22:
		pen->bold = pen->dim = false;
		break;
	case 24:
		pen->underline = false;
		break;
	case 27:
		pen->reverse = false;
		break;
	case 28:
		pen->hidden = false;
		break;
	}
}

/* 30 to 49, and the bright ones from 90 and 100. */
static void set_color(struct vt_pen *pen, unsigned code)
{
	unsigned base = code >= 90 ? BRIGHT : 0;
	uint32_t color = VT_INDEXED | (base + code % 10);
	bool is_background = code / 10 == 4 || code / 10 == 10;

	if (code % 10 == 9)
		color = VT_DEFAULT;
	else if (code % 10 == 8)
		return;
	*(is_background ? &pen->background : &pen->foreground) = color;
}

void vt_select_rendition(struct vt *vt)
{
	struct vt_pen *pen = &vt->cursor.pen;

	for (unsigned i = 0; i < vt->parameter_count; i++) {
		unsigned code = vt->parameters[i];
		if (code == 38)
			i += extended_color(vt, i, &pen->foreground);
		else if (code == 48)
			i += extended_color(vt, i, &pen->background);
		else if (code == 4 && joined_after(vt, i) && vt->parameters[i + 1] == 0)
			pen->underline = false; /* 4:0 */
		else if ((code >= 30 && code < 50) || (code >= 90 && code < 98) ||
			 (code >= 100 && code < 108))
			set_color(pen, code);
		else
			set_attribute(pen, code);
		i += joined_after(vt, i);
	}
}

/* ---- widths ---- */

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

unsigned vt_width(uint32_t character)
{
	/* Of Unicode's combining marks and formats those that texts have. */
	static const struct range none[] = {
		{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f},
		{0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20f0},
		{0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
	};
	/* East Asian Width W and F, and the emoji. */
	static const struct range wide[] = {
		{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
		{0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
		{0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
		{0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (character < none[0].first)
		return 1;
	if (is_in(none, ARRAY_SIZE(none), character))
		return 0;
	return is_in(wide, ARRAY_SIZE(wide), character) ? 2 : 1;
}
