/* test_fbtext.c: fonts, and a terminal drawn into memory that stands for a framebuffer. */
#include <stdlib.h>
#include <string.h>

#include "boot_info.h"
#include "debug/ktest.h"
#include "dev/fbtext.h"
#include "dev/psf.h"
#include "dev/vt.h"

/* kernel/dev/font.S */
extern const uint8_t console_font_start[], console_font_end[];
extern const uint8_t console_font_large_start[], console_font_large_end[];

#define PSF1_HEADER_BYTES 4
#define GUARD_BYTE        0xa5 /* in each line beyond the width, where nobody may write */
#define NORMAL_RGB        0xc8c8c8u
#define RED_RGB           0xff5555u
#define BOX_CORNER        0x250cu

static struct psf_font real_font;

static void load_font(void)
{
	size_t bytes = (size_t)(console_font_end - console_font_start);

	EXPECT_EQ(psf_parse(console_font_start, bytes, &real_font), 0);
}

/* ---- a screen ---- */

static struct fbtext text;
static struct vt vt;
static void *vt_memory;
static struct boot_framebuffer fb;
static uint8_t *screen;

static struct boot_framebuffer describe(uint32_t width, uint32_t height, uint32_t bits,
					uint32_t extra_pitch)
{
	struct boot_framebuffer result = {
		.width = width,
		.height = height,
		.bits_per_pixel = bits,
		.pitch = width * (bits / 8) + extra_pitch,
		.red_mask = bits == 16 ? 0xf800 : 0xff0000,
		.green_mask = bits == 16 ? 0x07e0 : 0x00ff00,
		.blue_mask = bits == 16 ? 0x001f : 0x0000ff,
	};
	result.bytes = (uint64_t)result.pitch * height;
	return result;
}

static void open_scaled(struct boot_framebuffer description, unsigned scale)
{
	load_font();
	fb = description;
	EXPECT_EQ(fbtext_layout(&text, &fb, &real_font, scale), 0);
	screen = malloc(fb.bytes);
	memset(screen, GUARD_BYTE, fb.bytes);
	text.memory = screen;
	text.shown = malloc(fbtext_cell_bytes(&text));
	vt_memory = malloc(vt_memory_bytes(text.columns, text.rows));
	vt_init(&vt, text.columns, text.rows, vt_memory);
	vt.cursor_visible = false;
	fbtext_clear(&text);
}

static void open_screen(struct boot_framebuffer description)
{
	open_scaled(description, 1);
}

static void close_screen(void)
{
	for (uint32_t y = 0; y < fb.height; y++) {
		for (uint32_t x = fb.width * (fb.bits_per_pixel / 8); x < fb.pitch; x++) {
			if (!EXPECT_EQ(screen[(size_t)y * fb.pitch + x], GUARD_BYTE))
				break;
		}
	}
	free(screen);
	free(text.shown);
	free(vt_memory);
}

static void write_text(const char *what)
{
	vt_write(&vt, what, strlen(what));
	EXPECT(fbtext_update(&text, &vt, SIZE_MAX));
}

static uint32_t pixel_at(uint32_t x, uint32_t y)
{
	unsigned bytes = fb.bits_per_pixel / 8;
	uint32_t value = 0;

	memcpy(&value, screen + (size_t)y * fb.pitch + (size_t)x * bytes, bytes);
	return value;
}

/* Does the cell show the character's glyph, in `color` on `ground`? */
static bool shows_on(unsigned row, unsigned column, uint32_t character, uint32_t color,
		     uint32_t ground)
{
	const uint8_t *bits = console_font_start + PSF1_HEADER_BYTES +
			      (size_t)psf_glyph(&real_font, character) * real_font.height;
	unsigned scale = text.scale;

	for (unsigned y = 0; y < real_font.height * scale; y++) {
		for (unsigned x = 0; x < 8 * scale; x++) {
			bool lit = bits[y / scale] & (0x80 >> (x / scale));
			uint32_t shown = pixel_at(column * 8 * scale + x,
						  row * real_font.height * scale + y);
			if (shown != (lit ? color : ground))
				return false;
		}
	}
	return true;
}

static bool shows_glyph(unsigned row, unsigned column, uint32_t character, uint32_t color)
{
	return shows_on(row, column, character, color, 0);
}

static bool shows(unsigned row, unsigned column, const char *expected)
{
	for (; *expected; expected++, column++) {
		if (!shows_glyph(row, column, (unsigned char)*expected, NORMAL_RGB))
			return false;
	}
	return true;
}

/* ---- fonts ---- */

/* The bits of a glyph, as psf_glyph_line() gives them, looked at from far away. */
static unsigned lit_bits(uint32_t character)
{
	unsigned glyph = psf_glyph(&real_font, character), bits = 0;

	for (unsigned y = 0; y < real_font.height; y++)
		bits += (unsigned)__builtin_popcount(psf_glyph_line(&real_font, glyph, y));
	return bits;
}

KTEST(psf_real_font)
{
	load_font();
	EXPECT_EQ(real_font.width, 8);
	EXPECT_EQ(real_font.height, 16);
	EXPECT_EQ(lit_bits(' '), 0);
	EXPECT_EQ(lit_bits(0x2500), 8); /* a line across */
	EXPECT_EQ(lit_bits(0x2588), 128);
	EXPECT(psf_glyph(&real_font, 0xe9) != psf_glyph(&real_font, 'e'));
	EXPECT(psf_glyph(&real_font, 0x4e2d) == psf_glyph(&real_font, 0xfffd));
	EXPECT(psf_glyph(&real_font, UINT32_MAX) == psf_glyph(&real_font, 0xfffd));
	EXPECT(psf_glyph(&real_font, 0x25c6) == psf_glyph(&real_font, 0x2666)); /* alike */
	for (uint32_t line = 0x2500; line < 0x2580; line++)
		EXPECT(psf_glyph(&real_font, line) != psf_glyph(&real_font, 0xfffd));
}

KTEST(psf_large_font)
{
	size_t bytes = (size_t)(console_font_large_end - console_font_large_start);
	struct psf_font font;

	EXPECT_EQ(psf_parse(console_font_large_start, bytes, &font), 0);
	EXPECT_EQ(font.width, 16);
	EXPECT_EQ(font.height, 32);
	EXPECT_EQ(psf_glyph_line(&font, psf_glyph(&font, 0x2588), 5), 0xffff0000);
	EXPECT(psf_glyph(&font, 0x2502) != psf_glyph(&font, 0x2500));
}

KTEST(psf_cut_short)
{
	size_t bytes = (size_t)(console_font_end - console_font_start);
	struct psf_font font;

	/* A copy that ends where it says, so that the sanitizer sees a read behind it. */
	for (size_t length = 0; length < bytes; length = length < 64 ? length + 1 : length + 61) {
		uint8_t *copy = malloc(length + !length);
		memcpy(copy, console_font_start, length);
		int error = psf_parse(copy, length, &font);
		EXPECT_EQ(error == 0, length >= PSF1_HEADER_BYTES + 512 * 16);
		free(copy);
	}
}

static const uint8_t psf2_head[] = {
	0x72, 0xb5, 0x4a, 0x86, 0, 0, 0, 0,
	32,   0,    0,    0,    1, 0, 0, 0, /* magic version header flags */
	64,   0,    0,    0,    6, 0, 0, 0,
	3,    0,    0,    0,    9, 0, 0, 0, /* count bytes height width */
};
#define PSF2_BYTES (sizeof(psf2_head) + 64 * 6 + 64 * 2 + 5)

/* 64 glyphs of 9 x 3; glyph g stands for the character g + 32, glyph 1 for U+00E9 as well. */
static size_t make_psf2(uint8_t *data)
{
	size_t at = sizeof(psf2_head);

	memcpy(data, psf2_head, at);
	for (unsigned glyph = 0; glyph < 64; glyph++) {
		const uint8_t lines[6] = {(uint8_t)glyph, 0x80, 0xff, 0x00, 0x01, 0x80};
		memcpy(data + at, lines, sizeof(lines));
		at += sizeof(lines);
	}
	for (unsigned glyph = 0; glyph < 64; glyph++) {
		data[at++] = (uint8_t)(glyph + 32);
		if (glyph == 1) {
			memcpy(data + at,
			       "\xc3\xa9\xfe"
			       "ab",
			       5); /* and a sequence, to be skipped */
			at += 5;
		}
		data[at++] = 0xff;
	}
	return at;
}

KTEST(psf2)
{
	uint8_t data[PSF2_BYTES];
	size_t bytes = make_psf2(data);
	struct psf_font font;

	EXPECT_EQ(psf_parse(data, bytes, &font), 0);
	EXPECT_EQ(font.width, 9);
	EXPECT_EQ(font.height, 3);
	EXPECT_EQ(psf_glyph(&font, '!'), 1);
	EXPECT_EQ(psf_glyph(&font, 0xe9), 1);
	EXPECT_EQ(psf_glyph(&font, '_'), 63);
	EXPECT_EQ(psf_glyph_line(&font, 5, 0), 0x05800000);
	EXPECT_EQ(psf_glyph_line(&font, 5, 1), 0xff000000);
	EXPECT_EQ(psf_glyph_line(&font, 5, 2), 0x01800000);
}

KTEST(psf2_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {{0, 0},  {8, 31}, {10, 1}, {16, 63}, {18, 1},   {20, 7},
		     {23, 1}, {24, 0}, {25, 1}, {28, 0},  {31, 0x80}};
	uint8_t data[PSF2_BYTES];
	struct psf_font font;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		size_t bytes = make_psf2(data);
		data[wrong[i].at] = wrong[i].value;
		if (!EXPECT(psf_parse(data, bytes, &font) < 0))
			ktest_fail(__FILE__, __LINE__, "with byte %zu = %u", wrong[i].at,
				   wrong[i].value);
	}
}

/* ---- drawing ---- */

KTEST(fbtext_draws_glyphs)
{
	open_screen(describe(320, 200, 32, 0));
	EXPECT_EQ(text.columns, 40);
	EXPECT_EQ(text.rows, 12);
	write_text("Quire 1!\r\nx");
	EXPECT(shows(0, 0, "Quire 1!"));
	EXPECT(shows(1, 0, "x "));
	EXPECT(!shows(1, 0, "y"));
	write_text("\033[H\xe2\x94\x8c");
	EXPECT(shows_glyph(0, 0, BOX_CORNER, NORMAL_RGB));
	close_screen();
}

KTEST(fbtext_pitch_wider_than_line)
{
	open_screen(describe(317, 203, 32, 52));
	for (int i = 0; i < 100; i++)
		write_text("0123456789012345678901234567890123456789\r\n");
	close_screen();
}

KTEST(fbtext_16_bits)
{
	const uint32_t grey = 0xc8 >> 3 << 11 | 0xc8 >> 2 << 5 | 0xc8 >> 3;

	open_screen(describe(64, 64, 16, 6));
	write_text("A\033[91mB");
	EXPECT(shows_glyph(0, 1, 'B', 0xff >> 3 << 11 | 0x55 >> 2 << 5 | 0x55 >> 3));
	EXPECT(shows_glyph(0, 0, 'A', grey));
	close_screen();
}

KTEST(fbtext_24_bits)
{
	open_screen(describe(64, 64, 24, 1));
	write_text("AB\r\nCD");
	EXPECT(shows(0, 0, "AB"));
	EXPECT(shows(1, 0, "CD"));
	close_screen();
}

KTEST(fbtext_masks)
{
	struct boot_framebuffer rgb = describe(64, 64, 32, 0);

	rgb.red_mask = 0x000003ff;
	rgb.green_mask = 0x000ffc00;
	rgb.blue_mask = 0x3ff00000;
	open_screen(rgb);
	write_text("\033[91mX");
	EXPECT(shows_glyph(0, 0, 'X', 0xffu << 2 | 0x55u << 2 << 10 | 0x55u << 2 << 20));
	close_screen();
}

KTEST(fbtext_double_size)
{
	open_scaled(describe(160, 1440, 32, 0), 2);
	EXPECT_EQ(text.columns, 10);
	EXPECT_EQ(text.rows, 45);
	write_text("\r\n ab");
	EXPECT(shows(1, 1, "ab"));
	close_screen();
}

KTEST(fbtext_colors)
{
	open_screen(describe(64, 64, 32, 0));
	write_text("\033[91;44mR\033[48;2;1;2;3mt\033[0;7mr\033[m\033[4m_");
	EXPECT(shows_on(0, 0, 'R', RED_RGB, 0x0000aa));
	EXPECT(shows_on(0, 1, 't', RED_RGB, 0x010203));
	EXPECT(shows_on(0, 2, 'r', 0, NORMAL_RGB));
	EXPECT_EQ(pixel_at(24, 14), NORMAL_RGB); /* the line under it */
	close_screen();
}

KTEST(fbtext_cursor)
{
	open_screen(describe(64, 64, 32, 0));
	vt.cursor_visible = true;
	write_text("a");
	EXPECT(shows_on(0, 1, ' ', 0, NORMAL_RGB));
	write_text("\r");
	EXPECT(shows_on(0, 0, 'a', 0, NORMAL_RGB));
	EXPECT(shows(0, 1, " "));
	write_text("\n\n"); /* the row that it left is drawn, too */
	EXPECT(shows(0, 0, "a"));
	EXPECT(shows_on(2, 0, ' ', 0, NORMAL_RGB));
	write_text("\033[?25l");
	EXPECT(shows(2, 0, " "));
	close_screen();
}

/* Half blocks, quarters and the like fill their part of the cell to its edge. */
KTEST(fbtext_blocks)
{
	static const struct {
		const char *text;
		uint8_t first, last; /* lines of the cell */
	} blocks[] = {{"\xe2\x96\x80", 0xff, 0x00}, {"\xe2\x96\x84", 0x00, 0xff},
		      {"\xe2\x96\x8c", 0xf0, 0xf0}, {"\xe2\x96\x90", 0x0f, 0x0f},
		      {"\xe2\x96\x88", 0xff, 0xff}, {"\xe2\x96\x9a", 0xf0, 0x0f},
		      {"\xe2\x96\x81", 0x00, 0xff}, {"\xe2\x96\x92", 0xaa, 0x55}};

	open_screen(describe(64, 64, 32, 0));
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		uint8_t first = 0, last = 0;
		write_text("\r");
		write_text(blocks[i].text);
		for (unsigned x = 0; x < 8; x++) {
			first = (uint8_t)(first << 1 | (pixel_at(x, 0) != 0));
			last = (uint8_t)(last << 1 | (pixel_at(x, 15) != 0));
		}
		EXPECT_EQ(first, blocks[i].first);
		EXPECT_EQ(last, blocks[i].last);
	}
	close_screen();
}

KTEST(fbtext_draws_only_what_changed)
{
	open_screen(describe(64, 64, 32, 0));
	write_text("ab\r\ncd");
	memset(screen, 0, fb.bytes);
	write_text("\rcx");
	EXPECT(shows(1, 0, " x")); /* c is still c, so it was not drawn again */
	EXPECT(shows(0, 0, "  "));
	close_screen();
}

KTEST(fbtext_beyond_the_window_is_black)
{
	open_screen(describe(64, 64, 32, 0));
	write_text("\033[41m\033[2J");
	vt_resize(&vt, 4, 2);
	write_text("");
	EXPECT(shows_on(1, 3, ' ', 0, 0xaa0000));
	EXPECT(shows(1, 4, "    "));
	EXPECT(shows(2, 0, "        "));
	close_screen();
}

/* A 4K screen full of text: what a line more costs, and what a thousand lines cost at once. */
KTEST(fbtext_cost_of_scrolling)
{
	char line[128];

	open_screen(describe(3840, 2160, 32, 0));
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	for (unsigned i = 0; i < text.rows; i++)
		write_text("a line\r\n");
	uint64_t before = text.bytes_written;
	write_text("a line\r\n"); /* equal to the one above: nothing but one line is new */
	EXPECT(text.bytes_written - before <= (uint64_t)6 * 8 * 16 * 4);
	before = text.bytes_written;
	for (unsigned i = 0; i < 1000; i++) {
		line[i % 100] = (char)('a' + i % 26);
		vt_write(&vt, line, strlen(line));
		vt_write(&vt, "\r", 1);
	}
	write_text("");
	EXPECT(text.bytes_written - before <= fb.bytes);
	close_screen();
}

/* In slices: each at most a row too much, and all of it in the end, wherever it began. */
KTEST(fbtext_slices)
{
	const size_t slice = 10000, row_bytes = (size_t)320 * 16 * 4;
	unsigned calls = 0;
	bool done = false;

	open_screen(describe(320, 200, 32, 0));
	vt_write(&vt, "\033#8", 3); /* full of E */
	while (!done && calls++ < 100) {
		uint64_t before = text.bytes_written;
		done = fbtext_update(&text, &vt, slice);
		EXPECT(text.bytes_written - before < slice + row_bytes);
	}
	EXPECT(done && calls > 2);
	for (unsigned row = 0; row < text.rows; row++)
		EXPECT(shows(row, 0, "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE"));
	close_screen();
}

KTEST(fbtext_refuses)
{
	struct boot_framebuffer wrong[13];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		wrong[i] = describe(640, 480, 32, 0);
	wrong[0].width = 0;
	wrong[1].height = 0;
	wrong[2].width = wrong[2].pitch = 1u << 30;
	wrong[3].height = UINT32_MAX;
	wrong[4].bits_per_pixel = 8;
	wrong[5].bits_per_pixel = 0;
	wrong[6].pitch = 640 * 4 - 1;
	wrong[7].pitch = UINT32_MAX;
	wrong[8].red_mask = 0;
	wrong[9].green_mask = 0xff0000;
	wrong[10].blue_mask = 0x0000f7;
	wrong[11].bits_per_pixel = 16;
	wrong[12].width = 7;
	load_font();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (!EXPECT(fbtext_layout(&text, &wrong[i], &real_font, 1) < 0))
			ktest_fail(__FILE__, __LINE__, "description %zu", i);
	}
	wrong[0] = describe(640, 480, 32, 0);
	EXPECT(fbtext_layout(&text, &wrong[0], &real_font, 0) < 0);
	EXPECT(fbtext_layout(&text, &wrong[0], &real_font, 5) < 0);
}
